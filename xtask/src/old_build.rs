//! The services as an earlier commit has them, for trying out old and new side by side.
//!
//! It is that commit itself, built: nothing that this tree could imitate would have its mistakes.
//! It shares Cargo's target folder with this tree, so that only our own crates are compiled again,
//! and is kept there.

use std::fs;
use std::path::PathBuf;

use crate::fleet;
use crate::program::{self, Failure, Workspace};
use crate::tidy::SERVICES;

/// The build that this one must work beside: the newest that somebody may run. Move it with each
/// release, to the release before.
const COMMIT: &str = "3afa2ec0bce892492a54283568d4b85cc0261b87";

/// A folder with the programs of an earlier build, for those who have one.
const PROGRAMS: &str = "TICKETING_TEST_OLD_PROGRAMS";

/// Builds the earlier services, unless they are there; returns where they are, or nothing where the
/// sources came without their history and it is not to be had. Build this tree's own after them:
/// the programs of both have the same names.
///
/// # Errors
/// When the commit does not build.
pub fn programs(workspace: &Workspace) -> Result<Option<PathBuf>, Failure> {
    if let Some(folder) = std::env::var_os(PROGRAMS).filter(|folder| !folder.is_empty()) {
        return Ok(Some(PathBuf::from(folder)));
    }
    let home = workspace.target.join("old-build");
    let folder = home.join(COMMIT);
    if SERVICES.iter().all(|service| folder.join(service).is_file()) {
        return Ok(Some(folder));
    }
    if !is_here(workspace) {
        return Ok(None);
    }
    let source = home.join("source");
    if source.exists() {
        fs::remove_dir_all(&source)?;
    }
    fs::create_dir_all(&source)?;
    let archive = home.join("source.tar");
    let mut git = workspace.command("git", ["archive", "--format=tar", "--output"]);
    git.arg(&archive).arg(COMMIT);
    program::output(git)?;
    let mut unpack = workspace.command("tar", ["-xf"]);
    unpack.arg(&archive).arg("-C").arg(&source);
    program::output(unpack)?;
    let mut cargo = fleet::build_command(workspace);
    cargo.current_dir(&source).arg("--target-dir").arg(&workspace.target);
    program::run(cargo)?;
    fs::create_dir_all(&folder)?;
    for service in SERVICES {
        fs::copy(workspace.released(service), folder.join(service))?;
    }
    Ok(Some(folder))
}

/// Whether the commit is in this clone, once the rest of its history has been asked for where it
/// was cloned without.
fn is_here(workspace: &Workspace) -> bool {
    let commit = format!("{COMMIT}^{{commit}}");
    let is_known =
        || program::succeeds(workspace.command("git", ["cat-file", "-e", commit.as_str()]));
    let fetched = || program::succeeds(workspace.command("git", ["fetch", "--unshallow"]));
    if is_known() || (fetched() && is_known()) {
        return true;
    }
    println!(
        "the services of an earlier build are made from commit {COMMIT}, and there is no such \
         commit here: clone with all of the history, or name a folder with such programs in \
         {PROGRAMS}"
    );
    false
}
