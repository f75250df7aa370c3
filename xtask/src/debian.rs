//! Packages of Debian, which some steps install where they may.

use crate::program::{self, Failure, Workspace};

/// Installs `package`, as root on Debian.
///
/// # Errors
/// With `advice`, where that is not possible.
pub fn install(workspace: &Workspace, package: &str, advice: &str) -> Result<(), Failure> {
    let is_root = program::output(workspace.command("id", ["-u"]))
        .is_ok_and(|said| said.trim_ascii() == b"0");
    if !is_root || !program::succeeds(workspace.command("apt-get", ["--version"])) {
        return Err(Failure::new(advice));
    }
    println!("installing {package}");
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", package]] {
        let mut command = workspace.command("apt-get", arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        let explain = |failure: Failure| Failure {
            reason: format!("{}\n{advice}", failure.reason),
            ..failure
        };
        program::output(command).map_err(explain)?;
    }
    Ok(())
}
