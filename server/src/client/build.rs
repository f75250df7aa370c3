//! Building the client, once for each state of its sources.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use common::time::Clock;
use tokio::process::Command;

use super::child::{Ends, Group};
use super::files;
use super::folder::{Folder, LOCK_FILE, SERVER};
use super::node::Node;
use super::progress::Progress;
use super::stamp::{self, Stamps};

/// How long one step of a build may take: many times as long as it takes on a slow machine.
const STEP_WITHIN: Duration = Duration::from_secs(15 * 60);

/// How often it is looked whether another start has finished building.
const LOOK_PERIOD: Duration = Duration::from_millis(500);

/// What building is done with.
pub struct Builder<'a> {
    /// Where.
    pub folder: &'a Folder,
    /// By what.
    pub node: &'a Node,
    /// Says how it goes.
    pub progress: &'a Progress,
    /// The time.
    pub clock: &'a Arc<dyn Clock>,
    /// Is told each step.
    pub tell: &'a (dyn Fn(&'static str) + Sync),
}

impl Builder<'_> {
    /// Builds the client if its sources are not those of the last build; whether it had to.
    ///
    /// # Errors
    /// With a sentence that says what to do, and the last lines of what went wrong.
    pub async fn build(&self) -> Result<bool, String> {
        let path = &self.folder.path;
        if !self.folder.has_sources {
            return Ok(false);
        }
        // The file that says what to install is locked while it is done. Programs that build have
        // the same lock as their standard input: if we are killed, it lasts as long as they do.
        let lock = File::open(path.join(LOCK_FILE));
        let lock = lock.map_err(|error| format!("{LOCK_FILE} cannot be read: {error}"))?;
        self.locked(&lock).await?;
        let stamps = tokio::task::block_in_place(|| Stamps::of(path, self.node))?;
        if stamps.is_built(path) && path.join(SERVER).is_file() {
            return Ok(false);
        }
        let npm = self.node.npm()?;
        let noted = |error| format!("{} cannot be written: {error}", path.display());
        stamp::unbuilt(path).map_err(noted)?;
        if !stamps.is_installed(path) {
            let install = ["ci", "--no-audit", "--no-fund", "--include=dev"];
            self.step("installing packages", &npm, &install, &lock).await?;
            stamps.installed(path).map_err(noted)?;
        }
        self.step("building pages", &npm, &["run", "build"], &lock).await?;
        if !path.join(SERVER).is_file() {
            return Err(format!("`npm run build` succeeded and left no {SERVER}"));
        }
        (self.tell)("compressing files");
        let compressing = async { tokio::task::block_in_place(|| compressed(path)) };
        self.progress.during("compressing files", compressing).await?;
        stamps.built(path).map_err(noted)?;
        Ok(true)
    }

    /// Waits until nobody else builds.
    async fn locked(&self, lock: &File) -> Result<(), String> {
        let mut waiting = false;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) if waiting => {}
                Err(TryLockError::WouldBlock) => {
                    waiting = true;
                    (self.tell)("another start is building them");
                    self.progress.say("Web client: another start is building it; waiting for that");
                }
                Err(TryLockError::Error(error)) => {
                    return Err(format!("{LOCK_FILE} cannot be locked: {error}"));
                }
            }
            self.clock.sleep(LOOK_PERIOD).await;
        }
    }

    async fn step(
        &self,
        what: &'static str,
        npm: &Path,
        arguments: &[&str],
        lock: &File,
    ) -> Result<(), String> {
        (self.tell)(what);
        let shown = format!("npm {}", arguments.join(" "));
        let not_run = |error: std::io::Error| format!("`{shown}` cannot be run: {error}");
        let mut command = Command::new(&self.node.program);
        command.arg(npm).args(arguments).current_dir(&self.folder.path);
        command.env("PATH", self.node.search_path());
        // What is only needed for building is installed too, whatever the environment says.
        command.env_remove("NODE_ENV").env("NEXT_TELEMETRY_DISABLED", "1").env("CI", "1");
        command.stdin(Stdio::from(lock.try_clone().map_err(not_run)?));
        let mut group = Group::start(&mut command).map_err(not_run)?;
        let mut said = Ends::default();
        let running = async {
            group
                .read(|_, line| {
                    tracing::debug!(target: "client", line);
                    said.push(line);
                })
                .await;
            group.child.wait().await
        };
        let ended = tokio::time::timeout(STEP_WITHIN, self.progress.during(what, running)).await;
        let outcome = match ended {
            Ok(Ok(status)) if status.success() => return Ok(()),
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it takes too long".to_owned(),
        };
        let (said, path) = (said.shown(), self.folder.path.display());
        Err(format!(
            "the web client could not be built: `{shown}` in {path} failed ({outcome}). It \
             said:\n{said}Put that right and run `ticketing build-client`, or start with --client \
             off; the API is served without it"
        ))
    }
}

fn compressed(path: &Path) -> Result<(), String> {
    for (folder, _) in files::folders(path) {
        // Sources stay as they are.
        if folder.starts_with(path.join(".next")) {
            files::compress(&folder)?;
        }
    }
    Ok(())
}
