//! The service on a store in memory, with a clock that stands where it is put.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Ports};
use common::id::Ids;
use common::outbox::Outbox;
use common::store::memory::MemoryStore;
use common::task::{Spawn, Work};
use common::time::{Clock, Timestamp};
use tickets::commands::{Create, Versioned};
use tickets::domain::Listing;

use crate::scenes::{NOW, SELLER, id};

/// A clock that moves when it is told to.
pub struct SetClock(AtomicI64);

impl SetClock {
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    async fn sleep(&self, _: Duration) {
        // Nothing here waits for time to pass: what would, has gone wrong.
        std::future::pending().await
    }
}

struct OnTokio;

impl Spawn for OnTokio {
    #[expect(clippy::disallowed_methods, reason = "the test's own runtime ends with the test")]
    fn spawn(&self, work: Work) {
        drop(tokio::spawn(work));
    }
}

/// The service's engine, and what the test turns by hand.
pub struct App {
    pub engine: Arc<Engine>,
    pub clock: Arc<SetClock>,
}

impl App {
    pub fn new() -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(NOW.as_millis())));
        let ports = Ports {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(Ids::new(5)),
            tasks: Arc::new(OnTokio),
        };
        Self { engine: Engine::new(ports, Arc::new(Outbox::new(id(200)))), clock }
    }

    /// Puts a ticket up, a second after whatever happened last.
    pub async fn offer(&self, listing: Listing) -> Versioned {
        self.clock.advance(Duration::from_secs(1));
        self.engine.run(Create { seller: SELLER, listing }, "test").await.unwrap()
    }
}
