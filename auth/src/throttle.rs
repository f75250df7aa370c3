//! How often somebody may try, by account and by address.
//!
//! For each key only one number is kept, by [`Pace`]. All of it is in memory, bounded, and a key is
//! kept the same whether an account stands behind it or not, so that being turned away tells nobody
//! anything.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::command::Refusal;
use common::time::Timestamp;
use quick_cache::sync::Cache;

use crate::domain::{Pace, TooSoon};

/// Most keys remembered, a few megabytes. Those that are asked about least are forgotten first.
const MAX_KEYS: usize = 50_000;

/// The rate at which a key may do one thing.
pub struct Throttle {
    pace: Pace,
    /// By the keyed hash of the key, so that nobody can choose keys that meet.
    paced: Cache<u64, Arc<Mutex<Timestamp>>>,
    hasher: RandomState,
}

impl Throttle {
    /// At most `per_minute` a minute, and at least one.
    pub fn new(per_minute: u32) -> Self {
        let (pace, paced) = (Pace::per_minute(per_minute), Cache::new(MAX_KEYS));
        Self { pace, paced, hasher: RandomState::new() }
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
        *paced = self.pace.one_more(*paced);
        Ok(())
    }

    /// Counts one for `key`, whether it was allowed or not.
    pub fn count(&self, key: &impl Hash, now: Timestamp) {
        let paced = self.entry(key);
        let mut paced = lock(&paced);
        self.hold(&mut paced, now);
        *paced = self.pace.one_more(*paced);
    }

    /// Takes back one that was counted for `key`.
    pub fn give_back(&self, key: &impl Hash) {
        let paced = self.entry(key);
        let mut paced = lock(&paced);
        *paced = self.pace.one_less(*paced);
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
        Ok(self.pace.room(*paced, now)?)
    }

    fn hold(&self, paced: &mut Timestamp, now: Timestamp) {
        *paced = self.pace.hold(*paced, now, 1);
    }
}

impl From<TooSoon> for Refusal {
    fn from(TooSoon { wait_s }: TooSoon) -> Self {
        Self::TooMany { retry_after_s: wait_s }
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
        assert_eq!(throttle.take(&"ada", at(yesterday + 60_000)), Ok(()));
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
