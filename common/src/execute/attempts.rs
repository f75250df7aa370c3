//! What becomes of commits whose outcome the store could not tell.
//!
//! Such an attempt is there or not, or may still land. It is recognised by the first of its outbox
//! entries, whose id no other attempt has. The order of looking is what makes this sound: documents
//! are loaded first, then the witnesses of earlier attempts are looked for, then a new attempt is
//! made. If an earlier one landed before the look, it is found, and its own verdicts are the
//! answer. If it lands later, it does so on the same versions that the new attempt expects, so one
//! of the two is a conflict: never both.
//!
//! An attempt without events has no witness. Its commands are those whose repetition changes
//! nothing (a copy that is no newer, a state already reached), so deciding again is the answer.

use std::ops::Range;

use super::job::Verdict;
use crate::command::Key;
use crate::outbox::{Entry, OUTBOX, Outbox};
use crate::store::{Store, Unavailable};

/// One decided batch.
pub(super) struct Attempt {
    pub(super) verdicts: Vec<Verdict>,
    pub(super) entries: Vec<Entry>,
    pub(super) counts: Range<u64>,
    pub(super) keys: Vec<Key>,
}

/// The attempts of which nobody knows yet what became of them.
#[derive(Default)]
pub(super) struct Attempts {
    doubtful: Vec<Attempt>,
}

/// What is known by now.
pub(super) enum Fate {
    /// This one was committed.
    Committed(Attempt),
    /// None has been committed so far.
    NotSeen,
    /// The store cannot be read.
    Unreadable(Unavailable),
}

impl Attempts {
    pub(super) fn is_empty(&self) -> bool {
        self.doubtful.is_empty()
    }

    pub(super) fn remember(&mut self, attempt: Attempt) {
        self.doubtful.push(attempt);
    }

    pub(super) async fn resolve(&mut self, store: &dyn Store) -> Fate {
        for index in 0..self.doubtful.len() {
            let Some(witness) = self.doubtful[index].entries.first() else {
                continue;
            };
            match store.get(&OUTBOX, &witness.message.id).await {
                Err(down) => return Fate::Unreadable(down),
                Ok(None) => {}
                Ok(Some(_)) => return Fate::Committed(self.doubtful.swap_remove(index)),
            }
        }
        Fate::NotSeen
    }

    /// Leaves to the outbox's sweep what has not been found out.
    pub(super) fn give_up(self, outbox: &Outbox) {
        for attempt in self.doubtful {
            outbox.in_doubt(attempt.counts);
        }
    }
}
