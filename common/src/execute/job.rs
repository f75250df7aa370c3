//! A command with its types forgotten, together with whoever waits for its answer.

use std::any::Any;

use tokio::sync::oneshot;

use super::Failure;
use crate::command::{Command, Docs, Effect, Key, Moment};
use crate::events::Draft;

/// A command that somebody asked for.
pub(super) trait Job: Send + Sync {
    fn trace(&self) -> &str;
    fn keys(&self, docs: &Docs) -> Vec<Key>;
    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Verdict;
    fn answer(self: Box<Self>, verdict: Verdict);
}

/// What a job was decided to come to. The reply is of the type that the job itself knows.
pub(super) struct Verdict {
    pub(super) effects: Vec<Effect>,
    pub(super) events: Vec<Result<Draft, serde_json::Error>>,
    reply: Result<Box<dyn Any + Send>, Failure>,
}

impl Verdict {
    pub(super) fn failed(failure: Failure) -> Self {
        Self { effects: Vec::new(), events: Vec::new(), reply: Err(failure) }
    }
}

pub(super) struct Asked<C: Command> {
    command: C,
    trace: String,
    answer: oneshot::Sender<Result<C::Reply, Failure>>,
}

impl<C: Command> Asked<C> {
    pub(super) fn new(
        command: C,
        trace: String,
        answer: oneshot::Sender<Result<C::Reply, Failure>>,
    ) -> Self {
        Self { command, trace, answer }
    }
}

impl<C: Command> Job for Asked<C> {
    fn trace(&self) -> &str {
        &self.trace
    }

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        self.command.keys(docs)
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Verdict {
        match self.command.decide(docs, at) {
            Err(refusal) => Verdict::failed(Failure::Refused(refusal)),
            Ok(change) => Verdict {
                effects: change.effects,
                events: change.events,
                reply: Ok(Box::new(change.reply)),
            },
        }
    }

    fn answer(self: Box<Self>, verdict: Verdict) {
        let reply = verdict.reply.and_then(|reply| match reply.downcast::<C::Reply>() {
            Ok(reply) => Ok(*reply),
            Err(_) => Err(Failure::Broken("a verdict was given to another job".into())),
        });
        // Whoever asked may be gone; what was decided stands all the same.
        drop(self.answer.send(reply));
    }
}
