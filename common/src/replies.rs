//! Idempotency keys: the first answer to a request, kept in the commit that it answers for.
//!
//! [`Once`] wraps a command. Its answer is rendered inside the decision and stored in the same
//! batch, so there is no instant at which the change is durable and the answer is not (I17, I8). A
//! refusal is an answer too.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::command::{Change, Command, Docs, Entity, Key, Moment, Refusal};
use crate::store::{
    Action, Collection, CommitError, Expect, Field, Filter, Kind, Order, Query, Store, Value, Write,
};
use crate::time::{Clock, Timestamp};
use crate::worker::{Progress, Reconciler, StepFailed};

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers that have been given under an idempotency key.
pub static REPLIES: Collection = Collection {
    name: "replies",
    fields: &[Field { name: "expires", kind: Kind::Integer }],
    indexes: &[&["expires"]],
};

/// An answer as it went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to the answer itself, such as `ETag` and `Location`.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: String,
}

/// Which request this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// One for each user and idempotency key: a digest of both.
    pub id: String,
    /// A digest of what was asked for.
    pub fingerprint: String,
}

/// A stored answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    id: String,
    fingerprint: String,
    answer: Answer,
    expires: Timestamp,
}

impl Entity for Reply {
    const COLLECTION: &'static Collection = &REPLIES;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn fields(&self) -> Vec<Value> {
        vec![Value::Integer(self.expires.as_millis())]
    }
}

/// A command that is carried out once under its key, however often it is sent.
pub struct Once<C, R> {
    /// What is to happen.
    pub command: C,
    /// Which request asked for it.
    pub key: RequestKey,
    /// What is answered, given what it came to.
    pub render: R,
}

impl<C, R> Command for Once<C, R>
where
    C: Command,
    R: Fn(Result<&C::Reply, &Refusal>) -> Answer + Send + Sync + 'static,
{
    type Reply = Answer;

    fn gather(&self) -> Option<Key> {
        self.command.gather()
    }

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let mut keys = self.command.keys(docs);
        keys.push(Key::of::<Reply>(&self.key.id));
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Answer>, Refusal> {
        if let Some(reply) = docs.get::<Reply>(&self.key.id)
            && reply.value.expires > at.now
        {
            return match reply.value.fingerprint == self.key.fingerprint {
                true => Ok(Change::nothing(reply.value.answer.clone())),
                false => Err(Refusal::KeyReused),
            };
        }
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Bug::ForgottenReply) {
            let decided = self.command.decide(docs, at);
            let answer = (self.render)(decided.as_ref().map(|change| change.reply()));
            return Ok(match decided {
                Ok(change) => change.answering(|_| answer),
                Err(_) => Change::nothing(answer),
            });
        }
        let decided = self.command.decide(docs, at);
        let answer = (self.render)(decided.as_ref().map(|change| change.reply()));
        let change = match decided {
            Ok(change) => change.answering(|_| answer.clone()),
            Err(_) => Change::nothing(answer.clone()),
        };
        Ok(change.put(Reply {
            id: self.key.id.clone(),
            fingerprint: self.key.fingerprint.clone(),
            answer,
            expires: at.now.plus(KEPT_FOR),
        }))
    }
}

/// Most answers removed in one step.
const MAX_CLEARED: usize = 256;

/// Removes answers that are past their time.
pub struct Clearing {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Clearing {
    /// Clears the answers kept in `store`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Reconciler for Clearing {
    fn name(&self) -> &'static str {
        "clearing"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let past = Value::Integer(self.clock.now().as_millis());
        let query = Query {
            collection: &REPLIES,
            filters: vec![Filter::AtMost("expires", past)],
            order: Order { field: Some("expires"), descending: false },
            after: None,
            limit: MAX_CLEARED,
        };
        let found = self.store.find(query).await.map_err(StepFailed::new)?;
        if found.is_empty() {
            return Ok(Progress::Idle);
        }
        let full = found.len() == MAX_CLEARED;
        let removals = found.into_iter().map(|found| Write {
            collection: &REPLIES,
            id: found.document.id,
            expect: Expect::Version(found.document.version),
            action: Action::Delete,
        });
        match self.store.commit(removals.collect()).await {
            Ok(()) if full => Ok(Progress::More),
            // A conflict is another replica that clears the same ones, or a key used again.
            Ok(()) | Err(CommitError::Conflict) => Ok(Progress::Idle),
            Err(error) => Err(StepFailed::new(error)),
        }
    }
}
