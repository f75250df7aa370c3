//! Servers to measure: started, watched from outside, stopped.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;

/// Whatever went wrong: a bench has nobody to handle it.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How long a server may take to say its address.
const START_WITHIN: Duration = Duration::from_secs(30);

/// The kernel's unit of processor time in /proc, which Linux has kept at a hundredth of a second on
/// every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// A server in a process of its own, killed when this is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub first_answer: Duration,
}

impl Server {
    /// Starts the marketplace on `data`.
    pub async fn marketplace(data: &Path) -> Result<Self, Failed> {
        let mut command = api_only()?;
        command.args(["--signups-per-minute", "100000000"]);
        command.args(["--max-live-orders-per-buyer", "100000000", "--data"]).arg(data);
        Self::start(command, "/api/tickets").await
    }

    /// Starts the marketplace on `data` with passwords that cost next to nothing, for what is not
    /// about passwords.
    pub async fn with_cheap_passwords(data: &Path) -> Result<Self, Failed> {
        let mut command = api_only()?;
        command.args(["--signups-per-minute", "100000000", "--password-memory-kib", "8"]);
        command.args(["--max-live-orders-per-buyer", "100000000", "--data"]).arg(data);
        Self::start(command, "/api/tickets").await
    }

    /// Starts the bare server.
    pub async fn bare() -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare");
        Self::start(command, "/api/tickets/6afd4dc00102030405000001").await
    }

    /// Starts the marketplace on `data` with the web client in `client`.
    pub async fn with_client(data: &Path, client: &Path) -> Result<Self, Failed> {
        let mut command = api_only()?;
        command.args(["--password-memory-kib", "8", "--data"]).arg(data);
        command.arg("--client").arg(client);
        Self::start(command, "/api/tickets").await
    }

    /// Starts the bare server with `page` at `/`.
    pub async fn bare_page(page: &Path) -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare").arg("--page").arg(page);
        Self::start(command, "/").await
    }

    async fn start(mut command: Command, path: &str) -> Result<Self, Failed> {
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
        Ok(Self { child, address, first_answer })
    }

    /// Processor seconds that it has used so far, in user and in kernel mode.
    pub fn cpu_seconds(&self) -> Result<f64, Failed> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()?))?;
        // The name in parentheses may hold anything; what is counted begins after it.
        let (_, fields) = stat.rsplit_once(") ").ok_or("an odd /proc/pid/stat")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |index: usize| -> Result<f64, Failed> {
            Ok(fields.get(index).ok_or("an odd /proc/pid/stat")?.parse()?)
        };
        Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
    }

    /// Memory that it holds, in MB.
    pub fn resident_mb(&self) -> Result<f64, Failed> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("no VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
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
