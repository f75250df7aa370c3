//! How batches are written.

use std::collections::BTreeMap;

use mongodb::ClientSession;
use mongodb::bson::raw::{CStr, cstr};
use mongodb::bson::{Document as Bsons, RawArrayBuf, RawDocumentBuf, doc};

use super::documents::{self, VERSION, wanted};
use super::errors;
use super::server::{Server, unavailable};
use crate::store::{Action, CommitError, Expect, Unavailable, Write};

/// How often a commit whose outcome is unknown is asked for again. It is the same commit however
/// often it is asked for.
const MAX_COMMITS: u32 = 3;

/// Carries out `writes`, all or nothing.
pub(super) async fn commit(server: &Server, writes: &[&Write]) -> Result<(), CommitError> {
    let mut session = server.session().await.map_err(|error| errors::of_transaction(&error))?;
    let outcome = match writes {
        [] => return Ok(()),
        [write] => one(server, &mut session, write).await,
        writes => together(server, &mut session, writes).await,
    };
    server.learn(&session);
    outcome
}

/// A batch of one write is one command, which either finds its condition met or does nothing.
async fn one(
    server: &Server,
    session: &mut ClientSession,
    write: &Write,
) -> Result<(), CommitError> {
    let collection = server.collection(write.collection)?;
    let of_write = |error| errors::of_write(&error);
    let met = match (write.expect, &write.action) {
        (Expect::Absent, Action::Put { .. }) => {
            collection.insert_one(&put(write)?).session(session).await.map_err(of_write)?;
            true
        }
        (Expect::Version(version), Action::Put { .. }) => {
            let replaced = collection.replace_one(filter(&write.id, version), &put(write)?);
            replaced.session(session).await.map_err(of_write)?.matched_count == 1
        }
        (Expect::Version(version), Action::Delete) => {
            let deleted = collection.delete_one(filter(&write.id, version)).session(session);
            deleted.await.map_err(of_write)?.deleted_count == 1
        }
        (Expect::Absent, Action::Delete) => {
            let found = collection.find_one(doc! { "_id": write.id.as_str() }).session(session);
            found.await.map_err(unavailable)?.is_none()
        }
    };
    if met { Ok(()) } else { Err(CommitError::Conflict) }
}

/// A larger batch is a transaction. One that is left without a commit is aborted by its session.
async fn together(
    server: &Server,
    session: &mut ClientSession,
    writes: &[&Write],
) -> Result<(), CommitError> {
    let of_transaction = |error| errors::of_transaction(&error);
    session.start_transaction().await.map_err(of_transaction)?;
    if let Err(error) = write_all(server, session, writes).await {
        // Whether or not the server hears of it: it aborts what is not committed by itself.
        if let Err(error) = session.abort_transaction().await {
            tracing::debug!(%error, "a transaction is left to be aborted by the server");
        }
        return Err(error);
    }
    let mut asked = 0;
    loop {
        asked += 1;
        match session.commit_transaction().await.map_err(|error| errors::of_commit(&error)) {
            Err(CommitError::Unknown(cause)) if asked < MAX_COMMITS => {
                tracing::debug!(cause, "asking again for a commit");
            }
            outcome => return outcome,
        }
    }
}

/// The writes of a batch to one collection, by kind: each kind is one command.
#[derive(Default)]
struct Commands {
    inserts: Vec<RawDocumentBuf>,
    updates: Vec<RawDocumentBuf>,
    deletes: Vec<RawDocumentBuf>,
    absent: Vec<String>,
}

async fn write_all(
    server: &Server,
    session: &mut ClientSession,
    writes: &[&Write],
) -> Result<(), CommitError> {
    let mut commands: BTreeMap<&'static str, Commands> = BTreeMap::new();
    for write in writes {
        let commands = commands.entry(write.collection.name).or_default();
        match (write.expect, &write.action) {
            (Expect::Absent, Action::Put { .. }) => commands.inserts.push(put(write)?),
            (Expect::Version(version), Action::Put { .. }) => {
                let mut update = RawDocumentBuf::new();
                update.append(cstr!("q"), wanted(&write.id, version));
                update.append(cstr!("u"), put(write)?);
                commands.updates.push(update);
            }
            (Expect::Version(version), Action::Delete) => {
                let mut delete = RawDocumentBuf::new();
                delete.append(cstr!("q"), wanted(&write.id, version));
                delete.append(cstr!("limit"), 1_i32);
                commands.deletes.push(delete);
            }
            (Expect::Absent, Action::Delete) => commands.absent.push(write.id.clone()),
        }
    }
    let of_transaction = |error| errors::of_transaction(&error);
    let (mut conditional, mut fresh) = (Vec::new(), Vec::new());
    for (name, Commands { inserts, updates, deletes, absent }) in commands {
        conditional.push((name, (cstr!("update"), cstr!("updates")), updates));
        conditional.push((name, (cstr!("delete"), cstr!("deletes")), deletes));
        fresh.push((name, inserts, absent));
    }
    // What meets whoever else wants the same document comes before what would be written in vain:
    // the conditional writes, and of them the few that many batches have in common.
    conditional.sort_by_key(|(_, _, writes)| writes.len());
    for (name, kind, writes) in conditional {
        if !writes.is_empty() {
            all_met(server, session, name, kind, writes).await?;
        }
    }
    for (name, inserts, absent) in fresh {
        let collection = server.database.collection::<RawDocumentBuf>(name);
        if !inserts.is_empty() {
            let inserted = collection.insert_many(&inserts).session(&mut *session);
            inserted.await.map_err(of_transaction)?;
        }
        if !absent.is_empty() {
            let any = collection.find_one(doc! { "_id": { "$in": absent } });
            if any.session(&mut *session).await.map_err(of_transaction)?.is_some() {
                return Err(CommitError::Conflict);
            }
        }
    }
    Ok(())
}

/// Runs a command of conditional writes, and sees whether every one of them found its document.
async fn all_met(
    server: &Server,
    session: &mut ClientSession,
    collection: &str,
    (command, list): (&CStr, &CStr),
    writes: Vec<RawDocumentBuf>,
) -> Result<(), CommitError> {
    let many = writes.len();
    let mut all = RawDocumentBuf::new();
    all.append(command, collection);
    all.append(list, writes.into_iter().collect::<RawArrayBuf>());
    let said = server.database.run_raw_command(all).session(session).await;
    let said = said.map_err(|error| errors::of_transaction(&error))?;
    let met = said.get_i32("n").map_or(0, |met| usize::try_from(met).unwrap_or(0));
    if said.contains_key("writeErrors") || met != many {
        return Err(CommitError::Conflict);
    }
    Ok(())
}

fn put(write: &Write) -> Result<RawDocumentBuf, CommitError> {
    match &write.action {
        Action::Put { version, body, fields } => {
            Ok(documents::write(write.collection, &write.id, *version, body, fields)?)
        }
        Action::Delete => Err(unwritable("a deletion has no document")),
    }
}

/// The same as [`wanted`], for those of the driver's calls that take it so.
fn filter(id: &str, version: u64) -> Bsons {
    doc! { "_id": id, VERSION.as_str(): version.cast_signed() }
}

fn unwritable(cause: impl std::fmt::Display) -> CommitError {
    CommitError::Unavailable(Unavailable(format!("a document cannot be written: {cause}")))
}
