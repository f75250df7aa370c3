//! The whole of it: up, one address, and down again in order.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::http;
use common::id::{Entropy as _, Ids, SystemEntropy, random_u64};
use common::run::{self, GRACE, SystemClock, TokioTasks};
use tokio::process::Command;

use crate::cli::Cli;
use crate::leash::Leash;
use crate::mongodb::Members;
use crate::places::Places;
use crate::process::Processes;
use crate::proxy::{self, Fleet};
use crate::secrets::Secrets;
use crate::upstreams::{Replica, Upstream};

/// The services.
const SERVICES: [&str; 4] = ["auth", "tickets", "orders", "payments"];

/// What a probe of a service asks.
const READY: &str = "/api/health/ready";

/// What a probe of the web client asks: something that it serves without asking anybody.
const CLIENT_READY: &str = "/robots.txt";

/// How long everything together may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ports below those that Linux, and any other system by default, gives by itself.
const PORTS: Range<u16> = 15_000..32_000;

/// How many of them are tried.
const PORT_TRIES: u32 = 100;

/// The file in the data folder that says what runs.
const LIST: &str = "processes.json";

/// How long a service that is told to stop takes requests: four times as long as it takes the proxy
/// to notice.
const DRAIN: &str = "1s";

/// For how many milliseconds the allocator of a service keeps what is freed. By default it gives it
/// back and fetches it anew a hundred times a second.
const PURGE_DELAY: &str = "1000";

/// Runs everything until a signal says to stop.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn run(cli: Cli) -> Result<(), String> {
    let listener = run::listen(cli.listen).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let stop = run::stop_signal()?;
    let folder = |error| format!("the folder {} cannot be used: {error}", cli.data.display());
    std::fs::create_dir_all(&cli.data).map_err(folder)?;
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let leash = Leash::take(&own)?;
    let processes = Processes::new(leash, cli.data.join(LIST), cli.log_folder.clone());
    let places = Arc::new(Places::read(cli.network.as_deref())?);
    let secrets = Secrets(cli.secrets.clone());
    let launch = Launch { cli, processes, places, secrets, address, client_key: client_key()? };
    let fleet = Arc::new(launch.start().await?);
    let random = random_u64(&SystemEntropy).map_err(|error| error.to_string())?;
    let settings = http::Settings::new(Arc::new(SystemClock), Arc::new(Ids::new(random)));
    launch.say().map_err(|error| format!("standard output: {error}"))?;
    let stopping = settings.stopping.clone();
    let app = proxy::app(fleet, settings);
    let until = async {
        stop.await;
        stopping.begin();
        // Their streams end with them, so that nobody has to be cut off.
        launch.processes.end(&SERVICES).await;
    };
    run::serve(listener, app, &TokioTasks::here(), GRACE, until).await;
    launch.processes.end(&["client", "nats"]).await;
    launch.processes.end(&["mongodb"]).await;
    Ok(())
}

/// What the web client's server proves itself with.
fn client_key() -> Result<String, String> {
    let mut bytes = [0_u8; 32];
    SystemEntropy.fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Launch {
    cli: Cli,
    processes: Arc<Processes>,
    places: Arc<Places>,
    secrets: Secrets,
    address: SocketAddr,
    client_key: String,
}

impl Launch {
    async fn start(&self) -> Result<Fleet, String> {
        self.start_mongodb()?;
        let nats = self.start_nats()?;
        let mut services = Vec::new();
        for name in SERVICES {
            services.push(self.start_service(name, nats)?);
        }
        let client = match self.cli.client.as_str() {
            "off" => None,
            folder => Some(self.start_client(Path::new(folder))?),
        };
        let fleet = Fleet { services, client };
        let all = || fleet.services.iter().chain(&fleet.client);
        let complete = async {
            while !all().all(|upstream| upstream.is_complete()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, complete).await.is_err() {
            let missing: Vec<_> = all().filter(|u| !u.is_complete()).map(|u| u.name).collect();
            return Err(format!(
                "not ready after {} s: {}; their logs say why",
                PATIENCE.as_secs(),
                missing.join(", ")
            ));
        }
        Ok(fleet)
    }

    /// The servers of MongoDB, where they are to be our own.
    fn start_mongodb(&self) -> Result<(), String> {
        let (Some(program), Some(url)) = (&self.cli.mongod, &self.cli.mongodb) else {
            return Ok(());
        };
        let members = Members::read(url.reveal())?;
        let key = self.secrets.members_key();
        members.start(&self.processes, &self.places, program, &self.cli.data, key)
    }

    /// A server of NATS on a free port, with its store in the data folder.
    fn start_nats(&self) -> Result<SocketAddr, String> {
        let address = SocketAddr::new(self.places.address("nats"), free_address()?.port());
        let (program, store) = (self.cli.nats_server.clone(), self.cli.data.join("nats"));
        let file = self.cli.data.join("nats.conf");
        // Nothing is acknowledged before it is on the disk.
        let text = format!(
            "listen: \"{address}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n{}",
            store.display(),
            self.secrets.nats_users()
        );
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let (places, secrets) = (Arc::clone(&self.places), self.secrets.clone());
        let recipe = move || {
            let mut command = places.command("nats", &program);
            command.arg("--config").arg(&file).envs(secrets.nats_passwords(&SERVICES));
            command
        };
        self.processes.start("nats".to_owned(), Box::new(recipe), |_| {})?;
        Ok(address)
    }

    fn start_service(&self, name: &'static str, nats: SocketAddr) -> Result<Arc<Upstream>, String> {
        let upstream = Upstream::new(name, self.cli.replicas);
        for (index, replica) in upstream.replicas.iter().enumerate() {
            let own = format!("{name}-{}", index + 1);
            let (program, places) = (self.cli.programs.join(name), Arc::clone(&self.places));
            let mongodb = self.cli.mongodb.clone();
            let (prefix, key) = (self.cli.database_prefix.clone(), self.client_key.clone());
            let (secrets, threads) = (self.secrets.clone(), self.threads().to_string());
            let recipe = move || {
                let mut command = places.command(&own, &program);
                let listen = SocketAddr::new(places.address(&own), 0);
                command.args(["--listen", &listen.to_string()]);
                let database = format!("{prefix}{name}");
                if let Some(url) = &mongodb {
                    let url = secrets.mongodb(url.reveal(), name, &database);
                    command.env("TICKETING_MONGODB", url);
                }
                command.env("TICKETING_MONGODB_DATABASE", database);
                command.env("TICKETING_SANDBOX_DATABASE", format!("{prefix}sandbox"));
                command.env("TICKETING_NATS", secrets.nats(nats, name));
                command.env("TICKETING_BEHIND_PROXY", "true");
                command.env("TICKETING_CLIENT_KEY", &key);
                command.env("TICKETING_DRAIN", DRAIN);
                command.env("TOKIO_WORKER_THREADS", &threads);
                command.env("MIMALLOC_PURGE_DELAY", PURGE_DELAY);
                command
            };
            self.replica(format!("{name}-{}", index + 1), Box::new(recipe), replica, READY)?;
        }
        Ok(upstream)
    }

    /// How many threads a service works with: each believes that it has the machine to itself, and
    /// threads that are more than cores only wake each other.
    fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        (2 * cores / (SERVICES.len() * usize::from(self.cli.replicas))).max(1)
    }

    fn start_client(&self, folder: &Path) -> Result<Arc<Upstream>, String> {
        let server: PathBuf = folder.join(".next/standalone/server.js");
        if !server.is_file() {
            let shown = folder.display();
            return Err(format!(
                "there is no built web client in {shown}; build it with `ticketing build-client`, \
                 or leave it out with --client off"
            ));
        }
        let upstream = Upstream::new("client", 1);
        let address = free_address()?;
        let (node, api, key) = (self.cli.node.clone(), self.address, self.client_key.clone());
        let recipe = move || {
            let mut command = Command::new(&node);
            command.arg(&server).env("HOSTNAME", address.ip().to_string());
            command.env("PORT", address.port().to_string()).env("NODE_ENV", "production");
            command.env("TICKETING_API", format!("http://{api}")).env("TICKETING_CLIENT_KEY", &key);
            command
        };
        for replica in &upstream.replicas {
            replica.moved(Some(address));
            self.processes.start("client".to_owned(), Box::new(recipe.clone()), |_| {})?;
            self.probe(replica, CLIENT_READY);
        }
        Ok(upstream)
    }

    fn replica(
        &self,
        name: String,
        recipe: crate::process::Recipe,
        replica: &Arc<Replica>,
        path: &'static str,
    ) -> Result<(), String> {
        let moved = Arc::clone(replica);
        self.processes.start(name, recipe, move |address| moved.moved(address))?;
        self.probe(replica, path);
        Ok(())
    }

    fn probe(&self, replica: &Arc<Replica>, path: &'static str) {
        let replica = Arc::clone(replica);
        TokioTasks::here().start(async move { replica.check(path).await });
    }

    /// Says where everything is. Whoever started it reads the address from the first line.
    fn say(&self) -> std::io::Result<()> {
        let (address, cli) = (self.address, &self.cli);
        let mut out = std::io::stdout().lock();
        writeln!(out, "Ticketing is open at  http://{address}")?;
        writeln!(out, "           API docs   http://{address}/api/docs")?;
        writeln!(out, "           processes  {}", cli.data.join(LIST).display())?;
        if let Some(logs) = &cli.log_folder {
            writeln!(out, "           logs       {}", logs.display())?;
        }
        writeln!(out)?;
        writeln!(out, "Fill it with something to look at:  ticketing demo --url http://{address}")?;
        writeln!(out, "Stop with Ctrl-C.")?;
        out.flush()
    }
}

/// An address of this machine that is free. It is let go of before it is taken, and taken again by
/// what is started again, so its port is none of those that the system gives by itself to whoever
/// connects: one that comes between would keep it for as long as its connection lasts.
fn free_address() -> Result<SocketAddr, String> {
    let mut last = String::new();
    for _ in 0..PORT_TRIES {
        let random = random_u64(&SystemEntropy).map_err(|error| error.to_string())?;
        let port = PORTS.start + u16::try_from(random % PORTS.len() as u64).unwrap_or(0);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|taken| taken.local_addr()) {
            Ok(address) => return Ok(address),
            Err(error) => last = error.to_string(),
        }
    }
    Err(format!("no port of {PORTS:?} is free: {last}"))
}
