//! The log's file: an SQLite database that this process alone has open.
//!
//! WAL with `synchronous=NORMAL`: a commit is a write without a sync; a checkpoint syncs. What a
//! power cut takes is always the newest part. To notice that, `bus` says whether the file was
//! closed and on which boot of the machine it was last open, and that row alone is synced, before
//! anything else is written. A file that was not closed and was open on another boot may have lost
//! messages: it takes another name, which is the bus's epoch.
//!
//! Messages lie in chunks ([`chunks`]): a row for those written together costs less than a row
//! each.
//!
//! Rejected: a sync for each commit, which would cost every event a disk's wait for what the outbox
//! knows anyway.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Result, Row};

use super::OpenError;
use super::chunks::{self, Chunk};
use super::group::Place;
use super::log::Entry;
use crate::bus::MAX_MESSAGES;

/// Says in the file's header that it is a bus's: "tbus".
const APPLICATION_ID: i32 = 0x7462_7573;

/// The form of the tables. Another form is set aside: what it holds are copies.
const FORM: i32 = 1;

/// Pages of the write-ahead log at which a checkpoint moves it into the file: 16 MiB, so that its
/// syncs are rare.
const CHECKPOINT_PAGES: i64 = 4_096;

/// How long to wait for whoever has the file open to close it.
const BUSY: Duration = Duration::from_millis(500);

/// Most bytes of bodies in one page, and most messages looked at for it: a page should not hold up
/// the writer.
const PAGE_BYTES: usize = 4 << 20;
const PAGE_LOOKS: usize = 4_096;

/// Most messages deleted in one transaction, for the same reason.
const TRIM_MESSAGES: u64 = 4_096;

const SCHEMA: &str = "
    CREATE TABLE bus (name INTEGER NOT NULL, turn INTEGER NOT NULL, boot TEXT NOT NULL,
        closed INTEGER NOT NULL);
    CREATE TABLE messages (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE places (name TEXT PRIMARY KEY, subjects TEXT NOT NULL, position INTEGER NOT NULL,
        missed INTEGER NOT NULL) WITHOUT ROWID;";

/// Names what the bus holds: another name than before means that something was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch {
    /// Random; of this file.
    pub(super) name: u64,
    /// Raised when a group has missed something.
    pub(super) turn: u64,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.name, self.turn)
    }
}

/// What an opened file holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) epoch: Epoch,
    /// The number of its oldest message; `next` if it has none.
    pub(super) oldest: u64,
    /// The number of the message to come.
    pub(super) next: u64,
    pub(super) places: Vec<Place>,
}

/// A part of the log that a group wants to see.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) from: u64,
    /// Not included.
    pub(super) to: u64,
    pub(super) subjects: Arc<[Box<str>]>,
}

/// What was found in a [`Span`].
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<Arc<Entry>>,
    /// Everything of the span below has been looked at.
    pub(super) reached: u64,
}

/// The open file.
pub(super) struct File(Connection);

impl File {
    /// Opens or makes the file at `path`, which gets `name` if it needs one.
    pub(super) fn open(path: &Path, name: u64) -> Result<(Self, Held), OpenError> {
        match Self::open_whole(path, name) {
            Err(OpenError::File(error)) if is_damage(&error) => {
                tracing::error!(%error, "the event bus file is damaged; it is begun anew");
                set_aside(path)?;
                Self::open_whole(path, name)
            }
            outcome => outcome,
        }
    }

    fn open_whole(path: &Path, name: u64) -> Result<(Self, Held), OpenError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
        let (application, form): (i32, i32) = (pragma("application_id")?, pragma("user_version")?);
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 && application != APPLICATION_ID {
            return Err(OpenError::Foreign(path.display().to_string()));
        }
        if tables > 0 && form != FORM {
            drop(connection);
            tracing::warn!(form, "the event bus file is of another version; it is begun anew");
            set_aside(path)?;
            return Self::open_whole(path, name);
        }
        // No other process may have it open, so that no shared memory is needed to agree with one.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let file = Self(connection);
        let held = file.begin(tables == 0, name)?;
        file.0.pragma_update(None, "synchronous", "NORMAL")?;
        Ok((file, held))
    }

    /// Notes, synced, that the file is open now, and reads what it holds.
    fn begin(&self, is_new: bool, name: u64) -> Result<Held> {
        let transaction = Transaction::begin(&self.0)?;
        let (fresh, boot) = (Epoch { name, turn: 0 }, boot());
        if is_new {
            self.0.pragma_update(None, "application_id", APPLICATION_ID)?;
            self.0.pragma_update(None, "user_version", FORM)?;
            self.0.execute_batch(SCHEMA)?;
            self.0.execute("INSERT INTO bus VALUES (?1, 0, '', 1)", [name.cast_signed()])?;
        }
        let query = "SELECT name, turn, closed OR (boot = ?1 AND boot <> '') FROM bus";
        let (known, is_whole) = self.0.query_row(query, [&boot], |row| {
            let epoch = Epoch { name: number(row, 0)?, turn: number(row, 1)? };
            Ok((epoch, row.get::<_, bool>(2)?))
        })?;
        let epoch = if is_whole { known } else { fresh };
        self.0.execute(
            "UPDATE bus SET name = ?1, turn = ?2, boot = ?3, closed = 0",
            (epoch.name.cast_signed(), epoch.turn.cast_signed(), boot),
        )?;
        let next = self.edge("SELECT first + count FROM messages ORDER BY first DESC LIMIT 1")?;
        let next = next.unwrap_or(1);
        let oldest = self.oldest()?.unwrap_or(next);
        let places = self.places()?;
        transaction.commit()?;
        Ok(Held { epoch, oldest, next, places })
    }

    fn oldest(&self) -> Result<Option<u64>> {
        self.edge("SELECT first FROM messages ORDER BY first LIMIT 1")
    }

    fn edge(&self, query: &str) -> Result<Option<u64>> {
        let mut statement = self.0.prepare_cached(query)?;
        statement.query_row([], |row| number(row, 0)).optional()
    }

    fn places(&self) -> Result<Vec<Place>> {
        let query = "SELECT name, subjects, position, missed FROM places";
        let mut statement = self.0.prepare(query)?;
        let places = statement.query_map([], |row| {
            Ok(Place {
                name: row.get::<_, String>(0)?.into(),
                subjects: row.get::<_, String>(1)?.into(),
                position: number(row, 2)?,
                missed: row.get(3)?,
            })
        })?;
        places.collect()
    }

    /// Writes messages, groups' places and another epoch, all or nothing. Messages that are there
    /// already are written over: their commit had failed and took effect all the same. They are
    /// followed by more this time, not by fewer, and chunks are cut in the same way, so that none
    /// overlap.
    pub(super) fn write(
        &self,
        entries: &[Arc<Entry>],
        places: &[Place],
        epoch: Option<Epoch>,
    ) -> Result<()> {
        let transaction = Transaction::begin(&self.0)?;
        let mut insert =
            self.0.prepare_cached("INSERT OR REPLACE INTO messages VALUES (?1, ?2, ?3)")?;
        for Chunk { first, count, data } in chunks::cut(entries) {
            insert.execute((first.cast_signed(), count, data))?;
        }
        let mut save =
            self.0.prepare_cached("INSERT OR REPLACE INTO places VALUES (?1, ?2, ?3, ?4)")?;
        for place in places {
            let position = place.position.cast_signed();
            save.execute((&*place.name, &*place.subjects, position, place.missed))?;
        }
        if let Some(Epoch { name, turn }) = epoch {
            let mut rename = self.0.prepare_cached("UPDATE bus SET name = ?1, turn = ?2")?;
            rename.execute((name.cast_signed(), turn.cast_signed()))?;
        }
        transaction.commit()
    }

    /// The next messages of `span`.
    pub(super) fn read(&self, span: &Span) -> Result<Page> {
        let query = "SELECT first, data FROM messages
            WHERE first >= coalesce((SELECT max(first) FROM messages WHERE first <= ?1), ?1)
            AND first < ?2 ORDER BY first";
        let mut statement = self.0.prepare_cached(query)?;
        let mut rows = statement.query((span.from.cast_signed(), span.to.cast_signed()))?;
        let (mut looks, mut bytes) = (0, 0);
        let mut page = Page { entries: Vec::new(), reached: span.from };
        while let Some(row) = rows.next()? {
            let data = Bytes::copy_from_slice(row.get_ref(1)?.as_blob()?);
            bytes += data.len();
            for entry in chunks::open(number(row, 0)?, data) {
                let entry = entry?;
                page.reached = (entry.number + 1).clamp(span.from, span.to);
                let is_wanted = (span.from..span.to).contains(&entry.number);
                if is_wanted && span.subjects.iter().any(|heard| **heard == *entry.subject) {
                    page.entries.push(Arc::new(entry));
                }
                looks += 1;
            }
            let is_full = page.entries.len() >= MAX_MESSAGES;
            if is_full || bytes >= PAGE_BYTES || looks >= PAGE_LOOKS {
                return Ok(page);
            }
        }
        page.reached = span.to;
        Ok(page)
    }

    /// Deletes messages below `to`, as far as their chunks end there, and a bounded number of them
    /// from `oldest` on. Returns the oldest number left.
    pub(super) fn trim(&self, oldest: u64, to: u64) -> Result<u64> {
        let to = to.min(oldest + TRIM_MESSAGES);
        let delete = "DELETE FROM messages WHERE first < ?1 AND first + count <= ?1";
        self.0.prepare_cached(delete)?.execute([to.cast_signed()])?;
        Ok(self.oldest()?.unwrap_or(to))
    }

    /// Notes that nothing will be lost, moves everything into the file, syncs it and closes it.
    pub(super) fn close(self) -> Result<()> {
        self.0.execute("UPDATE bus SET closed = 1", [])?;
        self.0.close().map_err(|(_, error)| error)
    }
}

/// A transaction whose statements are compiled once. Rolled back when dropped.
struct Transaction<'c> {
    connection: &'c Connection,
    committed: bool,
}

impl<'c> Transaction<'c> {
    fn begin(connection: &'c Connection) -> Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self { connection, committed: false })
    }

    fn commit(mut self) -> Result<()> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.committed && !self.connection.is_autocommit() {
            // The connection is given up after every failure, and what it began with it.
            let _rolled_back = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// SQLite's integers are signed; ours only count up.
fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

/// Which boot of the machine this is; empty where the system does not say.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Whether `error` says that the file will not get better by itself.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Moves the file out of the way, to be looked at.
pub(super) fn set_aside(path: &Path) -> std::io::Result<()> {
    for ending in ["-wal", "-shm"] {
        match fs::remove_file(with_ending(path, ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    fs::rename(path, with_ending(path, ".damaged"))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
