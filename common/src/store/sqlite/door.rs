//! Whether the store serves at all (I30), and faults to order for the tests of that.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::Unavailable;

/// Open, or shut for a reason. It shuts at the first sign of trouble with the file and opens again
/// when the writer thread has proved that a write reaches the disk.
#[derive(Debug)]
pub(super) struct Door {
    open: AtomicBool,
    reason: Mutex<String>,
}

impl Door {
    pub(super) fn new() -> Self {
        Self {
            open: AtomicBool::new(true),
            reason: Mutex::new("the store is shutting down".to_owned()),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(super) fn check(&self) -> Result<(), Unavailable> {
        if self.is_open() { Ok(()) } else { Err(self.reason()) }
    }

    /// What to tell those who are turned away.
    pub(super) fn reason(&self) -> Unavailable {
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        Unavailable(reason.clone())
    }

    pub(super) fn shut(&self, reason: String) {
        tracing::error!(%reason, "the store shuts its door");
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        self.open.store(false, Ordering::Release);
    }

    pub(super) fn reopen(&self) {
        tracing::info!("the store opens its door again");
        self.open.store(true, Ordering::Release);
    }
}

/// Troubles that a test orders from a store, where the machine has none to offer.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Faults {
    /// The next group of batches fails before its COMMIT.
    pub fail_write: AtomicBool,
    /// The next COMMIT fails and leaves nothing behind.
    pub lose_commit: AtomicBool,
    /// The next COMMIT takes effect and reports a failure.
    pub hide_commit: AtomicBool,
    /// Every attempt to open the door again fails.
    pub stay_shut: AtomicBool,
    /// Most pages that the file may have from the next opening of the connections on; 0 for no
    /// limit.
    pub max_pages: AtomicU32,
    /// How often the store has tried to open its door again, for tests to wait for.
    pub attempts: AtomicU32,
}

impl Faults {
    /// Whether `fault` was ordered; it happens once.
    pub(super) fn strikes(fault: &AtomicBool) -> bool {
        fault.load(Ordering::Relaxed) && fault.swap(false, Ordering::Relaxed)
    }

    /// The error that an ordered fault shows.
    pub(super) fn error() -> rusqlite::Error {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
        rusqlite::Error::SqliteFailure(code, Some("a fault that a test ordered".to_owned()))
    }
}
