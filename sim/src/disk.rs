//! A service's store in a history: memory that survives its process, and misbehaves by the seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use common::store::memory::MemoryStore;
use common::store::{
    Action, Batch, Collection, CommitError, Document, Found, Query, Store, Unavailable,
};

use crate::executor::{Executor, Owner};
use crate::faults::{Faults, Marks};

/// Who minds what becomes of a store.
pub trait Minder: Send + Sync {
    /// Something has just been committed: these documents, by collection and id.
    fn landed(&self, service: &'static str, changed: &[(&'static str, String)]);

    /// The process dies now.
    fn dies(&self, owner: Owner);
}

/// A store as one incarnation of its service sees it.
#[derive(Clone)]
pub struct Disk {
    /// Which service's.
    pub service: &'static str,
    /// What survives.
    pub memory: Arc<MemoryStore>,
    /// The history.
    pub executor: Executor,
    /// Whose tasks use it.
    pub owner: Owner,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether anything goes wrong at the moment.
    pub trouble: Arc<AtomicBool>,
    /// Who minds.
    pub minder: Arc<dyn Minder>,
    /// What has come about.
    pub marks: Marks,
}

impl Disk {
    fn strikes(&self, percent: f64) -> bool {
        percent > 0.0 && self.trouble.load(Ordering::Relaxed) && self.executor.chance(percent)
    }

    async fn pause(&self) {
        self.executor.pause(Duration::from_millis(self.faults.store_ms)).await;
    }

    /// The process dies here: nothing after this line happens in it.
    async fn die(&self, situation: &'static str) {
        self.marks.hit(situation);
        self.minder.dies(self.owner);
        std::future::pending::<()>().await;
    }

    /// Whether the store says that it cannot serve.
    fn serves(&self) -> Result<(), Unavailable> {
        if self.strikes(self.faults.unavailable) {
            self.marks.hit("store: unavailable");
            return Err(Unavailable("the history says so".into()));
        }
        Ok(())
    }

    fn land(&self, batch: Batch) -> Result<(), CommitError> {
        let names: Vec<_> = batch.iter().map(|w| (w.collection.name, w.id.clone())).collect();
        let bodies = batch.clone();
        self.memory.commit_now(batch)?;
        for write in bodies {
            let body = match &write.action {
                Action::Put { body, .. } => &body[..],
                Action::Delete => b"",
            };
            self.executor.note(body, || {
                let (service, place) = (self.service, write.collection.name);
                let text = String::from_utf8_lossy(body);
                format!("{service} writes {place}/{} {:?} {text}", write.id, write.expect)
            });
        }
        self.minder.landed(self.service, &names);
        Ok(())
    }

    /// Lands as long as the process lives: a store that only it writes to cannot do so without it.
    fn land_later(&self, batch: Batch) {
        let disk = self.clone();
        let late = async move {
            disk.executor.pause(Duration::from_secs(3)).await;
            match disk.land(batch) {
                Ok(()) => disk.marks.hit("commit: unknown, and landed late"),
                Err(_) => disk.marks.hit("commit: unknown, and met a conflict late"),
            }
        };
        self.executor.start(self.owner, Box::pin(late));
    }
}

#[async_trait]
impl Store for Disk {
    async fn get(&self, c: &'static Collection, id: &str) -> Result<Option<Document>, Unavailable> {
        if self.executor.chance(10.0) {
            self.pause().await;
        }
        self.serves()?;
        Ok(self.memory.get_now(c, id))
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        self.serves()?;
        Ok(self.memory.find_now(&query))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.pause().await;
        if self.strikes(self.faults.crash_before_commit) {
            self.die("commit: crash before").await;
        }
        self.serves()?;
        let unknown = || CommitError::Unknown("the history says so".into());
        if self.strikes(self.faults.unknown_lost) {
            self.marks.hit("commit: unknown, and lost");
            return Err(unknown());
        }
        if self.strikes(self.faults.unknown_late) {
            self.land_later(batch);
            return Err(unknown());
        }
        self.land(batch)?;
        if self.strikes(self.faults.crash_after_commit) {
            self.die("commit: crash after").await;
        }
        if self.strikes(self.faults.unknown_landed) {
            self.marks.hit("commit: unknown, and landed");
            return Err(unknown());
        }
        self.pause().await;
        Ok(())
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}
