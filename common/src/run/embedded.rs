//! All services in one process: a folder with a file for each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{Adapters, Base, StartError, SystemClock, TokioTasks};
use crate::bus::Bus;
use crate::bus::embedded::{self, EmbeddedBus};
use crate::id::{Ids, SystemEntropy, random_u64};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{Collection, Store};
use crate::time::Clock;

/// The file of the event bus in a data folder.
const BUS_FILE: &str = "events.db";

/// What services run on when all of them are in one process.
pub struct Embedded {
    folder: PathBuf,
    bus: Arc<EmbeddedBus>,
    base: Base,
}

impl Embedded {
    /// Opens `folder`, making it if need be. Work runs on the runtime that this is called in.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(folder: &Path) -> Result<Self, StartError> {
        let at_fault = |cause| StartError::Folder { folder: folder.to_owned(), cause };
        std::fs::create_dir_all(folder).map_err(at_fault)?;
        let ids = Arc::new(Ids::new(random_u64(&SystemEntropy)?));
        let options = embedded::Options::default();
        let bus = EmbeddedBus::open(&folder.join(BUS_FILE), options, &SystemEntropy)?;
        let base = Base {
            clock: Arc::new(SystemClock),
            ids,
            tasks: TokioTasks::here(),
            bus: Arc::clone(&bus) as Arc<dyn Bus>,
        };
        Ok(Self { folder: folder.to_owned(), bus, base })
    }

    /// The store in the file `name` of the folder.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn store(
        &self,
        name: &str,
        collections: &[&'static Collection],
    ) -> Result<Arc<dyn Store>, StartError> {
        let path = self.folder.join(format!("{name}.db"));
        Ok(Arc::new(SqliteStore::open(&path, collections, SqliteOptions::default())?))
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.base.clock
    }

    /// Where work runs.
    pub fn tasks(&self) -> &TokioTasks {
        &self.base.tasks
    }

    /// Where ids come from.
    pub fn ids(&self) -> &Arc<Ids> {
        &self.base.ids
    }

    /// Writes what the bus has still to write. Nothing is delivered afterwards.
    pub fn close(&self) {
        self.bus.close();
    }
}

#[async_trait]
impl Adapters for Embedded {
    fn base(&self) -> &Base {
        &self.base
    }

    /// The data folder is locked: nobody else writes to its files.
    fn is_exclusive(&self) -> bool {
        true
    }

    async fn store(
        &self,
        name: &str,
        collections: &[&'static Collection],
    ) -> Result<Arc<dyn Store>, StartError> {
        Self::store(self, name, collections)
    }
}
