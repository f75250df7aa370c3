//! What a decision is made of: the documents it looks at, and the change or the refusal it comes
//! to.
//!
//! A [`Command`] is one thing that can happen. It names the documents it needs and decides over
//! them, purely: no clock, no entropy, no store. Its effects are data ([`Change`]), which
//! [`crate::execute`] commits. That is what lets a test try every state with every command, and a
//! decision be made again when a commit has met a conflict.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::events::{Draft, Event};
use crate::id::{Id, Ids};
use crate::store::{Action, Batch, Collection, Document, Expect, Value, Write};
use crate::time::Timestamp;

/// A type of document.
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Where documents of this type are kept.
    const COLLECTION: &'static Collection;

    /// The document's id.
    fn id(&self) -> String;

    /// The values of [`Collection::fields`], in their order.
    fn fields(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// Names a document, and knows how to read it.
#[derive(Debug, Clone)]
pub struct Key {
    /// Where it is.
    pub collection: &'static Collection,
    /// Which one it is.
    pub id: String,
    read: Read,
}

type Read = fn(&[u8]) -> Result<Arc<dyn Held>, serde_json::Error>;

impl Key {
    /// The document of type `E` with this id.
    pub fn of<E: Entity>(id: impl ToString) -> Self {
        let read = |body: &[u8]| Ok(Arc::new(serde_json::from_slice::<E>(body)?) as Arc<dyn Held>);
        Self { collection: E::COLLECTION, id: id.to_string(), read }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.collection.name == other.collection.name
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.collection.name.hash(state);
    }
}

/// One thing that can happen to a service's documents.
pub trait Command: Send + Sync + 'static {
    /// What whoever asked is told when it has happened.
    type Reply: Send + 'static;

    /// The document that many commands of this kind fight over. Commands that name the same one and
    /// are waiting at the same time are decided one after another and committed together.
    fn gather(&self) -> Option<Key> {
        None
    }

    /// The documents that the decision looks at, as far as `docs` lets one tell. Asked again with
    /// those loaded, until it names none that is new.
    fn keys(&self, docs: &Docs) -> Vec<Key>;

    /// Decides.
    ///
    /// # Errors
    /// With the reason why it cannot happen; then nothing does.
    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Self::Reply>, Refusal>;
}

/// When a decision is made, and where it gets new ids from.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The time.
    pub now: Timestamp,
    /// New ids.
    pub ids: &'a Ids,
}

impl Moment<'_> {
    /// A new id.
    pub fn next_id(&self) -> Id {
        self.ids.next(self.now)
    }
}

/// A document as a command sees it.
#[derive(Debug)]
pub struct Stored<'a, E> {
    /// Its version: 0 when first written.
    pub version: u64,
    /// What it says.
    pub value: &'a E,
}

/// The documents that have been loaded for a decision.
#[derive(Clone, Default)]
pub struct Docs {
    slots: HashMap<Key, Slot>,
}

#[derive(Clone, Default)]
struct Slot {
    /// The version in the store; `None` where it has no such document.
    loaded: Option<u64>,
    /// What it is by now, decisions that are not committed yet included.
    current: Option<(u64, Arc<dyn Held>)>,
    changed: bool,
}

/// A document whose body is not what its type says: a defect, or a tampered store.
#[derive(Debug, thiserror::Error)]
#[error("{collection}/{id} cannot be read: {cause}")]
pub struct Unreadable {
    collection: &'static str,
    id: String,
    cause: serde_json::Error,
}

/// What a document says.
///
/// # Errors
/// When its body is not of that type.
pub fn read<E: Entity>(document: &Document) -> Result<E, Unreadable> {
    let why = |cause| Unreadable { collection: E::COLLECTION.name, id: document.id.clone(), cause };
    serde_json::from_slice(&document.body).map_err(why)
}

impl Docs {
    /// Whether it is known what the document is, or that there is none.
    pub fn has(&self, key: &Key) -> bool {
        self.slots.contains_key(key)
    }

    /// The document of type `E` with this id, if there is one.
    pub fn get<E: Entity>(&self, id: impl ToString) -> Option<Stored<'_, E>> {
        let slot = self.slots.get(&Key::of::<E>(id))?;
        let (version, held) = slot.current.as_ref()?;
        let value = held.as_any().downcast_ref::<E>()?;
        Some(Stored { version: *version, value })
    }

    /// The version that the document gets from the next change: 0 where there is none yet.
    pub fn next_version<E: Entity>(&self, id: impl ToString) -> u64 {
        self.get::<E>(id).map_or(0, |stored| stored.version + 1)
    }

    /// These documents and one more, as if it had been loaded: how a test sets a scene.
    #[must_use]
    pub fn with<E: Entity>(mut self, version: u64, entity: E) -> Self {
        let current = Some((version, Arc::new(entity.clone()) as Arc<dyn Held>));
        let slot = Slot { loaded: Some(version), current, changed: false };
        self.slots.insert(Key::of::<E>(entity.id()), slot);
        self
    }

    /// These documents after a change, as the next decision would see them.
    #[must_use]
    pub fn after<R>(mut self, change: Change<R>) -> Self {
        self.apply(change.effects);
        self
    }

    /// Adds what the store said about `key`.
    ///
    /// # Errors
    /// When the body is not of the key's type.
    pub fn insert(&mut self, key: Key, document: Option<&Document>) -> Result<(), Unreadable> {
        let current = match document {
            None => None,
            Some(document) => match (key.read)(&document.body) {
                Ok(held) => Some((document.version, held)),
                Err(cause) => {
                    return Err(Unreadable { collection: key.collection.name, id: key.id, cause });
                }
            },
        };
        let loaded = current.as_ref().map(|(version, _)| *version);
        self.slots.insert(key, Slot { loaded, current, changed: false });
        Ok(())
    }

    /// Makes a decision's writes visible to those decided after it in the same commit.
    pub(crate) fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Put(key, held) => {
                    let slot = self.slots.entry(key).or_default();
                    let version = slot.current.as_ref().map_or(0, |(version, _)| version + 1);
                    // A document deleted and written again within one commit keeps counting from
                    // what the store has.
                    let version = version.max(slot.loaded.map_or(0, |loaded| loaded + 1));
                    slot.current = Some((version, held));
                    slot.changed = true;
                }
                Effect::Delete(key) => {
                    let slot = self.slots.entry(key).or_default();
                    slot.current = None;
                    slot.changed = true;
                }
            }
        }
    }

    /// The writes that turn what was loaded into what has been decided.
    ///
    /// # Errors
    /// When a document has no JSON form, which is a defect in its type.
    pub(crate) fn writes(&self) -> Result<Batch, serde_json::Error> {
        let mut writes = Vec::new();
        for (key, slot) in self.slots.iter().filter(|(_, slot)| slot.changed) {
            let action = match &slot.current {
                Some((version, held)) => {
                    Action::Put { version: *version, body: held.body()?, fields: held.fields() }
                }
                None if slot.loaded.is_none() => continue,
                None => Action::Delete,
            };
            let expect = slot.loaded.map_or(Expect::Absent, Expect::Version);
            writes.push(Write { collection: key.collection, id: key.id.clone(), expect, action });
        }
        // The map has no order of its own, and a history must replay to the same bytes.
        writes.sort_by(|a, b| (a.collection.name, &a.id).cmp(&(b.collection.name, &b.id)));
        Ok(writes)
    }
}

/// An [`Entity`] with its type forgotten.
pub(crate) trait Held: Any + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn body(&self) -> Result<Bytes, serde_json::Error>;
    fn fields(&self) -> Vec<Value>;
}

impl<E: Entity> Held for E {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    fn fields(&self) -> Vec<Value> {
        Entity::fields(self)
    }
}

/// A write that a decision wants.
#[derive(Clone)]
pub(crate) enum Effect {
    Put(Key, Arc<dyn Held>),
    Delete(Key),
}

impl Effect {
    pub(crate) fn key(&self) -> &Key {
        match self {
            Self::Put(key, _) | Self::Delete(key) => key,
        }
    }
}

/// What happens, as data: documents, events, and what whoever asked is told.
pub struct Change<R> {
    pub(crate) effects: Vec<Effect>,
    pub(crate) events: Vec<Result<Draft, serde_json::Error>>,
    pub(crate) reply: R,
}

impl<R> Change<R> {
    /// Nothing but an answer.
    pub fn nothing(reply: R) -> Self {
        Self { effects: Vec::new(), events: Vec::new(), reply }
    }

    /// And this document is written.
    #[must_use]
    pub fn put<E: Entity>(mut self, entity: E) -> Self {
        let key = Key::of::<E>(entity.id());
        self.effects.push(Effect::Put(key, Arc::new(entity)));
        self
    }

    /// And this document is removed.
    #[must_use]
    pub fn delete<E: Entity>(mut self, id: impl ToString) -> Self {
        self.effects.push(Effect::Delete(Key::of::<E>(id)));
        self
    }

    /// And this is told to whoever listens.
    #[must_use]
    pub fn tell<E: Event>(mut self, event: &E) -> Self {
        self.events.push(Draft::of(event));
        self
    }

    /// What whoever asked is told.
    pub fn reply(&self) -> &R {
        &self.reply
    }

    /// The kinds of the events it tells, in their order.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().flatten().map(|draft| draft.kind).collect()
    }

    /// The same change with another answer.
    pub fn answering<S>(self, answer: impl FnOnce(R) -> S) -> Change<S> {
        Change { effects: self.effects, events: self.events, reply: answer(self.reply) }
    }
}

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// In words for people.
    pub message: String,
    /// The field at fault, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Why something cannot happen. [`crate::http`] alone knows which status each is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What was sent breaks a rule: every fault at once.
    #[error("{}", .0.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// Nobody is signed in, or the session has ended.
    #[error("Not authorized")]
    NotSignedIn,
    /// It belongs to somebody else.
    #[error("Not authorized")]
    NotYours,
    /// There is no such thing.
    #[error("Not Found")]
    NotFound,
    /// The state of things forbids it, on a core route.
    #[error("{0}")]
    State(String),
    /// The state of things forbids it, on a route of our own.
    #[error("{0}")]
    Conflict(String),
    /// The caller has seen an older version.
    #[error("It has changed since you read it; read it again")]
    Stale,
    /// The idempotency key has been used for another request.
    #[error("This Idempotency-Key was used for a different request")]
    KeyReused,
    /// The first request with this idempotency key has not been answered yet.
    #[error("The first request with this Idempotency-Key is still being worked on")]
    InProgress,
    /// Too often.
    #[error("Too many requests; try again in {retry_after_s} s")]
    TooMany {
        /// Seconds until it is worth trying again.
        retry_after_s: u64,
    },
}

impl Refusal {
    /// One field breaks a rule.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { message: message.into(), field: Some(field.to_owned()) }])
    }

    /// The state of things forbids it, on a core route.
    pub fn state(message: impl Into<String>) -> Self {
        Self::State(message.into())
    }

    /// The state of things forbids it, on a route of our own.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(message.into())
    }
}
