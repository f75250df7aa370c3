//! `cargo xtask test`: what everybody runs before a commit, and CI on each.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::deny::Policy;
use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;
use crate::{
    alerts, browser, client, containers, fleet, manifests, mongodb, nats, openapi, schemathesis,
    tidy,
};

/// Histories that the simulation plays on each run.
const HISTORIES: &str = "100000";

/// Payments made with two providers at their most hostile on each run, a quarter of them at Mollie.
const PAYMENTS: &str = "100000";

/// What turns on everything that a fleet needs, for those who look at all code.
fn all_features() -> String {
    format!("{},tests/fleet", fleet::features())
}

/// One thing that must pass.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Workspace) -> Result<Tally, Failure>,
}

/// In order: what is quick and fails often comes first.
const STEPS: &[Step] = &[
    Step { name: "fmt", what: "every Rust file is as rustfmt writes it", run: fmt },
    Step {
        name: "tidy",
        what: "imports, banned calls, lengths, dead files, unused dependencies, links",
        run: tidy_step,
    },
    Step { name: "deny", what: "licences, banned crates, sources", run: deny },
    Step {
        name: "manifests",
        what: "Dockerfiles, and what infra/k8s applies: schemas, hardening, policies",
        run: manifests::step,
    },
    Step {
        name: "alerts",
        what: "each alert of infra/observability fires when it should, and only then",
        run: alerts::step,
    },
    Step { name: "clippy", what: "no warning in any target", run: clippy },
    Step { name: "test", what: "unit, contract and in-process tests", run: test },
    Step {
        name: "mongodb",
        what: "the store's contract on a real MongoDB replica set",
        run: mongodb::step,
    },
    Step { name: "nats", what: "the bus's contract on a real NATS server", run: nats::step },
    Step {
        name: "doc",
        what: "examples in doc comments run, and their links lead somewhere",
        run: doc,
    },
    Step { name: "release", what: "the program that users run builds", run: release },
    Step {
        name: "client",
        what: "the web client builds, and passes its own tests",
        run: client_step,
    },
    Step { name: "openapi", what: "docs/openapi.json is what the handlers say", run: openapi_step },
    Step { name: "sim", what: "100,000 simulated histories keep every promise", run: sim },
    Step {
        name: "hostile",
        what: "100,000 payments with two providers at their most hostile: the money adds up",
        run: hostile,
    },
    Step { name: "planted", what: "each bug planted on purpose is caught by them", run: planted },
    Step {
        name: "black-box",
        what: "the real program over HTTP, killed and starved",
        run: black_box,
    },
    Step { name: "fleet", what: "the same suites against a fleet", run: fleet::step },
    Step {
        name: "faults",
        what: "a fleet whose processes are killed, paused, robbed and cut off under load",
        run: fleet::faults,
    },
    Step {
        name: "containers",
        what: "all images, built and run: a purchase through one container, and through the fleet",
        run: containers::step,
    },
    Step { name: "schemathesis", what: "requests made up from the OpenAPI document", run: schema },
    Step { name: "e2e", what: "buyers and sellers in browsers, each page in each state", run: e2e },
    Step {
        name: "lighthouse",
        what: "the main pages are quick, accessible and well made",
        run: lighthouse,
    },
];

/// Which steps to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Choice {
    only: Vec<String>,
    skip: Vec<String>,
    list: bool,
}

impl Choice {
    /// Reads the flags behind `cargo xtask test`.
    ///
    /// # Errors
    /// A sentence about what cannot be understood.
    pub fn read(args: &[String]) -> Result<Self, String> {
        let mut choice = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let names = match arg.as_str() {
                "--list" => {
                    choice.list = true;
                    continue;
                }
                "--only" => &mut choice.only,
                "--skip" => &mut choice.skip,
                other => return Err(format!("`{other}` is no flag of `cargo xtask test`")),
            };
            let name = args.next().ok_or_else(|| format!("{arg} wants the name of a step"))?;
            if !STEPS.iter().any(|step| step.name == name) {
                return Err(format!("`{name}` is no step; --list shows them"));
            }
            names.push(name.clone());
        }
        Ok(choice)
    }

    fn has(&self, step: &Step) -> bool {
        let is_in = |names: &[String]| names.iter().any(|name| name == step.name);
        (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.skip)
    }
}

/// Runs the chosen steps in order, up to the first that fails.
///
/// The last line says how many tests and checks passed and failed; a step that runs no tests counts
/// as one check.
pub fn run(workspace: &Workspace, choice: &Choice) -> ExitCode {
    if choice.list {
        for step in STEPS {
            println!("{:<14}{}", step.name, step.what);
        }
        return ExitCode::SUCCESS;
    }
    let steps: Vec<&Step> = STEPS.iter().filter(|step| choice.has(step)).collect();
    let (mut total, mut times, mut code) = (Tally::default(), Vec::new(), ExitCode::SUCCESS);
    let started = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        println!("\n── {}/{} {}: {}", index + 1, steps.len(), step.name, step.what);
        let began = Instant::now();
        let result = (step.run)(workspace);
        times.push(format!("{} {}", step.name, shown(began.elapsed())));
        match result {
            Ok(tally) => {
                println!("── {} passed in {}", step.name, shown(began.elapsed()));
                total += tally;
            }
            Err(Failure { tally, reason }) => {
                total += tally;
                println!("\n── {} FAILED after {}: {reason}", step.name, shown(began.elapsed()));
                println!("   again: cargo xtask test --only {}", step.name);
                let left: Vec<&str> = steps[index + 1..].iter().map(|step| step.name).collect();
                if !left.is_empty() {
                    println!("   not run: {}", left.join(", "));
                }
                code = ExitCode::FAILURE;
                break;
            }
        }
    }
    println!("\n{}; in all {}", times.join(", "), shown(started.elapsed()));
    println!("{}", closing_line(total));
    code
}

/// The line that people and CI read.
fn closing_line(Tally { passed, failed, skipped }: Tally) -> String {
    match skipped {
        0 => format!("{passed} passed, {failed} failed"),
        _ => format!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
}

fn shown(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

fn fmt(workspace: &Workspace) -> Result<Tally, Failure> {
    program::run(workspace.cargo(["fmt", "--all", "--", "--check"]))
        .map_err(|failure| Failure { reason: "run `cargo fmt --all`".to_owned(), ..failure })
}

fn tidy_step(workspace: &Workspace) -> Result<Tally, Failure> {
    let found = tidy::check(&workspace.root)?;
    for finding in &found {
        println!("{finding}");
    }
    if found.is_empty() {
        return Ok(Tally::PASSED);
    }
    let wraps = "comments that are too long are broken by `cargo xtask tidy --fix`";
    Err(Failure::new(format!("{} findings; {wraps}", found.len())))
}

/// The lists of deny.toml, and cargo-deny itself where it is installed.
pub fn deny(workspace: &Workspace) -> Result<Tally, Failure> {
    let policy = Policy::read(&fs::read_to_string(workspace.root.join("deny.toml"))?);
    let mut command = workspace.cargo(["metadata", "--format-version", "1", "--locked"]);
    for target in &policy.targets {
        command.args(["--filter-platform", target]);
    }
    let metadata = serde_json::from_slice(&program::output(command)?)
        .map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
    let found = policy.judge(&metadata);
    if !found.is_empty() {
        return Err(Failure::new(format!("deny.toml refuses:\n{}", found.join("\n"))));
    }
    if program::succeeds(workspace.cargo(["deny", "--version"])) {
        return program::run(workspace.cargo([
            "deny",
            "--offline",
            "check",
            "bans",
            "licenses",
            "sources",
        ]));
    }
    println!("cargo-deny is not installed; its lists were read without it");
    Ok(Tally::PASSED)
}

fn clippy(workspace: &Workspace) -> Result<Tally, Failure> {
    program::run(workspace.cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        &all_features(),
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The tests that need no running server; those in `tests` do, and come later.
fn test(workspace: &Workspace) -> Result<Tally, Failure> {
    program::run(test_command(
        workspace,
        &["--tests", "--workspace", "--exclude", "tests", "--locked"],
    ))
}

/// nextest where it is installed: a process for each test, with a time limit. Otherwise Cargo's own
/// runner.
pub fn test_command(workspace: &Workspace, choice: &[&str]) -> Command {
    if program::succeeds(workspace.cargo(["nextest", "--version"])) {
        let mut command = workspace.cargo(["nextest", "run", "--no-fail-fast"]);
        command.args(choice);
        return command;
    }
    println!("cargo-nextest is not installed; `cargo test` runs the tests without time limits");
    let mut command = workspace.cargo(["test", "--no-fail-fast"]);
    command.args(choice);
    command
}

fn doc(workspace: &Workspace) -> Result<Tally, Failure> {
    let mut tally = program::run(workspace.cargo(["test", "--workspace", "--doc", "--locked"]))?;
    let mut links = workspace.cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    links.args(["--features", &all_features()]);
    // A map of a crate may lead to what is private in it.
    let lints = "-D warnings -A rustdoc::private_intra_doc_links";
    links.env("RUSTDOCFLAGS", lints);
    tally += program::run(links)?;
    Ok(tally)
}

/// Builds what `cargo run --release` runs.
pub fn release(workspace: &Workspace) -> Result<Tally, Failure> {
    program::run(workspace.cargo(["build", "--release", "--package", "server", "--locked"]))
}

fn client_step(workspace: &Workspace) -> Result<Tally, Failure> {
    release(workspace)?;
    client::step(workspace)
}

fn openapi_step(workspace: &Workspace) -> Result<Tally, Failure> {
    release(workspace)?;
    openapi::step(workspace)
}

/// Built with what users run, which has all that the simulator is made of.
fn sim(workspace: &Workspace) -> Result<Tally, Failure> {
    let packages = ["--package", "server", "--package", "sim"];
    program::run(workspace.cargo(["build", "--release", "--locked"].iter().chain(&packages)))?;
    program::run(workspace.command(workspace.released("sim"), ["--histories", HISTORIES]))
}

/// The same test makes some thousands in the step `test`, where nothing is optimised.
fn hostile(workspace: &Workspace) -> Result<Tally, Failure> {
    let mut command = workspace.cargo(["test", "--release", "--locked", "--package", "payments"]);
    command.args(["--test", "hostile", "i3_i4_i6", "--", "--nocapture"]);
    command.env("PAYMENTS", PAYMENTS);
    program::run(command)
}

/// In the development profile: what users run is not built with bugs, not even by the way.
fn planted(workspace: &Workspace) -> Result<Tally, Failure> {
    program::run(workspace.cargo([
        "run",
        "--locked",
        "--package",
        "sim",
        "--features",
        "planted",
        "--",
        "--planted",
    ]))
}

fn black_box(workspace: &Workspace) -> Result<Tally, Failure> {
    release(workspace)?;
    let mut command = test_command(workspace, &["--package", "tests", "--locked"]);
    command.env("TICKETING_BIN", workspace.ticketing());
    program::run(command)
}

fn schema(workspace: &Workspace) -> Result<Tally, Failure> {
    release(workspace)?;
    schemathesis::step(workspace)
}

fn e2e(workspace: &Workspace) -> Result<Tally, Failure> {
    release(workspace)?;
    browser::e2e(workspace)
}

fn lighthouse(workspace: &Workspace) -> Result<Tally, Failure> {
    release(workspace)?;
    browser::lighthouse(workspace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(args: &[&str]) -> Result<Choice, String> {
        Choice::read(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    fn names(choice: &Choice) -> Vec<&'static str> {
        STEPS.iter().filter(|step| choice.has(step)).map(|step| step.name).collect()
    }

    #[test]
    fn all_steps_run_unless_some_are_chosen_or_left_out() {
        assert_eq!(names(&choice(&[]).unwrap()).len(), STEPS.len());
        assert_eq!(names(&choice(&["--only", "tidy", "--only", "fmt"]).unwrap()), ["fmt", "tidy"]);
        assert!(!names(&choice(&["--skip", "sim"]).unwrap()).contains(&"sim"));
    }

    #[test]
    fn a_flag_or_a_step_that_does_not_exist_is_a_sentence() {
        for args in [&["--fast"][..], &["--only"], &["--only", "tidiness"]] {
            assert!(choice(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn the_closing_line_names_what_was_skipped_only_if_something_was() {
        let tally = Tally { passed: 3, failed: 1, skipped: 0 };
        assert_eq!(closing_line(tally), "3 passed, 1 failed");
        assert_eq!(closing_line(Tally { skipped: 2, ..tally }), "3 passed, 1 failed, 2 skipped");
    }
}
