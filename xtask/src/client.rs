//! The web client: built as its users' first start builds it, then held to its own rules and tests.

use std::process::Command;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// Builds client/ with the release build of the program, and runs its linters and tests.
///
/// # Errors
/// When there is no Node.js that would do, or something of it does not pass.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    if !program::succeeds(workspace.command("npm", ["--version"])) {
        return Err(Failure::new(
            "the web client needs Node.js 20.9 or newer with npm: install it from \
             https://nodejs.org, or leave this step out with --skip client",
        ));
    }
    let mut tally = program::run(build(workspace))?;
    for script in [&["run", "lint"][..], &["test"]] {
        tally += program::run(npm(workspace, script))?;
    }
    Ok(tally)
}

/// The program's own build of the client, which does nothing where it is built already.
///
/// It says by itself which Node.js it needs. The packages that it installs are those that the
/// linters and tests run with.
pub fn build(workspace: &Workspace) -> Command {
    let mut build = workspace.command(workspace.ticketing(), ["build-client"]);
    build.arg("--client").arg(workspace.root.join("client"));
    build
}

fn npm(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.command("npm", arguments);
    command.current_dir(workspace.root.join("client"));
    command
}
