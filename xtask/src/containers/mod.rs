//! The images of `infra/docker`, built and run for real, with a purchase made through the one that
//! holds everything, and through the fleet of `docker-compose.yml`.
//!
//! - [`engine`]: a Docker engine, the one that is there or one of our own.
//! - [`bases`]: what images are built on, pulled or stood in for.
//! - [`fleet`]: the fleet, brought up by Docker Compose, and what is killed in it.
//! - [`purchase`]: a purchase over HTTP.

mod bases;
mod engine;
mod fleet;
mod purchase;

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::program::{self, Failure, Workspace};
use crate::steps;
use crate::tally::Tally;
use crate::tidy::SERVICES;
use engine::Engine;

/// How long a container may take until it is healthy; it takes some seconds.
const HEALTHY_WITHIN: Duration = Duration::from_secs(90);

/// Most bytes of an image of a service. The base that is stood in for is smaller than the real one
/// by some 20 MB.
const MAX_SERVICE_BYTES: u64 = 60_000_000;

/// Everything in one container.
const ALL_IN_ONE: &str = "ticketing/ticketing:0.1.0";

/// The web client.
const CLIENT: &str = "ticketing/client:0.1.0";

/// Builds all images, and buys through what they run, across restarts and kills.
///
/// # Errors
/// When no engine can be had, an image does not build, or a promise is broken.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let engine = Engine::find(workspace)?;
    let mut tally = build(workspace, &engine)?;
    tally += all_in_one(&engine)?;
    tally += fleet::step(workspace, &engine)?;
    Ok(tally)
}

/// Buys through the image that holds everything.
fn all_in_one(engine: &Engine) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let container = Container::run(engine)?;
    let address = container.address.clone();
    let bought = purchase::buy(&address)?;
    tally += Tally::PASSED;
    for how in ["restart", "kill"] {
        container.again(how)?;
        bought.still_is(&address)?;
        println!("after {how}: the order is complete, and the payment is there");
        tally += Tally::PASSED;
    }
    program::output(engine.docker(["stop", "--time", "30", &container.name]))?;
    let code = container.inspect("{{.State.ExitCode}}")?;
    if code != "0" {
        return Err(Failure::new(format!("told to stop, the container ends with {code}")));
    }
    tally += Tally::PASSED;
    Ok(tally)
}

/// Builds the images: of programs that are built already where the engine is our own and has
/// nothing to build with, from the sources elsewhere.
fn build(workspace: &Workspace, engine: &Engine) -> Result<Tally, Failure> {
    bases::provide(workspace, engine)?;
    let mut programs = None;
    if engine.is_own() {
        steps::release(workspace)?;
        crate::fleet::build(workspace)?;
        strip(workspace, &[&SERVICES[..], &["ticketing", "healthcheck"]].concat())?;
        program::run(workspace.command(workspace.ticketing(), ["build-client"]))?;
        programs = Some("PROGRAMS=built");
    }
    let mut tally = Tally::default();
    for service in SERVICES {
        let service_argument = format!("SERVICE={service}");
        let arguments: Vec<&str> = programs.into_iter().chain([&*service_argument]).collect();
        let tag = format!("ticketing/{service}:0.1.0");
        tally += engine.build("infra/docker/service.Dockerfile", &arguments, &tag)?;
        is_small(engine, &tag)?;
    }
    let pages = programs.map(|_| "CLIENT=built");
    let arguments: Vec<&str> = pages.into_iter().collect();
    tally += engine.build("infra/docker/client.Dockerfile", &arguments, CLIENT)?;
    let pages = programs.map(|_| "CLIENT=built-client");
    let arguments: Vec<&str> = programs.into_iter().chain(pages).collect();
    tally += engine.build("infra/docker/ticketing.Dockerfile", &arguments, ALL_IN_ONE)?;
    Ok(tally)
}

/// Holds an image of a service to its size.
fn is_small(engine: &Engine, tag: &str) -> Result<(), Failure> {
    let size = program::output(engine.docker(["inspect", "--format", "{{.Size}}", tag]))?;
    let bytes = String::from_utf8_lossy(&size).trim().parse::<u64>().unwrap_or(u64::MAX);
    println!("{tag}: {} MB", bytes / 1_000_000);
    if bytes <= MAX_SERVICE_BYTES {
        return Ok(());
    }
    Err(Failure::new(format!("{tag} has {bytes} bytes, more than {MAX_SERVICE_BYTES}")))
}

/// Puts programs where images take them from, without what only a debugger reads, which is two
/// thirds.
fn strip(workspace: &Workspace, programs: &[&str]) -> Result<(), Failure> {
    // Below the root, whatever Cargo is told: images are built from what is there.
    let folder = workspace.root.join("target/images");
    fs::create_dir_all(&folder)?;
    for name in programs {
        let mut strip = workspace.command("strip", ["--strip-debug", "-o"]);
        strip.arg(folder.join(name)).arg(workspace.released(name));
        program::output(strip)?;
    }
    Ok(())
}

/// The all-in-one image at work, confined as far as Docker confines; it goes when this is dropped.
struct Container<'a> {
    engine: &'a Engine,
    name: String,
    address: String,
}

impl<'a> Container<'a> {
    fn run(engine: &'a Engine) -> Result<Self, Failure> {
        let name = format!("ticketing-test-{}", std::process::id());
        // Let go of before the engine takes it: whoever comes between is seen by the engine.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let container = Self { engine, name, address };
        if engine.is_own() {
            // An engine without a bridge of its own has one for each network that is made.
            program::output(engine.docker(["network", "create", &container.name]))?;
        }
        let publish = format!("{}:3000", container.address);
        let mut run = engine.docker(["run", "--detach", "--name", &container.name]);
        if engine.is_own() {
            run.args(["--network", &container.name]);
        }
        run.args(["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--memory", "512m"]);
        run.args(["--security-opt", "no-new-privileges", "--volume"]);
        run.arg(format!("{}:/data", container.name)).args(["--publish", &publish, ALL_IN_ONE]);
        program::output(run)?;
        container.is_healthy()?;
        let user = container.inspect("{{.Config.User}}")?;
        if user != "65532:65532" {
            return Err(Failure::new(format!("the image runs as `{user}`")));
        }
        Ok(container)
    }

    /// Ends and starts it: `restart` asks it to end, `kill` does not ask.
    fn again(&self, how: &str) -> Result<(), Failure> {
        program::output(self.engine.docker([how, &self.name]))?;
        if how == "kill" {
            program::output(self.engine.docker(["start", &self.name]))?;
        }
        self.is_healthy()
    }

    fn is_healthy(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + HEALTHY_WITHIN;
        loop {
            let health = self.inspect("{{.State.Health.Status}}")?;
            if health == "healthy" {
                return Ok(());
            }
            if Instant::now() > deadline {
                let said = program::output(self.engine.docker(["logs", &self.name]))?;
                let said = String::from_utf8_lossy(&said).into_owned();
                return Err(Failure::new(format!("the container is {health}; it said:\n{said}")));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    fn inspect(&self, what: &str) -> Result<String, Failure> {
        let said = program::output(self.engine.docker(["inspect", "--format", what, &self.name]))?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let rest = [
            &["rm", "--force", "--volumes", &self.name][..],
            &["volume", "rm", "--force", &self.name],
            &["network", "rm", &self.name],
        ];
        for command in &rest[..if self.engine.is_own() { 3 } else { 2 }] {
            if let Err(failure) = program::output(self.engine.docker(*command)) {
                eprintln!("{}", failure.reason);
            }
        }
    }
}
