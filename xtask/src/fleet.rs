//! The marketplace as a fleet on this machine: for trying it out, and for the black-box suites.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::mongodb::{self, Mongod};
use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;
use crate::tidy::SERVICES;
use crate::{client, debian, nats, old_build, steps};

/// The suites that say nothing of how many processes serve. The others are about one process and
/// its folder: a full disk and failing fsyncs below its files (`storage_faults`), a second process
/// on its folder, its first screen and its flags (`second_process`), its clock (`clock_jumps`), its
/// limits of connections, where a proxy has its own (`transport`), its own fsyncs
/// (`payment_deaths`), and `ticketing check` on its files afterwards (`kill9`, `expiry_races`).
const SUITES: [&str; 16] = [
    "accounts",
    "bad_inputs",
    "canaries",
    "conventions",
    "core_market",
    "core_users",
    "expiry",
    "fleet",
    "fleet_operator",
    "idempotency",
    "identities",
    "letters",
    "live",
    "market_more",
    "payments",
    "stampede",
];

/// The suites that break a fleet of their own.
const FAULTS: [&str; 5] =
    ["fleet_faults", "fleet_partitions", "fleet_primary", "fleet_restore", "fleet_rotation"];

/// The one that needs an earlier build besides.
const BUILDS: &str = "fleet_builds";

/// What tests on real servers are chosen from. One choice for all of them, or each would have what
/// they are made of compiled with features of its own.
pub const ON_SERVERS: [&str; 7] = [
    "--package",
    "common",
    "--package",
    "tests",
    "--features",
    "common/fleet,tests/fleet",
    "--locked",
];

/// What to do where there is no `ip` to make namespaces with, and none can be installed.
const NAMESPACES: &str = "the faults need network namespaces: run them as root, with iproute2 (on \
                          Debian `apt-get install iproute2`), or run the other steps with --skip \
                          faults";

/// What makes each service a program of its own, as Cargo is told it.
pub fn features() -> String {
    SERVICES.map(|service| format!("{service}/fleet")).join(",")
}

/// Builds the programs of the services as users run them, the one that starts them, and what asks
/// them in containers whether they can serve; returns where they are.
///
/// # Errors
/// When they do not build.
pub fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    program::run(build_command(workspace))?;
    Ok(workspace.target.join("release"))
}

/// The call of cargo that builds them. One for everybody, or each would have what they are made of
/// compiled with features of its own.
pub fn build_command(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo(["build", "--release", "--locked", "--bins"]);
    for package in [&SERVICES[..], &["fleet", "healthcheck"]].concat() {
        cargo.args(["--package", package]);
    }
    cargo.args(["--features", &features()]);
    cargo
}

/// Runs the black-box suites against fleets: one MongoDB for all, a NATS for each.
///
/// # Errors
/// When something is not to be had, or a promise is broken.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let programs = build(workspace)?;
    let server = nats::program(workspace)?;
    let mongodb = Mongod::start(workspace)?;
    let mut choice = ON_SERVERS.to_vec();
    for suite in SUITES {
        choice.extend(["--test", suite]);
    }
    let mut tests = steps::test_command(workspace, &choice);
    tests.env("TICKETING_FLEET", programs.join("fleet")).env("TICKETING_PROGRAMS", &programs);
    tests.env("TICKETING_MONGODB", mongodb.address()).env("TICKETING_NATS_SERVER", server);
    program::run(tests)
}

/// Kills, pauses and robs the processes of a fleet under load, MongoDB and NATS among them, and
/// cuts the wires between them.
///
/// # Errors
/// When something is not to be had, or a promise is broken.
pub fn faults(workspace: &Workspace) -> Result<Tally, Failure> {
    if !program::succeeds(workspace.command("ip", ["-Version"])) {
        debian::install(workspace, "iproute2", NAMESPACES)?;
    }
    let old = old_build::programs(workspace)?;
    let programs = build(workspace)?;
    let server = nats::program(workspace)?;
    let mut choice = ON_SERVERS.to_vec();
    for suite in FAULTS.iter().chain(old.is_some().then_some(&BUILDS)) {
        choice.extend(["--test", suite]);
    }
    let mut tests = steps::test_command(workspace, &choice);
    tests.env("TICKETING_FLEET", programs.join("fleet")).env("TICKETING_PROGRAMS", &programs);
    tests.env("TICKETING_NATS_SERVER", server);
    tests.env("TICKETING_MONGOD", mongodb::program(workspace)?);
    if let Some(old) = &old {
        tests.env("TICKETING_TEST_OLD_PROGRAMS", old);
    }
    // How often what happened is worth to be read where all is well too.
    tests.env("NEXTEST_SUCCESS_OUTPUT", "final");
    let mut tally = program::run(tests)?;
    if old.is_none() {
        tally.skipped += 1;
    }
    Ok(tally)
}

/// Measures a fleet with `bench`: as users run it, on one MongoDB and one NATS of this machine.
///
/// # Errors
/// When something is not to be had, or does not answer as it should.
pub fn bench(workspace: &Workspace, mut bench: Command) -> Result<(), Failure> {
    let programs = build(workspace)?;
    let server = nats::program(workspace)?;
    let mongodb = Mongod::start(workspace)?;
    bench.env("TICKETING_FLEET", programs.join("fleet")).env("TICKETING_PROGRAMS", &programs);
    bench.env("TICKETING_MONGODB", mongodb.address()).env("TICKETING_NATS_SERVER", server);
    bench.env("TICKETING_MONGODB_PID", mongodb.id().to_string());
    program::run(bench).map(drop)
}

/// Builds and starts a fleet, which takes the place of this process. `args` go to it; `--no-client`
/// is ours.
///
/// # Errors
/// When something is not to be had.
pub fn run(workspace: &Workspace, args: &[String]) -> Result<(), Failure> {
    let has_client = !args.iter().any(|arg| arg == "--no-client");
    let args = args.iter().filter(|arg| *arg != "--no-client");
    let programs = build(workspace)?;
    let folder = workspace.target.join("fleet");
    let mongodb = mongodb::prepare(workspace, &folder.join("mongodb"))?;
    let mut fleet = workspace.command(programs.join("fleet"), ["--programs"]);
    fleet.arg(&programs).arg("--data").arg(&folder).arg("--log-folder").arg(folder.join("logs"));
    fleet.arg("--nats-server").arg(nats::program(workspace)?);
    fleet.arg("--mongod").arg(mongodb.program).args(["--mongodb", &mongodb.address]);
    if has_client {
        steps::release(workspace)?;
        program::run(client::build(workspace))?;
        fleet.arg("--client").arg(workspace.root.join("client"));
    }
    Err(fleet.args(args).exec().into())
}
