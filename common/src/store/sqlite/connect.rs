//! Connections to the file, and the proof that it can be written.
//!
//! - **WAL with synchronous=FULL**: a COMMIT appends to the log and syncs it, once, whatever number
//!   of batches it carries; readers go on beside it.
//! - **No memory-mapped reads**: an I/O error under a mapping is a SIGBUS, which kills the process
//!   instead of closing the door.
//! - **Page caches** are small because the operating system has the file cached as well, and hot
//!   documents do not come this far. They grow with use: an idle process pays for none of them.
//! - **secure_delete=FAST**: what is deleted or replaced is overwritten with zeros in the page that
//!   is written anyway (I29). ON would also rewrite pages that are given up whole, which are those
//!   of the outbox as it is trimmed: people's data is in small documents that leave their page in
//!   use.
//! - **Checkpoints** are the writer's to start ([`super::writer`]), after it has answered; SQLite's
//!   own would make the commit that happens to trigger one wait for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Error, OpenFlags, Result};

use super::door::Faults;
use super::terms;

/// Pages of 4 KiB hold several documents each, and a commit writes whole pages to the log.
const PAGE_BYTES: u32 = 4_096;
/// The writer's page cache: the inner pages of the trees and the leaves being filled.
const WRITER_CACHE_KIB: i64 = 8_192;
/// A reader's page cache.
const READER_CACHE_KIB: i64 = 4_096;
/// Prepared statements kept: some five for each collection and one for each shape of query or
/// update.
const STATEMENTS: usize = 256;
/// A log that a burst has grown is cut down to this when it starts anew.
const LOG_KEPT_BYTES: i64 = 64 << 20;
/// Nobody else has the file open, so a lock is waited for only while a sibling connection recovers
/// the log.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What a proof writes: so much that a disk with a few blocks left does not pass.
const PROBE_BYTES: u32 = 256 << 10;

/// The connection that writes. `log_pages` follows the length of the write-ahead log.
pub(super) fn writer(
    path: &Path,
    log_pages: Arc<AtomicU32>,
    faults: &Faults,
) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(refusal(format!("the file is in journal mode {mode} and not in WAL")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "secure_delete", "FAST")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
    let most = faults.max_pages.load(Ordering::Relaxed);
    if most > 0 {
        connection.pragma_update(None, "max_page_count", most)?;
    }
    let mut connection = connection;
    connection.wal_hook(Some(move |_: &mut _, pages| {
        log_pages.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(connection)
}

/// A connection that reads, beside the writer.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, READER_CACHE_KIB)?;
    terms::define(&connection)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags, cache_kib: i64) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

/// Moves the whole log into the file and syncs it, so that what is read from now on is on the disk,
/// whatever became of the sync that should have put it there: pages that a failed sync has left in
/// memory only are written again.
pub(super) fn settle(connection: &Connection) -> Result<()> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(refusal("another connection holds the log".to_owned()));
    }
    Ok(())
}

/// Proves that a write reaches the disk, and leaves nothing of it.
pub(super) fn prove(connection: &Connection) -> Result<()> {
    connection.execute("INSERT INTO \":probe\" (filler) VALUES (zeroblob(?1))", [PROBE_BYTES])?;
    connection.execute("DELETE FROM \":probe\"", [])?;
    settle(connection)
}

fn refusal(why: String) -> Error {
    Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), Some(why))
}
