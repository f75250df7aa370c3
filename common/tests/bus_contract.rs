//! The bus contract, on the embedded bus with a file and without one.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::bus::Bus;
use common::bus::contract::{self, Reopen};
use common::bus::embedded::{EmbeddedBus, Options};
use common::id::SystemEntropy;
use tempfile::TempDir;
use tokio::time::timeout;

/// Far longer than any promise takes.
const DEADLINE: Duration = Duration::from_secs(60);

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("bus.db")
    }
}

#[async_trait]
impl Reopen for Folder {
    async fn open(&self) -> Arc<dyn Bus> {
        EmbeddedBus::open(&self.file(), Options::default(), &SystemEntropy).unwrap()
    }

    async fn wipe(&self) {
        std::fs::remove_file(self.file()).unwrap();
    }
}

/// A test for each promise, on both kinds of bus.
macro_rules! promises {
    ($($promise:ident)*) => {
        mod file {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let folder = Folder::new();
                    let bus = folder.open().await;
                    timeout(DEADLINE, contract::$promise(&*bus)).await.unwrap().unwrap();
                }
            )*
        }

        mod memory {
            use super::*;
            $(
                #[tokio::test]
                async fn $promise() {
                    let bus = EmbeddedBus::in_memory();
                    timeout(DEADLINE, contract::$promise(&*bus)).await.unwrap().unwrap();
                }
            )*
        }
    };
}

common::bus_contract!(promises);

#[tokio::test]
async fn reopening_forgets_nothing() {
    let folder = Folder::new();
    timeout(DEADLINE, contract::reopening_forgets_nothing(&folder)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wiped_bus_is_another() {
    let folder = Folder::new();
    timeout(DEADLINE, contract::a_wiped_bus_is_another(&folder)).await.unwrap().unwrap();
}
