//! Every promise of the bus port, kept by NATS JetStream: a real server, whose address is in
//! `TICKETING_TEST_NATS`. `cargo xtask test` starts one.

#![cfg(feature = "nats")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

#[path = "bus_jetstream/faults.rs"]
mod faults;
#[path = "bus_jetstream/rig.rs"]
mod rig;

use std::sync::Arc;

use async_trait::async_trait;
use common::bus::Bus;
use common::bus::contract::{self, Reopen, messages};
use common::bus::jetstream::JetStreamBus;
use common::id::SystemEntropy;

use rig::{DEADLINE, in_time, options, random};

/// Streams of their own on the server that everybody shares; they are deleted afterwards.
struct Namespace(String);

impl Namespace {
    fn new() -> Self {
        Self(format!("test-{}", random()))
    }

    async fn bus(&self) -> Arc<JetStreamBus> {
        let options = options(rig::shared_server(), &self.0);
        JetStreamBus::connect(options, Arc::new(SystemEntropy)).await.expect("a bus")
    }

    async fn delete_streams(&self) {
        let client = async_nats::connect(rig::shared_server()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        for subject in ["tickets", "orders"] {
            let stream = format!("{}_{subject}", self.0).to_uppercase();
            // One that was never made need not be deleted.
            drop(context.delete_stream(stream).await);
        }
    }
}

#[async_trait]
impl Reopen for Namespace {
    async fn open(&self) -> Arc<dyn Bus> {
        self.bus().await
    }

    async fn wipe(&self) {
        self.delete_streams().await;
    }
}

macro_rules! promises {
    ($($promise:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let namespace = Namespace::new();
                let bus = namespace.bus().await;
                in_time(contract::$promise(&*bus)).await.unwrap();
                namespace.delete_streams().await;
            }
        )*
    };
}

common::bus_contract!(promises);

#[tokio::test]
async fn reopening_forgets_nothing() {
    let namespace = Namespace::new();
    in_time(contract::reopening_forgets_nothing(&namespace)).await.unwrap();
    namespace.delete_streams().await;
}

#[tokio::test]
async fn a_wiped_bus_is_another() {
    let namespace = Namespace::new();
    in_time(contract::a_wiped_bus_is_another(&namespace)).await.unwrap();
    namespace.delete_streams().await;
}

/// All replicas of all services start at once, on servers that hold nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_agree_on_the_store() {
    let namespace = Namespace::new();
    in_time(async {
        let buses = futures_util::future::join_all((0..8).map(|_| namespace.bus())).await;
        let starting = buses.iter().map(async |bus| {
            drop(bus.subscribe("group", &["tickets", "orders"]).await.unwrap());
            bus.publish(messages("together", 3)).await.unwrap();
            bus.epoch().await.unwrap()
        });
        let epochs = futures_util::future::join_all(starting).await;
        assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
    })
    .await;
    namespace.delete_streams().await;
}

#[tokio::test]
async fn a_stream_is_changed_to_what_the_options_say() {
    let namespace = Namespace::new();
    in_time(async {
        let epoch = namespace.bus().await.epoch().await.unwrap();
        let larger = rig::MAX_BYTES * 2;
        let changed = common::bus::jetstream::Options {
            max_bytes: larger,
            ..options(rig::shared_server(), &namespace.0)
        };
        let bus = JetStreamBus::connect(changed, Arc::new(SystemEntropy)).await.unwrap();
        assert_eq!(bus.epoch().await.unwrap(), epoch, "nothing was lost");
        let client = async_nats::connect(rig::shared_server()).await.unwrap();
        let stream = format!("{}_TICKETS", namespace.0).to_uppercase();
        let stream = async_nats::jetstream::new(client).get_stream(stream).await.unwrap();
        assert_eq!(stream.cached_info().config.max_bytes, i64::try_from(larger).unwrap());
    })
    .await;
    namespace.delete_streams().await;
}

#[test]
fn the_deadline_is_longer_than_the_patience_of_the_servers() {
    assert!(DEADLINE > rig::ACK_WAIT);
}
