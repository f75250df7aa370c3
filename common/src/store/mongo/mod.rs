//! The store on MongoDB: a database for each service, on a replica set that any number of its
//! processes share.
//!
//! A document is `{_id, v, body, f: {field: value …}}`: its version, its JSON as text, and its
//! index fields as BSON. Every write carries its own condition (`_id` and `v` in the filter of a
//! replacement, the unique `_id` of an insertion), so that nothing is decided by what was read
//! before. A batch of one write is one such command, which the driver repeats under the same
//! transaction number where a connection breaks; a larger one is a transaction of them.
//!
//! Every commit waits for a majority to have it in their journals, and every read for what a
//! majority has. A read also names the operation time of the newest commit that this process knows
//! of: a deposed primary that does not know yet that it is one cannot answer it from the past
//! (I19).
//!
//! A call costs a service and the servers much the same whether it is about one document or about
//! a hundred, so what is wanted at the same time is asked for with one call: see [`together`]. What
//! each caller is told is what he would have been told alone.
//!
//! [`server`] is the connection, [`documents`] the shape of documents, [`query`] how searches
//! become filters and indexes, [`reads`] how documents are read by their ids, [`commits`] which
//! batches are written together and [`commit`] how, [`errors`] what is known after a failure.

mod commit;
mod commits;
mod documents;
mod errors;
mod query;
mod reads;
mod server;
mod together;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Database};

use self::commits::Commits;
use self::reads::Reads;
use self::server::{Server, in_time, unavailable};
use super::{
    Batch, Collection, CommitError, Document, Found, MAX_WRITES, Query, Store, Unavailable,
};
use crate::task::Tasks;

/// How long a call waits for a primary, where the address does not say. An election takes some ten
/// seconds at MongoDB's defaults; a caller is told earlier than that to come again.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// What a killed process has locked is free again after so long, and half as much for the servers
/// to notice; more than that would break I3. They default to a minute.
const LONGEST_TRANSACTION_SECONDS: i64 = 20;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not one of MongoDB's.
    #[error("the MongoDB address cannot be used: {0}")]
    Address(mongodb::error::Error),
    /// It is a server by itself, which has no transactions.
    #[error(
        "MongoDB at this address is no replica set, so it has no transactions: start mongod with \
         --replSet, and run rs.initiate() once"
    )]
    NotReplicated,
    /// The server cannot be reached, or refuses.
    #[error("MongoDB cannot serve the database {database}: {source}")]
    Server {
        /// Which database.
        database: String,
        /// What the driver says.
        source: mongodb::error::Error,
    },
}

/// Documents in a replica set.
pub struct MongoStore {
    server: Arc<Server>,
    reads: Reads,
    commits: Commits,
    tasks: Tasks,
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("database", &self.server.database.name()).finish()
    }
}

impl MongoStore {
    /// Opens `database` at `address` (`mongodb://…`), and makes what `collections` needs of it that
    /// is not there yet. Any number of processes may do so at once. Calls that serve several
    /// callers run in `tasks`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(
        address: &str,
        database: &str,
        collections: &[&'static Collection],
        tasks: Tasks,
    ) -> Result<Self, OpenError> {
        let mut options = ClientOptions::parse(address).await.map_err(OpenError::Address)?;
        options.server_selection_timeout.get_or_insert(SELECTION_TIMEOUT);
        options.app_name.get_or_insert_with(|| format!("ticketing {database}"));
        // What a commit and a read promise is not the operator's to weaken.
        let majority = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
        options.write_concern = Some(majority);
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria =
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.retry_writes = Some(true);
        options.retry_reads = Some(true);
        let client = Client::with_options(options).map_err(OpenError::Address)?;
        let handle = client.database(database);
        let failed = |source| OpenError::Server { database: database.to_owned(), source };
        let hello = handle.run_command(doc! { "hello": 1 }).await.map_err(failed)?;
        if !hello.contains_key("setName") && hello.get_str("msg").ok() != Some("isdbgrid") {
            return Err(OpenError::NotReplicated);
        }
        warn_of_long_transactions(&client).await;
        for collection in collections {
            prepare(&handle, collection).await.map_err(failed)?;
        }
        let server = Arc::new(Server::new(client, handle, collections));
        let (reads, commits) = (Reads::new(), Commits::new());
        Ok(Self { server, reads, commits, tasks })
    }
}

/// A process that is killed within a transaction leaves it open, and the documents that it has
/// written locked, until the servers end it.
async fn warn_of_long_transactions(client: &Client) {
    const NAME: &str = "transactionLifetimeLimitSeconds";
    let asked = client.database("admin").run_command(doc! { "getParameter": 1, NAME: 1 }).await;
    // Whoever may not ask is not told either.
    let seconds = asked.ok().and_then(|answer| seconds_in(&answer, NAME));
    if seconds.is_some_and(|seconds| seconds > LONGEST_TRANSACTION_SECONDS) {
        let advice = "start mongod with --setParameter transactionLifetimeLimitSeconds=5";
        tracing::warn!(seconds, advice, "what a killed process was writing stays locked for long");
    }
}

fn seconds_in(answer: &mongodb::bson::Document, name: &str) -> Option<i64> {
    answer.get_i64(name).ok().or_else(|| answer.get_i32(name).ok().map(i64::from))
}

/// Makes a collection and its indexes, unless they are there; drops indexes that nothing asks for
/// any more.
async fn prepare(database: &Database, collection: &Collection) -> mongodb::error::Result<()> {
    match database.create_collection(collection.name).await {
        Err(error) if !errors::is_there_already(&error) => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let documents = database.collection::<RawDocumentBuf>(collection.name);
    let wanted = query::indexes(collection);
    let names: HashSet<String> = wanted.iter().map(query::name_of).collect();
    if !wanted.is_empty() {
        documents.create_indexes(wanted).await?;
    }
    for name in documents.list_index_names().await? {
        if name != "_id_" && !names.contains(&name) {
            match documents.drop_index(name).await {
                // Another process has just done it.
                Err(error) if !errors::is_gone_already(&error) => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

#[async_trait]
impl Store for MongoStore {
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable> {
        self.server.collection(collection)?;
        self.reads.get(&self.server, &self.tasks, collection, id).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        in_time(self.server.find(query), Unavailable).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        assert!(batch.len() <= MAX_WRITES, "{} writes in a batch", batch.len());
        for write in &batch {
            self.server.collection(write.collection)?;
        }
        self.commits.commit(&self.server, &self.tasks, batch).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        let ping = async {
            let hello = self.server.database.run_command(doc! { "hello": 1 }).await;
            match hello.map_err(unavailable)?.get_bool("isWritablePrimary") {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(Unavailable("there is no primary".to_owned())),
            }
        };
        in_time(ping, Unavailable).await
    }
}
