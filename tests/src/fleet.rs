//! The processes of a fleet, by name: `auth-1`, `orders-2`, `nats`. Whichever ends is started again
//! by the fleet.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::{Client, Request};
use crate::server::Server;

/// How long a process may take to be back.
const BACK: Duration = Duration::from_secs(60);

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

    /// Waits until another process than `pid` has the name, and says itself that it is ready.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn replaced(&self, name: &str, pid: i32) {
        crate::until(&format!("{name} is back"), BACK, || async {
            let current = *self.processes().get(name)?;
            let address = current.address.filter(|_| current.pid != pid)?;
            let client = Client::new(Arc::new(RwLock::new(address)));
            let answer = client.attempt(&Request::new("GET", "/api/health/ready")).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}
