//! Identifiers: 24 lower-case hex digits, the form of a BSON ObjectId.
//!
//! An id is four bytes of seconds, five bytes that tell processes apart and a three-byte counter.
//! The first ten bits of those five are the milliseconds of the second: so ids sort by the time
//! they were made, whichever replica made them, and ids made by two never meet.
//! Neither the clock nor entropy is read here: both are handed in, which is what lets the simulator
//! replay a history to the last digit.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use rand::TryRng as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// Hex digits in the text form of an id.
pub const TEXT_LENGTH: usize = 24;

/// An identifier, unique across services and ordered by the time at which it was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 12]);

/// The text was not 24 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is {TEXT_LENGTH} lower-case hex digits")]
pub struct MalformedId;

impl Id {
    /// An id from its twelve bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The id that belongs to this one and to no other: for what follows from one thing once, and
    /// is to have the same name however often that is found out. Its twin is the id itself.
    ///
    /// It is the id with its counter half-way round. No process makes eight million ids within a
    /// second, so nobody else is given it.
    #[must_use]
    pub const fn twin(self) -> Self {
        let mut bytes = self.0;
        bytes[9] ^= 0x80;
        Self(bytes)
    }

    /// The second in which the id was made, by the clock of the process that made it.
    pub fn made_at(&self) -> Timestamp {
        let seconds = u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]]);
        Timestamp::from_millis(i64::from(seconds) * 1_000)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0_u8; TEXT_LENGTH];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0x0f)];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let digits = text.as_bytes();
        if digits.len() != TEXT_LENGTH {
            return Err(MalformedId);
        }
        let mut bytes = [0_u8; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, MalformedId> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(MalformedId),
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::read(deserializer)
    }
}

/// Declares an id of one kind of thing, so that a ticket's id cannot be passed where an order's is
/// wanted.
macro_rules! id_of {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;
            fn from_str(text: &str) -> Result<Self, MalformedId> {
                text.parse().map(Self)
            }
        }
    };
}

id_of!(
    /// Who: an account.
    UserId
);
id_of!(
    /// What is for sale: a listing.
    TicketId
);
id_of!(
    /// A reservation and what became of it.
    OrderId
);
id_of!(
    /// One attempt to pay an order.
    PaymentId
);

/// Makes the ids of one process.
#[derive(Debug)]
pub struct Ids {
    /// [`PROCESS_BITS`] of them.
    process: u64,
    counter: AtomicU32,
}

/// Bits that tell processes apart. Two that share them, at one chance in a billion, would have to
/// be at the same of sixteen million counts in the same millisecond besides.
const PROCESS_BITS: u32 = 30;

impl Ids {
    /// A source of ids told apart from every other by `seed`: 64 random bits outside simulations.
    pub fn new(seed: u64) -> Self {
        let [.., f, g, h] = seed.to_be_bytes();
        // The counter starts in the lower half, so that it does not wrap within a process's first 8
        // million ids.
        let start = u32::from_be_bytes([0, f & 0x7f, g, h]);
        // The other forty bits, folded, so that none of them makes no difference.
        let process = ((seed >> 24) ^ (seed >> (24 + PROCESS_BITS))) & ((1 << PROCESS_BITS) - 1);
        Self { process, counter: AtomicU32::new(start) }
    }

    /// The next id, stamped with `now`.
    pub fn next(&self, now: Timestamp) -> Id {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let [s, t, u, v] = u32::try_from(millis / 1_000).unwrap_or(0).to_be_bytes();
        let [_, _, _, a, b, c, d, e] =
            (((millis % 1_000) << PROCESS_BITS) | self.process).to_be_bytes();
        let [_, x, y, z] = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Id([s, t, u, v, a, b, c, d, e, x, y, z])
    }
}

/// Where randomness comes from: the operating system, or a simulator's seed.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with randomness fit for keys.
    ///
    /// # Errors
    /// When the operating system has none to give, which no caller can repair.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoEntropy(String);

/// The operating system's randomness: the one place it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        rand::rngs::SysRng.try_fill_bytes(bytes).map_err(|error| NoEntropy(error.to_string()))
    }
}

/// Sixty-four random bits.
///
/// # Errors
/// As [`Entropy::fill`].
pub fn random_u64(entropy: &dyn Entropy) -> Result<u64, NoEntropy> {
    let mut bytes = [0_u8; 8];
    entropy.fill(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_sorts_by_time() {
        let ids = Ids::new(0x0102_0304_0506_0708);
        let now = Timestamp::from_millis(1_795_000_000_123);
        let (a, b) = (ids.next(now), ids.next(now));
        assert!(a < b, "{a} {b}");
        assert_eq!(a.to_string().parse(), Ok(a));
        assert_eq!(a.to_string().len(), TEXT_LENGTH);
        assert_eq!(a.made_at().as_millis(), 1_795_000_000_000);
        assert!(b < ids.next(now.plus_millis(1_000)));
    }

    #[test]
    fn ids_of_two_replicas_sort_by_time() {
        let (one, other) = (Ids::new(u64::MAX), Ids::new(0));
        let now = Timestamp::from_millis(1_795_000_000_998);
        let made = [one.next(now), other.next(now.plus_millis(1)), one.next(now.plus_millis(2))];
        assert!(made.is_sorted(), "{made:?}");
        assert_ne!(one.next(now).0[4..9], other.next(now).0[4..9]);
    }

    #[test]
    fn a_twin_is_another_id_of_the_same_second_and_its_twin_is_the_first() {
        let ids = Ids::new(0x0102_0304_0506_0708);
        let now = Timestamp::from_millis(1_795_000_000_123);
        let made: Vec<Id> = (0..100).map(|_| ids.next(now)).collect();
        for id in &made {
            assert!(!made.contains(&id.twin()), "{id}");
            assert_eq!((id.twin().twin(), id.twin().made_at()), (*id, id.made_at()));
        }
    }

    #[test]
    fn only_24_lower_case_hex_digits_are_an_id() {
        for bad in [
            "",
            "abc",
            "ABCDEFABCDEFABCDEFABCDEF",
            "zzzzzzzzzzzzzzzzzzzzzzzz",
            "0123456789abcdef01234567 ",
        ] {
            assert_eq!(bad.parse::<Id>(), Err(MalformedId), "{bad:?}");
        }
    }
}
