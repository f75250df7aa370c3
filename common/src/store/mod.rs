//! The store port: what a service needs of a database, and nothing that a database cannot promise.
//!
//! Three verbs. [`Store::get`] one document, [`Store::find`] documents over declared index fields,
//! and [`Store::commit`] a batch of writes, each on its own condition, all or nothing. There are no
//! interactive transactions, so no lock is ever held across an await, and a backend knows nothing
//! of outboxes, idempotency or ledgers: those are documents like any other, written in the same
//! batch by [`crate::execute`].
//!
//! There are no unique indexes. What must be unique is the id of a document that is written only if
//! absent, which every database decides the same way.
//!
//! [`memory`] is the model; [`contract`] is the suite that every backend passes.

pub mod breaker;
pub mod contract;
pub mod memory;
#[cfg(feature = "mongo")]
pub mod mongo;
pub mod sqlite;

use async_trait::async_trait;
use bytes::Bytes;

/// A set of documents of one type, with the fields it can be searched by.
#[derive(Debug, PartialEq, Eq)]
pub struct Collection {
    /// Lower-case letters and underscores; unique within a service.
    pub name: &'static str,
    /// The fields that indexes, filters and orders may name.
    pub fields: &'static [Field],
    /// Each index lists the fields it covers, equality first; the document's id ends every one of
    /// them.
    pub indexes: &'static [&'static [&'static str]],
}

/// A field of a document that can be searched by.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Lower-case letters and underscores; unique within its collection.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
}

/// What values a [`Field`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A text, compared by bytes.
    Text,
    /// A set of words, each of which finds the document. Always indexed; listed in no index.
    Terms,
}

impl Collection {
    /// Where `field` stands in [`Collection::fields`].
    pub fn position(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|known| known.name == field)
    }
}

/// A value of a [`Field`], as a document's index entry or in a [`Filter`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// The document has no such value: no filter on the field finds it, and no order by the field
    /// lists it.
    Absent,
    /// Of [`Kind::Integer`].
    Integer(i64),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Terms`].
    Terms(Vec<String>),
}

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Unique within its collection.
    pub id: String,
    /// 0 when first written; raised by every write since.
    pub version: u64,
    /// JSON.
    pub body: Bytes,
}

/// One write of a [`Batch`].
#[derive(Debug, Clone)]
pub struct Write {
    /// Where the document is.
    pub collection: &'static Collection,
    /// Which one it is.
    pub id: String,
    /// What must be true of it for the batch to be committed.
    pub expect: Expect,
    /// What it becomes.
    pub action: Action,
}

/// The condition of a [`Write`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no such document.
    Absent,
    /// The document has this version.
    Version(u64),
}

/// The effect of a [`Write`].
#[derive(Debug, Clone)]
pub enum Action {
    /// The document is replaced.
    Put {
        /// The version it has from now on, above the one expected.
        version: u64,
        /// JSON.
        body: Bytes,
        /// One value for each of [`Collection::fields`], in their order.
        fields: Vec<Value>,
    },
    /// The document is removed.
    Delete,
}

/// Writes that take effect together or not at all. No two of them name the same document.
pub type Batch = Vec<Write>;

/// Most writes in one [`Batch`]: what MongoDB and SQLite both commit well within a second.
pub const MAX_WRITES: usize = 4_096;

/// Most documents that one [`Query`] returns.
pub const MAX_PAGE: usize = 1_000;

/// Why a [`Batch`] was not, or may not have been, committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A condition did not hold. Nothing was written.
    #[error("a document has changed meanwhile")]
    Conflict,
    /// The store cannot tell. The batch is there or not, wholly; read to find out which.
    #[error("the store does not know whether the batch was committed: {0}")]
    Unknown(String),
    /// Nothing was written, and nothing can be at the moment.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The store cannot serve at the moment. The text is for the log, never for a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable: {0}")]
pub struct Unavailable(pub String);

/// Which documents to find.
#[derive(Debug, Clone)]
pub struct Query {
    /// Where to look.
    pub collection: &'static Collection,
    /// All of these hold for every document found.
    pub filters: Vec<Filter>,
    /// In which order they come.
    pub order: Order,
    /// Only documents that come after this position in that order.
    pub after: Option<Position>,
    /// At most this many, and at most [`MAX_PAGE`].
    pub limit: usize,
}

/// A condition on documents to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// The field has this value.
    Equals(&'static str, Value),
    /// The field has this value or a greater one.
    AtLeast(&'static str, Value),
    /// The field has this value or a smaller one.
    AtMost(&'static str, Value),
    /// The [`Kind::Terms`] field has a word that is (or, with `prefix`, starts with) this one.
    Term {
        /// The field.
        field: &'static str,
        /// The word, or its start.
        word: String,
        /// Whether a word that only starts with it counts.
        prefix: bool,
    },
    /// The document's id is at least the first and below the second.
    Ids(String, String),
}

/// The order in which documents are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By this field and then by id; by id alone where it is `None`.
    pub field: Option<&'static str>,
    /// Greatest first, ids included.
    pub descending: bool,
}

/// A place in an [`Order`], between documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The value of the order's field; [`Value::Absent`] where the order is by id alone.
    pub value: Value,
    /// The id of the document just before.
    pub id: String,
}

/// A document found, with the value of the order's field, from which the next page's [`Position`]
/// is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The document.
    pub document: Document,
    /// Its place in the order.
    pub position: Position,
}

/// The port. A backend makes the collections it is opened with, and passes [`contract`].
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The document with this id, if there is one: the newest that any commit through this store
    /// has written.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable>;

    /// The documents that a query describes, in its order.
    ///
    /// # Errors
    /// When the store cannot serve.
    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable>;

    /// Writes a batch, all or nothing. `Ok` means that it survives a power cut.
    ///
    /// # Errors
    /// See [`CommitError`], whose variants say what is known of the batch.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// Whether a commit has a chance at the moment. Also nudges a store that had failed to try
    /// again.
    ///
    /// # Errors
    /// When it has none.
    async fn ready(&self) -> Result<(), Unavailable>;
}
