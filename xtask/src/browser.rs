//! The web client in a browser: client/e2e on the release build, with the system's Chromium.

use std::fs;
use std::process::Command;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;
use crate::{client, debian};

/// Where Debian and its children put it.
const CHROMIUM: [&str; 3] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Which packages are installed below client/e2e: a copy of the lock file that they came from.
const INSTALLED: &str = "node_modules/.installed-lock.json";

/// Flows of buyers and sellers, each page in each state, and the core flows without scripts.
const FLOWS: [&str; 4] = ["desktop", "phone", "plain", "states"];

/// Runs the end-to-end tests.
///
/// # Errors
/// When something that they need cannot be installed, or a test fails.
pub fn e2e(workspace: &Workspace) -> Result<Tally, Failure> {
    prepare(workspace)?;
    let mut tally = program::run(npm(workspace, &["run", "check"]))?;
    tally += program::run(playwright(workspace, &FLOWS))?;
    Ok(tally)
}

/// Has Lighthouse rate the main pages. What it says of their speed is printed and not judged.
///
/// # Errors
/// When something that it needs cannot be installed, or a page is rated below what it should be.
pub fn lighthouse(workspace: &Workspace) -> Result<Tally, Failure> {
    prepare(workspace)?;
    program::run(playwright(workspace, &["lighthouse"]))
}

/// The same, and judges their speed: for a machine that has nothing else to do.
///
/// # Errors
/// As [`lighthouse`].
pub fn rate(workspace: &Workspace) -> Result<Tally, Failure> {
    prepare(workspace)?;
    let mut command = playwright(workspace, &["lighthouse"]);
    command.env("TICKETING_JUDGE_SPEED", "1");
    program::run(command)
}

/// Makes docs/screenshots anew.
///
/// # Errors
/// When something that it needs cannot be installed, or a page does not come out.
pub fn screenshots(workspace: &Workspace) -> Result<Tally, Failure> {
    prepare(workspace)?;
    program::run(playwright(workspace, &["screenshots"]))
}

fn prepare(workspace: &Workspace) -> Result<(), Failure> {
    chromium(workspace)?;
    packages(workspace)?;
    program::run(client::build(workspace)).map(drop)
}

fn playwright(workspace: &Workspace, projects: &[&str]) -> Command {
    let mut command = npm(workspace, &["test", "--"]);
    command.args(projects.iter().map(|project| format!("--project={project}")));
    command.env("TICKETING_BIN", workspace.ticketing());
    command
}

fn npm(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.command("npm", arguments);
    command.current_dir(workspace.root.join("client/e2e"));
    command
}

/// Installs the packages that the lock file names, unless they are there.
fn packages(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.root.join("client/e2e");
    let lock = fs::read(folder.join("package-lock.json"))?;
    if fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing what drives the browser into {}", folder.display());
    let mut install = npm(workspace, &["ci", "--no-audit", "--no-fund"]);
    install.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    let advice = "the end-to-end tests need npm and its registry: let npm reach it, or run the \
                  other steps with --skip e2e --skip lighthouse";
    program::output(install).map_err(|failure| explain(failure, advice))?;
    fs::write(folder.join(INSTALLED), lock)?;
    Ok(())
}

/// Installs Chromium where it is missing and one may.
fn chromium(workspace: &Workspace) -> Result<(), Failure> {
    let is_there = || CHROMIUM.iter().any(|path| fs::exists(path).unwrap_or(false));
    if std::env::var_os("CHROMIUM").is_some() || is_there() {
        return Ok(());
    }
    let advice = "the end-to-end tests need Chromium: on Debian `apt-get install chromium` as \
                  root, elsewhere name yours with CHROMIUM, or run the other steps with --skip \
                  e2e --skip lighthouse";
    debian::install(workspace, "chromium", advice)?;
    if is_there() { Ok(()) } else { Err(Failure::new(advice)) }
}

fn explain(failure: Failure, advice: &str) -> Failure {
    Failure { reason: format!("{}\n{advice}", failure.reason), ..failure }
}
