//! The one thread that writes.
//!
//! It takes everything that waits, puts it into one transaction, syncs once, publishes, and only
//! then answers. While the disk syncs the next group gathers, so the busier the store, the cheaper
//! a commit.
//!
//! Whatever goes wrong with the file shuts the door (I30): the connections are dropped, the cache
//! is forgotten, and nobody is served until an attempt, made every [`RETRY_PERIOD`], has opened the
//! file anew, moved what the log holds into it and proved that a write reaches the disk. A batch
//! whose COMMIT failed may turn out to be there after all, hence `Unknown`; by the time the door
//! opens, that is settled for good.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Result};
use tokio::sync::oneshot;

use super::Shared;
use super::batch::{Transaction, Updates, Written};
use super::door::Faults;
use crate::store::{Batch, CommitError, Unavailable};

/// Most batches in one transaction: its last batch waits for all of them.
const MAX_GROUP: usize = 1_024;

/// How soon after a failure, and then how often, the store tries to open its door again.
const RETRY_PERIOD: Duration = Duration::from_millis(250);

/// A checkpoint is due when the log has this many pages (16 MiB): the longer the log, the more
/// changes of a page are moved as one and the fewer commits wait some 20 ms for it to be moved; but
/// the longer a start after a crash, and the more room it takes to open the door again after the
/// disk was full.
const CHECKPOINT_PAGES: u32 = 4_096;

/// A batch and who waits for what becomes of it.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<(), CommitError>>,
}

type Outcome = Result<(), CommitError>;

/// Why a group came to nothing.
enum Failure {
    /// Before it was committed: it is not there.
    Write(rusqlite::Error),
    /// At its COMMIT: it may be.
    Commit(rusqlite::Error),
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    /// `None` while the door is shut.
    connection: Option<Connection>,
    log_pages: Arc<AtomicU32>,
    /// The length of the log at which the next checkpoint is due.
    checkpoint_at: u32,
    written: Written,
    updates: Updates,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        connection: Connection,
        log_pages: Arc<AtomicU32>,
    ) -> Self {
        Self {
            written: Written::new(shared.tables.len()),
            shared,
            connection: Some(connection),
            log_pages,
            checkpoint_at: CHECKPOINT_PAGES,
            updates: Updates::new(),
        }
    }

    /// Serves until the queue is closed and drained.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        while let Some(group) = shared.commits.take(MAX_GROUP) {
            if shared.door.is_open() {
                self.commit(group);
                self.checkpoint_if_due();
            } else {
                turn_away(group, &shared.door.reason());
            }
            if !shared.door.is_open() && !self.open_again() {
                return;
            }
        }
        // Readers leave before the writer does: only the last connection to go, and one that
        // writes, moves the log into the file and removes it.
        for slot in &shared.readers {
            drop(shared.reader(slot).take());
        }
    }

    fn commit(&mut self, group: VecDeque<Commit>) {
        if group.is_empty() {
            return;
        }
        let (batches, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|commit| (commit.batch, commit.answer)).unzip();
        let failed = match self.write_all(batches) {
            Ok(outcomes) => {
                self.shared.documents.publish(self.written.drain());
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // Whoever asked may have gone away; what was written stays written.
                    drop(answer.send(outcome));
                }
                return;
            }
            Err(failure) => failure,
        };
        let outcome = match failed {
            Failure::Write(error) => {
                self.shared.door.shut(format!("a write failed: {error}"));
                CommitError::Unavailable(self.shared.door.reason())
            }
            Failure::Commit(error) => {
                self.shared.door.shut(format!("a commit failed: {error}"));
                CommitError::Unknown(error.to_string())
            }
        };
        self.written.drain().for_each(drop);
        self.shared.documents.clear();
        for answer in answers {
            drop(answer.send(Err(outcome.clone())));
        }
    }

    /// Puts `batches` into one transaction and commits it.
    fn write_all(&mut self, batches: Vec<Batch>) -> Result<Vec<Outcome>, Failure> {
        let shared = &*self.shared;
        let Some(connection) = &self.connection else {
            return Err(Failure::Write(Faults::error()));
        };
        let faults = &shared.faults;
        let write = |statement: &str| connection.prepare_cached(statement)?.execute([]);
        write("BEGIN IMMEDIATE").map_err(Failure::Write)?;
        let (written, updates) = (&mut self.written, &mut self.updates);
        let mut transaction = Transaction { connection, shared, written, updates };
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            let holds = transaction.write(batch).map_err(Failure::Write)?;
            outcomes.push(if holds { Ok(()) } else { Err(CommitError::Conflict) });
        }
        if Faults::strikes(&faults.fail_write) {
            return Err(Failure::Write(Faults::error()));
        }
        if Faults::strikes(&faults.lose_commit) {
            return Err(Failure::Commit(Faults::error()));
        }
        shared.documents.commit_begins();
        write("COMMIT").map_err(|error| match error.sqlite_error_code() {
            // The log had no room for the commit's last page, without which recovery ignores the
            // others.
            Some(ErrorCode::DiskFull) => Failure::Write(error),
            _ => Failure::Commit(error),
        })?;
        if Faults::strikes(&faults.hide_commit) {
            return Err(Failure::Commit(Faults::error()));
        }
        Ok(outcomes)
    }

    /// Moves what is in the log into the file, beside the readers, when there is enough of it.
    fn checkpoint_if_due(&mut self) {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < CHECKPOINT_PAGES {
            // The log has started anew since the last checkpoint.
            self.checkpoint_at = CHECKPOINT_PAGES;
        }
        let Some(connection) = self.connection.as_ref().filter(|_| pages >= self.checkpoint_at)
        else {
            return;
        };
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = moved {
            self.shared.door.shut(format!("a checkpoint failed: {error}"));
        }
        // A reader can keep the log from starting anew. What little it adds until then is not worth
        // a sync each time.
        self.checkpoint_at = pages + CHECKPOINT_PAGES / 4;
    }

    /// Tries until the door is open again; `false` where the store is closed meanwhile.
    fn open_again(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        turn_away(shared.commits.refuse(), &shared.door.reason());
        // Readers leave before the writer does: the last connection to go moves the log into the
        // file.
        for slot in &shared.readers {
            drop(shared.reader(slot).take());
        }
        self.connection = None;
        while shared.commits.pause(RETRY_PERIOD) {
            let connected = shared.connect(&self.log_pages, true);
            shared.faults.attempts.fetch_add(1, Ordering::Relaxed);
            match connected {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.checkpoint_at = CHECKPOINT_PAGES;
                    // A reader that was under way may have filled in what it read before.
                    shared.documents.clear();
                    shared.door.reopen();
                    shared.commits.admit();
                    return true;
                }
                Err(error) => {
                    tracing::debug!(%error, "the store cannot open its door yet");
                    for slot in &shared.readers {
                        drop(shared.reader(slot).take());
                    }
                }
            }
        }
        false
    }
}

fn turn_away(group: VecDeque<Commit>, reason: &Unavailable) {
    for commit in group {
        drop(commit.answer.send(Err(CommitError::Unavailable(reason.clone()))));
    }
}
