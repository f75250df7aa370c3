//! That an order was paid, in writing, with a number.
//!
//! Numbers are consecutive within a year and have no gaps: a receipt is made, without a number, in
//! the commit in which its order is known to be complete; whoever numbers takes those that wait, as
//! many as there are, and gives them the next numbers of the series in one commit with the series
//! itself. Why so is in docs/decisions/0015-receipt-numbers.md.

use std::fmt;

use common::id::{OrderId, PaymentId, UserId};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A receipt. What it says is in its payment and its order, which no longer change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The payment that it is for.
    pub payment: PaymentId,
    /// What was paid for.
    pub order: OrderId,
    /// Who paid.
    pub buyer: UserId,
    /// When the order was known to be complete.
    pub since: Timestamp,
    /// Its number, once it has one.
    pub issued: Option<Issued>,
}

/// That a receipt has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Which.
    pub number: ReceiptNumber,
    /// Since when.
    pub at: Timestamp,
}

/// A receipt's number: `2026-000123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReceiptNumber {
    /// The series: the year in which it was given, in UTC.
    pub year: i16,
    /// Its place in the series, from 1.
    pub serial: u64,
}

/// The numbers of one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Which year.
    pub year: i16,
    /// The greatest number that was given; they are given from 1, each once.
    pub last: u64,
}

impl Receipt {
    /// A receipt that waits for its number.
    pub fn waiting(payment: PaymentId, order: OrderId, buyer: UserId, since: Timestamp) -> Self {
        Self { payment, order, buyer, since, issued: None }
    }
}

impl Series {
    /// A series of which nothing was given.
    pub fn of(year: i16) -> Self {
        Self { year, last: 0 }
    }

    /// The next number.
    pub fn take(&mut self) -> ReceiptNumber {
        self.last += 1;
        ReceiptNumber { year: self.year, serial: self.last }
    }

    /// The year whose series numbers are taken from at `now`.
    pub fn year_at(now: Timestamp) -> i16 {
        let instant = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
        jiff::tz::Offset::UTC.to_datetime(instant).year()
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:06}", self.year, self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_in_order_and_written_with_their_year() {
        let mut series = Series::of(Series::year_at(Timestamp::from_millis(1_795_000_000_000)));
        assert_eq!(series.take().to_string(), "2026-000001");
        assert_eq!(series.take().to_string(), "2026-000002");
        let far = ReceiptNumber { year: 2026, serial: 12_345_678 };
        assert_eq!(far.to_string(), "2026-12345678");
    }

    #[test]
    fn a_year_begins_in_utc() {
        let at = |text: &str| Series::year_at(text.parse().unwrap());
        assert_eq!(at("2026-12-31T23:59:59.999Z"), 2026);
        assert_eq!(at("2027-01-01T00:00:00.000Z"), 2027);
    }
}
