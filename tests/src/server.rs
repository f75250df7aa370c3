//! A server process: killed, stopped, started again, and its log.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::client::{Address, Client, Request};
use crate::setup::Setup;

/// How long a killed process may take to be gone.
const END: Duration = Duration::from_secs(2);
/// How much of the log a failing test prints.
const TAIL_BYTES: usize = 16 * 1024;

impl Setup {
    /// Starts a server and waits for its address.
    ///
    /// # Panics
    /// If the server does not come up.
    pub async fn start(self) -> Server {
        let log = self.home().join("server.log");
        let address = Arc::new(RwLock::new(SocketAddr::from(([127, 0, 0, 1], 0))));
        let mut server = Server { setup: self, child: None, address, log, screen: Vec::new() };
        server.start().await;
        server
    }
}

/// A running server, or one that was just killed.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    child: Option<Child>,
    address: Address,
    log: PathBuf,
    screen: Vec<String>,
}

impl Server {
    /// Starts with the usual setup.
    pub async fn usual() -> Self {
        Setup::new().start().await
    }

    /// How it was set up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Where it listens now.
    ///
    /// # Panics
    /// Never while no other thread panicked holding the address.
    pub fn address(&self) -> SocketAddr {
        *self.address.read().unwrap()
    }

    /// A client that follows this server through restarts.
    pub fn client(&self) -> Client {
        Client::new(self.address.clone())
    }

    /// What the first screen said, up to and with the address.
    pub fn screen(&self) -> &[String] {
        &self.screen
    }

    /// The log so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Changes how the next start is done.
    pub fn change(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.setup = change(self.setup.clone());
    }

    /// Starts the process without waiting for it to serve.
    ///
    /// # Panics
    /// If one is running already, or it cannot be started.
    pub fn spawn(&mut self) -> Lines<BufReader<ChildStdout>> {
        assert!(self.child.is_none(), "the server is running already");
        allow_many_connections();
        let mut child = self.setup.command(&self.log).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        self.child = Some(child);
        BufReader::new(stdout).lines()
    }

    /// Starts the process and waits until its first screen shows the address; returns how long that
    /// took.
    ///
    /// # Panics
    /// If that does not happen within the patience of the setup.
    pub async fn start(&mut self) -> Duration {
        let started = Instant::now();
        let mut lines = self.spawn();
        self.screen.clear();
        let found = tokio::time::timeout(self.setup.patience(), async {
            while let Ok(Some(line)) = lines.next_line().await {
                let address = address_in(&line);
                self.screen.push(line);
                if address.is_some() {
                    return address;
                }
            }
            None
        })
        .await;
        match found {
            Ok(Some(address)) => *self.address.write().unwrap() = address,
            Ok(None) => panic!("the server ended before it showed its address"),
            Err(_) => panic!("no address on the first screen within {:?}", self.setup.patience()),
        }
        let took = started.elapsed();
        // Kept open and read on, or the server would write into a closed pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        took
    }

    /// Waits until the server says that it is ready to serve.
    ///
    /// # Panics
    /// If it does not within `limit`.
    pub async fn ready(&self, limit: Duration) {
        let client = self.client();
        let request = Request::new("GET", "/api/health/ready");
        crate::until("ready", limit, || async {
            client.attempt(&request).await.ok().filter(|answer| answer.status == 200)
        })
        .await;
    }

    /// kill -9, and waits until the process is gone.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub async fn kill_9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.expect("the process can be killed");
        }
    }

    /// Whether the process has ended without having been asked to.
    pub fn has_ended(&mut self) -> bool {
        let running = self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        if !running {
            self.child = None;
        }
        !running
    }

    /// Sends SIGTERM and returns at once.
    ///
    /// # Panics
    /// If no process is running.
    pub fn ask_to_stop(&self) {
        let id = self.child.as_ref().and_then(Child::id).expect("the server is running");
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, Signal::TERM).expect("a signal can be sent");
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Panics
    /// If it has not within `limit`.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let mut child = self.child.take().expect("the server was running");
        let ended = tokio::time::timeout(limit, child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("still running after {limit:?}"))
            .expect("it can be waited for")
    }

    /// SIGTERM, and waits for a clean end.
    ///
    /// # Panics
    /// If the end is not clean, or does not come within half a minute.
    pub async fn stop(&mut self) {
        self.ask_to_stop();
        let status = self.ended(Duration::from_secs(30)).await;
        assert!(status.success(), "after SIGTERM the server ends with 0, got {status}");
    }

    /// `ticketing check` on the data of this stopped server must find nothing.
    ///
    /// # Panics
    /// If it finds anything.
    pub async fn check_clean(&self) {
        assert!(self.child.is_none(), "check wants a stopped server");
        let data = self.setup.data_folder().to_string_lossy().into_owned();
        let output = self.setup.run(&["check", "--data", &data]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "ticketing check found:\n{said}\n{stderr}");
        println!("ticketing check: {}", said.trim());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone before its folder is removed, or it would write into what is being removed.
        if let Some(child) = self.child.as_mut() {
            let started = Instant::now();
            let mut ending = child.start_kill().is_ok();
            while ending && started.elapsed() < END {
                ending = matches!(child.try_wait(), Ok(None));
                std::thread::yield_now();
            }
        }
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(TAIL_BYTES);
            let from = (from..=log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(0);
            println!("── first screen ──\n{}", self.screen.join("\n"));
            println!("── end of the server's log ──\n{}", log.get(from..).unwrap_or_default());
        }
    }
}

/// The address in a line of the first screen.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ".:[]".contains(c)));
    rest.get(..end.unwrap_or(rest.len()))?.trim_end_matches(['.', ':']).parse().ok()
}

/// A thousand buyers are a thousand sockets here and in the server, which inherits the limit.
fn allow_many_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < 8192) {
        limit.current = limit.maximum.map_or(Some(8192), |maximum| Some(maximum.min(8192)));
        if let Err(fault) = setrlimit(Resource::Nofile, limit) {
            println!("the limit of open files stays: {fault}");
        }
    }
}
