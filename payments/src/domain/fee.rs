//! What the platform keeps of a sale: a share of its total and a fixed amount, in whole minor
//! units.
//!
//! `2.5%+0.30` is two and a half percent of what the order costs, and 0.30 of its currency. Both
//! are added before they are rounded, once, to the nearest minor unit; half a unit rounds up. A
//! fixed amount below a minor unit of a currency so rounds as well: 0.30 of a yen is nothing, with
//! nothing added to it. The fee is never more than the total.

use std::fmt;
use std::str::FromStr;

use common::money::{MAX_PRICE_MAJOR, Money};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decimals of a percentage: with those of a percent itself, a share is in millionths.
const PERCENT_DECIMALS: usize = 4;

/// Decimals of a fixed amount: those of the finest currency.
const FIXED_DECIMALS: usize = 3;

/// What all of a total is, in the unit of a share.
const WHOLE: u32 = 1_000_000;

/// The fee of a platform, as its operator has it. None by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fee {
    /// In millionths of the total.
    share_ppm: u32,
    /// In thousandths of a major unit of the order's currency.
    fixed_milli: i64,
}

/// Why a text is no fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFee {
    /// Neither a share nor a share and an amount.
    #[error("must be a percentage, such as 2.5%, or one with an amount, such as 2.5%+0.30; or 0")]
    Unreadable,
    /// More than there is.
    #[error("must not be more than 100%")]
    TooMuch,
    /// More than any order costs.
    #[error("has an amount of more than {MAX_PRICE_MAJOR}")]
    TooLarge,
}

impl Fee {
    /// Whether nothing is ever kept.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What is kept of `total`.
    pub fn of(self, total: Money) -> Money {
        let whole = i128::from(WHOLE);
        let share = i128::from(total.minor.max(0)) * i128::from(self.share_ppm);
        let units = 10_i128.pow(total.currency.decimals());
        // Both in thousandths of millionths of a minor unit.
        let exact = share * 1_000 + i128::from(self.fixed_milli) * units * whole;
        let rounded = (exact + 500 * whole) / (1_000 * whole);
        let kept = i64::try_from(rounded).unwrap_or(i64::MAX).min(total.minor.max(0));
        Money { minor: kept, ..total }
    }
}

impl FromStr for Fee {
    type Err = BadFee;

    fn from_str(text: &str) -> Result<Self, BadFee> {
        let text = text.trim();
        if text == "0" {
            return Ok(Self::default());
        }
        let (share, fixed) = match text.split_once('+') {
            Some((share, fixed)) => (share, Some(fixed)),
            None => (text, None),
        };
        let share = share.trim().strip_suffix('%').ok_or(BadFee::Unreadable)?;
        let share = decimal(share.trim(), PERCENT_DECIMALS).ok_or(BadFee::Unreadable)?;
        let share_ppm = u32::try_from(share).ok().filter(|share| *share <= WHOLE);
        let share_ppm = share_ppm.ok_or(BadFee::TooMuch)?;
        let fixed = fixed.map_or(Some(0), |fixed| decimal(fixed.trim(), FIXED_DECIMALS));
        let fixed_milli = fixed.ok_or(BadFee::Unreadable)?;
        if fixed_milli > MAX_PRICE_MAJOR * 1_000 {
            return Err(BadFee::TooLarge);
        }
        Ok(Self { share_ppm, fixed_milli })
    }
}

/// A decimal number in units of its `decimals`-th decimal; `None` where it is none, or finer.
fn decimal(text: &str, decimals: usize) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !are_digits(whole) || !are_digits(rest) || rest.len() > decimals {
        return None;
    }
    format!("{whole}{rest:0<decimals$}").parse().ok()
}

impl fmt::Display for Fee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("0");
        }
        write!(f, "{}%", plain(i64::from(self.share_ppm), PERCENT_DECIMALS))?;
        if self.fixed_milli > 0 {
            write!(f, "+{}", plain(self.fixed_milli, FIXED_DECIMALS))?;
        }
        Ok(())
    }
}

/// A number of units of the `decimals`-th decimal, without zeros at its end.
fn plain(units: i64, decimals: usize) -> String {
    let digits = format!("{units:0>width$}", width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
}

impl Serialize for Fee {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::money::Currency;
    use proptest::prelude::*;

    fn fee(text: &str) -> Fee {
        text.parse().unwrap()
    }

    fn of(fee: &str, minor: i64, currency: &str) -> i64 {
        let currency: Currency = currency.parse().unwrap();
        self::fee(fee).of(Money { minor, currency }).minor
    }

    #[test]
    fn a_fee_is_a_share_and_an_amount_rounded_once() {
        for (text, minor, currency, kept) in [
            ("0", 10_000, "usd", 0),
            ("2.5%", 10_000, "usd", 250),
            ("2.5%+0.30", 10_000, "usd", 280),
            // 0.5 of a cent is up, 0.49 is down; the sum is rounded, not its parts.
            ("2.5%", 20, "usd", 1),
            ("2.45%", 20, "usd", 0),
            ("2%+0.005", 20, "usd", 1),
            ("2.5%+0.30", 1_000, "jpy", 25),
            ("0%+0.5", 1_000, "jpy", 1),
            ("1%+0.001", 1_000, "kwd", 11),
            // Never more than there is.
            ("2.5%+0.30", 20, "usd", 20),
            ("100%", 999, "eur", 999),
            ("100%+1", 0, "eur", 0),
        ] {
            assert_eq!(of(text, minor, currency), kept, "{text} of {minor} {currency}");
        }
    }

    #[test]
    fn a_fee_is_written_as_it_is_read() {
        for (text, written) in [
            ("0", "0"),
            ("0%", "0"),
            (" 2.50 % + 0.30 ", "2.5%+0.3"),
            ("0%+1", "0%+1"),
            ("0.0001%", "0.0001%"),
            ("100%", "100%"),
        ] {
            assert_eq!(fee(text).to_string(), written, "{text}");
            assert_eq!(fee(written), fee(text));
            let kept = serde_json::to_string(&fee(text)).unwrap();
            assert_eq!(serde_json::from_str::<Fee>(&kept).unwrap(), fee(text), "{kept}");
        }
    }

    #[test]
    fn what_is_no_fee_is_refused_by_what_is_wrong_with_it() {
        for text in ["", "2.5", "-1%", "2,5%", "%", "1%+", "1%+-1", "1%+0.0001", "0.00001%", "x%"] {
            assert_eq!(text.parse::<Fee>(), Err(BadFee::Unreadable), "{text}");
        }
        assert_eq!("100.0001%".parse::<Fee>(), Err(BadFee::TooMuch));
        assert_eq!("1%+1000000.001".parse::<Fee>(), Err(BadFee::TooLarge));
    }

    proptest! {
        #[test]
        fn a_fee_is_never_negative_nor_more_than_the_total(
            share_ppm in 0..=WHOLE,
            fixed_milli in 0..=MAX_PRICE_MAJOR * 1_000,
            minor in 0..=i64::MAX,
        ) {
            let total = Money { minor, currency: Currency::USD };
            let kept = Fee { share_ppm, fixed_milli }.of(total);
            prop_assert!((0..=minor).contains(&kept.minor));
        }
    }
}
