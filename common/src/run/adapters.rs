//! What services run on, and why they could not be started there.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::TokioTasks;
use crate::bus::{Bus, embedded};
use crate::id::{Ids, NoEntropy};
use crate::store::{Collection, Store, sqlite};
use crate::time::Clock;
use crate::worker::StepFailed;

/// What services run on. Nothing above this module knows which of its two kinds it is.
#[async_trait]
pub trait Adapters: Send + Sync {
    /// What is the same for all services of the process.
    fn base(&self) -> &Base;

    /// Whether no other process writes to these stores while this one runs.
    fn is_exclusive(&self) -> bool;

    /// The store of the service `name`, with these collections.
    ///
    /// # Errors
    /// When it cannot be opened.
    async fn store(
        &self,
        name: &str,
        collections: &[&'static Collection],
    ) -> Result<Arc<dyn Store>, StartError>;
}

/// What is the same for all services of a process.
pub struct Base {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<Ids>,
    /// Where work runs.
    pub tasks: TokioTasks,
    /// How services hear of one another.
    pub bus: Arc<dyn Bus>,
}

/// Why services could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("cannot use the data folder {}: {cause}", .folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A service's file cannot be opened.
    #[error(transparent)]
    Store(#[from] sqlite::OpenError),
    /// A service's database cannot be opened.
    #[cfg(feature = "fleet")]
    #[error(transparent)]
    Database(#[from] crate::store::mongo::OpenError),
    /// The event bus's file cannot be opened.
    #[error(transparent)]
    Bus(#[from] embedded::OpenError),
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// A writer could not be made known in its store.
    #[error("a service's store does not take writes: {0}")]
    Register(StepFailed),
}
