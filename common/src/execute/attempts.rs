//! What becomes of a commit whose outcome the store could not tell.
//!
//! Such an attempt is there or not, or may still land. It is recognised by the first of its outbox
//! entries, whose id no other attempt has, and it is settled before anything else is tried: if the
//! entry is there, the attempt landed, and its own verdicts are the answer. If not, a void entry is
//! written in its place. From then on the attempt cannot land any more, because it expects nothing
//! there, and its commands are decided again.
//!
//! Rejected: trying again beside it, and trusting that the two would conflict. A command that only
//! makes new documents conflicts with nothing, and one that is refused the second time writes
//! nothing that could: the first attempt, landing late, would have made a second ticket, or started
//! a payment that its buyer had been told was refused.
//!
//! An attempt without events has no such entry. Its commands are those whose repetition changes
//! nothing (a copy that is no newer, a state already reached), so deciding again is the answer.

use std::ops::Range;

use super::job::Verdict;
use crate::command::Key;
use crate::outbox::{Entry, OUTBOX, Outbox, is_void};
use crate::store::Store;
use crate::trace::Span;

/// One decided batch.
pub(super) struct Attempt {
    pub(super) verdicts: Vec<Verdict>,
    pub(super) entries: Vec<Entry>,
    pub(super) counts: Range<u64>,
    pub(super) keys: Vec<Key>,
    /// The commit, as a span of each command that is traced.
    pub(super) spans: Vec<Span>,
}

/// What is known of an attempt by now.
pub(super) enum Fate {
    /// It was committed.
    Committed,
    /// It was not, and never will be.
    Never,
    /// The store cannot tell, for this reason.
    Unknown(String),
}

/// Finds out whether the attempt with this first entry was committed, or makes sure that it never
/// is.
pub(super) async fn settle(witness: Option<&Entry>, store: &dyn Store) -> Fate {
    let Some(witness) = witness else {
        return Fate::Never;
    };
    match store.get(&OUTBOX, &witness.message.id).await {
        Ok(Some(document)) if is_void(&document) => Fate::Never,
        Ok(Some(_)) => Fate::Committed,
        #[cfg(feature = "planted")]
        Ok(None) if crate::planted::is(crate::planted::Bug::RepeatedInDoubt) => Fate::Never,
        Ok(None) => match store.commit(vec![Outbox::void(witness)]).await {
            Ok(()) => Fate::Never,
            // Where it is a conflict, one of the two has landed just now: the next look says which.
            Err(error) => Fate::Unknown(error.to_string()),
        },
        Err(down) => Fate::Unknown(down.to_string()),
    }
}
