//! What is known after a failure: nothing was written, or nobody can tell.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::store::{CommitError, Unavailable};

/// The id of an insertion is taken.
const DUPLICATE_KEY: i32 = 11_000;

/// Another transaction is writing the same document.
const WRITE_CONFLICT: i32 = 112;

const NAMESPACE_EXISTS: i32 = 48;
const NAMESPACE_NOT_FOUND: i32 = 26;
const INDEX_NOT_FOUND: i32 = 27;

/// The server that was asked is no primary, and says so before it does anything: NotWritablePrimary
/// and its older kin.
const NO_PRIMARY: [i32; 3] = [10_107, 13_435, 10_058];

/// What became of one conditional write that failed.
pub(super) fn of_write(error: &Error) -> CommitError {
    if code(error) == Some(DUPLICATE_KEY) {
        return CommitError::Conflict;
    }
    if was_never_sent(error) || code(error).is_some_and(|code| NO_PRIMARY.contains(&code)) {
        return CommitError::Unavailable(Unavailable(error.to_string()));
    }
    CommitError::Unknown(error.to_string())
}

/// What became of a transaction that failed before its commit was asked for: it is not there, and
/// never will be.
pub(super) fn of_transaction(error: &Error) -> CommitError {
    match code(error) {
        Some(DUPLICATE_KEY | WRITE_CONFLICT) => CommitError::Conflict,
        _ => CommitError::Unavailable(Unavailable(error.to_string())),
    }
}

/// What became of a transaction whose commit failed. Only a server that says that it has aborted it
/// knows.
pub(super) fn of_commit(error: &Error) -> CommitError {
    let is_doubtful = error.contains_label(mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT);
    match (is_doubtful, code(error)) {
        (false, Some(WRITE_CONFLICT)) => CommitError::Conflict,
        _ => CommitError::Unknown(error.to_string()),
    }
}

/// Whether a collection to be made is there.
pub(super) fn is_there_already(error: &Error) -> bool {
    code(error) == Some(NAMESPACE_EXISTS)
}

/// Whether an index to be dropped is gone.
pub(super) fn is_gone_already(error: &Error) -> bool {
    matches!(code(error), Some(INDEX_NOT_FOUND | NAMESPACE_NOT_FOUND))
}

fn was_never_sent(error: &Error) -> bool {
    matches!(
        *error.kind,
        ErrorKind::ServerSelection { .. }
            | ErrorKind::Authentication { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::InvalidArgument { .. }
            | ErrorKind::InvalidTlsConfig { .. }
            | ErrorKind::SessionsNotSupported
            | ErrorKind::Shutdown
    )
}

fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::InsertMany(many) => {
            many.write_errors.as_ref().and_then(|errors| errors.first()).map(|first| first.code)
        }
        _ => None,
    }
}
