//! The threads that read what is not in the cache, each on its own connection, beside the writer.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Result, Row, params_from_iter};
use tokio::sync::oneshot;

use super::cache::Content;
use super::query::{self, COMMON_WORD, Plan};
use super::schema::Table;
use super::{Shared, Slot};
use crate::store::{Document, Found, Position, Query, Unavailable, Value};

type Answer<T> = oneshot::Sender<Result<T, Unavailable>>;

/// What a reader is asked.
#[derive(Debug)]
pub(super) enum Read {
    Get { table: u16, id: String, answer: Answer<Option<Document>> },
    Find { table: u16, query: Query, answer: Answer<Vec<Found>> },
}

/// Serves until the queue is closed and drained.
pub(super) fn run(shared: &Arc<Shared>, slot: &Slot) {
    while let Some(reads) = shared.reads.take(1) {
        for read in reads {
            // Held while reading, so that who takes the connection away knows that nothing is under
            // way on it.
            let connection = shared.reader(slot);
            match (connection.as_ref(), read) {
                (Some(connection), Read::Get { table, id, answer }) => {
                    let found = get(shared, connection, table, id);
                    reply(shared, answer, found);
                }
                (Some(connection), Read::Find { table, query, answer }) => {
                    let found = find(connection, &shared.tables[usize::from(table)], &query);
                    reply(shared, answer, found);
                }
                (None, Read::Get { answer, .. }) => drop(answer.send(Err(shared.door.reason()))),
                (None, Read::Find { answer, .. }) => drop(answer.send(Err(shared.door.reason()))),
            }
        }
    }
}

/// Reads a document on the caller's own thread, where a connection is free; otherwise gives
/// `answer` back.
///
/// The look-up of one id takes a few microseconds, and waking a reader thread and being woken by it
/// takes more than that of the processor. The price is that a page that has to come from the disk
/// holds up a thread of the runtime for as long as that takes; only one for each connection, and
/// whoever finds none free goes through the queue.
pub(super) fn get_here(
    shared: &Shared,
    table: u16,
    id: &str,
    answer: Answer<Option<Document>>,
) -> Option<Answer<Option<Document>>> {
    for slot in &shared.readers {
        // One that is poisoned is left to its thread.
        let Ok(free) = slot.try_lock() else { continue };
        if let Some(connection) = free.as_ref() {
            let found = get(shared, connection, table, id.to_owned());
            reply(shared, answer, found);
            return None;
        }
    }
    Some(answer)
}

fn reply<T: Send + 'static>(shared: &Shared, answer: Answer<T>, found: Result<T>) {
    let found = found.map_err(|error| {
        // A statement that SQLite does not accept says nothing of the file; everything else does.
        let of_the_file = !matches!(
            error.sqlite_error_code(),
            None | Some(ErrorCode::Unknown | ErrorCode::DatabaseBusy)
        );
        if of_the_file && shared.door.is_open() {
            shared.door.shut(format!("a read failed: {error}"));
            shared.commits.nudge();
        }
        Unavailable(format!("a read failed: {error}"))
    });
    // Whoever asked may have gone away.
    shared.documents.answer(move || drop(answer.send(found)));
}

fn get(
    shared: &Shared,
    connection: &Connection,
    table: u16,
    id: String,
) -> Result<Option<Document>> {
    let published = shared.documents.published();
    let table = &shared.tables[usize::from(table)];
    let mut statement = connection.prepare_cached(&table.get)?;
    let mut rows = statement.query([&id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (version, body) = (version_in(row, 0)?, body_in(row, 1)?);
    if table.cached {
        let content = Content { version, body: body.clone() };
        shared.documents.fill(published, table.number, &id, content);
    }
    Ok(Some(Document { id, version, body }))
}

/// The documents of a query, in its order.
pub(super) fn find(connection: &Connection, table: &Table, query: &Query) -> Result<Vec<Found>> {
    let plan = choose(connection, table, query)?;
    let Some(sql) = query::select(table, query, plan) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(&sql.text)?;
    let mut rows = statement.query(params_from_iter(sql.parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let value = match row.get_ref(3)? {
            ValueRef::Integer(number) => Value::Integer(number),
            text @ ValueRef::Text(_) => Value::Text(text.as_str()?.to_owned()),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Absent,
        };
        let position = Position { value, id: id.clone() };
        let document = Document { id, version: version_in(row, 1)?, body: body_in(row, 2)? };
        found.push(Found { document, position });
    }
    Ok(found)
}

/// From the rarest word of the query, unless every one is common.
pub(super) fn choose(connection: &Connection, table: &Table, query: &Query) -> Result<Plan> {
    let (mut plan, mut fewest) = (Plan::Indexes, COMMON_WORD);
    for (place, sql) in query::counts(table, query) {
        let mut statement = connection.prepare_cached(&sql.text)?;
        let count = statement.query_row(params_from_iter(sql.parameters), |row| row.get(0))?;
        if count < fewest {
            (plan, fewest) = (Plan::Word(place), count);
        }
    }
    Ok(plan)
}

fn version_in(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

fn body_in(row: &Row<'_>, column: usize) -> Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}
