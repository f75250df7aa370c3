//! The processes of a fleet, by name: `auth-1`, `orders-2`, `nats`. Whichever ends is started again
//! by the fleet.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::{Client, Request};
use crate::server::Server;

/// How long a process, or what it is needed for, may take to be back.
pub const BACK: Duration = Duration::from_secs(60);

/// The services; each has replicas, named after it and numbered.
pub const SERVICES: [&str; 4] = ["auth", "tickets", "orders", "payments"];

/// A process of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// Where it listens, once it does and if it says so.
    pub address: Option<SocketAddr>,
}

impl Server {
    /// What runs, by name.
    ///
    /// # Panics
    /// If this is no fleet.
    pub fn processes(&self) -> BTreeMap<String, Process> {
        let list = self.setup().data_folder().join("processes.json");
        let text = std::fs::read_to_string(list).expect("the fleet says what runs");
        let list: Value = serde_json::from_str(&text).expect("JSON");
        let process = |entry: &Value| {
            let pid = i32::try_from(entry["pid"].as_i64()?).ok()?;
            Some(Process { pid, address: entry["address"].as_str().and_then(|a| a.parse().ok()) })
        };
        let entries = list.as_object().into_iter().flatten();
        entries.filter_map(|(name, entry)| Some((name.clone(), process(entry)?))).collect()
    }

    /// The names of all replicas of services that run.
    ///
    /// # Panics
    /// If this is no fleet.
    pub fn replicas(&self) -> Vec<String> {
        let is_replica = |name: &String| SERVICES.iter().any(|service| name.starts_with(service));
        self.processes().into_keys().filter(is_replica).collect()
    }

    /// kill -9 of a process; waits until another is in its place, and the services are ready.
    ///
    /// # Panics
    /// If there is none of that name, or none comes in its place in time.
    pub async fn kill_9_one(&self, name: &str) {
        let pid = self.signal(name, Signal::KILL);
        if self.replicas().iter().any(|replica| replica == name) {
            self.replaced(name, pid).await;
        } else {
            self.runs_again(name, pid).await;
        }
    }

    /// Waits until another process than `pid` has the name of one that serves nobody but the
    /// services, and these are ready.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn runs_again(&self, name: &str, pid: i32) {
        crate::until(&format!("{name} runs again"), BACK, || async {
            self.processes().get(name).filter(|process| process.pid != pid).map(drop)
        })
        .await;
        self.ready(BACK).await;
    }

    /// Sends a process a signal; returns which process it was.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn signal(&self, name: &str, signal: Signal) -> i32 {
        let process = *self.processes().get(name).unwrap_or_else(|| panic!("{name} runs"));
        let pid = Pid::from_raw(process.pid).expect("a process id");
        kill_process(pid, signal).expect("it gets a signal");
        process.pid
    }

    /// The file that a process runs.
    ///
    /// # Panics
    /// If there is no process of that name.
    pub fn program_of(&self, name: &str) -> PathBuf {
        let process = *self.processes().get(name).unwrap_or_else(|| panic!("{name} runs"));
        std::fs::read_link(format!("/proc/{}/exe", process.pid)).expect("it runs a file")
    }

    /// Waits until another process than `pid` has the name, and says itself that it is ready.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn replaced(&self, name: &str, pid: i32) {
        self.ready_unless(name, pid).await;
    }

    /// Waits until a replica says itself that it is ready.
    ///
    /// # Panics
    /// If it does not in time.
    pub async fn serves(&self, name: &str) {
        // No process has this id.
        self.ready_unless(name, 0).await;
    }

    async fn ready_unless(&self, name: &str, pid: i32) {
        crate::until(&format!("{name} is ready"), BACK, || async {
            let current = *self.processes().get(name)?;
            let address = current.address.filter(|_| current.pid != pid)?;
            let client = Client::new(Arc::new(RwLock::new(address)));
            let answer = client.attempt(&Request::new("GET", "/api/health/ready")).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}
