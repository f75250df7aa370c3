//! Every promise of the store port, kept by MongoDB: a real replica set, whose address is in
//! `TICKETING_TEST_MONGODB`. `cargo xtask test` starts one.

#![cfg(feature = "mongo")]
#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::sync::Arc;

use common::id::{Entropy as _, SystemEntropy};
use common::run::TokioTasks;
use common::store::contract::{COLLECTIONS, Tested};
use common::store::mongo::MongoStore;

mod contract {
    use super::*;

    common::store_contract!(open);
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests are configured")]
fn address() -> String {
    std::env::var("TICKETING_TEST_MONGODB").expect(
        "TICKETING_TEST_MONGODB names a MongoDB replica set; `cargo xtask test --only mongodb` \
         starts one",
    )
}

/// A database of its own for each test.
async fn open() -> (Tested, ()) {
    let mut name = [0_u8; 8];
    SystemEntropy.fill(&mut name).expect("entropy");
    let name = format!("test_{:016x}", u64::from_le_bytes(name));
    let store =
        MongoStore::open(&address(), &name, COLLECTIONS, Arc::new(TokioTasks::here())).await;
    (Arc::new(store.expect("a store")), ())
}
