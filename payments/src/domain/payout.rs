//! What sellers were paid.

use std::fmt;
use std::str::FromStr;

use common::id::UserId;
use common::money::Currency;
use serde::{Deserialize, Serialize};

/// Longest reference, in characters.
const MAX_REFERENCE: usize = 100;

/// How much a seller was paid in one currency, over all payouts. Every payout writes it, so that
/// two at the same time cannot both take what is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidTo {
    /// Who.
    pub seller: UserId,
    /// In what.
    pub currency: Currency,
    /// How much, in minor units.
    pub total: i64,
}

impl PaidTo {
    /// The id of a seller's document for a currency.
    pub fn id_of(seller: UserId, currency: Currency) -> String {
        format!("{seller}-{}", currency.code())
    }
}

/// An operator's name for a payout: that of a bank transfer, or of a run of them with the seller's
/// name behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(String);

/// Why a text is no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_REFERENCE} letters, digits, spaces and any of -_./:# in ASCII")]
pub struct BadReference;

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let text = text.trim();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_./:#".contains(&byte);
        let is_good = (1..=MAX_REFERENCE).contains(&text.len()) && text.bytes().all(is_plain);
        if is_good { Ok(Self(text.to_owned())) } else { Err(BadReference) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_short_and_plain() {
        assert_eq!(" 2026-11 a/7 ".parse::<Reference>().unwrap().to_string(), "2026-11 a/7");
        for bad in ["", "  ", "a\nb", "=1+1", "é", &"x".repeat(101)] {
            assert_eq!(bad.parse::<Reference>(), Err(BadReference), "{bad:?}");
        }
    }
}
