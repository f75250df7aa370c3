//! What publishers, members and the writer share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::log::Log;
use crate::bus::{BusDown, Message};

/// Room for what waits for the file, in bytes: bodies, and [`MESSAGE_ROOM`] for each message.
/// Publishers that find none wait their turn.
const ROOM: usize = 32 << 20;

/// What a message takes of the room beside its body; it bounds how many small ones can wait: to
/// 8,192.
const MESSAGE_ROOM: usize = 4 << 10;

/// Troubles that a test orders from a bus, where the machine has none to offer.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Faults {
    /// Every transaction fails.
    pub fail_writes: AtomicBool,
}

impl Faults {
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        if !self.fail_writes.load(Ordering::Relaxed) {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
        let text = "a fault that a test ordered".to_owned();
        Err(rusqlite::Error::SqliteFailure(code, Some(text)))
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    log: Mutex<Log>,
    /// Wakes the writer.
    pub(super) wake: Condvar,
    room: Semaphore,
    pub(super) faults: Faults,
}

impl Shared {
    pub(super) fn new(log: Log) -> Self {
        let (wake, room) = (Condvar::new(), Semaphore::new(ROOM));
        Self { log: Mutex::new(log), wake, room, faults: Faults::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        // Nothing that holds the lock can panic half-way, so a poisoned lock is still whole.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `change` to the log and wakes the writer if that gave it work.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let mut log = self.lock();
        let outcome = change(&mut log);
        let wakes = log.wakes_writer();
        drop(log);
        if wakes {
            self.wake.notify_one();
        }
        outcome
    }

    pub(super) async fn publish(&self, messages: Vec<Message>) -> Result<(), BusDown> {
        // Asked before the wait for room too: a bus that is down has none to give.
        self.lock().check()?;
        let bytes: usize = messages.iter().map(|message| message.body.len() + MESSAGE_ROOM).sum();
        let room = bytes.min(ROOM);
        let permit = self.room.acquire_many(u32::try_from(room).unwrap_or(u32::MAX)).await;
        let permit = permit.map_err(|_| BusDown("it is closed".to_owned()))?;
        let written = self.change(|log| {
            log.check()?;
            Ok(log.append(messages, room))
        })?;
        let Some(written) = written else {
            return Ok(());
        };
        // Given back by the writer, whether or not somebody still waits here.
        permit.forget();
        written.await.map_err(|_| self.reason())
    }

    pub(super) fn give_room(&self, room: usize) {
        self.room.add_permits(room);
    }

    /// Why something came to nothing.
    pub(super) fn reason(&self) -> BusDown {
        let recovered = BusDown("its file failed for a moment".to_owned());
        self.lock().check().err().unwrap_or(recovered)
    }

    pub(super) fn ask_to_close(&self) {
        self.change(Log::ask_to_close);
    }

    /// Serves nothing any more.
    pub(super) fn close(&self) {
        let room = self.lock().close();
        self.give_room(room);
        self.room.close();
    }
}
