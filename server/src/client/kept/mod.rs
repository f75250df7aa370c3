//! The kept pages: what looks the same to everybody is made once, not once for each who asks.
//!
//! A page is kept where nobody is signed in and the client's server says, with `x-ticketing-keep`,
//! that it looks the same to everybody, and what it shows. Then:
//!
//! - It is fresh until a commit changes what it shows ([`changes`]), or it is [`FRESH_FOR`] old.
//! - A page that has been stale for [`STALE_FOR`] at most is sent as it is and made anew beside it;
//!   of an older one nobody is sent anything until it is made anew. So whoever looks sees a state
//!   that is at most that old, and a crowd does not wait.
//! - Each page is made by one request at a time, and however much changes, not more often than once
//!   in [`PAUSE`].
//! - It is made for nobody: the request for it carries only what is in its key ([`asked`]).
//! - Its policy names hashes of its scripts instead of a nonce ([`policy`]).
//!
//! [Decision 0007](../../../../docs/decisions/0007-kept-pages.md) says what else was thought of.

mod asked;
mod changes;
mod flight;
mod page;
mod policy;
mod scripts;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderValue, Response};
use bytes::Bytes;
use common::http::gate::X_REQUEST_ID;
use common::run::TokioTasks;
use common::time::{Clock, Timestamp};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::upstream::{Trouble, Upstream};
use changes::Changes;
use flight::{Flights, Join, Landed};
use page::{NotKept, Page, State};

pub use asked::{Asked, ROUTER_HEADERS};
pub use changes::within;
pub use page::is_known;

/// How long a page is fresh if nothing changes: what it shows may depend on the time of day.
pub const FRESH_FOR: Duration = Duration::from_secs(30);

/// How long a page that is stale is sent, while it is made anew.
pub const STALE_FOR: Duration = Duration::from_secs(2);

/// How old a page may be that is sent because no new one can be made.
const IN_NEED_FOR: Duration = Duration::from_secs(60);

/// The least time between two makings of a page.
pub const PAUSE: Duration = Duration::from_millis(250);

/// How long it is remembered that a page is not for everybody.
const PRIVATE_FOR: Duration = Duration::from_secs(60);

/// Memory for pages, in all their encodings: some thousand pages.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Pages that are expected, which sets how finely the bound is kept.
const EXPECTED_PAGES: usize = 2_000;

/// Largest page that is kept.
const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// Pages of which it is remembered that they are not for everybody.
const MAX_PRIVATE: usize = 10_000;

#[derive(Clone)]
struct Bytewise;

impl Weighter<String, Arc<Page>> for Bytewise {
    fn weight(&self, key: &String, page: &Arc<Page>) -> u64 {
        (key.len() + page.weight()) as u64
    }
}

/// The kept pages.
pub struct Kept {
    pages: Cache<String, Arc<Page>, Bytewise>,
    private: Cache<String, Timestamp>,
    flights: Flights,
    changes: Changes,
    upstream: Arc<Upstream>,
    clock: Arc<dyn Clock>,
    tasks: TokioTasks,
}

/// What became of making a page.
enum Made {
    Page(Arc<Page>),
    /// An answer that is for whoever asked.
    Private(Response<Body>),
    Failed(Trouble),
}

impl Kept {
    /// None yet. Pages are asked for at `upstream`.
    pub fn new(upstream: Arc<Upstream>, clock: Arc<dyn Clock>, tasks: TokioTasks) -> Self {
        Self {
            pages: Cache::with_weighter(EXPECTED_PAGES, MAX_BYTES, Bytewise),
            private: Cache::new(MAX_PRIVATE),
            flights: Flights::default(),
            changes: Changes::default(),
            upstream,
            clock,
            tasks,
        }
    }

    /// A ticket has changed.
    pub fn ticket_changed(&self, id: &str) {
        self.changes.ticket(id, self.clock.now());
    }

    /// Forgets all pages: another build of the client makes others.
    pub fn forget(&self) {
        self.pages.clear();
        self.private.clear();
    }

    /// The answer to `asked`; `None` where whoever asked is to be answered for themselves.
    ///
    /// # Errors
    /// Where no page can be made, and none is kept that would do.
    pub async fn answer(
        self: &Arc<Self>,
        asked: &Asked,
        headers: &HeaderMap,
    ) -> Result<Option<Response<Body>>, Trouble> {
        let trace = headers.get(X_REQUEST_ID);
        loop {
            let now = self.clock.now();
            let page = self.pages.get(&asked.key);
            if let Some(page) = &page {
                match page.state(now) {
                    State::Fresh => return Ok(Some(page.answer(headers))),
                    State::Stale => {
                        self.make_anew(asked, page, trace, now);
                        return Ok(Some(page.answer(headers)));
                    }
                    State::Old => {}
                }
            } else if self.is_private(&asked.key, now) {
                return Ok(None);
            }
            let landed = match self.flights.join(&asked.key) {
                Join::Lead(flight) => match self.make(asked, page.as_ref(), trace).await {
                    Made::Page(page) => {
                        flight.land(Landed::Page(Arc::clone(&page)));
                        Landed::Page(page)
                    }
                    Made::Private(response) => {
                        flight.land(Landed::Private);
                        return Ok(Some(response));
                    }
                    Made::Failed(trouble) => {
                        flight.land(Landed::Failed(trouble));
                        Landed::Failed(trouble)
                    }
                },
                Join::Follow(flight) => match flight.landed().await {
                    Some(landed) => landed,
                    // Whoever made it went away; somebody else makes it.
                    None => continue,
                },
            };
            return match landed {
                Landed::Page(page) => Ok(Some(page.answer(headers))),
                Landed::Private => Ok(None),
                Landed::Failed(trouble) => match page {
                    Some(page) if within(page.since, self.clock.now(), IN_NEED_FOR) => {
                        Ok(Some(page.answer(headers)))
                    }
                    _ => Err(trouble),
                },
            };
        }
    }

    /// Makes a page anew beside its being sent, unless that is being done or was done just now.
    fn make_anew(
        self: &Arc<Self>,
        asked: &Asked,
        page: &Arc<Page>,
        trace: Option<&HeaderValue>,
        now: Timestamp,
    ) {
        if within(page.since, now, PAUSE) {
            return;
        }
        let Join::Lead(flight) = self.flights.join(&asked.key) else { return };
        let (kept, asked, page) = (Arc::clone(self), asked.clone(), Arc::clone(page));
        let trace = trace.cloned();
        self.tasks.start(async move {
            let landed = match kept.make(&asked, Some(&page), trace.as_ref()).await {
                Made::Page(page) => Landed::Page(page),
                Made::Private(_) => Landed::Private,
                Made::Failed(trouble) => {
                    // Not at once again for the next who asks.
                    kept.clock.sleep(PAUSE).await;
                    Landed::Failed(trouble)
                }
            };
            flight.land(landed);
        });
    }

    /// Asks the client's server for a page, and keeps it if it is for everybody. `trace` is the id
    /// of the request that it goes back to, for the log.
    async fn make(
        &self,
        asked: &Asked,
        before: Option<&Arc<Page>>,
        trace: Option<&HeaderValue>,
    ) -> Made {
        let since = self.clock.now();
        let (all, known) = (self.changes.all().count(), before.map(|page| &page.seen.0));
        let known = known.map(|record| (record, record.count()));
        let (uri, mut headers) = asked.request();
        if let Some(trace) = trace {
            headers.insert(X_REQUEST_ID, trace.clone());
        }
        let response = match self.upstream.get(uri, headers).await {
            Ok(response) => response,
            Err(trouble) => return Made::Failed(trouble),
        };
        let (head, body) = response.into_parts();
        if head.status.is_server_error() && before.is_some() {
            return Made::Failed(Trouble::Unreachable);
        }
        let subject = match page::subject_of(&head) {
            Ok(subject) => subject,
            Err(reason) => return self.private(asked, &reason, head, body),
        };
        let body = match gathered(body).await {
            Ok(body) => body,
            Err(Gathered::TooLarge(body)) => {
                tracing::warn!(path = asked.path, "a page is too large to be kept");
                return self.private(asked, &NotKept::Private, head, body);
            }
            Err(Gathered::Broken) => return Made::Failed(Trouble::Unreachable),
        };
        let seen = self.changes.judge(&subject, known, all, self.clock.now());
        // Compressing takes some milliseconds of the processor: no time to hold up others.
        let made = tokio::task::block_in_place(|| {
            Page::make(&head, &body, before.map(|page| &**page), since, seen)
        });
        match made {
            Ok(page) => {
                let page = Arc::new(page);
                self.pages.insert(asked.key.clone(), Arc::clone(&page));
                Made::Page(page)
            }
            Err(NotKept::InTrouble) if before.is_some() => Made::Failed(Trouble::Unreachable),
            Err(reason) => self.private(asked, &reason, head, Body::from(body)),
        }
    }

    /// Passes an answer on to whoever asked, and remembers that it is theirs alone.
    fn private(&self, asked: &Asked, reason: &NotKept, head: Parts, body: Body) -> Made {
        if !matches!(reason, NotKept::Private | NotKept::InTrouble) {
            let path = &asked.path;
            tracing::warn!(path, %reason, "a page that is for everybody cannot be kept");
        }
        self.pages.remove(&asked.key);
        if !head.status.is_server_error() && *reason != NotKept::InTrouble {
            self.private.insert(asked.key.clone(), self.clock.now());
        }
        Made::Private(Response::from_parts(head, body))
    }

    fn is_private(&self, key: &str, now: Timestamp) -> bool {
        self.private.get(key).is_some_and(|since| within(since, now, PRIVATE_FOR))
    }
}

enum Gathered {
    /// The whole of it, unread as far as whoever reads it sees.
    TooLarge(Body),
    Broken,
}

/// The body in one piece.
async fn gathered(mut body: Body) -> Result<Bytes, Gathered> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Gathered::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        whole.extend_from_slice(&data);
        if whole.len() > MAX_PAGE_BYTES {
            let begun = stream::iter([Ok(Bytes::from(whole))]);
            return Err(Gathered::TooLarge(Body::from_stream(
                begun.chain(body.into_data_stream()),
            )));
        }
    }
    Ok(Bytes::from(whole))
}

#[cfg(test)]
mod tests;
