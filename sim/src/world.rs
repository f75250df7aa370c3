//! The marketplace: the services' real code, without HTTP, on ports that misbehave.
//!
//! A service runs as an incarnation, which is an owner of tasks. When it dies its tasks are dropped
//! wherever they stand, and a new one is started on the same memory a while later, as a supervisor
//! would.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use common::bus::Bus;
use common::execute::{Engine, Ports};
use common::id::Ids;
use common::inbox::{Hears, Inbox};
use common::outbox::{Outbox, Relay, Sweep, Trim};
use common::replies::Clearing;
use common::store::Store;
use common::store::memory::MemoryStore;
use common::time::Clock;
use common::worker::{Reconciler, work};
use orders::expiry::Expiry;
use payments::provider::{Letter as Sent, Provider};
use payments::webhook::NotTaken;
use payments::{Timing, Works};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::broker::Broker;
use crate::disk::{Disk, Minder};
use crate::executor::{Executor, NOBODY, Owner, Tasks};
use crate::faults::{Faults, Marks};
use crate::oracle::{Oracle, Readers};
use crate::provider::{Letter, NAME, SIGNATURE, Scripted};

/// How long the provider has, and a buyer waits.
const TIMING: Timing =
    Timing { provider_timeout: Duration::from_secs(3), answer_within: Duration::from_secs(8) };

/// What the platform keeps of each sale.
const FEE: &str = "2.5%+0.30";

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What is for sale.
    Tickets,
    /// Who gets it.
    Orders,
    /// The money.
    Payments,
}

/// All of them.
pub const ALL: [Which; 3] = [Which::Tickets, Which::Orders, Which::Payments];

impl Which {
    /// Its name, which is also its group's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Orders => "orders",
            Self::Payments => "payments",
        }
    }

    fn hears(self) -> Vec<Hears> {
        match self {
            Self::Tickets => tickets::consume::hears(),
            Self::Orders => orders::consume::hears(),
            Self::Payments => payments::consume::hears(),
        }
    }
}

/// A service's place: what survives its deaths, and what lives there now.
#[derive(Default)]
struct Host {
    memory: Arc<MemoryStore>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    owner: Option<Owner>,
    running: Option<Running>,
}

/// A service that answers.
#[derive(Clone)]
pub struct Running {
    /// Its incarnation.
    pub owner: Owner,
    /// Executes its commands.
    pub engine: Arc<Engine>,
    /// The moving parts of the payments service.
    pub works: Option<Works>,
}

/// Everything in a history.
pub struct World {
    /// Time and chance.
    pub executor: Executor,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether anything goes wrong at the moment.
    pub trouble: Arc<AtomicBool>,
    /// What has come about.
    pub marks: Marks,
    /// The judge.
    pub oracle: Arc<Oracle>,
    /// The bus.
    pub broker: Broker,
    /// How many clients have not finished.
    pub clients: AtomicUsize,
    hosts: [Host; 3],
    provider: Arc<Scripted>,
    webhooks: Mutex<Option<UnboundedReceiver<Letter>>>,
    owners: AtomicU32,
    link: Weak<Self>,
}

impl World {
    /// An empty world, in which nothing runs yet.
    pub fn new(executor: Executor) -> Arc<Self> {
        let faults = Faults::drawn(&executor);
        let (marks, trouble) = (Marks::default(), Arc::new(AtomicBool::new(true)));
        let groups = ALL.map(|which| {
            let subjects = which.hears().iter().map(|hears| hears.subject).collect();
            (which.name(), subjects)
        });
        let clock = (executor.clone(), faults, Arc::clone(&trouble), marks.clone());
        let broker = Broker::new(clock.0, clock.1, clock.2, clock.3, &groups);
        let hosts: [Host; 3] = Default::default();
        let readers = Readers::new(&executor, [&hosts[0], &hosts[1], &hosts[2]].map(|h| &h.memory));
        let oracle = Arc::new(Oracle::new(executor.clone(), marks.clone(), readers));
        let (notices, webhooks) = mpsc::unbounded_channel();
        let provider = Scripted::new(
            executor.clone(),
            faults,
            Arc::clone(&trouble),
            marks.clone(),
            Arc::clone(&oracle),
            notices,
        );
        Arc::new_cyclic(|link| Self {
            executor,
            faults,
            trouble,
            marks,
            oracle,
            broker,
            clients: AtomicUsize::new(0),
            hosts,
            provider: Arc::new(provider),
            webhooks: Mutex::new(Some(webhooks)),
            owners: AtomicU32::new(1),
            link: link.clone(),
        })
    }

    /// Whether a fault strikes that does so in `percent` of cases.
    pub fn strikes(&self, percent: f64) -> bool {
        percent > 0.0 && self.trouble.load(Ordering::Relaxed) && self.executor.chance(percent)
    }

    /// The service, if it answers.
    pub fn running(&self, which: Which) -> Option<Running> {
        self.now(which).running.clone()
    }

    /// Starts every service, and what goes on outside them.
    pub fn start(self: &Arc<Self>) {
        for which in ALL {
            self.boot(which);
        }
        let (world, webhooks) = (Arc::clone(self), self.webhooks.lock());
        let webhooks = webhooks.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(webhooks) = webhooks {
            self.executor.start(NOBODY, Box::pin(world.deliver(webhooks)));
        }
        for _ in 0..self.faults.kills {
            let world = Arc::clone(self);
            let kill = async move {
                world.executor.pause(Duration::from_secs(12)).await;
                let victim = world.executor.one_of(&ALL);
                if world.trouble.load(Ordering::Relaxed) && world.running(victim).is_some() {
                    world.marks.hit("process: killed at a random instant");
                    world.crash(victim);
                }
            };
            self.executor.start(NOBODY, Box::pin(kill));
        }
    }

    /// Lets go of everything that keeps itself alive.
    pub fn close(&self) {
        for which in ALL {
            *self.now(which) = Now::default();
        }
        self.executor.close();
    }

    fn now(&self, which: Which) -> MutexGuard<'_, Now> {
        self.hosts[which as usize].now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process dies, and comes back a while later.
    fn crash(self: &Arc<Self>, which: Which) {
        let Some(owner) = std::mem::take(&mut *self.now(which)).owner else { return };
        self.executor.note(b"dies", || format!("{} dies", which.name()));
        self.executor.kill(owner);
        let world = Arc::clone(self);
        let restart = async move {
            world.executor.pause(Duration::from_millis(2_500)).await;
            world.marks.hit("process: started again");
            world.boot(which);
        };
        self.executor.start(NOBODY, Box::pin(restart));
    }

    fn boot(self: &Arc<Self>, which: Which) {
        let owner = Owner(self.owners.fetch_add(1, Ordering::Relaxed));
        self.now(which).owner = Some(owner);
        self.executor.note(b"boots", || format!("{} starts", which.name()));
        let disk = Disk {
            service: which.name(),
            memory: Arc::clone(&self.hosts[which as usize].memory),
            executor: self.executor.clone(),
            owner,
            faults: self.faults,
            trouble: Arc::clone(&self.trouble),
            minder: Arc::new(Link(self.link.clone())),
            marks: self.marks.clone(),
        };
        let world = Arc::clone(self);
        let start = async move { world.incarnate(which, owner, Arc::new(disk)).await };
        self.executor.start(owner, Box::pin(start));
    }

    /// What [`common::run`] does, without HTTP.
    async fn incarnate(self: Arc<Self>, which: Which, owner: Owner, store: Arc<dyn Store>) {
        let clock: Arc<dyn Clock> = Arc::new(self.executor.clone());
        let bus: Arc<dyn Bus> = Arc::new(self.broker.clone());
        let ids = Arc::new(Ids::new(self.executor.below(u64::MAX)));
        let outbox = Arc::new(Outbox::new(ids.next(clock.now())));
        let (store2, bus2) = (Arc::clone(&store), Arc::clone(&bus));
        let sweep = Sweep::new(Arc::clone(&outbox), store2, bus2, Arc::clone(&clock), true);
        while sweep.register().await.is_err() {
            self.executor.sleep(Duration::from_millis(200)).await;
        }
        let tasks = Arc::new(Tasks { executor: self.executor.clone(), owner });
        let ports = Ports {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            ids,
            tasks: tasks.clone(),
        };
        let engine = Engine::new(ports, Arc::clone(&outbox));
        let provider = Arc::clone(&self.provider) as Arc<dyn Provider>;
        let fee = FEE.parse().unwrap_or_default();
        let works = (which == Which::Payments)
            .then(|| Works::new(Arc::clone(&engine), provider, TIMING, fee));
        let mut reconcilers: Vec<Arc<dyn Reconciler>> = vec![
            Arc::new(Relay::new(outbox, Arc::clone(&bus))),
            Arc::new(sweep),
            Arc::new(Trim::new(Arc::clone(&store), Arc::clone(&clock))),
            Arc::new(Clearing::new(store, Arc::clone(&clock))),
        ];
        if which == Which::Orders {
            reconcilers.push(Arc::new(Expiry::new(Arc::clone(&engine))));
        }
        reconcilers.extend(works.iter().flat_map(Works::reconcilers));
        for reconciler in reconcilers {
            let work = work(reconciler, which.name(), Arc::clone(&clock), std::future::pending());
            self.executor.start(owner, Box::pin(work));
        }
        let inbox = Inbox::new(Arc::clone(&engine), which.name(), which.hears());
        let listen = async move { inbox.listen(&*bus, std::future::pending()).await };
        self.executor.start(owner, Box::pin(listen));
        self.now(which).running = Some(Running { owner, engine, works });
    }

    /// Brings the provider's webhooks: late, twice, or never.
    async fn deliver(self: Arc<Self>, mut webhooks: UnboundedReceiver<Letter>) {
        while let Some(letter) = webhooks.recv().await {
            let times = self.executor.below(3);
            if times > 1 {
                self.marks.hit("provider: webhook sent twice");
            }
            for _ in 0..times {
                let (world, letter) = (Arc::clone(&self), letter.clone());
                let bring = async move {
                    world.executor.pause(Duration::from_secs(3)).await;
                    world.bring(letter);
                };
                self.executor.start(NOBODY, Box::pin(bring));
            }
        }
    }

    fn bring(&self, letter: Letter) {
        let Some(Running { owner, works: Some(works), .. }) = self.running(Which::Payments) else {
            return;
        };
        let (oracle, is_genuine) = (Arc::clone(&self.oracle), letter.is_genuine());
        let work = async move {
            let mut headers = HeaderMap::new();
            headers.insert(SIGNATURE, HeaderValue::from_static(letter.signature));
            let body = serde_json::to_vec(&letter.notice).unwrap_or_default();
            // The provider sends some of its notices again, whatever it is answered.
            let sent = Sent { headers: &headers, query: None, body: &body };
            let taken = works.webhook.receive(NAME, sent, "webhook").await;
            if !is_genuine && !matches!(taken, Err(NotTaken::Bad(_))) {
                oracle.accuse(format!("I27: a forged webhook is answered with {taken:?}"));
            }
        };
        self.marks.hit(if is_genuine { "provider: webhook sent" } else { "webhook: forged" });
        self.executor.start(owner, Box::pin(work));
    }
}

/// From a store to the world that it is in, which owns it.
struct Link(Weak<World>);

impl Minder for Link {
    fn landed(&self, service: &'static str, changed: &[(&'static str, String)]) {
        if let Some(world) = self.0.upgrade() {
            world.oracle.landed(service, changed);
        }
    }

    fn dies(&self, owner: Owner) {
        let Some(world) = self.0.upgrade() else { return };
        let which = ALL.into_iter().find(|which| world.now(*which).owner == Some(owner));
        if let Some(which) = which {
            world.crash(which);
        }
    }
}
