//! A service in a process of its own, one of any number of replicas: MongoDB for what it keeps,
//! NATS JetStream for what it hears.
//!
//! The start waits for MongoDB, for a while and with jitter, so that replicas that start together
//! do not knock together; meanwhile the process says that it is alive and not ready. It does not
//! wait for NATS: what is committed while that is away waits in the outbox. Nobody who asks for
//! something waits for it either, only a relay and an inbox do, and they try again by themselves.

mod serve;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Adapters, Base, StartError, SystemClock, TokioTasks};
use crate::bus::jetstream::{self, JetStreamBus};
use crate::config;
use crate::execute::chain;
use crate::id::{Ids, SystemEntropy, random_u64};
use crate::store::breaker::Breaker;
use crate::store::mongo::{self, MongoStore};
use crate::store::{Collection, Store};
use crate::time::jittered;

pub use serve::{Program, main};

/// The first pause between two attempts to reach MongoDB at the start; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the services of this process run on.
pub struct Fleet {
    /// The service that the operator's choice of a database is about.
    service: &'static str,
    database: String,
    mongodb: config::Secret,
    patience: Duration,
    bus: Arc<JetStreamBus>,
    base: Base,
}

impl Fleet {
    /// What `service`, which publishes `subject`, runs on. Work runs on the runtime that this is
    /// called in.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub async fn new(
        service: &'static str,
        subject: &'static str,
        options: &config::Fleet,
    ) -> Result<Self, String> {
        let random = random_u64(&SystemEntropy).map_err(|error| error.to_string())?;
        let address = options.nats()?.reveal().to_owned();
        let mut nats = jetstream::Options::new(address, service, vec![subject]);
        nats.certificates.clone_from(&options.nats_ca);
        nats.replicas = usize::from(options.nats_replicas);
        let bus = JetStreamBus::connect(nats, Arc::new(SystemEntropy)).await;
        let bus = bus.map_err(|error| format!("--nats: {}", chain(&error)))?;
        let (ids, tasks) = (Arc::new(Ids::new(random)), TokioTasks::here());
        Ok(Self {
            service,
            database: options.mongodb_database.clone(),
            mongodb: options.mongodb()?,
            patience: options.start_patience,
            base: Base { clock: Arc::new(SystemClock), ids, tasks, bus: Arc::clone(&bus) as _ },
            bus,
        })
    }

    /// Gives what this process has heard and not dealt with to the other replicas. To be called
    /// last.
    pub async fn close(&self) {
        self.bus.close().await;
    }

    /// Opens `database`, waiting for it where it is away.
    async fn open(
        &self,
        database: &str,
        collections: &[&'static Collection],
    ) -> Result<MongoStore, StartError> {
        let Base { clock, tasks, .. } = &self.base;
        let address = self.mongodb.reveal();
        let (begun, mut pause) = (clock.now(), FIRST_PAUSE);
        loop {
            let tasks = Arc::new(tasks.clone());
            let opened = MongoStore::open(address, database, collections, tasks);
            let error = match opened.await {
                Ok(store) => return Ok(store),
                Err(error @ mongo::OpenError::Address(_)) => return Err(error.into()),
                Err(error) => error,
            };
            if clock.now().since(begun) > self.patience {
                return Err(error.into());
            }
            tracing::warn!(%error, database, "waiting for MongoDB");
            clock.sleep(jittered(pause, random_u64(&SystemEntropy)?)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[async_trait]
impl Adapters for Fleet {
    fn base(&self) -> &Base {
        &self.base
    }

    fn is_exclusive(&self) -> bool {
        false
    }

    /// The store in the service's database, or in that called `name` where it is not the service's.
    async fn store(
        &self,
        name: &str,
        collections: &[&'static Collection],
    ) -> Result<Arc<dyn Store>, StartError> {
        let database = if name == self.service { &self.database } else { name };
        let store = Arc::new(self.open(database, collections).await?);
        Ok(Arc::new(Breaker::new(store, database, Arc::clone(&self.base.clock))))
    }
}
