//! Servers for the tests: the one that all share, and those that a test kills.

use std::future::Future;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::bus::jetstream::Options;
use common::id::{SystemEntropy, random_u64};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Far longer than anything here takes, on a machine that has much else to do.
pub const DEADLINE: Duration = Duration::from_secs(150);

/// On a slow machine no message may come twice because a test held it for a while.
pub const ACK_WAIT: Duration = Duration::from_secs(120);

/// Servers reserve so much for each of the many streams here.
pub const MAX_BYTES: u64 = 16 << 20;

#[expect(clippy::disallowed_methods, reason = "the one place where these tests are configured")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set; `cargo xtask test --only nats` sets what these tests need")
    })
}

/// The address of a server with JetStream.
pub fn shared_server() -> String {
    variable("TICKETING_TEST_NATS")
}

pub fn random() -> String {
    format!("{:016x}", random_u64(&SystemEntropy).unwrap())
}

pub async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(DEADLINE, work).await.unwrap()
}

/// Looks until it holds.
pub async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        sleep(Duration::from_millis(5)).await;
    }
}

/// As every service has them, with streams of their own.
pub fn options(address: String, namespace: &str) -> Options {
    Options {
        namespace: namespace.to_owned(),
        max_bytes: MAX_BYTES,
        ack_wait: ACK_WAIT,
        ..Options::new(address, "tests", vec!["tickets", "orders"])
    }
}

/// A server of one test's own, which it may kill, start again, and rob of its store.
pub struct Server {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
    /// Lines of configuration besides what every server has.
    more: String,
}

impl Server {
    pub async fn start(more: String) -> Self {
        // Let go of before the server takes it: whoever comes between is seen by the server.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder: TempDir::new().unwrap(), port, child: None, more };
        server.start_again().await;
        server
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn address(&self) -> String {
        format!("nats://{}", self.host())
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub async fn start_again(&mut self) {
        let (host, store, more) = (self.host(), self.store(), &self.more);
        let configuration = self.folder.path().join("nats.conf");
        let text = format!(
            "listen: \"{host}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n{more}",
            store.display()
        );
        std::fs::write(&configuration, text).unwrap();
        self.child = Some(run(&configuration, &self.folder.path().join("nats.log")));
        let log = || std::fs::read_to_string(self.folder.path().join("nats.log")).unwrap();
        let answers = async || TcpStream::connect(&host).is_ok();
        timeout(Duration::from_secs(30), until(answers)).await.unwrap_or_else(|_| {
            panic!("nats-server does not answer; it said\n{}", log());
        });
    }

    /// As `kill -9` does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Deletes everything that it kept; it does not run.
    pub fn wipe(&self) {
        assert!(self.child.is_none());
        std::fs::remove_dir_all(self.store()).unwrap();
    }
}

fn run(configuration: &Path, log: &Path) -> Child {
    let mut command = Command::new(variable("TICKETING_TEST_NATS_SERVER"));
    command.arg("--config").arg(configuration).arg("--log").arg(log);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("TICKETING_TEST_NATS_SERVER names the program nats-server")
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}
