//! Removes entries that nobody needs any more, so that an outbox grows with what there is and not
//! with what happened.
//!
//! An entry goes when it has been published, is older than any subscriber's absence that we promise
//! to bridge, and is not the newest of its aggregate. The newest of every aggregate stays for ever:
//! from those, copies in other services can be rebuilt (I21).
//!
//! Which entry is the newest only the entries say: a document's own version may have risen without
//! an event. So a round reads the outbox twice, first to learn the newest versions, then to remove.
//! To hold few of them at a time, a round looks after a sixteenth of all aggregates.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::sweep::{Watermark, read};
use super::{OUTBOX, WATERMARKS, is_void};
use crate::bus::MAX_MESSAGES;
use crate::events::Envelope;
use crate::id::Id;
use crate::store::{
    Action, CommitError, Expect, Filter, Found, MAX_PAGE, Order, Query, Store, Write,
};
use crate::time::{Clock, Timestamp};
use crate::worker::{Progress, Reconciler, StepFailed};

/// How long an entry stays though newer ones exist.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often a round begins.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Rounds that it takes to look after all aggregates.
pub const PARTITIONS: u32 = 16;

/// Trims one service's outbox.
pub struct Trim {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    round: Mutex<Round>,
}

/// Where a round stands.
#[derive(Debug, Clone, Default)]
struct Round {
    number: u32,
    removing: bool,
    /// The id that this reading has got to.
    from: String,
    /// The newest version of each aggregate that this round looks after.
    newest: HashMap<String, u64>,
}

impl Round {
    /// Whether this round looks after `aggregate`: by its last hex digit, in which ids differ most.
    fn is_about(&self, aggregate: &str) -> bool {
        let last = aggregate.chars().next_back().and_then(|digit| digit.to_digit(PARTITIONS));
        last.unwrap_or(0) == self.number % PARTITIONS
    }

    fn learn(&mut self, page: &[Found]) -> Result<(), StepFailed> {
        for found in page.iter().filter(|found| !is_void(&found.document)) {
            let envelope = Envelope::read(&found.document.body).map_err(StepFailed::new)?;
            if self.is_about(&envelope.aggregate) {
                let newest = self.newest.entry(envelope.aggregate).or_default();
                *newest = envelope.version.max(*newest);
            }
        }
        Ok(())
    }

    /// The removals of a page, given from which count on each writer's entries may be unpublished.
    fn removals(
        &self,
        page: &[Found],
        unpublished_from: &HashMap<Id, u64>,
        now: Timestamp,
    ) -> Result<Vec<Write>, StepFailed> {
        let mut removals = Vec::new();
        // A void one keeps out for good what its writer may still have under way.
        for Found { document, .. } in page.iter().filter(|found| !is_void(&found.document)) {
            let envelope = Envelope::read(&document.body).map_err(StepFailed::new)?;
            let newest = self.newest.get(&envelope.aggregate);
            let superseded = newest.is_some_and(|newest| *newest > envelope.version);
            let old = now.since(envelope.at) >= RETENTION;
            if superseded && old && is_published(&document.id, unpublished_from) {
                removals.push(Write {
                    collection: &OUTBOX,
                    id: document.id.clone(),
                    expect: Expect::Version(document.version),
                    action: Action::Delete,
                });
            }
        }
        Ok(removals)
    }

    /// After a page: on in the same reading, to the other one, or to the next round.
    fn turn(self, page: &[Found]) -> (Self, Progress) {
        match page.last() {
            Some(last) => {
                (Self { from: format!("{}\0", last.document.id), ..self }, Progress::More)
            }
            None if self.removing => {
                (Self { number: self.number.wrapping_add(1), ..Self::default() }, Progress::Idle)
            }
            None => (Self { removing: true, from: String::new(), ..self }, Progress::More),
        }
    }
}

/// Whether an entry lies below its writer's watermark. A writer without one has nothing left to
/// publish.
fn is_published(id: &str, unpublished_from: &HashMap<Id, u64>) -> bool {
    let Some((writer, count)) = id.split_once('-') else { return false };
    let (Ok(writer), Ok(count)) = (writer.parse::<Id>(), u64::from_str_radix(count, 16)) else {
        return false;
    };
    unpublished_from.get(&writer).is_none_or(|below| count < *below)
}

impl Trim {
    /// Trims the outbox in `store`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, round: Mutex::default() }
    }

    async fn watermarks(&self) -> Result<HashMap<Id, u64>, StepFailed> {
        let query = Query {
            collection: &WATERMARKS,
            filters: vec![],
            order: Order { field: None, descending: false },
            after: None,
            limit: MAX_PAGE,
        };
        let mut below = HashMap::new();
        for found in self.store.find(query).await.map_err(StepFailed::new)? {
            if let Ok(writer) = found.document.id.parse::<Id>() {
                let watermark: Watermark = read(&found.document)?;
                below.insert(writer, watermark.below);
            }
        }
        Ok(below)
    }

    async fn page(&self, from: String) -> Result<Vec<Found>, StepFailed> {
        let query = Query {
            collection: &OUTBOX,
            filters: vec![Filter::Ids(from, "~".to_owned())],
            order: Order { field: None, descending: false },
            after: None,
            limit: MAX_MESSAGES,
        };
        self.store.find(query).await.map_err(StepFailed::new)
    }
}

#[async_trait]
impl Reconciler for Trim {
    fn name(&self) -> &'static str {
        "trim"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let mut round = self.round.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let page = self.page(round.from.clone()).await?;
        if round.removing {
            let unpublished_from = self.watermarks().await?;
            let removals = round.removals(&page, &unpublished_from, self.clock.now())?;
            if !removals.is_empty() {
                match self.store.commit(removals).await {
                    // A conflict is another replica that trims the same page.
                    Ok(()) | Err(CommitError::Conflict) => {}
                    Err(error) => return Err(StepFailed::new(error)),
                }
            }
        } else {
            round.learn(&page)?;
        }
        let (round, progress) = round.turn(&page);
        *self.round.lock().unwrap_or_else(PoisonError::into_inner) = round;
        Ok(progress)
    }
}
