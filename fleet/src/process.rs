//! A program that is started, watched, and started again when it ends by itself.
//!
//! So a test that kills one finds it back, as whoever runs containers does. What runs is written to
//! a file, by name, process id and address.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::run::TokioTasks;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::leash::Leash;

/// The pause before a program that has ended is started again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a program may take to end once it has been told to.
const END: Duration = Duration::from_secs(20);

/// How a process is started, each time anew.
pub type Recipe = Box<dyn Fn() -> Command + Send + Sync>;

/// Everything that runs.
pub struct Processes {
    leash: Leash,
    /// The file that says so.
    list: PathBuf,
    logs: Option<PathBuf>,
    running: Mutex<BTreeMap<String, Entry>>,
    tasks: TokioTasks,
    stop: watch::Sender<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    pid: u32,
    address: Option<SocketAddr>,
}

impl Processes {
    /// Nothing yet; `list` is the file that will say what runs.
    pub fn new(leash: Leash, list: PathBuf, logs: Option<PathBuf>) -> Arc<Self> {
        let (running, tasks) = (Mutex::default(), TokioTasks::here());
        Arc::new(Self { leash, list, logs, running, tasks, stop: watch::Sender::new(false) })
    }

    /// Starts a program, and again whenever it ends, until all are to stop. `told` hears of the
    /// address in the first line that it prints, each time, and that it is gone.
    ///
    /// # Errors
    /// With a sentence, where it cannot be started the first time.
    pub fn start(
        self: &Arc<Self>,
        name: String,
        recipe: Recipe,
        told: impl Fn(Option<SocketAddr>) + Send + Sync + 'static,
    ) -> Result<(), String> {
        let mut child = self.spawn(&name, &recipe)?;
        let all = Arc::clone(self);
        self.tasks.start(async move {
            loop {
                let ended = all.watch(&name, &mut child, &told).await;
                told(None);
                let Some(status) = ended else { return };
                tracing::warn!(name, %status, "has ended; it is started again");
                child = loop {
                    tokio::time::sleep(PAUSE).await;
                    if *all.stop.borrow() {
                        return;
                    }
                    match all.spawn(&name, &recipe) {
                        Ok(child) => break child,
                        Err(sentence) => tracing::error!(name, "{sentence}"),
                    }
                };
            }
        });
        Ok(())
    }

    /// Tells every process whose name begins with `which` to end, and waits until it has.
    pub async fn end(&self, which: &[&str]) {
        self.stop.send_replace(true);
        let is_meant = |name: &str| which.iter().any(|start| name.starts_with(start));
        for (name, entry) in self.running().iter().filter(|(name, _)| is_meant(name)) {
            if let Err(error) = signal(entry.pid, Signal::TERM) {
                tracing::debug!(name, %error, "has ended already");
            }
        }
        let gone = async {
            while self.running().keys().any(|name| is_meant(name)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(END, gone).await.is_err() {
            tracing::warn!("some processes did not end in time; they are killed");
        }
    }

    fn spawn(&self, name: &str, recipe: &Recipe) -> Result<Child, String> {
        let mut command = recipe();
        let program = command.as_std().get_program().to_owned();
        let failed =
            |error: std::io::Error| format!("{} cannot be started: {error}", program.display());
        let log = self.logs.as_deref().map(|folder| log_file(folder, name));
        let log = log.transpose().map_err(failed)?;
        // In groups of their own, so that a Ctrl-C reaches the fleet alone, which ends them in
        // order.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        if let Some(log) = log {
            command.stderr(log);
        }
        let child = command.spawn().map_err(failed)?;
        if let Some(pid) = child.id() {
            self.leash.hold(pid);
            self.note(name, Some(Entry { pid, address: None }));
        }
        Ok(child)
    }

    /// Returns how a process ended, unless it was to.
    async fn watch(
        &self,
        name: &str,
        child: &mut Child,
        told: &(impl Fn(Option<SocketAddr>) + Send + Sync),
    ) -> Option<ExitStatus> {
        let pid = child.id().unwrap_or_default();
        if let Some(out) = child.stdout.take() {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = address_in(&line) {
                    self.note(name, Some(Entry { pid, address: Some(address) }));
                    told(Some(address));
                }
            }
        }
        let status = child.wait().await;
        self.leash.let_go(pid);
        self.note(name, None);
        if *self.stop.borrow() { None } else { status.ok() }
    }

    fn note(&self, name: &str, entry: Option<Entry>) {
        let mut running = self.running();
        match entry {
            Some(entry) => running.insert(name.to_owned(), entry),
            None => running.remove(name),
        };
        let list: BTreeMap<&str, _> = running
            .iter()
            .map(|(name, entry)| {
                (name.as_str(), json!({"pid": entry.pid, "address": entry.address}))
            })
            .collect();
        // Renamed into place, so that nobody reads half of it.
        let new = self.list.with_extension("new");
        let written = fs::write(&new, json!(list).to_string());
        if let Err(error) = written.and_then(|()| fs::rename(&new, &self.list)) {
            tracing::warn!(%error, list = %self.list.display(), "cannot be written");
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Entry>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signal(pid: u32, signal: Signal) -> rustix::io::Result<()> {
    match i32::try_from(pid).ok().and_then(Pid::from_raw) {
        Some(pid) => kill_process(pid, signal),
        None => Ok(()),
    }
}

fn log_file(folder: &Path, name: &str) -> std::io::Result<fs::File> {
    fs::create_dir_all(folder)?;
    OpenOptions::new().create(true).append(true).open(folder.join(format!("{name}.log")))
}

/// The address in a line such as `orders is at http://127.0.0.1:3003`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || ".:[]".contains(c)));
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_that_says_it() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 41_234)));
        assert_eq!(address_in("orders is at http://127.0.0.1:41234"), address);
        assert_eq!(address_in("   - Local:   http://127.0.0.1:41234 "), address);
        assert_eq!(address_in("orders is away"), None);
    }
}
