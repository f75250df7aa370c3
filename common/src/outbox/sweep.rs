//! What was committed and has not reached the bus: after a crash, a doubtful commit, or a wiped
//! broker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::published::Published;
use super::{OUTBOX, Outbox, WATERMARKS, entry_id, is_void};
use crate::bus::{Bus, MAX_MESSAGES, Message};
use crate::events::{self, Envelope, NotUnderstood};
use crate::id::Id;
use crate::metrics::Meters;
use crate::store::{
    Action, CommitError, Document, Expect, Filter, Found, MAX_PAGE, Order, Query, Store, Write,
};
use crate::time::{Clock, Timestamp};
use crate::worker::{Progress, Reconciler, StepFailed};

/// How long another living writer's entries are left to that writer.
const FOREIGN_AGE: Duration = Duration::from_secs(5);

/// A writer that has not said for so long that it lives does not: far longer than any commit takes.
const DEAD_AFTER: Duration = Duration::from_secs(600);

/// How often a writer says that it lives, where others share its store.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// The document that names the bus on which everything has been published.
const EPOCH_ID: &str = "epoch";

/// How far a writer's entries are known to have been published.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watermark {
    /// Every entry below has been published or was never committed.
    pub(super) below: u64,
    /// When the writer said so.
    at: Timestamp,
}

/// The bus on which everything in the outbox has been published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Epoch {
    name: String,
}

/// Finds and publishes what the relay of this or of another process could not.
pub struct Sweep {
    outbox: Arc<Outbox>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    /// Whether no other process writes to the store, so that other writers' entries are orphans.
    exclusive: bool,
    state: Mutex<State>,
    published: Published,
}

#[derive(Debug, Default, Clone)]
struct State {
    /// The bus to which everything is being published again.
    replaying: String,
    /// The document id that this has got to.
    replayed_to: String,
    epoch_known: Option<String>,
    orphans_done: bool,
    saved: Option<Saved>,
}

#[derive(Debug, Clone, Copy)]
struct Saved {
    below: u64,
    at: Timestamp,
}

impl Sweep {
    /// A sweep of `store` for the writer `outbox`.
    pub fn new(
        outbox: Arc<Outbox>,
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        exclusive: bool,
    ) -> Self {
        let (state, published) = (Mutex::default(), Published::default());
        Self { outbox, store, bus, clock, exclusive, state, published }
    }

    /// The same, counting with `meters`.
    #[must_use]
    pub fn metered(self, meters: &Meters) -> Self {
        Self { published: Published::of(meters, "sweep"), ..self }
    }

    /// Makes this writer known. Before its first commit, or nobody would look for what a crash
    /// leaves behind.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn register(&self) -> Result<(), StepFailed> {
        self.save_watermark().await
    }

    /// Publishes everything again, page by page, if the bus is not the one it was published on.
    async fn replay(&self) -> Result<Progress, StepFailed> {
        let epoch = self.bus.epoch().await.map_err(StepFailed::new)?;
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Bug::ForgottenWipe) {
            return Ok(Progress::Idle);
        }
        if self.state().epoch_known.as_ref() == Some(&epoch) {
            return Ok(Progress::Idle);
        }
        let stored = self.store.get(&WATERMARKS, EPOCH_ID).await.map_err(StepFailed::new)?;
        let known: Option<Epoch> = stored.as_ref().map(read).transpose()?;
        if known.is_none_or(|known| known.name != epoch) {
            // A bus that is wiped once more meanwhile is given everything from the beginning again.
            let state = self.state();
            let is_begun = state.replaying == epoch;
            let from = if is_begun { state.replayed_to } else { String::new() };
            let page = self.entries(from, "~".to_owned()).await?;
            self.publish(&page).await?;
            if let Some(last) = page.last() {
                self.update(|state| {
                    state.replaying = epoch;
                    state.replayed_to = after(&last.document.id);
                });
                return Ok(Progress::More);
            }
            self.put(EPOCH_ID, &Epoch { name: epoch.clone() }).await?;
        }
        self.update(|state| {
            state.epoch_known = Some(epoch);
            state.replaying = String::new();
        });
        Ok(Progress::Idle)
    }

    /// Publishes what other writers have left behind.
    async fn adopt(&self) -> Result<(), StepFailed> {
        #[cfg(feature = "planted")]
        self.update(|state| {
            state.orphans_done |= crate::planted::is(crate::planted::Bug::ForgottenWatermark)
        });
        if self.exclusive && self.state().orphans_done {
            return Ok(());
        }
        let query = Query {
            collection: &WATERMARKS,
            filters: vec![],
            order: Order { field: None, descending: false },
            after: None,
            limit: MAX_PAGE,
        };
        for found in self.store.find(query).await.map_err(StepFailed::new)? {
            let Ok(writer) = found.document.id.parse::<Id>() else {
                continue;
            };
            if writer != self.outbox.writer {
                self.adopt_from(writer, &found.document).await?;
            }
        }
        self.update(|state| state.orphans_done = true);
        Ok(())
    }

    async fn adopt_from(&self, writer: Id, document: &Document) -> Result<(), StepFailed> {
        let watermark: Watermark = read(document)?;
        let now = self.clock.now();
        let dead = self.exclusive || now.since(watermark.at) > DEAD_AFTER;
        let mut from = entry_id(writer, watermark.below);
        loop {
            let mut page = self.entries(from, entry_id(writer, u64::MAX)).await?;
            let full = page.len() == MAX_MESSAGES;
            let Some(last) = page.last() else { break };
            from = after(&last.document.id);
            if !dead {
                let old = |e: &Envelope| now.since(e.at) > FOREIGN_AGE;
                page.retain(|found| Envelope::read(&found.document.body).is_ok_and(|e| old(&e)));
            }
            self.publish(&page).await?;
            if !full {
                break;
            }
        }
        if dead {
            let forget = Write {
                collection: &WATERMARKS,
                id: document.id.clone(),
                expect: Expect::Version(document.version),
                action: Action::Delete,
            };
            match self.store.commit(vec![forget]).await {
                // A conflict is another sweep that was quicker, or a writer that was only slow.
                Ok(()) | Err(CommitError::Conflict) => {}
                Err(error) => return Err(StepFailed::new(error)),
            }
        }
        Ok(())
    }

    /// Looks for the entries of this writer that memory does not hold.
    async fn find_left(&self) -> Result<Progress, StepFailed> {
        let counts = self.outbox.left(MAX_MESSAGES);
        for &count in &counts {
            let id = self.outbox.id_of(count);
            let document = self.store.get(&OUTBOX, &id).await.map_err(StepFailed::new)?;
            match document {
                None => self.outbox.not_found(count),
                Some(document) if is_void(&document) => self.outbox.found_published(count),
                Some(document) => {
                    let message = message(&document).map_err(StepFailed::new)?;
                    self.hand_over(vec![message]).await?;
                    self.outbox.found_published(count);
                }
            }
        }
        let more = counts.len() == MAX_MESSAGES;
        Ok(if more { Progress::More } else { Progress::Idle })
    }

    /// Saves how far this writer's entries are known to have been published.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn save_watermark(&self) -> Result<(), StepFailed> {
        let (below, now) = (self.outbox.watermark(), self.clock.now());
        let saved = self.state().saved;
        let due = match saved {
            None => true,
            Some(saved) if saved.below != below => true,
            Some(saved) => !self.exclusive && now.since(saved.at) > HEARTBEAT,
        };
        if due {
            let id = self.outbox.writer.to_string();
            self.put(&id, &Watermark { below, at: now }).await?;
            self.update(|state| state.saved = Some(Saved { below, at: now }));
        }
        Ok(())
    }

    async fn entries(&self, from: String, to: String) -> Result<Vec<Found>, StepFailed> {
        let query = Query {
            collection: &OUTBOX,
            filters: vec![Filter::Ids(from, to)],
            order: Order { field: None, descending: false },
            after: None,
            limit: MAX_MESSAGES,
        };
        self.store.find(query).await.map_err(StepFailed::new)
    }

    async fn publish(&self, page: &[Found]) -> Result<(), StepFailed> {
        let events = page.iter().filter(|found| !is_void(&found.document));
        let messages: Result<Vec<_>, _> = events.map(|f| message(&f.document)).collect();
        let messages = messages.map_err(StepFailed::new)?;
        if messages.is_empty() {
            return Ok(());
        }
        self.hand_over(messages).await
    }

    async fn hand_over(&self, messages: Vec<Message>) -> Result<(), StepFailed> {
        let subjects: Vec<_> = messages.iter().map(|message| message.subject).collect();
        self.bus.publish(messages).await.map_err(StepFailed::new)?;
        self.published.add(subjects.into_iter());
        Ok(())
    }

    /// Writes a document that only this process, or only its successor, writes. One that is gone
    /// was taken for a dead writer's, and is written anew.
    async fn put<T: Serialize>(&self, id: &str, value: &T) -> Result<(), StepFailed> {
        let current = self.store.get(&WATERMARKS, id).await.map_err(StepFailed::new)?;
        let current = current.map(|document| document.version);
        let write = Write {
            collection: &WATERMARKS,
            id: id.to_owned(),
            expect: current.map_or(Expect::Absent, Expect::Version),
            action: Action::Put {
                version: current.map_or(0, |version| version + 1),
                body: events::to_json(value).map_err(StepFailed::new)?,
                fields: vec![],
            },
        };
        self.store.commit(vec![write]).await.map_err(StepFailed::new)
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(super) fn read<T: DeserializeOwned>(document: &Document) -> Result<T, StepFailed> {
    serde_json::from_slice(&document.body).map_err(StepFailed::new)
}

/// The least id above `id`.
fn after(id: &str) -> String {
    format!("{id}\0")
}

/// The message of a stored entry.
fn message(document: &Document) -> Result<Message, NotUnderstood> {
    let envelope = Envelope::read(&document.body)?;
    let subject = events::subject_named(&envelope.subject);
    let subject = subject.ok_or(NotUnderstood::UnknownKind(envelope.kind))?;
    Ok(Message { subject, id: document.id.clone(), body: document.body.clone() })
}

#[async_trait]
impl Reconciler for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        if self.replay().await? == Progress::More {
            return Ok(Progress::More);
        }
        self.adopt().await?;
        let progress = self.find_left().await?;
        self.save_watermark().await?;
        Ok(progress)
    }
}
