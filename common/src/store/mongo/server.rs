//! The servers as this process knows them: where its documents are, and how new a read must be.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mongodb::bson::{RawDocumentBuf, Timestamp};
use mongodb::{Client, ClientSession, Database, SessionCursor};

use super::{documents, query};
use crate::store::{Collection, Found, MAX_PAGE, Query, Unavailable};

/// How long any call may take: below the time limit of a request, far above what a healthy replica
/// set needs.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A database of a replica set.
pub(super) struct Server {
    client: Client,
    pub(super) database: Database,
    names: HashSet<&'static str>,
    /// The operation time of the newest commit that this process knows of.
    newest: Mutex<Option<Timestamp>>,
}

impl Server {
    pub(super) fn new(
        client: Client,
        database: Database,
        collections: &[&'static Collection],
    ) -> Self {
        let names = collections.iter().map(|collection| collection.name).collect();
        Self { client, database, names, newest: Mutex::new(None) }
    }

    pub(super) fn collection(
        &self,
        collection: &Collection,
    ) -> Result<mongodb::Collection<RawDocumentBuf>, Unavailable> {
        if !self.names.contains(collection.name) {
            return Err(Unavailable(format!("the store was opened without {}", collection.name)));
        }
        Ok(self.database.collection(collection.name))
    }

    /// A session whose reads see at least what this process knows to be committed.
    pub(super) async fn session(&self) -> mongodb::error::Result<ClientSession> {
        let mut session = self.client.start_session().causal_consistency(true).await?;
        if let Some(newest) = *self.newest() {
            session.advance_operation_time(newest);
        }
        Ok(session)
    }

    /// Remembers what a session has seen.
    pub(super) fn learn(&self, session: &ClientSession) {
        let mut newest = self.newest();
        let seen = session.operation_time();
        let order = |time: &Timestamp| (time.time, time.increment);
        if seen.as_ref().map(order) > newest.as_ref().map(order) {
            *newest = seen;
        }
    }

    fn newest(&self) -> MutexGuard<'_, Option<Timestamp>> {
        // Nothing that holds the lock can panic half-way.
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The documents that a query describes.
    pub(super) async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        let documents = self.collection(query.collection)?;
        let limit = query.limit.min(MAX_PAGE);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut session = self.session().await.map_err(unavailable)?;
        let (filter, sort) = (query::filter(&query), query::sort(query.order));
        let find = documents.find(filter).sort(sort).limit(i64::try_from(limit).unwrap_or(1_000));
        let mut cursor: SessionCursor<RawDocumentBuf> =
            find.session(&mut session).await.map_err(unavailable)?;
        let mut found = Vec::new();
        while let Some(raw) = cursor.next(&mut session).await {
            found.push(documents::found(&raw.map_err(unavailable)?, query.order.field)?);
        }
        Ok(found)
    }
}

pub(super) fn unavailable(error: mongodb::error::Error) -> Unavailable {
    Unavailable(error.to_string())
}

/// What `work` comes to, unless it takes longer than any call may.
pub(super) async fn in_time<T, E>(
    work: impl Future<Output = Result<T, E>> + Send,
    late: impl FnOnce(String) -> E + Send,
) -> Result<T, E> {
    match tokio::time::timeout(CALL_TIMEOUT, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(late(format!("no answer within {} s", CALL_TIMEOUT.as_secs()))),
    }
}
