//! Which sessions of an account are still good.
//!
//! A session is a signed token, so there is no list of those that are open. What is kept is how to
//! tell those that are over: a generation, which every session carries and which rises when all of
//! them end at once, and the few that were signed out of one by one.

use std::time::Duration;

use common::id::Id;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most single sessions that are remembered as over. One more ends all of them: safe, and it keeps
/// the document and its event within a few kilobytes whatever a script does.
pub const MAX_ENDED: usize = 256;

/// An ended session is remembered for this long past its end, since clocks differ and jump (I24).
const REMEMBERED: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// What a session token says of the session itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// Which session.
    pub id: Id,
    /// The generation in which it began.
    pub generation: u64,
    /// When its token runs out.
    pub until: Timestamp,
}

/// How to tell the sessions of one account that are over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// Sessions of an earlier generation are over.
    pub generation: u64,
    /// Sessions of this generation that are over.
    #[serde(default)]
    pub ended: Vec<EndedSession>,
}

/// A session that was signed out of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndedSession {
    /// Which session.
    pub id: Id,
    /// When its token runs out.
    pub until: Timestamp,
}

impl Sessions {
    /// Whether this session is over.
    pub fn are_over(&self, session: &SessionFacts) -> bool {
        session.generation < self.generation
            || self.ended.iter().any(|ended| ended.id == session.id)
    }

    /// These sessions without one of them.
    #[must_use]
    pub fn without(mut self, session: &SessionFacts, now: Timestamp) -> Self {
        self.ended.retain(|ended| ended.until.plus(REMEMBERED) > now);
        if self.ended.len() >= MAX_ENDED {
            return self.none();
        }
        self.ended.push(EndedSession { id: session.id, until: session.until });
        self
    }

    /// None of these sessions; only those that begin from now on.
    #[must_use]
    pub fn none(self) -> Self {
        Self { generation: self.generation + 1, ended: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    fn session(number: u8, generation: u64) -> SessionFacts {
        let until = Timestamp::from_millis(7 * DAY_MS);
        SessionFacts { id: Id::from_bytes([number; 12]), generation, until }
    }

    #[test]
    fn a_session_that_was_signed_out_of_is_over_and_no_other() {
        let sessions = Sessions::default().without(&session(1, 0), Timestamp::from_millis(0));
        assert!(sessions.are_over(&session(1, 0)));
        assert!(!sessions.are_over(&session(2, 0)));
    }

    #[test]
    fn a_new_generation_ends_all_earlier_sessions() {
        let sessions =
            Sessions::default().without(&session(1, 0), Timestamp::from_millis(0)).none();
        assert_eq!(sessions.ended, vec![]);
        assert!(sessions.are_over(&session(1, 0)) && sessions.are_over(&session(2, 0)));
        assert!(!sessions.are_over(&session(3, 1)));
    }

    #[test]
    fn an_ended_session_is_forgotten_only_well_after_its_token_has_run_out() {
        let sessions = Sessions::default().without(&session(1, 0), Timestamp::from_millis(0));
        let early = sessions.clone().without(&session(2, 0), Timestamp::from_millis(8 * DAY_MS));
        assert!(early.are_over(&session(1, 0)), "a clock may be a day off");
        let late = sessions.without(&session(2, 0), Timestamp::from_millis(10 * DAY_MS));
        assert!(!late.ended.iter().any(|ended| ended.id == session(1, 0).id));
    }

    #[test]
    fn the_list_of_ended_sessions_is_bounded_and_nothing_comes_back() {
        let mut sessions = Sessions::default();
        for number in 0..=MAX_ENDED {
            let id = Id::from_bytes(
                [&[0; 4][..], &(number as u64).to_be_bytes()].concat().try_into().unwrap(),
            );
            sessions =
                sessions.without(&SessionFacts { id, ..session(0, 0) }, Timestamp::from_millis(0));
            assert!(sessions.ended.len() <= MAX_ENDED);
            assert!(sessions.are_over(&SessionFacts { id, ..session(0, 0) }));
        }
        assert_eq!(sessions.generation, 1, "one too many ends all of them");
    }
}
