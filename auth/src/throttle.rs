//! How often somebody may try, by account and by address.
//!
//! A rate of N a minute lets N through at once and then one every N-th of a minute. For each key
//! only one number is kept: the instant at which everything it has been let do would have been done
//! at that pace. All of it is in memory, bounded, and a key is kept the same whether an account
//! stands behind it or not, so that being turned away tells nobody anything.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::command::Refusal;
use common::time::Timestamp;
use quick_cache::sync::Cache;

/// Most keys remembered, a few megabytes. Those that are asked about least are forgotten first.
const MAX_KEYS: usize = 50_000;

const MINUTE_MS: i64 = 60_000;

/// The rate at which a key may do one thing.
pub struct Throttle {
    /// Milliseconds from one to the next at the allowed pace.
    interval_ms: i64,
    /// How far ahead of the pace it may be: by as many as go through at once.
    ahead_ms: i64,
    /// By the keyed hash of the key, so that nobody can choose keys that meet.
    paced: Cache<u64, Arc<Mutex<Timestamp>>>,
    hasher: RandomState,
}

impl Throttle {
    /// At most `per_minute` a minute, and at least one.
    pub fn new(per_minute: u32) -> Self {
        let per_minute = i64::from(per_minute.max(1));
        // Rounded up, so that a minute never sees more.
        let interval_ms = (MINUTE_MS + per_minute - 1) / per_minute;
        let ahead_ms = interval_ms * per_minute;
        let paced = Cache::new(MAX_KEYS);
        Self { interval_ms, ahead_ms, paced, hasher: RandomState::new() }
    }

    /// Whether `key` may go ahead.
    ///
    /// # Errors
    /// With [`Refusal::TooMany`] when it may not.
    pub fn check(&self, key: &impl Hash, now: Timestamp) -> Result<(), Refusal> {
        match self.paced.get(&self.hasher.hash_one(key)) {
            Some(paced) => self.room(&mut lock(&paced), now),
            None => Ok(()),
        }
    }

    /// Whether `key` may go ahead; if so, it is counted.
    ///
    /// # Errors
    /// With [`Refusal::TooMany`] when it may not.
    pub fn take(&self, key: &impl Hash, now: Timestamp) -> Result<(), Refusal> {
        let paced = self.entry(key);
        let mut paced = lock(&paced);
        self.room(&mut paced, now)?;
        *paced = paced.plus_millis(self.interval_ms);
        Ok(())
    }

    /// Counts one for `key`, whether it was allowed or not.
    pub fn count(&self, key: &impl Hash, now: Timestamp) {
        let paced = self.entry(key);
        let mut paced = lock(&paced);
        self.hold(&mut paced, now);
        *paced = paced.plus_millis(self.interval_ms);
    }

    /// Takes back one that was counted for `key`.
    pub fn give_back(&self, key: &impl Hash) {
        let paced = self.entry(key);
        let mut paced = lock(&paced);
        *paced = paced.plus_millis(-self.interval_ms);
    }

    /// Forgets all that was counted for `key`.
    pub fn forget(&self, key: &impl Hash) {
        self.paced.remove(&self.hasher.hash_one(key));
    }

    fn entry(&self, key: &impl Hash) -> Arc<Mutex<Timestamp>> {
        let start = || Ok::<_, Infallible>(Arc::new(Mutex::new(Timestamp::from_millis(0))));
        match self.paced.get_or_insert_with(&self.hasher.hash_one(key), start) {
            Ok(paced) => paced,
            Err(never) => match never {},
        }
    }

    fn room(&self, paced: &mut Timestamp, now: Timestamp) -> Result<(), Refusal> {
        self.hold(paced, now);
        match paced.plus_millis(self.interval_ms) > now.plus_millis(self.ahead_ms) {
            // One interval is always enough, and saying the exact rest would tell how busy the key
            // is.
            true => Err(Refusal::TooMany {
                retry_after_s: self.interval_ms.cast_unsigned().div_ceil(1_000),
            }),
            false => Ok(()),
        }
    }

    /// Moves what was paced to where it still matters: not into the past, and after a clock has
    /// jumped back not further ahead than it may be.
    fn hold(&self, paced: &mut Timestamp, now: Timestamp) {
        *paced = (*paced).clamp(now, now.plus_millis(self.ahead_ms));
    }
}

fn lock(paced: &Mutex<Timestamp>) -> MutexGuard<'_, Timestamp> {
    paced.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address as one party has it: of IPv6 the network, since everybody has a whole one.
pub fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    fn exhausted(per_minute: u32) -> Throttle {
        let throttle = Throttle::new(per_minute);
        for _ in 0..per_minute {
            assert_eq!(throttle.take(&"ada", at(0)), Ok(()));
        }
        throttle
    }

    #[test]
    fn so_many_go_through_at_once_and_then_one_an_interval() {
        let throttle = exhausted(5);
        let refusal = Err(Refusal::TooMany { retry_after_s: 12 });
        assert_eq!(throttle.take(&"ada", at(0)), refusal);
        assert_eq!(throttle.check(&"ada", at(11_999)), refusal);
        assert_eq!(throttle.take(&"ada", at(12_000)), Ok(()));
        assert_eq!(throttle.take(&"ada", at(12_000)), refusal);
        assert_eq!(throttle.take(&"bob", at(12_000)), Ok(()), "each key has its own pace");
    }

    #[test]
    fn waiting_as_long_as_it_says_is_enough() {
        for per_minute in [1, 7, 10, 50, 599, 600, 7_000] {
            let throttle = exhausted(per_minute);
            let Err(Refusal::TooMany { retry_after_s }) = throttle.take(&"ada", at(0)) else {
                panic!("{per_minute} were let through and one more")
            };
            let later = at(i64::try_from(retry_after_s).unwrap() * 1_000);
            assert_eq!(throttle.take(&"ada", later), Ok(()));
        }
    }

    #[test]
    fn what_is_given_back_or_forgotten_does_not_count() {
        let throttle = exhausted(5);
        throttle.give_back(&"ada");
        assert_eq!(throttle.take(&"ada", at(0)), Ok(()));
        throttle.count(&"ada", at(0));
        assert!(throttle.check(&"ada", at(0)).is_err());
        throttle.forget(&"ada");
        assert_eq!(throttle.take(&"ada", at(0)), Ok(()));
    }

    #[test]
    fn a_clock_that_jumps_back_locks_nobody_out_for_longer_than_a_minute() {
        let throttle = exhausted(5);
        let yesterday = -24 * 60 * 60 * 1_000;
        assert!(throttle.take(&"ada", at(yesterday)).is_err());
        assert_eq!(throttle.take(&"ada", at(yesterday + MINUTE_MS)), Ok(()));
    }

    #[test]
    fn a_key_that_is_busy_outlasts_more_keys_than_are_remembered() {
        let throttle = exhausted(5);
        for other in 0..2 * MAX_KEYS {
            assert_eq!(throttle.take(&other, at(0)), Ok(()));
            assert!(throttle.check(&"ada", at(0)).is_err(), "forgotten after {other} others");
        }
        assert!(throttle.paced.len() <= MAX_KEYS);
    }

    #[test]
    fn an_address_is_one_party_however_it_is_written() {
        let party_of = |text: &str| party(text.parse().unwrap());
        assert_eq!(party_of("::ffff:192.0.2.7"), party_of("192.0.2.7"));
        assert_eq!(party_of("2001:db8:1:2:3::4"), party_of("2001:db8:1:2:ffff::"));
        assert_ne!(party_of("2001:db8:1:2::1"), party_of("2001:db8:1:3::1"));
        assert_ne!(party_of("192.0.2.7"), party_of("192.0.2.8"));
    }
}
