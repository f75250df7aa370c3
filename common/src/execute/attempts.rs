//! How often a commit is attempted, and what becomes of one whose outcome the store could not
//! tell.
//!
//! An attempt in doubt is there or not, or may still land. It is recognised by the first of its
//! outbox entries, whose id no other attempt has, and it is settled before anything else is tried:
//! if the entry is there, the attempt landed, and its own verdicts are the answer. If not, a void
//! entry is written in its place. From then on the attempt cannot land any more, because it expects
//! nothing there, and its commands are decided again.
//!
//! Rejected: trying again beside it, and trusting that the two would conflict. A command that only
//! makes new documents conflicts with nothing, and one that is refused the second time writes
//! nothing that could: the first attempt, landing late, would have made a second ticket, or started
//! a payment that its buyer had been told was refused.
//!
//! An attempt without events has no such entry. Its commands are those whose repetition changes
//! nothing (a copy that is no newer, a state already reached), so deciding again is the answer.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::time::Duration;

use super::job::Verdict;
use crate::command::Key;
use crate::id::Ids;
use crate::outbox::{Entry, OUTBOX, Outbox, is_void};
use crate::store::Store;
use crate::time::{Clock, jittered};
use crate::trace::Span;

/// Most attempts at one commit. Conflicts between replicas mostly end after a few; where all the
/// world wants one document, the same replica may come too late for a while. This many, which take
/// some seconds, mean that something is wrong.
const MAX_ATTEMPTS: u32 = 256;

/// How many of these may begin with the one before in doubt: each may take as long as the store has
/// to answer.
const MAX_DOUBTS: u32 = 24;

/// The longest pause after an attempt whose outcome is unknown, and, grown by their number, after
/// further conflicts.
const PAUSE: Duration = Duration::from_millis(3);

/// How much it grows at most: to about as long as a commit takes, so that whoever came too late
/// finds the gap before the next one.
const MOST_PAUSES: u32 = 10;

/// The attempts at one commit.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    made: u32,
    doubts: u32,
}

impl Attempts {
    /// Waits for as long as it takes until the next one; `false` where there is none.
    pub(super) async fn next(&mut self, is_doubtful: bool, clock: &dyn Clock, ids: &Ids) -> bool {
        self.doubts += u32::from(is_doubtful);
        if self.made == MAX_ATTEMPTS || self.doubts > MAX_DOUBTS {
            return false;
        }
        if self.made > 1 || is_doubtful {
            let pause = PAUSE * self.made.min(MOST_PAUSES);
            // Replicas that met at a document would come back together.
            clock.sleep(jittered(pause, random(ids, clock))).await;
        }
        self.made += 1;
        true
    }
}

/// Random bits enough for a pause, the same again in a simulation's repetition: an id that nobody
/// else has.
fn random(ids: &Ids, clock: &dyn Clock) -> u64 {
    let mut hasher = DefaultHasher::new();
    ids.next(clock.now()).hash(&mut hasher);
    hasher.finish()
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Slept;

    /// When each attempt of one replica begins, in milliseconds.
    async fn begins(replica: u64) -> Vec<i64> {
        let (clock, ids, mut attempts) = (Slept::default(), Ids::new(replica), Attempts::default());
        let mut begins = Vec::new();
        while attempts.next(false, &clock, &ids).await {
            begins.push(clock.now().as_millis());
        }
        begins
    }

    #[tokio::test]
    async fn replicas_that_meet_do_not_come_back_together() {
        let (one, other) = (begins(1).await, begins(2).await);
        assert_eq!((&one[..2], &other[..2]), (&[0, 0][..], &[0, 0][..]));
        let pauses = |of: &[i64]| of.windows(2).map(|at| at[1] - at[0]).collect::<Vec<_>>();
        for (made, pause) in (1..).zip(pauses(&one)).skip(1) {
            let longest = 3 * made.min(10);
            assert!((longest / 2..=longest).contains(&pause), "{pause} ms after {made}");
        }
        let alike = pauses(&one).iter().zip(pauses(&other)).filter(|(a, b)| **a == *b).count();
        assert!(alike < one.len() / 2, "{alike} pauses are alike");
    }

    #[tokio::test]
    async fn who_comes_too_late_again_and_again_goes_on_for_seconds_and_who_is_in_doubt_does_not() {
        let last = *begins(1).await.last().unwrap();
        assert!((4_000..8_000).contains(&last), "{last}");
        let (clock, ids) = (Slept::default(), Ids::new(1));
        let mut attempts = Attempts::default();
        let mut many = 0;
        while attempts.next(many > 0, &clock, &ids).await {
            many += 1;
        }
        assert_eq!(many, 25);
    }
}
