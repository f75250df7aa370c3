//! A body's fields as values that cannot be wrong, with all faults collected and told at once.
//!
//! ```text
//! let mut fields = write.fields()?;
//! let title = fields.text("title", 1..=200);
//! let price = fields.price("price", Currency::USD);
//! let (Some(title), Some(price)) = (title, price) else { return Err(fields.refusal().into()) };
//! fields.check()?;
//! ```
//!
//! A getter that returns `None` for a required field has noted a fault. One for an optional field
//! returns `None` where the field is missing or `null`, and also where it is faulty, so
//! [`Fields::check`] ends the reading.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use super::json::{self, Members};
use crate::command::{Fault, Refusal};
use crate::money::{Currency, Money};
use crate::time::{TimeZone, Timestamp};

/// Most names of repeated fields that are told; the rest of such a body tells nobody anything.
const MAX_REPEATED_TOLD: usize = 20;

/// Longest name that is told: ours are shorter.
const MAX_NAME_BYTES: usize = 32;

/// The fields of a JSON object, read one by one.
#[derive(Debug)]
pub struct Fields {
    members: Members,
    /// What stands before a field's name in faults: `event.` within `event`.
    prefix: String,
    /// Shared with the objects within, so that all faults are told together.
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Fields {
    /// The fields of the object that `body` holds.
    ///
    /// # Errors
    /// When the body is no JSON object.
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let members = json::object(body)?;
        Ok(Self::of(members, String::new(), Arc::default()))
    }

    /// No fields at all: what a body that may be left out stands for.
    pub fn none() -> Self {
        Self::of(Members::default(), String::new(), Arc::default())
    }

    fn of(members: Members, prefix: String, faults: Arc<Mutex<Vec<Fault>>>) -> Self {
        let fields = Self { members, prefix, faults };
        for name in fields.members.repeated.iter().take(MAX_REPEATED_TOLD) {
            fields.add(repeated(&fields.prefix, name));
        }
        fields
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Whether the field is there and `null`: in an edit, what is to be removed and not just left
    /// as it is.
    pub fn is_null(&self, name: &str) -> bool {
        self.members.values.get(name).is_some_and(|raw| raw.get() == "null")
    }

    /// A text, trimmed, of so many characters.
    pub fn text(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        self.required(name)?;
        self.optional_text(name, length)
    }

    /// As [`Fields::text`], if it is there.
    pub fn optional_text(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        let text = self.string(name)?;
        match check_text(text.trim(), &length) {
            Ok(()) => Some(text.trim().to_owned()),
            Err(message) => self.fault_in(name, message),
        }
    }

    /// A text exactly as it was sent, such as a password: any characters, of so many.
    pub fn raw_text(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        self.required(name)?;
        let text = self.string(name)?;
        match check_length(&text, &length) {
            Ok(()) => Some(text),
            Err(message) => self.fault_in(name, message),
        }
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        self.required(name)?;
        self.optional_integer(name, range)
    }

    /// As [`Fields::integer`], if it is there.
    pub fn optional_integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = whole_number(self.given(name)?);
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let (least, most) = (range.start(), range.end());
                self.fault_in(name, format!("must be a whole number from {least} to {most}"))
            }
        }
    }

    /// A price: a number or a numeric string of major units.
    pub fn price(&mut self, name: &str, currency: Currency) -> Option<Money> {
        self.required(name)?;
        self.optional_price(name, currency)
    }

    /// As [`Fields::price`], if it is there.
    pub fn optional_price(&mut self, name: &str, currency: Currency) -> Option<Money> {
        let raw = self.given(name)?;
        let price = if raw.starts_with('"') {
            Money::parse_price(&self.string(name)?, currency)
        } else {
            Money::parse_price(raw, currency)
        };
        match price {
            Ok(price) => Some(price),
            Err(bad) => self.fault_in(name, bad.to_string()),
        }
    }

    /// A currency of ISO 4217, or `default` where it is not there.
    pub fn currency(&mut self, name: &str, default: Currency) -> Currency {
        if !self.has(name) {
            return default;
        }
        let currency = self.parsed(name, "must be a known ISO 4217 currency code, such as \"usd\"");
        currency.unwrap_or(default)
    }

    /// An id.
    pub fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.required(name)?;
        self.optional_id(name)
    }

    /// As [`Fields::id`], if it is there.
    pub fn optional_id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.parsed(name, "must be an id: 24 lower-case hex digits")
    }

    /// An instant in RFC 3339.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.required(name)?;
        self.optional_time(name)
    }

    /// As [`Fields::time`], if it is there.
    pub fn optional_time(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, "must be a time, such as 2030-06-01T19:30:00.000Z")
    }

    /// A time zone by its name in the IANA database, if it is there.
    pub fn optional_time_zone(&mut self, name: &str) -> Option<TimeZone> {
        self.parsed(name, "must be the IANA name of a time zone, such as Europe/Vienna")
    }

    /// An object within, if it is there. Its faults are told with this one's, as `event.name`.
    pub fn object(&mut self, name: &str) -> Option<Self> {
        match json::members(self.given(name)?) {
            Ok(members) => {
                let prefix = format!("{}{name}.", self.prefix);
                Some(Self::of(members, prefix, Arc::clone(&self.faults)))
            }
            Err(_) => self.fault_in(name, "must be an object"),
        }
    }

    /// Notes that something else is wrong with a field. The message begins with the field's name.
    pub fn fault(&mut self, name: &str, message: impl AsRef<str>) {
        self.note(name, message.as_ref());
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// With every fault that was noted.
    pub fn check(self) -> Result<(), Refusal> {
        let faults = self.take_faults();
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }

    /// The refusal with every fault that was noted, for where it is clear that there is one.
    pub fn refusal(self) -> Refusal {
        Refusal::Invalid(self.take_faults())
    }

    fn take_faults(self) -> Vec<Fault> {
        std::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The value's text, if the field is there and not `null`.
    fn given(&self, name: &str) -> Option<&str> {
        let raw = self.members.values.get(name)?.get();
        (raw != "null").then_some(raw)
    }

    fn required(&self, name: &str) -> Option<()> {
        if self.given(name).is_none() {
            self.note(name, "is required");
            return None;
        }
        Some(())
    }

    fn string(&self, name: &str) -> Option<String> {
        let raw = self.given(name)?;
        if !raw.starts_with('"') {
            return self.fault_in(name, "must be a text");
        }
        match serde_json::from_str(raw) {
            Ok(text) => Some(text),
            // Well-formed as JSON, but half of a pair of surrogates stands for no character.
            Err(_) => self.fault_in(name, "is not valid Unicode"),
        }
    }

    fn parsed<T: FromStr>(&self, name: &str, message: &str) -> Option<T> {
        let text = self.string(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => self.fault_in(name, message),
        }
    }

    fn fault_in<T>(&self, name: &str, message: impl AsRef<str>) -> Option<T> {
        self.note(name, message.as_ref());
        None
    }

    fn note(&self, name: &str, message: &str) {
        self.add(fault(&format!("{}{name}", self.prefix), message));
    }

    fn add(&self, fault: Fault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }
}

/// A fault whose message begins with the field's name.
pub(super) fn fault(field: &str, message: &str) -> Fault {
    Fault { message: format!("{field} {message}"), field: Some(field.to_owned()) }
}

/// The fault of a name that is given more than once. The name is told where it could be one of
/// ours; anything else could be a card number (I28).
pub(super) fn repeated(prefix: &str, name: &str) -> Fault {
    const REPEATED: &str = "is given more than once";
    if name.len() <= MAX_NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return fault(&format!("{prefix}{name}"), REPEATED);
    }
    Fault { message: format!("A name {REPEATED}"), field: None }
}

/// Whether a text for people is of so many characters, and without those that only a terminal or a
/// C string minds.
pub(super) fn check_text(text: &str, length: &RangeInclusive<usize>) -> Result<(), String> {
    check_length(text, length)?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(())
}

fn check_length(text: &str, length: &RangeInclusive<usize>) -> Result<(), String> {
    if length.contains(&text.chars().count()) {
        return Ok(());
    }
    Err(match (length.start(), length.end()) {
        (0, most) => format!("must have at most {most} characters"),
        (least, most) => format!("must have {least} to {most} characters"),
    })
}

/// The whole number that a JSON number stands for, however it is written: `3`, `3.0`, `3e2`. `None`
/// where it is no number, not whole, or beyond 64 bits.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return (!text.starts_with('+')).then_some(number);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    let kept = significant.trim_end_matches('0');
    if kept.is_empty() {
        return Some(0);
    }
    let places = i64::try_from(part.len()).ok()?;
    let dropped = i64::try_from(significant.len() - kept.len()).ok()?;
    let zeros = usize::try_from(i64::from(exponent) - places + dropped).ok()?;
    // More places than 64 bits have: refused before a text of that length is built.
    if kept.len().saturating_add(zeros) > 19 {
        return None;
    }
    format!("{sign}{kept}{}", "0".repeat(zeros)).parse().ok()
}
