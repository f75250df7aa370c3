//! What takes long says so, and how long it has taken.

use std::future::Future;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use common::time::{Clock, Timestamp};

/// How often a line on a terminal is written anew.
const TICK: Duration = Duration::from_secs(1);

/// How often a line is written where there is no terminal, in ticks.
const TICKS_PER_LINE: u32 = 15;

/// Lines on standard output.
#[derive(Clone)]
pub struct Progress {
    clock: Arc<dyn Clock>,
    is_terminal: bool,
}

impl Progress {
    /// On standard output, whatever that is.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, is_terminal: std::io::stdout().is_terminal() }
    }

    /// Writes a line.
    pub fn say(&self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    /// Waits for `work`, and says meanwhile that `what` is being done, and for how long.
    pub async fn during<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        let began = self.clock.now();
        if !self.is_terminal {
            self.say(&format!("Web client: {what} …"));
        }
        tokio::pin!(work);
        let mut ticks = 0_u32;
        let outcome = loop {
            let passed = self.passed(began);
            if self.is_terminal {
                self.write(&format!("\r\x1b[2KWeb client: {what} … {passed}"));
            } else if ticks > 0 && ticks.is_multiple_of(TICKS_PER_LINE) {
                self.say(&format!("Web client: {what} … {passed}"));
            }
            tokio::select! {
                outcome = &mut work => break outcome,
                () = self.clock.sleep(TICK) => ticks += 1,
            }
        };
        let passed = self.passed(began);
        let again = if self.is_terminal { "\r\x1b[2K" } else { "" };
        self.write(&format!("{again}Web client: {what}: {passed}\n"));
        outcome
    }

    fn passed(&self, since: Timestamp) -> String {
        let millis = self.clock.now().as_millis().saturating_sub(since.as_millis()).max(0);
        match millis / 1_000 {
            seconds @ 0..60 => format!("{seconds} s"),
            seconds => format!("{} min {} s", seconds / 60, seconds % 60),
        }
    }

    fn write(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever started it has closed the pipe, and does not want to know.
            tracing::debug!(%error, "standard output cannot be written");
        }
    }
}
