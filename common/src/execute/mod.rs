//! The only write path there is: load → decide → commit → resolve.
//!
//! HTTP, consumers, timers and the simulator all hand their commands to [`Engine::run`]. It loads
//! what a command looks at, lets it decide, and commits the documents and the events together. A
//! conflict means that somebody else was quicker: everything is loaded and decided again. When the
//! store cannot tell whether it committed, the answer is found out, never guessed: see
//! [`attempts`].
//!
//! Commands that fight over one document ([`Command::gather`]) would mostly meet conflicts, so
//! those that wait for the same one are decided one after another, each seeing what the one before
//! decided, and committed once. That is what makes one ticket of 50,000 units sell as fast as
//! 50,000 tickets.
//!
//! All of it runs in a task of its own: a client that goes away must not stop a commit half-way to
//! its events.

mod attempts;
mod counts;
mod gather;
mod job;
mod spans;

use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::oneshot;

use crate::bus::Message;
use crate::command::{Command, Docs, Key, Moment, Refusal, Unreadable};
use crate::events::{self, Draft, Envelope};
use crate::id::Ids;
use crate::metrics::Meters;
use crate::outbox::{Entry, Outbox};
use crate::store::{CommitError, Store, Unavailable};
use crate::task::Tasks;
use crate::time::{Clock, Timestamp};
use crate::trace::{Kind, Span};
use crate::watch::{Habits, Wait, Watchers};

use attempts::{Attempt, Attempts, Fate, settle};
use counts::Counts;
use gather::Gatherings;
use job::{Asked, Job, Verdict};

/// Most rounds in which a command may name further documents it needs.
const MAX_ROUNDS: usize = 8;

/// Why a command came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was decided against. Nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store cannot serve. Nothing has changed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Too many are waiting for the same document. Nothing has changed.
    #[error("too many commands are waiting for the same document")]
    Overloaded,
    /// It may have happened or not; whoever asks again under the same idempotency key finds out.
    #[error("the outcome is not known yet: {0}")]
    InDoubt(String),
    /// A defect, or a tampered store. Nothing has changed.
    #[error("{0}")]
    Broken(String),
}

impl From<Unreadable> for Failure {
    fn from(unreadable: Unreadable) -> Self {
        Self::Broken(unreadable.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(format!("a value has no JSON form: {error}"))
    }
}

/// What an engine works with.
#[derive(Clone)]
pub struct Ports {
    /// The service's own store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<Ids>,
    /// Where work runs that must not stop.
    pub tasks: Tasks,
}

/// Executes the commands of one service.
pub struct Engine {
    ports: Ports,
    outbox: Arc<Outbox>,
    watchers: Watchers,
    habits: Habits,
    gatherings: Gatherings,
    meters: Meters,
    counts: Counts,
}

impl Engine {
    /// An engine whose events go through `outbox`, and whose numbers nobody shows.
    pub fn new(ports: Ports, outbox: Arc<Outbox>) -> Arc<Self> {
        Self::metered(ports, outbox, Meters::unseen())
    }

    /// An engine whose events go through `outbox`, and which counts with `meters`.
    pub fn metered(ports: Ports, outbox: Arc<Outbox>, meters: Meters) -> Arc<Self> {
        let (watchers, gatherings) = (Watchers::default(), Gatherings::default());
        let counts = Counts::of(&meters);
        let habits = Habits::default();
        Arc::new(Self { ports, outbox, watchers, habits, gatherings, meters, counts })
    }

    /// Executes `command`; its events carry `trace`.
    ///
    /// # Errors
    /// See [`Failure`]: only [`Failure::InDoubt`] may have had an effect.
    pub async fn run<C: Command>(
        self: &Arc<Self>,
        command: C,
        trace: &str,
    ) -> Result<C::Reply, Failure> {
        let (answer, answered) = oneshot::channel();
        let gathering = command.gather();
        let span = self.meters.span(spans::name_of::<C>(), Kind::Internal, trace);
        let text = span.as_ref().map_or_else(|| trace.to_owned(), Span::text);
        let job = Box::new(Asked::new(command, text, answer));
        match gathering {
            Some(key) => self.gather(key, job)?,
            None => {
                let engine = Arc::clone(self);
                let work = async move { engine.decide_together(vec![job]).await };
                self.ports.tasks.spawn(Box::pin(work));
            }
        }
        let answer = answered.await;
        let answer = answer.unwrap_or_else(|_| Err(Failure::Broken("a decision panicked".into())));
        if let Some(span) = span {
            spans::end(span, answer.as_ref().err());
        }
        answer
    }

    /// The store, for queries. Whoever writes through it goes past everything that this module is
    /// for.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.ports.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.ports.clock
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// New ids.
    pub fn ids(&self) -> &Ids {
        &self.ports.ids
    }

    /// Where work runs that must not stop because a client went away.
    pub fn tasks(&self) -> &Tasks {
        &self.ports.tasks
    }

    /// What this service counts with.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Who is woken by commits.
    pub fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    /// Waits for `what`, which comes with a change of `keys`, by other replicas too, for as long as
    /// `patience`.
    pub fn wait(
        &self,
        what: &'static str,
        keys: impl IntoIterator<Item = Key>,
        patience: Duration,
    ) -> Wait {
        let watches = keys.into_iter().map(|key| self.watchers.watch(key)).collect();
        Wait::new(what, &self.habits, watches, Arc::clone(&self.ports.clock), patience)
    }

    /// Decides jobs one after another, commits them together, and answers every one of them.
    async fn decide_together(&self, jobs: Vec<Box<dyn Job>>) {
        match self.attempt_until_known(&jobs).await {
            Ok(verdicts) => {
                for (job, verdict) in jobs.into_iter().zip(verdicts) {
                    job.answer(verdict);
                }
            }
            Err(failure) => {
                if let Failure::Broken(cause) = &failure {
                    tracing::error!(cause, "a decision could not be made");
                }
                for job in jobs {
                    job.answer(Verdict::failed(failure.clone()));
                }
            }
        }
    }

    async fn attempt_until_known(&self, jobs: &[Box<dyn Job>]) -> Result<Vec<Verdict>, Failure> {
        let mut doubtful: Option<(Attempt, String)> = None;
        let mut attempts = Attempts::default();
        while attempts.next(doubtful.is_some(), &*self.ports.clock, &self.ports.ids).await {
            if let Some((attempt, _)) = doubtful.take() {
                match settle(attempt.entries.first(), &*self.ports.store).await {
                    Fate::Committed => return Ok(self.publish(attempt)),
                    Fate::Never => self.outbox.abandoned(attempt.counts),
                    Fate::Unknown(cause) => {
                        doubtful = Some((attempt, cause));
                        continue;
                    }
                }
            }
            let docs = self.load(jobs).await?;
            let (attempt, batch) = self.decide(jobs, docs)?;
            if batch.is_empty() {
                return Ok(attempt.verdicts);
            }
            let begun = self.counts.begin();
            let outcome = self.ports.store.commit(batch).await;
            self.counts.end(begun, &outcome, jobs.len());
            match outcome {
                Ok(()) => return Ok(self.publish(attempt)),
                Err(CommitError::Conflict) => self.outbox.abandoned(attempt.counts),
                #[cfg(feature = "planted")]
                Err(CommitError::Unknown(cause))
                    if crate::planted::is(crate::planted::Bug::UnknownIsFailure) =>
                {
                    return Err(Failure::Unavailable(Unavailable(cause)));
                }
                Err(CommitError::Unknown(cause)) => doubtful = Some((attempt, cause)),
                Err(CommitError::Unavailable(down)) => {
                    self.outbox.abandoned(attempt.counts);
                    return Err(Failure::Unavailable(down));
                }
            }
        }
        match doubtful {
            None => Err(Failure::Overloaded),
            Some((attempt, cause)) => {
                // The outbox's sweep looks for what has not been found out.
                self.outbox.in_doubt(attempt.counts);
                Err(Failure::InDoubt(cause))
            }
        }
    }

    /// Loads what the jobs look at, in rounds, until none of them names anything new.
    async fn load(&self, jobs: &[Box<dyn Job>]) -> Result<Docs, Failure> {
        let mut docs = Docs::default();
        for _ in 0..MAX_ROUNDS {
            let mut wanted = Vec::new();
            let mut named = HashSet::new();
            for key in jobs.iter().flat_map(|job| job.keys(&docs)) {
                if !docs.has(&key) && named.insert(key.clone()) {
                    wanted.push(key);
                }
            }
            if wanted.is_empty() {
                return Ok(docs);
            }
            let store = &self.ports.store;
            let loads = wanted.iter().map(|key| store.get(key.collection, &key.id));
            let documents = try_join_all(loads).await?;
            for (key, document) in wanted.into_iter().zip(documents) {
                docs.insert(key, document.as_ref())?;
            }
        }
        Err(Failure::Broken("a command keeps naming further documents".into()))
    }

    /// Lets every job decide, each after the one before, and puts together what is to be committed.
    fn decide(
        &self,
        jobs: &[Box<dyn Job>],
        mut docs: Docs,
    ) -> Result<(Attempt, crate::store::Batch), Failure> {
        let moment = Moment { now: self.ports.clock.now(), ids: &self.ports.ids };
        let (mut verdicts, mut drafts, mut changed) = (Vec::new(), Vec::new(), BTreeSet::new());
        let (mut keys, mut spans) = (Vec::new(), Vec::new());
        for job in jobs {
            let span = self.meters.span(spans::COMMIT, Kind::Internal, job.trace());
            let text = span.as_ref().map_or_else(|| job.trace().to_owned(), Span::text);
            let mut verdict = job.decide(&docs, &moment);
            for draft in std::mem::take(&mut verdict.events) {
                drafts.push((text.clone(), draft?));
            }
            spans.extend(span);
            let effects = std::mem::take(&mut verdict.effects);
            for effect in &effects {
                let key = effect.key();
                if changed.insert((key.collection.name, key.id.clone())) {
                    keys.push(key.clone());
                }
            }
            docs.apply(effects);
            verdicts.push(verdict);
        }
        let mut batch = docs.writes()?;
        let counts = self.outbox.reserve(drafts.len(), moment.now);
        let mut entries = Vec::with_capacity(drafts.len());
        for (count, (trace, draft)) in counts.clone().zip(drafts) {
            let entry = self.entry(count, trace, draft, moment.now)?;
            batch.push(Outbox::write(&entry));
            entries.push(entry);
        }
        Ok((Attempt { verdicts, entries, counts, keys, spans }, batch))
    }

    fn entry(
        &self,
        count: u64,
        trace: String,
        draft: Draft,
        at: Timestamp,
    ) -> Result<Entry, serde_json::Error> {
        let id = self.outbox.id_of(count);
        let Draft { subject, kind, aggregate, version, data } = draft;
        let span = self.meters.span(spans::PUBLISH, Kind::Producer, &trace);
        let trace = span.as_ref().map_or(trace, Span::text);
        let (subject_text, kind) = (subject.to_owned(), kind.to_owned());
        let envelope = Envelope {
            id: id.clone(),
            subject: subject_text,
            kind,
            aggregate,
            version,
            at,
            trace,
            data,
        };
        let body = events::to_json(&envelope)?;
        Ok(Entry { count, message: Message { subject, id, body }, span })
    }

    /// An attempt is committed: tells whoever listens, and returns what is to be answered.
    fn publish(&self, attempt: Attempt) -> Vec<Verdict> {
        attempt.spans.into_iter().for_each(Span::end);
        self.outbox.committed(attempt.entries);
        self.watchers.changed(&attempt.keys);
        attempt.verdicts
    }

    fn gather(self: &Arc<Self>, key: Key, job: Box<dyn Job>) -> Result<(), Failure> {
        let joined = self.gatherings.join(key, job);
        if let Some(mut lead) = joined.inspect_err(|_| self.counts.overloaded())? {
            let engine = Arc::clone(self);
            let work = async move {
                while let Some(jobs) = lead.next() {
                    engine.decide_together(jobs).await;
                }
            };
            self.ports.tasks.spawn(Box::pin(work));
        }
        Ok(())
    }
}

/// Writes a failure's whole chain of causes, for the log.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
