//! Developer commands: `cargo xtask test` and its parts.
//!
//! - [`steps`]: what `cargo xtask test` runs, in order, on [`program`] and [`tally`].
//! - [`mod@tidy`]: the rules of this repository that neither rustc nor clippy knows.
//! - [`mod@deny`]: licences, banned crates and sources.
//! - [`mod@client`]: the web client, built, linted and tested; [`browser`]: tried in one.
//! - [`mod@mongodb`]: a real server for the store that runs on one.
//! - [`mod@fleet`]: the marketplace as a fleet on this machine, and the suites against it;
//! - [`mod@alerts`]: the alert rules of `infra/observability`, played through.
//! - [`mod@containers`]: the images of `infra/docker`, built, run, and bought through.
//! - [`mod@manifests`]: what `infra/k8s` applies, rendered and judged.
//! - [`debian`]: packages that some steps install where they may.
//! - [`openapi`], [`schemathesis`], [`server`]: the HTTP contract, generated and tried.

mod alerts;
mod browser;
mod client;
mod containers;
mod debian;
mod deny;
mod fleet;
mod manifests;
mod mongodb;
mod nats;
mod old_build;
mod openapi;
mod program;
mod schemathesis;
mod server;
mod steps;
mod tally;
mod tidy;

use std::process::ExitCode;

use program::{Failure, Workspace};

const USAGE: &str = "\
cargo xtask test [--only STEP]… [--skip STEP]… [--list]   everything that must pass
cargo xtask tidy [--fix [PATH]…]   the rules of this repository; --fix breaks long comments
cargo xtask deny                   licences, banned crates, sources
cargo xtask openapi                write docs/openapi.json anew
cargo xtask screenshots            make docs/screenshots anew
cargo xtask lighthouse             rate the main pages, their speed too; on an idle machine
cargo xtask fleet [--no-client] [ARGS]…   the fleet on this machine; --help lists ARGS
cargo xtask bench [--fleet] [ARGS]…   build for release and measure; ARGS go to the bench";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let workspace = Workspace::find();
    let (command, rest) = args.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let result = match command {
        "test" => match steps::Choice::read(rest) {
            Ok(choice) => return steps::run(&workspace, &choice),
            Err(sentence) => Err(Failure::new(format!("{sentence}\n{USAGE}"))),
        },
        "tidy" => tidy(&workspace, rest),
        "deny" => steps::deny(&workspace).map(drop),
        "openapi" => steps::release(&workspace).and_then(|_| openapi::regenerate(&workspace)),
        "lighthouse" => {
            steps::release(&workspace).and_then(|_| browser::rate(&workspace)).map(drop)
        }
        "screenshots" => {
            steps::release(&workspace).and_then(|_| browser::screenshots(&workspace)).map(drop)
        }
        "fleet" => fleet::run(&workspace, rest),
        "bench" => bench(&workspace, rest),
        "--help" | "-h" | "help" => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Failure::new(USAGE)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.reason);
            ExitCode::FAILURE
        }
    }
}

fn tidy(workspace: &Workspace, args: &[String]) -> Result<(), Failure> {
    if let Some(("--fix", below)) = args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        for path in tidy::fix(&workspace.root, below)? {
            println!("{path}: comments broken");
        }
    } else if let Some(other) = args.first() {
        return Err(Failure::new(format!("`{other}` is no flag of `cargo xtask tidy`\n{USAGE}")));
    }
    let found = tidy::check(&workspace.root)?;
    for finding in &found {
        println!("{finding}");
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} findings", found.len())))
}

/// `--fleet` is ours; everything else goes to the bench.
fn bench(workspace: &Workspace, args: &[String]) -> Result<(), Failure> {
    let measured = args.iter().filter(|arg| *arg != "--fleet");
    let mut command = workspace.cargo(["run", "--release", "--package", "bench", "--"]);
    command.args(measured);
    if args.iter().any(|arg| arg == "--fleet") {
        return fleet::bench(workspace, command);
    }
    steps::release(workspace)?;
    command.env("TICKETING_BIN", workspace.ticketing());
    program::run(command).map(drop)
}
