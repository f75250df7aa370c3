//! Streams of a document's states, as Server-Sent Events, so that a page needs no polling.
//!
//! A stream tells states, not changes: each event is the whole resource, the first one at once, and
//! a watcher that is slow misses states in between but never the last. It is woken by commits of
//! this process and looks by period for those of others. A stream pulls: a watcher that does not
//! read holds one event and no queue (I23).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answers::NO_STORE;
use super::errors::Problem;
use super::read::{Caller, Read};
use super::{Kit, Stopping};
use crate::command::Key;
use crate::execute::Failure;
use crate::metrics::table::LIVE_STREAMS;
use crate::metrics::{Gauge, Held, Meters};
use crate::watch::Watch;

/// Streams of one service at once. Each is a connection with a few kilobytes.
pub const MAX_STREAMS: usize = 5_000;

/// How often a stream looks by itself.
const LOOK_PERIOD: Duration = Duration::from_secs(2);

/// After so many looks without anything new a comment is sent, which keeps proxies from closing the
/// connection: every 14 seconds.
const LOOKS_PER_HEARTBEAT: u32 = 7;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// The streams of one service.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    places: Arc<Semaphore>,
    open: Gauge,
}

impl Streams {
    pub(super) fn new(meters: &Meters) -> Self {
        let open = meters.gauge(&LIVE_STREAMS, &[]);
        Self { places: Arc::new(Semaphore::new(MAX_STREAMS)), open }
    }
}

/// A stream of events named `event` with what `read` returns: the version and the JSON of the
/// resource, or `None` when it is gone, which ends the stream. `watched` is the document whose
/// changes are waited for. The stream also ends when the session that asked for it does, and when
/// the process stops.
///
/// The handler has checked before that the caller may read the resource.
///
/// # Errors
/// 503 where there are [`MAX_STREAMS`] already.
pub fn live<F, R>(
    request: &Read,
    event: &'static str,
    watched: Key,
    read: F,
) -> Result<Response, Problem>
where
    F: Fn() -> R + Send + 'static,
    R: Future<Output = Result<Option<(u64, String)>, Failure>> + Send + 'static,
{
    let kit = request.kit().clone();
    let places = Arc::clone(&kit.streams().places);
    let place = places.try_acquire_owned().map_err(|_| Problem::TooManyStreams)?;
    let place = (place, kit.streams().open.hold());
    let watch = kit.engine().watchers().watch(watched);
    let caller = request.caller().clone();
    let stopping = kit.settings().stopping.clone();
    let watcher =
        Watcher { kit, caller, stopping, watch, read, event, told: None, quiet: 0, _place: place };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let piece = watcher.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), watcher))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, NO_STORE);
    // Says to nginx and its kind that the answer is not to be held back until it is complete.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Watcher<F> {
    kit: Kit,
    caller: Caller,
    stopping: Stopping,
    watch: Watch,
    read: F,
    event: &'static str,
    /// The version that was told last.
    told: Option<u64>,
    /// Looks since anything was sent.
    quiet: u32,
    _place: (OwnedSemaphorePermit, Held),
}

impl<F, R> Watcher<F>
where
    F: Fn() -> R + Send,
    R: Future<Output = Result<Option<(u64, String)>, Failure>> + Send,
{
    /// The next piece of the stream; `None` ends it.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.told.is_some() {
                tokio::select! {
                    biased;
                    () = self.stopping.begun() => return None,
                    () = self.watch.changed() => {}
                    () = self.kit.settings().clock.sleep(LOOK_PERIOD) => self.quiet += 1,
                }
            }
            if !may_still_read(&self.kit, &self.caller).await {
                return None;
            }
            match (self.read)().await {
                Ok(None) => return None,
                // Never back in time: a replica that lags may be read after one that does not.
                Ok(Some((version, json))) if self.told.is_none_or(|told| version > told) => {
                    self.told = Some(version);
                    self.quiet = 0;
                    return Some(event_of(self.event, version, &json));
                }
                Ok(Some(_)) => {}
                Err(failure) => {
                    // The browser comes back by itself, and is told what is wrong then.
                    tracing::warn!(error = %failure, "a live stream ends");
                    return None;
                }
            }
            if self.quiet >= LOOKS_PER_HEARTBEAT {
                self.quiet = 0;
                return Some(Bytes::from_static(b":\n\n"));
            }
        }
    }
}

/// Whether the session that asked for a stream still lasts (I25).
async fn may_still_read(kit: &Kit, caller: &Caller) -> bool {
    match caller {
        Caller::Nobody | Caller::Unknown(_) => true,
        // A store that cannot say is asked again at the next look.
        Caller::User(session) => kit.sessions().still_good(session).await.unwrap_or(true),
    }
}

fn event_of(name: &str, version: u64, json: &str) -> Bytes {
    // JSON as we write it has no line breaks, which would end the data.
    Bytes::from(format!("event: {name}\nid: {version}\ndata: {json}\n\n"))
}
