//! Every promise of the store port, kept by every backend.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::sync::Arc;

use common::store::contract::{COLLECTIONS, Tested};
use common::store::memory::MemoryStore;
use common::store::sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

mod memory {
    use super::*;

    async fn open() -> (Tested, ()) {
        (Arc::new(MemoryStore::new()), ())
    }

    common::store_contract!(open);
}

fn sqlite(cache_bytes: u64) -> (Tested, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SqliteOptions { cache_bytes, ..SqliteOptions::default() };
    let store = SqliteStore::open(&folder.path().join("store.db"), COLLECTIONS, options);
    (Arc::new(store.expect("a store")), folder)
}

mod on_sqlite {
    use super::*;

    async fn open() -> (Tested, TempDir) {
        sqlite(SqliteOptions::default().cache_bytes)
    }

    common::store_contract!(open);
}

mod on_sqlite_without_a_cache {
    use super::*;

    async fn open() -> (Tested, TempDir) {
        sqlite(0)
    }

    common::store_contract!(open);
}

/// So small that documents come and go all the time.
mod on_sqlite_with_a_tiny_cache {
    use super::*;

    async fn open() -> (Tested, TempDir) {
        sqlite(2 << 10)
    }

    common::store_contract!(open);
}
