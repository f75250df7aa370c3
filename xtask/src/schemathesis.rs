//! schemathesis: requests made up from the OpenAPI document, and every answer held against it.

use std::process::Command;

use crate::program::{self, Failure, Workspace};
use crate::server::Server;
use crate::tally::Tally;

/// The release that the step was written for; another may find other things on another day.
const VERSION: &str = "4.32.5";
/// One seed for every run, so that a change is judged by what it changed; `TICKETING_SEED` sets
/// another.
const SEED: &str = "1";
/// Cases for each operation and phase: what two cores do in about three minutes.
const MAX_EXAMPLES: &str = "50";
/// Routes that end the session that the rest of the run needs, or that answer as long as somebody
/// listens.
const APART: &str = "/(signout|signout-everywhere|change-password|me|live)$";

/// Installs schemathesis where it is missing, and runs it against a server of its own.
///
/// # Errors
/// When it cannot be installed, the server does not start, or an answer is not as the document
/// says.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    install(workspace)?;
    let server = Server::start(workspace, &folder(workspace))?;
    let mut tally = run(workspace, &server, "reader@example.com", "--exclude-path-regex")?;
    // These get a session of their own, and no phase that feeds one's answers to another.
    tally += run(workspace, &server, "leaver@example.com", "--include-path-regex")?;
    Ok(tally)
}

fn run(
    workspace: &Workspace,
    server: &Server,
    email: &str,
    choice: &str,
) -> Result<Tally, Failure> {
    let session = format!("Cookie: session={}", server.sign_up(email)?);
    let document = format!("http://{}/api/openapi.json", server.address);
    let seed = std::env::var("TICKETING_SEED").unwrap_or_else(|_| SEED.to_owned());
    let is_apart = choice.starts_with("--include");
    let phases =
        if is_apart { "examples,coverage,fuzzing" } else { "examples,coverage,fuzzing,stateful" };
    let mut command = tool(workspace);
    command.arg("--config-file").arg(workspace.root.join("xtask/schemathesis.toml"));
    // Every check runs unless the file says otherwise: naming them here would overrule the file.
    command.args(["run", &document, "--header", &session, choice, APART]);
    command.args(["--phases", phases, "--max-examples", MAX_EXAMPLES, "--seed", &seed]);
    command.args(["--workers", "2", "--generation-database", "none", "--no-color"]);
    program::run(command).map_err(|failure| {
        let again = format!("TICKETING_SEED={seed} cargo xtask test --only schemathesis");
        Failure { reason: format!("{}; again: {again}", failure.reason), ..failure }
    })
}

fn folder(workspace: &Workspace) -> std::path::PathBuf {
    workspace.target.join("schemathesis")
}

fn tool(workspace: &Workspace) -> Command {
    workspace.command(folder(workspace).join("venv/bin/schemathesis"), [""; 0])
}

/// Makes a virtual environment below the target folder, unless it is there already.
fn install(workspace: &Workspace) -> Result<(), Failure> {
    let mut version = tool(workspace);
    version.arg("--version");
    let is_there = |said: Vec<u8>| String::from_utf8_lossy(&said).contains(VERSION);
    if program::output(version).is_ok_and(is_there) {
        return Ok(());
    }
    println!("installing schemathesis {VERSION} into {}", folder(workspace).display());
    let venv = folder(workspace).join("venv");
    let mut create = workspace.command("python3", ["-m", "venv", "--clear"]);
    create.arg(&venv);
    let advice = "schemathesis needs Python 3.10 or newer with venv; on Debian: \
                  apt-get install python3 python3-venv";
    program::output(create).map_err(|failure| explain(failure, advice))?;
    let pip = venv.join("bin/pip");
    let package = format!("schemathesis=={VERSION}");
    let install =
        workspace.command(pip, ["install", "--quiet", "--disable-pip-version-check", &package]);
    let advice = "schemathesis comes from PyPI: let pip reach it, or run the other steps with \
                  --skip schemathesis";
    program::output(install).map_err(|failure| explain(failure, advice))?;
    Ok(())
}

fn explain(failure: Failure, advice: &str) -> Failure {
    Failure { reason: format!("{}\n{advice}", failure.reason), ..failure }
}
