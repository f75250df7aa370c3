//! Services, running: the one place where adapters are named, and where everything that runs by
//! itself is started and stopped.
//!
//! [`Adapters`] are what services run on: [`Embedded`] storage in one folder, or the servers of a
//! fleet (`fleet`). [`Running::start`] gives each service its own store, outbox, engine and inbox,
//! and starts its workers; [`serve`] puts their routes on an address. Stopping goes the other way
//! round: no new connections, requests finished, workers stopped between two steps, and at last the
//! watermarks saved, so that a clean stop leaves nothing to sweep.

mod adapters;
mod clock;
mod embedded;
mod export;
#[cfg(feature = "fleet")]
pub mod fleet;
mod program;
mod scrape;
mod serve;
mod tasks;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;

use crate::bus::{Bus, Lag};
use crate::events::USERS;
use crate::execute::Engine;
use crate::http::health::Checks;
use crate::http::{self, Kit};
use crate::inbox::Inbox;
use crate::metrics::Meters;
use crate::outbox::{Backlog, Outbox, Relay, Sweep, Trim};
use crate::replies::Clearing;
use crate::service::{Context, Service};
use crate::session::{self, SessionView};
use crate::store::Store;
use crate::worker::{Reconciler, work};

pub use adapters::{Adapters, Base, StartError};
pub use clock::SystemClock;
pub use embedded::Embedded;
pub use program::{block_on, exit, listen, stop_signal};
pub use scrape::expose;
pub use serve::serve;
pub use tasks::TokioTasks;
use writer::Writer;
pub use writer::by_hand;

/// How long requests and tasks may take to finish once the process has been told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Services at work.
pub struct Running {
    /// Their routes.
    pub routes: Vec<OpenApiRouter>,
    /// Each service's engine, by name.
    pub engines: Vec<(&'static str, Arc<Engine>)>,
    outboxes: Vec<Arc<Outbox>>,
    sessions: Vec<(&'static str, SessionView)>,
    bus: Arc<dyn Bus>,
    tasks: TokioTasks,
    stop: watch::Sender<bool>,
    sweeps: Vec<Arc<Sweep>>,
}

impl Running {
    /// Starts `services` on `adapters`. `http` is what their handlers share.
    ///
    /// # Errors
    /// When a store cannot be opened or written.
    pub async fn start(
        services: Vec<Service>,
        adapters: &dyn Adapters,
        http: &http::Settings,
    ) -> Result<Self, StartError> {
        let Base { tasks, bus, .. } = adapters.base();
        let mut running = Self {
            routes: Vec::new(),
            engines: Vec::new(),
            outboxes: Vec::new(),
            sessions: Vec::new(),
            bus: Arc::clone(bus),
            tasks: tasks.clone(),
            stop: watch::Sender::new(false),
            sweeps: Vec::new(),
        };
        if let Some(collector) = http.tracer.collector() {
            let (tracer, tasks) = (http.tracer.clone(), running.tasks.clone());
            let export = export::export(tracer, collector.clone(), tasks, running.stopped());
            running.tasks.start(export);
        }
        for service in services {
            running.add(service, adapters, http).await?;
        }
        Ok(running)
    }

    async fn add(
        &mut self,
        service: Service,
        adapters: &dyn Adapters,
        http: &http::Settings,
    ) -> Result<(), StartError> {
        let Service { name, collections, assemble } = service;
        let meters = Meters::of(&http.metrics, name).traced(&http.tracer);
        let Writer { outbox, sweep, ports } =
            Writer::new(adapters, name, collections, &meters).await?;
        let (store, clock) = (Arc::clone(&ports.store), &adapters.base().clock);
        let (bus, sweep) = (&adapters.base().bus, Arc::new(sweep));
        let engine = Engine::metered(ports, Arc::clone(&outbox), meters.clone());
        let sessions = SessionView::new(Arc::clone(&engine));
        let refresher = sessions.refresher();
        self.sessions.push((name, sessions.clone()));
        let kit = Kit::new(Arc::clone(&engine), sessions, http.clone());
        let parts = assemble(Context { engine: Arc::clone(&engine), kit });
        let mut hears = parts.hears;
        // Who minds for other reasons too when an account changes keeps this copy as well.
        if hears.iter().all(|hears| hears.subject != USERS) {
            hears.push(session::hears());
        }
        self.routes.push(parts.routes);
        let common: [Arc<dyn Reconciler>; 5] = [
            Arc::new(Relay::new(Arc::clone(&outbox), Arc::clone(bus)).metered(&meters)),
            Arc::clone(&sweep) as _,
            Arc::new(Trim::new(Arc::clone(&store), Arc::clone(clock))),
            Arc::new(Clearing::new(Arc::clone(&store), Arc::clone(clock))),
            refresher,
        ];
        for reconciler in common.into_iter().chain(parts.reconcilers) {
            let work = work(reconciler, name, Arc::clone(clock), self.stopped());
            self.tasks.start(work);
        }
        meters.ask(Arc::new(Lag::new(Arc::clone(bus), name, &meters)));
        meters.ask(Arc::new(Backlog::new(Arc::clone(&outbox), Arc::clone(clock), &meters)));
        let inbox = Inbox::new(Arc::clone(&engine), name, hears);
        let (stopped, bus) = (self.stopped(), Arc::clone(bus));
        self.tasks.start(async move { inbox.listen(&*bus, stopped).await });
        self.engines.push((name, engine));
        self.outboxes.push(outbox);
        self.sweeps.push(sweep);
        Ok(())
    }

    /// Each service's store, by name.
    pub fn stores(&self) -> Vec<(&'static str, Arc<dyn Store>)> {
        self.engines.iter().map(|(name, engine)| (*name, Arc::clone(engine.store()))).collect()
    }

    /// What the readiness route looks at.
    pub fn checks(&self, http: &http::Settings) -> Checks {
        Checks {
            stores: self.stores(),
            sessions: self.sessions.clone(),
            bus: Arc::clone(&self.bus),
            clock: Arc::clone(&http.clock),
            stopping: http.stopping.clone(),
        }
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
