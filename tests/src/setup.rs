//! How a server is started: its flags, its environment, its data folder, and which program it is:
//! `ticketing`, or a whole fleet, which takes the same flags as variables and is started, stopped
//! and killed just so.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

/// How long a start may take before a test gives up, unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a fleet may take: ten processes, each with its databases to make.
const FLEET_PATIENCE: Duration = Duration::from_secs(60);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Setup {
    flags: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    home: Arc<TempDir>,
    data: PathBuf,
    patience: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        let home = Arc::new(TempDir::with_prefix("ticketing-").expect("a folder for the data"));
        let data = home.path().join("data");
        let patience = if fleet().is_some() { FLEET_PATIENCE } else { PATIENCE };
        Self { flags: BTreeMap::new(), env: BTreeMap::new(), home, data, patience }
            .flag("--listen", "127.0.0.1:0")
            // Cheap hashing and open doors: these suites sign up thousands of people from one
            // address.
            .flag("--password-memory-kib", "8")
            .flag("--signups-per-minute", "1000000")
            // These suites are about the API; the web client has suites of its own.
            .env("TICKETING_CLIENT", "off")
    }
}

impl Setup {
    /// On an empty data folder, any free port, with cheap password hashing.
    pub fn new() -> Self {
        Self::default()
    }

    /// With `flag` set to `value`.
    #[must_use]
    pub fn flag(mut self, flag: &str, value: &str) -> Self {
        self.flags.insert(flag.to_owned(), value.to_owned());
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// On this data folder.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.data);
        self
    }

    /// Every start must show its address within `limit`.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// The folder that holds the data folder and the log; it is removed in the end.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// How long a start may take.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The data folder.
    pub fn data_folder(&self) -> &Path {
        &self.data
    }

    /// Runs the program until it ends by itself, as `ticketing ARGUMENTS`.
    ///
    /// # Panics
    /// If it does not end within half a minute.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(arguments).envs(&self.env).kill_on_drop(true).stdin(Stdio::null());
        let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
        output.unwrap_or_else(|_| panic!("ticketing {arguments:?} does not end")).expect("it runs")
    }

    /// Runs a second server with this setup, which must be refused: its exit and what it said.
    ///
    /// # Panics
    /// If it does not end within a minute.
    pub async fn run_serve(&self) -> Output {
        let data = self.data.to_string_lossy().into_owned();
        let mut arguments = vec!["--data", &data];
        for (flag, value) in &self.flags {
            arguments.extend([flag.as_str(), value.as_str()]);
        }
        self.run(&arguments).await
    }

    /// What the names of a fleet's databases begin with.
    pub fn database_prefix(&self) -> String {
        let name = self.home.path().file_name().unwrap_or_default().to_string_lossy();
        format!("{name}-")
    }

    /// The command that starts a server; its log goes to the file `log`.
    pub(crate) fn command(&self, log: &Path) -> Command {
        let log = OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        let mut command = match fleet() {
            Some(fleet) => self.fleet_command(&fleet),
            None => self.program_command(),
        };
        command.envs(&self.env).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command
    }

    fn program_command(&self) -> Command {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TICKETING_")) {
            command.env_remove(name);
        }
        for (flag, value) in &self.flags {
            command.arg(flag).arg(value);
        }
        command.arg("--data").arg(&self.data);
        command
    }

    /// What the fleet runs on stays as the environment says it; databases of its own are told apart
    /// by the name of the folder.
    fn fleet_command(&self, fleet: &Path) -> Command {
        let mut command = Command::new(fleet);
        for (flag, value) in &self.flags {
            let name = flag.trim_start_matches('-').replace('-', "_").to_uppercase();
            command.env(format!("TICKETING_{name}"), value);
        }
        command.arg("--database-prefix").arg(self.database_prefix());
        command.arg("--data").arg(&self.data);
        command
    }
}

/// The program that starts a fleet, where the suites are to run against one: `TICKETING_FLEET`.
/// What it needs besides stands in further variables; `cargo xtask test --only fleet` sets them.
pub fn fleet() -> Option<PathBuf> {
    std::env::var_os("TICKETING_FLEET").map(PathBuf::from)
}

/// The program under test: `TICKETING_BIN`, else the release build of this workspace.
///
/// # Panics
/// If it is not there; the message says what to do.
pub fn program() -> PathBuf {
    let path = match std::env::var_os("TICKETING_BIN") {
        Some(path) => PathBuf::from(path),
        None => {
            let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            let target = match std::env::var_os("CARGO_TARGET_DIR") {
                Some(target) => workspace.join(target),
                None => workspace.join("target"),
            };
            target.join("release/ticketing")
        }
    };
    assert!(
        File::open(&path).is_ok(),
        "{} is missing: run `cargo build --release` first, or name the program in TICKETING_BIN",
        path.display()
    );
    path
}
