//! Amounts of money: whole minor units of one currency. No floating-point number ever holds one.
//!
//! On the wire a price is a JSON number of major units, or a numeric string. Both are read digit by
//! digit from the text, so `0.1` is ten cents and not the nearest binary fraction to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The greatest price, in major units.
pub const MAX_PRICE_MAJOR: i64 = 1_000_000;

/// A currency of ISO 4217 that the marketplace knows, with how many decimals its minor unit has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(&'static Known);

#[derive(PartialEq, Eq, Hash)]
struct Known {
    code: &'static str,
    decimals: u32,
}

/// ISO 4217, list one: active national currencies with their minor units.
const KNOWN: &[Known] = &{
    const fn of(code: &'static str, decimals: u32) -> Known {
        Known { code, decimals }
    }
    [
        of("usd", 2),
        of("eur", 2),
        of("gbp", 2),
        of("chf", 2),
        of("sek", 2),
        of("nok", 2),
        of("dkk", 2),
        of("pln", 2),
        of("czk", 2),
        of("huf", 2),
        of("ron", 2),
        of("bgn", 2),
        of("try", 2),
        of("uah", 2),
        of("cad", 2),
        of("aud", 2),
        of("nzd", 2),
        of("mxn", 2),
        of("brl", 2),
        of("ars", 2),
        of("cop", 2),
        of("pen", 2),
        of("uyu", 2),
        of("inr", 2),
        of("idr", 2),
        of("myr", 2),
        of("php", 2),
        of("sgd", 2),
        of("thb", 2),
        of("hkd", 2),
        of("twd", 2),
        of("cny", 2),
        of("ils", 2),
        of("aed", 2),
        of("sar", 2),
        of("qar", 2),
        of("egp", 2),
        of("mad", 2),
        of("zar", 2),
        of("ngn", 2),
        of("kes", 2),
        of("ghs", 2),
        of("jpy", 0),
        of("krw", 0),
        of("clp", 0),
        of("isk", 0),
        of("vnd", 0),
        of("pyg", 0),
        of("ugx", 0),
        of("xof", 0),
        of("xaf", 0),
        of("bhd", 3),
        of("jod", 3),
        of("kwd", 3),
        of("omr", 3),
        of("tnd", 3),
    ]
};

/// The text names no currency that the marketplace knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known ISO 4217 currency code")]
pub struct UnknownCurrency;

impl Currency {
    /// The currency of a listing that names none.
    pub const USD: Self = Self(&KNOWN[0]);

    /// A currency whose minor unit is a thousandth, the smallest there is: in it, an amount of any
    /// currency can be read before it is known which one is meant.
    pub const FINEST: Self = Self(&KNOWN[KNOWN.len() - 1]);

    /// The ISO 4217 code in lower case.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// How many decimals a major unit has: 2 for cents, 0 for yen.
    pub fn decimals(self) -> u32 {
        self.0.decimals
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let known = KNOWN.iter().find(|known| known.code.eq_ignore_ascii_case(text));
        known.map(Self).ok_or(UnknownCurrency)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::read(deserializer)
    }
}

/// An amount: `minor` whole minor units of `currency`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Money {
    /// Whole minor units (cents, for a currency with two decimals).
    pub minor: i64,
    /// What they are units of.
    pub currency: Currency,
}

/// Why a text is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPrice {
    /// Not a decimal number.
    #[error("must be a number")]
    NotANumber,
    /// Zero or less.
    #[error("must be greater than 0")]
    NotPositive,
    /// More digits behind the point than the currency has.
    #[error("has more decimals than the currency allows")]
    TooPrecise,
    /// Above [`MAX_PRICE_MAJOR`].
    #[error("must be at most 1000000")]
    TooLarge,
}

impl Money {
    /// Reads a price from the decimal text of a JSON number or numeric string, such as `20`,
    /// `20.50` or `2e1`.
    ///
    /// # Errors
    /// Says which rule for prices the text breaks.
    pub fn parse_price(text: &str, currency: Currency) -> Result<Self, BadPrice> {
        let (negative, digits, exponent) = decimal(text)?;
        let shift = exponent.saturating_add(i64::from(currency.decimals()));
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() || negative {
            return Err(BadPrice::NotPositive);
        }
        let kept = significant.trim_end_matches('0');
        let dropped = i64::try_from(significant.len() - kept.len()).unwrap_or(i64::MAX);
        let zeros = shift.saturating_add(dropped);
        // More places than any price has: refused by length, before a number of that size is ever
        // built.
        if i64::try_from(kept.len()).unwrap_or(i64::MAX).saturating_add(zeros) > 15 {
            return Err(BadPrice::TooLarge);
        }
        if zeros < 0 {
            return Err(BadPrice::TooPrecise);
        }
        let units: i64 = kept.parse().map_err(|_| BadPrice::TooLarge)?;
        let scale = 10_i64.checked_pow(u32::try_from(zeros).unwrap_or(u32::MAX));
        let minor = scale.and_then(|scale| units.checked_mul(scale)).ok_or(BadPrice::TooLarge)?;
        if minor > MAX_PRICE_MAJOR * 10_i64.pow(currency.decimals()) {
            return Err(BadPrice::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    /// This amount times `quantity`, or `None` where it would not fit.
    pub fn times(self, quantity: u32) -> Option<Self> {
        let minor = self.minor.checked_mul(i64::from(quantity))?;
        Some(Self { minor, ..self })
    }

    /// The amount in major units as JSON writes a number: `20`, `20.5`, never `20.50`.
    pub fn major(self) -> String {
        let scale = 10_u64.pow(self.currency.decimals());
        let (sign, size) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        let (whole, part) = (size / scale, size % scale);
        if part == 0 {
            return format!("{sign}{whole}");
        }
        let width = usize::try_from(self.currency.decimals()).unwrap_or(0);
        let part = format!("{part:0width$}");
        format!("{sign}{whole}.{}", part.trim_end_matches('0'))
    }

    /// The amount as receipts and letters write it, with all decimals of its currency: `1,234.50
    /// USD`.
    pub fn in_full(self) -> String {
        let places = usize::try_from(self.currency.decimals()).unwrap_or(0);
        let digits = format!("{:0>least$}", self.minor.unsigned_abs(), least = places + 1);
        let (whole, part) = digits.split_at(digits.len() - places);
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if places == 0 { "" } else { "." };
        format!("{sign}{grouped}{point}{part} {}", self.currency.code().to_ascii_uppercase())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major(), self.currency.code().to_ascii_uppercase())
    }
}

/// An amount on the wire: a JSON number of major units, written digit by digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Major(pub Money);

impl Serialize for Major {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.0.major()).map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

/// Splits a decimal number into its sign, its digits without the point, and the power of ten they
/// stand for.
fn decimal(text: &str) -> Result<(bool, String, i64), BadPrice> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, part].concat();
    let point_without_digits = mantissa.contains('.') && part.is_empty();
    if whole.is_empty() || point_without_digits || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadPrice::NotANumber);
    }
    let places = i64::try_from(part.len()).unwrap_or(i64::MAX);
    Ok((negative, digits, exponent.saturating_sub(places)))
}

/// An exponent of any length; what does not fit is held at the end of the range, far beyond any
/// price.
fn read_exponent(text: &str) -> Result<i64, BadPrice> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadPrice::NotANumber);
    }
    let size = digits.parse::<i32>().unwrap_or(i32::MAX);
    Ok(i64::from(if text.starts_with('-') { -size } else { size }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(text: &str) -> Result<i64, BadPrice> {
        Money::parse_price(text, Currency::USD).map(|money| money.minor)
    }

    #[test]
    fn a_price_is_read_exactly_from_its_text() {
        for (text, minor) in [
            ("20", 2_000),
            ("20.5", 2_050),
            ("10.50", 1_050),
            ("0.01", 1),
            ("2e1", 2_000),
            ("1.5E+2", 15_000),
            ("0.070000", 7),
            ("1000000", 100_000_000),
            ("100000e-3", 10_000),
            ("007", 700),
        ] {
            assert_eq!(usd(text), Ok(minor), "{text}");
        }
        let yen = Money::parse_price("5", "JPY".parse().unwrap()).unwrap();
        assert_eq!((yen.minor, yen.major().as_str()), (5, "5"));
        assert!(KNOWN.iter().all(|known| known.decimals <= Currency::FINEST.decimals()));
        let price = Major(Money { minor: 2_050, currency: Currency::USD });
        assert_eq!(serde_json::to_string(&price).unwrap(), "20.5");
    }

    #[test]
    fn what_is_no_price_says_why() {
        for (text, why) in [
            ("", BadPrice::NotANumber),
            ("NaN", BadPrice::NotANumber),
            ("1.", BadPrice::NotANumber),
            (".5", BadPrice::NotANumber),
            ("1e", BadPrice::NotANumber),
            ("1 0", BadPrice::NotANumber),
            ("0", BadPrice::NotPositive),
            ("-3", BadPrice::NotPositive),
            ("0e400", BadPrice::NotPositive),
            ("0.001", BadPrice::TooPrecise),
            ("1e-400", BadPrice::TooPrecise),
            ("1000000.01", BadPrice::TooLarge),
            ("1e400", BadPrice::TooLarge),
            ("1e99999999999999999999", BadPrice::TooLarge),
            ("99999999999999999999", BadPrice::TooLarge),
        ] {
            assert_eq!(usd(text), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor in 1_i64..=100_000_000) {
            let money = Money { minor, currency: Currency::USD };
            prop_assert_eq!(usd(&money.major()), Ok(minor));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            if let Ok(minor) = usd(&text) {
                prop_assert!((1..=100_000_000).contains(&minor));
            }
        }
    }
}
