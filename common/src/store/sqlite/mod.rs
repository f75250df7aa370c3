//! The store on SQLite: a file for each service, which this process alone has open.
//!
//! ```text
//! commit ──► queue ──► writer thread ──► one transaction, one sync ──► cache ──► answers
//! get ──► cache, or a reader's connection that is free, or ──► queue ──► reader threads ──► cache
//! find ───────────────► queue ──► reader threads
//! ```
//!
//! [`writer`] says how commits are grouped and what happens when the file fails, [`cache`] why a
//! read is never older than a commit that somebody was told of, [`schema`] what the file looks
//! like, [`query`] how indexes are used, [`connect`] how SQLite is set up. Nothing here needs a
//! runtime: the threads are the store's own.

mod batch;
mod cache;
mod connect;
mod door;
mod query;
mod queue;
mod reader;
mod schema;
mod terms;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::oneshot;

use self::cache::Documents;
use self::door::Door;
pub use self::door::Faults;
use self::queue::Queue;
use self::reader::Read;
use self::schema::Table;
use self::writer::{Commit, Writer};
use super::{
    Batch, Collection, CommitError, Document, Found, MAX_WRITES, Query, Store, Unavailable, Write,
};
use crate::store::Action;

/// Batches that wait for the writer: as many as it takes at once, so that it never waits for the
/// next group.
const COMMIT_QUEUE: usize = 1_024;

/// Reads that wait for a reader: some tens of milliseconds of their work.
const READ_QUEUE: usize = 1_024;

/// Reader threads. More would not help: what they wait for is mostly the processor, and of that the
/// writer needs its share.
const READERS: usize = 2;

/// How a [`SqliteStore`] is set up.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Most bytes that documents in the cache take. Default: 32 MiB.
    pub cache_bytes: u64,
    /// Collections that are written and hardly ever read by id, which would only push others out of
    /// the cache. Default: `outbox`.
    pub uncached: &'static [&'static str],
    #[doc(hidden)]
    pub faults: Arc<Faults>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { cache_bytes: 32 << 20, uncached: &["outbox"], faults: Arc::default() }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be opened, or is no database, or could not be brought up to date.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A newer version of the program wrote the file.
    #[error("{path} is in format {found}; this program knows formats up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The newest format that this program reads.
        known: i64,
    },
    /// A collection cannot be stored under the names it declares.
    #[error(
        "collection {0}: names are lower-case letters and underscores and unique, there are at \
         most {MAX_FIELDS} fields, and indexes name declared fields that are single values",
        MAX_FIELDS = schema::MAX_FIELDS
    )]
    Malformed(&'static str),
    /// The operating system gave no thread.
    #[error("no thread for the store: {0}")]
    Thread(#[from] std::io::Error),
}

/// A reader's connection, while the door is open.
type Slot = Mutex<Option<Connection>>;

/// What the store's threads and its callers share.
struct Shared {
    path: PathBuf,
    tables: Vec<Table>,
    numbers: HashMap<&'static str, u16>,
    door: Door,
    documents: Documents,
    commits: Queue<Commit>,
    reads: Queue<Read>,
    readers: [Slot; READERS],
    faults: Arc<Faults>,
}

/// Documents in a file. Dropping it waits for what was committed, and closes the file.
pub struct SqliteStore {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file at `path`, made if need be, and brings it up to date with `collections`. What
    /// a crash left in its log is on the disk when this returns. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        path: &Path,
        collections: &[&'static Collection],
        options: SqliteOptions,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::new(path, collections, options)?);
        let log_pages = Arc::new(AtomicU32::new(0));
        let failed = |source| OpenError::Sqlite { path: path.to_owned(), source };
        let connection = shared.connect(&log_pages, false).map_err(failed)?;
        let found = schema::format_of(&connection).map_err(failed)?;
        if found > schema::FORMAT {
            let (path, known) = (path.to_owned(), schema::FORMAT);
            return Err(OpenError::Newer { path, found, known });
        }
        let mut connection = connection;
        schema::migrate(&mut connection, &shared.tables).map_err(failed)?;
        let mut store = Self { shared: Arc::clone(&shared), threads: Vec::new() };
        for number in 0..READERS {
            let shared = Arc::clone(&shared);
            store.start("store-reader", move || reader::run(&shared, &shared.readers[number]))?;
        }
        let writer = Writer::new(shared, connection, log_pages);
        store.start("store-writer", move || writer.run())?;
        Ok(store)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "SQLite blocks, so it has threads of its own; dropping the store joins them"
    )]
    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let guard = ClosedOnPanic(shared);
            work();
            drop(guard);
        })?;
        self.threads.push(thread);
        Ok(())
    }

    fn number_of(&self, collection: &Collection) -> Result<u16, Unavailable> {
        let number = self.shared.numbers.get(collection.name).copied();
        let why = || Unavailable(format!("the store was opened without {}", collection.name));
        number.ok_or_else(why)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shared.close();
        // The readers come first: the last connection to go moves the log into the file and removes
        // it.
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store had panicked");
            }
            for slot in &self.shared.readers {
                drop(self.shared.reader(slot).take());
            }
        }
    }
}

/// A thread that panics takes the store with it: nobody must wait for an answer that will not come.
struct ClosedOnPanic(Arc<Shared>);

impl Drop for ClosedOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.door.shut("a thread of the store has panicked".to_owned());
            self.0.close();
            drop((self.0.commits.refuse(), self.0.reads.refuse()));
        }
    }
}

impl Shared {
    fn new(
        path: &Path,
        collections: &[&'static Collection],
        options: SqliteOptions,
    ) -> Result<Self, OpenError> {
        let mut tables = Vec::new();
        let mut numbers = HashMap::new();
        for (collection, number) in collections.iter().zip(0_u16..) {
            let is_new = numbers.insert(collection.name, number).is_none();
            if !is_new || !schema::is_well_formed(collection) {
                return Err(OpenError::Malformed(collection.name));
            }
            let cached = !options.uncached.contains(&collection.name);
            tables.push(Table::new(collection, number, cached));
        }
        Ok(Self {
            path: path.to_owned(),
            tables,
            numbers,
            door: Door::new(),
            documents: Documents::new(options.cache_bytes),
            commits: Queue::new(COMMIT_QUEUE),
            reads: Queue::new(READ_QUEUE),
            readers: [const { Mutex::new(None) }; READERS],
            faults: options.faults,
        })
    }

    /// Opens all connections, with the log settled and, if `proof` is wanted, a write proved to
    /// reach the disk.
    fn connect(&self, log_pages: &Arc<AtomicU32>, proof: bool) -> rusqlite::Result<Connection> {
        if proof && self.faults.stay_shut.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Faults::error());
        }
        let writer = connect::writer(&self.path, Arc::clone(log_pages), &self.faults)?;
        connect::settle(&writer)?;
        if proof {
            connect::prove(&writer)?;
        }
        for slot in &self.readers {
            *self.reader(slot) = Some(connect::reader(&self.path)?);
        }
        Ok(writer)
    }

    /// The table that a write is for. [`Store::commit`] has checked that there is one.
    fn table_of(&self, write: &Write) -> &Table {
        &self.tables[usize::from(self.numbers[write.collection.name])]
    }

    fn reader<'a>(&self, slot: &'a Slot) -> MutexGuard<'a, Option<Connection>> {
        // A reader that panicked left the connection as it was between two statements.
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.reads.close();
        self.commits.close();
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable> {
        let shared = &self.shared;
        shared.door.check()?;
        let table = self.number_of(collection)?;
        if let Some(content) = shared.documents.get(table, id) {
            let (version, body) = (content.version, content.body);
            return Ok(Some(Document { id: id.to_owned(), version, body }));
        }
        let (answer, reply) = oneshot::channel();
        if let Some(answer) = reader::get_here(shared, table, id, answer) {
            let read = Read::Get { table, id: id.to_owned(), answer };
            shared.reads.push(read).await.map_err(|_| shared.door.reason())?;
        }
        reply.await.unwrap_or_else(|_| Err(shared.door.reason()))
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        let shared = &self.shared;
        shared.door.check()?;
        let table = self.number_of(query.collection)?;
        let (answer, reply) = oneshot::channel();
        let read = Read::Find { table, query, answer };
        shared.reads.push(read).await.map_err(|_| shared.door.reason())?;
        reply.await.unwrap_or_else(|_| Err(shared.door.reason()))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let shared = &self.shared;
        shared.door.check()?;
        assert!(batch.len() <= MAX_WRITES, "{} writes in a batch", batch.len());
        for write in &batch {
            self.number_of(write.collection)?;
            if let Action::Put { fields, .. } = &write.action {
                let declared = write.collection.fields.len();
                assert_eq!(fields.len(), declared, "fields of {}", write.collection.name);
            }
        }
        let (answer, reply) = oneshot::channel();
        let commit = Commit { batch, answer };
        shared.commits.push(commit).await.map_err(|_| shared.door.reason())?;
        let lost = |_| Err(CommitError::Unknown("the store was closed".to_owned()));
        reply.await.unwrap_or_else(lost)
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.shared.door.check()
    }
}
