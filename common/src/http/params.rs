//! A query's parameters, read like a body's [`super::Fields`]: all faults at once. Every parameter
//! may be left out.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::fields::{check_text, fault, repeated, whole_number};
use super::paging::{self, Cursor, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::command::{Fault, Refusal};
use crate::money::{BadPrice, Currency, Money};
use crate::store::Kind;
use crate::time::Timestamp;

/// The parameters of a query.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Params {
    /// The parameters in `query`, which is what follows the `?` of a URL.
    pub fn read(query: &str) -> Self {
        let mut params = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if params.pairs.iter().any(|(known, _)| *known == name) {
                params.faults.push(repeated("", &name));
            } else {
                params.pairs.push((name.into_owned(), value.into_owned()));
            }
        }
        params
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text, trimmed, of at most so many characters. An empty one is as good as none.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self.given(name)?.trim();
        if text.is_empty() {
            return None;
        }
        match check_text(text, &(1..=most)) {
            Ok(()) => Some(text.to_owned()),
            Err(message) => self.fault_in(name, &message),
        }
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        match whole_number(self.given(name)?) {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let (least, most) = (range.start(), range.end());
                self.fault_in(name, &format!("must be a whole number from {least} to {most}"))
            }
        }
    }

    /// A bound on prices: as a price, and 0 too.
    pub fn price(&mut self, name: &str, currency: Currency) -> Option<Money> {
        let text = self.given(name)?;
        match Money::parse_price(text, currency) {
            Ok(price) => Some(price),
            Err(BadPrice::NotPositive) if !text.starts_with('-') => {
                Some(Money { minor: 0, currency })
            }
            Err(bad) => self.fault_in(name, &bad.to_string()),
        }
    }

    /// An id.
    pub fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.parsed(name, "must be an id: 24 lower-case hex digits")
    }

    /// An instant in RFC 3339.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, "must be a time, such as 2030-06-01T19:30:00.000Z")
    }

    /// One of these words.
    pub fn one_of(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let given = self.given(name)?;
        match words.iter().find(|word| **word == given) {
            Some(word) => Some(word),
            None => self.fault_in(name, &format!("must be one of {}", words.join(", "))),
        }
    }

    /// Which page of a list: `limit` and `cursor`. `order` names the list and how it is sorted, and
    /// `value` is the kind of the field that it is sorted by (`None`: by id alone); a cursor of
    /// another order is refused.
    pub fn page(&mut self, order: &str, value: Option<Kind>) -> Page {
        let limit = self.integer("limit", 1..=MAX_LIMIT);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DEFAULT_LIMIT);
        let after = match self.given("cursor") {
            None => None,
            Some(cursor) => match paging::position(cursor, order, value) {
                Some(position) => Some(position),
                None => self.fault_in("cursor", "must be one that this list has given out"),
            },
        };
        Page { limit, after, order: order.to_owned() }
    }

    /// Notes that something else is wrong with a parameter. The message begins with the parameter's
    /// name.
    pub fn fault(&mut self, name: &str, message: &str) {
        self.faults.push(fault(name, message));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// With every fault that was noted.
    pub fn check(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.faults)) }
    }

    fn parsed<T: FromStr>(&mut self, name: &str, message: &str) -> Option<T> {
        match self.given(name)?.parse() {
            Ok(value) => Some(value),
            Err(_) => self.fault_in(name, message),
        }
    }

    fn fault_in<T>(&mut self, name: &str, message: &str) -> Option<T> {
        self.fault(name, message);
        None
    }
}

/// The query of the next page: the same one with `cursor` in it.
pub(super) fn with_cursor(query: &str, cursor: &Cursor) -> String {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    let mut next = form_urlencoded::Serializer::new(String::new());
    next.extend_pairs(kept);
    next.append_pair("cursor", cursor.as_str());
    next.finish()
}
