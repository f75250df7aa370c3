//! Wrong passwords, and how many there may be.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Email;

const MINUTE_MS: i64 = 60_000;

/// A rate of N a minute lets N through at once and then one every N-th of a minute. Of what has
/// been let through only one instant is kept: that at which all of it would have been done at this
/// pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Milliseconds from one to the next.
    interval_ms: i64,
    /// How far ahead of the pace one may be: by as many as go through at once.
    ahead_ms: i64,
}

/// There is no room now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSoon {
    /// How long to wait, in seconds.
    pub wait_s: u64,
}

impl Pace {
    /// At most so many a minute, and at least one.
    pub fn per_minute(many: u32) -> Self {
        let many = i64::from(many.max(1));
        // Rounded up, so that a minute never sees more.
        let interval_ms = (MINUTE_MS + many - 1) / many;
        Self { interval_ms, ahead_ms: interval_ms * many }
    }

    /// Whether one more may go through, where all until now would have been by `paced`.
    ///
    /// # Errors
    /// With how long to wait, when it may not.
    pub fn room(self, paced: Timestamp, now: Timestamp) -> Result<(), TooSoon> {
        match paced.plus_millis(self.interval_ms) > now.plus_millis(self.ahead_ms) {
            // One interval is mostly enough, and saying the exact rest would tell how busy it is.
            true => Err(TooSoon { wait_s: self.interval_ms.cast_unsigned().div_ceil(1_000) }),
            false => Ok(()),
        }
    }

    /// By when all would be with one more.
    pub fn one_more(self, paced: Timestamp) -> Timestamp {
        paced.plus_millis(self.interval_ms)
    }

    /// By when all would be with one less.
    pub fn one_less(self, paced: Timestamp) -> Timestamp {
        paced.plus_millis(-self.interval_ms)
    }

    /// `paced` where it still matters: not in the past, and after a clock has jumped back not
    /// further ahead than `times` what goes through at once.
    pub fn hold(self, paced: Timestamp, now: Timestamp, times: i64) -> Timestamp {
        paced.clamp(now, now.plus_millis(self.ahead_ms * times))
    }
}

/// What goes through at the same instant on several replicas is more than may; so much of it is
/// owed, and waited for, before there is room again.
const OWED: i64 = 2;

/// The wrong passwords that were given for an e-mail address lately, on whichever replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guesses {
    /// For which, as [`Guesses::of`] has it. Whether there is such an account plays no part.
    pub of: String,
    /// When all of them would have been made at the allowed pace. After that they are past.
    pub paced: Timestamp,
}

impl Guesses {
    /// How an address is called here: what somebody types into a form is not kept.
    pub fn of(email: &Email) -> String {
        Base64UrlUnpadded::encode_string(&Sha256::digest(email.as_str()))
    }

    /// One more than `earlier`.
    pub fn one_more(earlier: Option<&Self>, of: &str, pace: Pace, now: Timestamp) -> Self {
        let paced = earlier.map_or(now, |earlier| pace.hold(earlier.paced, now, OWED));
        Self { of: of.to_owned(), paced: pace.one_more(paced) }
    }

    /// Whether another may be made.
    ///
    /// # Errors
    /// With how long to wait, when it may not.
    pub fn room(&self, pace: Pace, now: Timestamp) -> Result<(), TooSoon> {
        pace.room(pace.hold(self.paced, now, OWED), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Pace = Pace { interval_ms: 12_000, ahead_ms: 60_000 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    fn made(many: usize) -> Guesses {
        let one = Guesses::one_more(None, "ada", FIVE, at(0));
        (1..many).fold(one, |earlier, _| Guesses::one_more(Some(&earlier), "ada", FIVE, at(0)))
    }

    #[test]
    fn so_many_may_be_made_and_then_one_an_interval() {
        assert_eq!(FIVE, Pace::per_minute(5));
        assert_eq!(made(4).room(FIVE, at(0)), Ok(()));
        let refusal = Err(TooSoon { wait_s: 12 });
        assert_eq!(made(5).room(FIVE, at(11_999)), refusal);
        assert_eq!(made(5).room(FIVE, at(12_000)), Ok(()));
    }

    #[test]
    fn what_went_through_beyond_that_is_owed() {
        let refusal = Err(TooSoon { wait_s: 12 });
        assert_eq!(made(7).room(FIVE, at(35_999)), refusal);
        assert_eq!(made(7).room(FIVE, at(36_000)), Ok(()));
        assert_eq!(made(1_000).room(FIVE, at(84_000)), Ok(()), "and not for ever");
    }

    #[test]
    fn a_clock_that_jumps_back_locks_nobody_out_for_longer_than_two_minutes() {
        let yesterday = -24 * 60 * 60 * 1_000;
        let again = Guesses::one_more(Some(&made(5)), "ada", FIVE, at(yesterday));
        assert_eq!(again.room(FIVE, at(yesterday + 2 * MINUTE_MS)), Ok(()));
    }

    #[test]
    fn an_address_cannot_be_read_from_what_is_kept() {
        let of = Guesses::of(&Email::parse("ada@example.com").unwrap());
        assert_eq!(of.len(), 43);
        assert!(!of.contains("ada"));
    }
}
