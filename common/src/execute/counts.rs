//! What an engine counts.

use crate::metrics::table::{COMMANDS_OVERLOADED, COMMANDS_TOGETHER, COMMIT_SECONDS, COMMITS};
use crate::metrics::{Counter, Histogram, Meters, Stopwatch};
use crate::store::CommitError;

pub(super) struct Counts {
    committed: Counter,
    conflict: Counter,
    unknown: Counter,
    unavailable: Counter,
    overloaded: Counter,
    seconds: Histogram,
    together: Histogram,
}

impl Counts {
    pub(super) fn of(meters: &Meters) -> Self {
        let outcome = |outcome| meters.counter(&COMMITS, &[outcome]);
        Self {
            committed: outcome("committed"),
            conflict: outcome("conflict"),
            unknown: outcome("unknown"),
            unavailable: outcome("unavailable"),
            overloaded: meters.counter(&COMMANDS_OVERLOADED, &[]),
            seconds: meters.histogram(&COMMIT_SECONDS, &[]),
            together: meters.histogram(&COMMANDS_TOGETHER, &[]),
        }
    }

    /// A batch goes to the store.
    pub(super) fn begin(&self) -> Stopwatch {
        self.seconds.start()
    }

    /// The store has said what became of a batch of so many commands.
    pub(super) fn end(&self, begun: Stopwatch, outcome: &Result<(), CommitError>, commands: usize) {
        self.seconds.stop(begun);
        match outcome {
            Ok(()) => {
                self.committed.inc();
                self.together.observe_count(commands);
            }
            Err(CommitError::Conflict) => self.conflict.inc(),
            Err(CommitError::Unknown(_)) => self.unknown.inc(),
            Err(CommitError::Unavailable(_)) => self.unavailable.inc(),
        }
    }

    /// A command was turned away.
    pub(super) fn overloaded(&self) {
        self.overloaded.inc();
    }
}
