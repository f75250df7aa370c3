//! What images are built on. An engine with a network pulls it; our own, where it cannot, gets a
//! stand-in under the same name, made of Debian's packages and programs of this machine. It shows
//! that our part of an image works, not that the makers' part does.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::engine::Engine;
use crate::program::{self, Failure, Workspace};

/// What the image with everything is built on.
const NODE: &str = "node:22-bookworm-slim";

/// Debian with what Node.js needs.
const DEBOOTSTRAP: &[&str] =
    &["--variant=minbase", "--include=libstdc++6,ca-certificates", "bookworm"];

/// Pulls what is missing, or makes a stand-in.
///
/// # Errors
/// When neither can be done.
pub fn provide(workspace: &Workspace, engine: &Engine) -> Result<(), Failure> {
    // Others pull by themselves, when they build.
    if !engine.is_own() || program::succeeds(engine.docker(["image", "inspect", NODE])) {
        return Ok(());
    }
    if program::succeeds(engine.docker(["pull", "--quiet", NODE])) {
        return Ok(());
    }
    println!("{NODE} cannot be pulled; a stand-in is made of Debian and this machine's Node.js");
    let root = workspace.target.join("containers/root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let mut debootstrap = workspace.command("/usr/sbin/debootstrap", DEBOOTSTRAP);
    debootstrap.arg(&root);
    program::output(debootstrap)?;
    let find = workspace.command("node", ["--print", "process.execPath"]);
    let node = String::from_utf8_lossy(&program::output(find)?).trim().to_owned();
    fs::copy(node, root.join("usr/bin/node"))?;
    import(engine, &root, NODE)?;
    Ok(fs::remove_dir_all(&root)?)
}

fn import(engine: &Engine, root: &Path, name: &str) -> Result<(), Failure> {
    let mut tar = Command::new("tar");
    tar.arg("--directory").arg(root).args(["--create", "."]).stdout(Stdio::piped());
    let mut tar = tar.spawn()?;
    let mut import = engine.docker(["import", "-", name]);
    if let Some(archive) = tar.stdout.take() {
        import.stdin(archive);
    }
    program::output(import)?;
    if tar.wait()?.success() { Ok(()) } else { Err(Failure::new("tar could not read it all")) }
}
