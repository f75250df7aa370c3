//! Removes entries that nobody needs any more, so that an outbox grows with what there is and not
//! with what happened.
//!
//! An entry goes when it has been published, is older than any subscriber's absence that we promise
//! to bridge, and its aggregate has a newer version. The newest entry of every aggregate stays for
//! ever: from those, copies in other services can be rebuilt (I21).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::sweep::{Watermark, read};
use super::{OUTBOX, WATERMARKS};
use crate::bus::MAX_MESSAGES;
use crate::events::Envelope;
use crate::id::Id;
use crate::store::{
    Action, Collection, CommitError, Document, Expect, Filter, Found, MAX_PAGE, Order, Query,
    Store, Write,
};
use crate::time::Clock;
use crate::worker::{Progress, Reconciler, StepFailed};

/// How long an entry stays though newer ones exist.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often it starts over from the oldest entry.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Trims one service's outbox.
pub struct Trim {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Where the aggregates are that the events are about.
    aggregates: &'static Collection,
    /// The id that this round has got to.
    reached: Mutex<String>,
}

impl Trim {
    /// Trims the outbox in `store` of events about documents in `aggregates`.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        aggregates: &'static Collection,
    ) -> Self {
        Self { store, clock, aggregates, reached: Mutex::default() }
    }

    async fn is_done_with(
        &self,
        document: &Document,
        unpublished_from: &HashMap<Id, u64>,
    ) -> Result<bool, StepFailed> {
        let envelope = Envelope::read(&document.body).map_err(StepFailed::new)?;
        if self.clock.now().since(envelope.at) < RETENTION {
            return Ok(false);
        }
        let Some((writer, count)) = document.id.split_once('-') else { return Ok(false) };
        let (Ok(writer), Ok(count)) = (writer.parse::<Id>(), u64::from_str_radix(count, 16)) else {
            return Ok(false);
        };
        if unpublished_from.get(&writer).is_some_and(|below| count >= *below) {
            return Ok(false);
        }
        let aggregate = self.store.get(self.aggregates, &envelope.aggregate).await;
        let aggregate = aggregate.map_err(StepFailed::new)?;
        Ok(aggregate.is_some_and(|aggregate| aggregate.version > envelope.version))
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

    async fn page(&self) -> Result<Vec<Found>, StepFailed> {
        let from = self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
        let page = self.page().await?;
        let unpublished_from = self.watermarks().await?;
        let mut removals = Vec::new();
        for Found { document, .. } in &page {
            if self.is_done_with(document, &unpublished_from).await? {
                removals.push(Write {
                    collection: &OUTBOX,
                    id: document.id.clone(),
                    expect: Expect::Version(document.version),
                    action: Action::Delete,
                });
            }
        }
        if !removals.is_empty() {
            match self.store.commit(removals).await {
                // A conflict is another replica that trims the same page.
                Ok(()) | Err(CommitError::Conflict) => {}
                Err(error) => return Err(StepFailed::new(error)),
            }
        }
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        match page.last() {
            Some(last) => {
                *reached = format!("{}\0", last.document.id);
                Ok(Progress::More)
            }
            None => {
                reached.clear();
                Ok(Progress::Idle)
            }
        }
    }
}
