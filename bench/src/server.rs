//! Servers to measure: started, watched from outside, stopped. The marketplace is one process, or a
//! fleet where `TICKETING_FLEET` names the program that starts one; `cargo xtask bench --fleet`
//! sets that, and what it needs besides.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::processes::{self, Cpu, Pids};

/// Whatever went wrong: a bench has nobody to handle it.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How long a server may take to say its address; a fleet has its databases to make.
const START_WITHIN: Duration = Duration::from_secs(90);

/// A server in a process of its own, or in those of a fleet; killed when this is dropped.
pub struct Server {
    child: Child,
    /// The file in which a fleet says what runs.
    list: Option<PathBuf>,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub first_answer: Duration,
}

impl Server {
    /// Starts the marketplace on `data`.
    pub async fn marketplace(data: &Path) -> Result<Self, Failed> {
        Self::open(data, &[]).await
    }

    /// Starts the marketplace on `data` with passwords that cost next to nothing, for what is not
    /// about passwords.
    pub async fn with_cheap_passwords(data: &Path) -> Result<Self, Failed> {
        Self::open(data, &[("password-memory-kib", "8")]).await
    }

    async fn open(data: &Path, more: &[(&str, &str)]) -> Result<Self, Failed> {
        let no_limits =
            [("signups-per-minute", "100000000"), ("max-live-orders-per-buyer", "100000000")];
        let options = [&no_limits, more].concat();
        let Some(fleet) = fleet() else {
            let mut command = api_only()?;
            for (name, value) in options {
                command.arg(format!("--{name}")).arg(value);
            }
            command.arg("--data").arg(data);
            return Self::start(command, None, "/api/tickets").await;
        };
        let mut command = Command::new(fleet);
        for (name, value) in options {
            let name = name.replace('-', "_").to_uppercase();
            command.env(format!("TICKETING_{name}"), value);
        }
        command.args(["--listen", "127.0.0.1:0", "--log-level", "warn"]).arg("--data").arg(data);
        // Databases of its own; they go with the server that they are on.
        let name = data.file_name().unwrap_or_default().to_string_lossy();
        command.arg("--database-prefix").arg(format!("{}-", name.trim_start_matches('.')));
        command.arg("--log-folder").arg(data.join("logs"));
        Self::start(command, Some(data.join("processes.json")), "/api/tickets").await
    }

    /// Starts the bare server.
    pub async fn bare() -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare");
        Self::start(command, None, "/api/tickets/6afd4dc00102030405000001").await
    }

    /// Starts the marketplace on `data` with the web client in `client`.
    pub async fn with_client(data: &Path, client: &Path) -> Result<Self, Failed> {
        let mut command = api_only()?;
        command.args(["--password-memory-kib", "8", "--data"]).arg(data);
        command.arg("--client").arg(client);
        Self::start(command, None, "/api/tickets").await
    }

    /// Starts the bare server with `page` at `/`.
    pub async fn bare_page(page: &Path) -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare").arg("--page").arg(page);
        Self::start(command, None, "/").await
    }

    async fn start(
        mut command: Command,
        list: Option<PathBuf>,
        path: &str,
    ) -> Result<Self, Failed> {
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let out = child.stdout.take().ok_or("a server without an output")?;
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(START_WITHIN, lines.next_line()).await??;
        let line = line.ok_or("the server ended before it said its address")?;
        let (_, address) = line.split_once("http://").ok_or("the first line has no address")?;
        let address = address.trim().parse()?;
        Client::connect(address).await?.get(path).await?.expect(200)?;
        let first_answer = begun.elapsed();
        // What else it says must go somewhere, or it would wait for somebody to read it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, list, address, first_answer })
    }

    /// Its processes: itself, or those of the fleet, the proxy and MongoDB among them.
    pub fn processes(&self) -> Result<Pids, Failed> {
        let Some(list) = &self.list else {
            return Ok(Pids::from([("ticketing".to_owned(), self.id()?)]));
        };
        let mut pids = processes::listed(list)?;
        pids.insert("proxy".to_owned(), self.id()?);
        if let Ok(pid) = std::env::var("TICKETING_MONGODB_PID") {
            pids.insert("mongodb".to_owned(), pid.parse()?);
        }
        Ok(pids)
    }

    /// Whether it is a fleet.
    pub fn is_fleet(&self) -> bool {
        self.list.is_some()
    }

    /// Processor time that it has used so far.
    pub fn cpu(&self) -> Result<Cpu, Failed> {
        Cpu::of(&self.processes()?)
    }

    /// Memory that each service holds, in MB.
    pub fn resident_mb(&self) -> Result<Vec<f64>, Failed> {
        let pids = self.processes()?;
        let services = pids.iter().filter(|(name, _)| processes::is_service(name));
        services.map(|(_, pid)| processes::resident_mb(*pid)).collect()
    }

    /// Kills it and waits until it is gone.
    pub async fn stop(mut self) -> Result<(), Failed> {
        self.child.kill().await?;
        Ok(())
    }

    fn id(&self) -> Result<u32, Failed> {
        self.child.id().ok_or_else(|| "the server has ended".into())
    }
}

/// The program, without its web client.
fn api_only() -> Result<Command, Failed> {
    let mut command = Command::new(program()?);
    command.args(["--listen", "127.0.0.1:0", "--log-level", "warn"]).env("TICKETING_CLIENT", "off");
    Ok(command)
}

/// The program that starts a fleet, where one is to be measured.
pub fn fleet() -> Option<PathBuf> {
    std::env::var_os("TICKETING_FLEET").map(PathBuf::from)
}

/// The program to measure: `TICKETING_BIN`, or the one beside this.
fn program() -> Result<PathBuf, Failed> {
    if let Some(path) = std::env::var_os("TICKETING_BIN") {
        return Ok(path.into());
    }
    let beside = std::env::current_exe()?.with_file_name("ticketing");
    if !beside.exists() {
        let sentence = "there is no target/release/ticketing: run cargo build --release first";
        return Err(sentence.into());
    }
    Ok(beside)
}
