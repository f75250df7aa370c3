//! A store that is not asked while it cannot serve.
//!
//! A database that is away makes every caller wait for its time limit, and those that wait pile up
//! until nothing else has room. So whoever asks a store that has just failed several times in a
//! row, or that has answered nobody for a while, is told at once that it is unavailable (I22). Now
//! and then one caller is let through, and the first answer lets everybody through again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Batch, Collection, CommitError, Document, Found, Query, Store, Unavailable};
use crate::time::{Clock, Timestamp};

/// Failures in a row after which a store is not asked. One may be a connection that broke; so many
/// are an outage, or an election.
const FAILURES: u32 = 5;

/// A store that was asked and has answered nobody for so long is taken to be away: far longer than
/// a healthy one needs, far shorter than the time limit of a call.
const SILENCE: Duration = Duration::from_secs(2);

/// How long nobody is let through after a failure: what callers are told to wait, roughly.
const PAUSE: Duration = Duration::from_millis(500);

/// A store, and whether it is worth asking.
pub struct Breaker {
    store: Arc<dyn Store>,
    name: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Failures since the last answer.
    failures: u32,
    /// Callers that wait.
    waiting: usize,
    /// When somebody last got an answer, or began to wait where nobody was waiting.
    heard: Timestamp,
    /// When the next caller is let through, where not everybody is.
    trial_at: Option<Timestamp>,
}

/// A caller that was let through; its wait ends with this, also where it goes away.
struct Waiting<'a>(&'a Mutex<State>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(self.0).waiting -= 1;
    }
}

impl Breaker {
    /// Asks `store`, which the log calls `name`.
    pub fn new(store: Arc<dyn Store>, name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let heard = clock.now();
        let state = Mutex::new(State { failures: 0, waiting: 0, heard, trial_at: None });
        Self { store, name: name.into(), clock, state }
    }

    /// Lets a caller through, or tells it that there is no use.
    fn enter(&self) -> Result<Waiting<'_>, Unavailable> {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        let is_silent = state.waiting > 0 && now.since(state.heard) > SILENCE;
        if is_silent && state.trial_at.is_none() {
            tracing::warn!(store = self.name, "has answered nobody for a while: it is left alone");
            state.trial_at = Some(now.plus(PAUSE));
        }
        if let Some(trial_at) = state.trial_at {
            // Further ahead than any trial is planned: the clock was set back meanwhile.
            let is_astray = trial_at > now.plus(PAUSE);
            if now < trial_at && !is_astray {
                return Err(Unavailable("it has just failed, and is left alone".to_owned()));
            }
            state.trial_at = Some(now.plus(PAUSE));
        }
        Ok(self.wait(state, now))
    }

    fn wait(&self, mut state: MutexGuard<'_, State>, now: Timestamp) -> Waiting<'_> {
        if state.waiting == 0 {
            state.heard = now;
        }
        state.waiting += 1;
        Waiting(&self.state)
    }

    fn learn(&self, has_served: bool) {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        if has_served {
            if state.trial_at.take().is_some() {
                tracing::info!(store = self.name, "answers again");
            }
            (state.failures, state.heard) = (0, now);
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES && state.trial_at.is_none() {
            tracing::warn!(store = self.name, "keeps failing: it is left alone for a while");
            state.trial_at = Some(now.plus(PAUSE));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for Breaker {
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable> {
        let _waiting = self.enter()?;
        let found = self.store.get(collection, id).await;
        self.learn(found.is_ok());
        found
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        let _waiting = self.enter()?;
        let found = self.store.find(query).await;
        self.learn(found.is_ok());
        found
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let _waiting = self.enter()?;
        let committed = self.store.commit(batch).await;
        self.learn(matches!(committed, Ok(()) | Err(CommitError::Conflict)));
        committed
    }

    /// Whoever asks this wants the truth, so it is always let through.
    async fn ready(&self) -> Result<(), Unavailable> {
        let _waiting = self.wait(lock(&self.state), self.clock.now());
        let ready = self.store.ready().await;
        self.learn(ready.is_ok());
        ready
    }
}
