//! Ends everything that a fleet has started when the fleet ends, however that happens.
//!
//! A process of its own that does nothing but read which processes there are from a pipe. The
//! system closes the pipe when the fleet is gone, `kill -9` included; what is still there then is
//! killed.

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

/// Reads lines `+PID` and `-PID` until there are no more, and kills whom it knows.
pub fn hold() {
    let mut held = BTreeSet::new();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let (sign, number) = line.split_at_checked(1).unwrap_or_default();
        let Some(pid) = number.parse().ok().and_then(Pid::from_raw) else { continue };
        match sign {
            "+" => held.insert(pid.as_raw_nonzero()),
            _ => held.remove(&pid.as_raw_nonzero()),
        };
    }
    for pid in held.into_iter().filter_map(|pid| Pid::from_raw(pid.get())) {
        // One that has just ended by itself is as good.
        kill_process(pid, Signal::KILL).unwrap_or_default();
    }
}

/// The end of the pipe that the fleet holds.
pub struct Leash {
    pipe: Mutex<ChildStdin>,
    _holder: Child,
}

impl Leash {
    /// Starts the process at the other end: this program once more.
    ///
    /// # Errors
    /// With a sentence, where it cannot be started.
    pub fn take(program: &std::path::Path) -> Result<Self, String> {
        use std::os::unix::process::CommandExt as _;
        let failed = |error: std::io::Error| format!("{}: {error}", program.display());
        let mut command = Command::new(program);
        command.arg("--leash").stdin(Stdio::piped()).stdout(Stdio::null());
        // In a group of its own, so that a Ctrl-C does not end it first.
        let mut holder = command.process_group(0).spawn().map_err(failed)?;
        let pipe = holder.stdin.take().ok_or("the leash has no pipe")?;
        Ok(Self { pipe: Mutex::new(pipe), _holder: holder })
    }

    /// This process is to end with the fleet.
    pub fn hold(&self, pid: u32) {
        self.say('+', pid);
    }

    /// This process has ended.
    pub fn let_go(&self, pid: u32) {
        self.say('-', pid);
    }

    fn say(&self, sign: char, pid: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(pipe, "{sign}{pid}") {
            tracing::warn!(%error, "the leash is gone: a kill -9 would leave processes behind");
        }
    }
}
