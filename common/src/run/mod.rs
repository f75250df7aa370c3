//! Services, running: the one place where adapters are named, and where everything that runs by
//! itself is started and stopped.
//!
//! [`Running::start`] gives each service its own store, outbox, engine and inbox, and starts its
//! workers; [`serve`] puts their routes on an address. Stopping goes the other way round: no new
//! connections, requests finished, workers stopped between two steps, and at last the watermarks
//! saved, so that a clean stop leaves nothing to sweep.

mod clock;
mod program;
mod scrape;
mod serve;
mod tasks;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;

use crate::bus::embedded::{self, EmbeddedBus};
use crate::bus::{Bus, Lag};
use crate::events::USERS;
use crate::execute::{Engine, Ports};
use crate::http::{self, Kit};
use crate::id::{Ids, NoEntropy, SystemEntropy, random_u64};
use crate::inbox::Inbox;
use crate::metrics::Meters;
use crate::outbox::{Backlog, Outbox, Relay, Sweep, Trim};
use crate::replies::Clearing;
use crate::service::{Context, RESERVED, Service};
use crate::session::{self, SessionView};
use crate::store::sqlite::{self, SqliteOptions, SqliteStore};
use crate::store::{Collection, Store};
use crate::time::Clock;
use crate::worker::{Reconciler, StepFailed, work};

pub use clock::SystemClock;
pub use program::{block_on, exit, listen, stop_signal};
pub use scrape::expose;
pub use serve::serve;
pub use tasks::TokioTasks;

/// How long requests and tasks may take to finish once the process has been told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// The file of the event bus in a data folder.
const BUS_FILE: &str = "events.db";

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

/// What services run on when all of them are in one process: a folder with a file for each.
pub struct Embedded {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    tasks: TokioTasks,
    bus: Arc<EmbeddedBus>,
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
        let (clock, tasks) = (Arc::new(SystemClock), TokioTasks::here());
        Ok(Self { folder: folder.to_owned(), clock, ids, tasks, bus })
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
        &self.clock
    }

    /// Where work runs.
    pub fn tasks(&self) -> &TokioTasks {
        &self.tasks
    }

    /// Where ids come from.
    pub fn ids(&self) -> &Arc<Ids> {
        &self.ids
    }

    /// Writes what the bus has still to write. Nothing is delivered afterwards.
    pub fn close(&self) {
        self.bus.close();
    }
}

/// Services at work.
pub struct Running {
    /// Their routes.
    pub routes: Vec<OpenApiRouter>,
    /// Each service's engine, by name.
    pub engines: Vec<(&'static str, Arc<Engine>)>,
    outboxes: Vec<Arc<Outbox>>,
    tasks: TokioTasks,
    stop: watch::Sender<bool>,
    sweeps: Vec<Arc<Sweep>>,
}

impl Running {
    /// Starts `services` on `embedded`. `http` is what their handlers share.
    ///
    /// # Errors
    /// When a store cannot be opened or written.
    pub async fn start(
        services: Vec<Service>,
        embedded: &Embedded,
        http: &http::Settings,
    ) -> Result<Self, StartError> {
        let mut running = Self {
            routes: Vec::new(),
            engines: Vec::new(),
            outboxes: Vec::new(),
            tasks: embedded.tasks.clone(),
            stop: watch::Sender::new(false),
            sweeps: Vec::new(),
        };
        for service in services {
            running.add(service, embedded, http).await?;
        }
        Ok(running)
    }

    async fn add(
        &mut self,
        service: Service,
        embedded: &Embedded,
        http: &http::Settings,
    ) -> Result<(), StartError> {
        let Service { name, collections, assemble } = service;
        let meters = Meters::of(&http.metrics, name);
        let store = embedded.store(name, &[collections, RESERVED].concat())?;
        let clock = Arc::clone(&embedded.clock);
        let bus: Arc<dyn Bus> = Arc::clone(&embedded.bus) as _;
        let outbox = Arc::new(Outbox::new(embedded.ids.next(clock.now())));
        let sweep = Sweep::new(
            Arc::clone(&outbox),
            Arc::clone(&store),
            Arc::clone(&bus),
            Arc::clone(&clock),
            // The data folder is locked: nobody else writes to this file.
            true,
        )
        .metered(&meters);
        sweep.register().await.map_err(StartError::Register)?;
        let sweep = Arc::new(sweep);
        let engine = Engine::metered(
            Ports {
                store: Arc::clone(&store),
                clock: Arc::clone(&clock),
                ids: Arc::clone(&embedded.ids),
                tasks: Arc::new(embedded.tasks.clone()),
            },
            Arc::clone(&outbox),
            meters.clone(),
        );
        let sessions = SessionView::new(Arc::clone(&engine));
        let refresher = sessions.refresher();
        let kit = Kit::new(Arc::clone(&engine), sessions, http.clone());
        let parts = assemble(Context { engine: Arc::clone(&engine), kit });
        let mut hears = parts.hears;
        // Who minds for other reasons too when an account changes keeps this copy as well.
        if hears.iter().all(|hears| hears.subject != USERS) {
            hears.push(session::hears());
        }
        self.routes.push(parts.routes);
        let common: [Arc<dyn Reconciler>; 5] = [
            Arc::new(Relay::new(Arc::clone(&outbox), Arc::clone(&bus)).metered(&meters)),
            Arc::clone(&sweep) as _,
            Arc::new(Trim::new(Arc::clone(&store), Arc::clone(&clock))),
            Arc::new(Clearing::new(Arc::clone(&store), Arc::clone(&clock))),
            refresher,
        ];
        for reconciler in common.into_iter().chain(parts.reconcilers) {
            let work = work(reconciler, name, Arc::clone(&clock), self.stopped());
            self.tasks.start(work);
        }
        meters.ask(Arc::new(Lag::new(Arc::clone(&bus), name, &meters)));
        meters.ask(Arc::new(Backlog::new(Arc::clone(&outbox), Arc::clone(&clock), &meters)));
        let inbox = Inbox::new(Arc::clone(&engine), name, hears);
        let stopped = self.stopped();
        self.tasks.start(async move { inbox.listen(&*bus, stopped).await });
        self.engines.push((name, engine));
        self.outboxes.push(outbox);
        self.sweeps.push(sweep);
        Ok(())
    }

    /// Each service's store, by name, for the readiness route.
    pub fn stores(&self) -> Vec<(&'static str, Arc<dyn Store>)> {
        self.engines.iter().map(|(name, engine)| (*name, Arc::clone(engine.store()))).collect()
    }

    /// How many events are committed and have not reached the bus.
    pub fn unpublished(&self) -> usize {
        self.outboxes.iter().map(|outbox| outbox.depth()).sum()
    }

    /// Returns when the services are told to stop.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            // An error means that whoever could say so is gone, which says the same.
            drop(stop.wait_for(|stopped| *stopped).await);
        }
    }

    /// Stops the workers between two steps, waits for what is under way, and saves how far the
    /// relays got.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(GRACE, self.tasks.done()).await.is_err() {
            tracing::warn!(
                "some work did not finish in time; it is taken up again at the next start"
            );
        }
        for sweep in &self.sweeps {
            if let Err(error) = sweep.save_watermark().await {
                let cost = "some events go out twice";
                tracing::warn!(%error, cost, "how far the relay got is not saved");
            }
        }
    }
}
