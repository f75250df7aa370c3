//! Our books beside the provider's report: a difference of nothing, or a list.
//!
//! The report is Stripe's itemised *balance change from activity*, a table of comma-separated
//! values with a line for each movement of money. Looked at are the lines of these categories, by
//! the payment intent that they are of; all others (the provider's own fees, its payouts) are
//! counted, and are not in our books.
//!
//! | category | what it is |
//! | --- | --- |
//! | `charge` | captured |
//! | `refund`, `refund_failure` | given back, and come back |
//! | `dispute`, `dispute_reversal` | taken back by the buyer's bank, and given back by it |
//!
//! An amount is in the currency that the buyer paid in, where the report says it apart from the one
//! that it was converted into.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use common::money::{Currency, Money};

use crate::domain::{Payment, State};

/// Columns without which a report says nothing.
const NEEDED: [&str; 4] = ["reporting_category", "currency", "gross", "payment_intent_id"];

/// The categories of lines that are looked at.
const CATEGORIES: [&str; 5] = ["charge", "refund", "refund_failure", "dispute", "dispute_reversal"];

/// Why a file is no report.
#[derive(Debug, thiserror::Error)]
pub enum BadReport {
    /// Not a table.
    #[error("it is not a table of comma-separated values: {0}")]
    Table(#[from] csv::Error),
    /// Not this table.
    #[error(
        "the column {0} is missing; ask Stripe for the report \
         `balance_change_from_activity.itemized` with it"
    )]
    Column(&'static str),
    /// A value that cannot be.
    #[error("line {line}: {what}")]
    Value {
        /// Where.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// What is known of one payment, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Captured.
    pub taken: i64,
    /// Given back.
    pub returned: i64,
    /// Taken back by the buyer's bank.
    pub disputed: i64,
}

/// Movements by the provider's name for a payment, and currency.
pub type Moves = BTreeMap<(String, &'static str), Moved>;

/// A report.
#[derive(Debug, Default)]
pub struct Report {
    /// What it says of payments.
    pub moves: Moves,
    /// How many lines say so.
    pub lines: u64,
    /// How many lines are of other categories.
    pub others: BTreeMap<String, u64>,
}

/// One side says something else than the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The provider's name for the payment.
    pub payment: String,
    /// In what.
    pub currency: Currency,
    /// What our books say.
    pub booked: Moved,
    /// What the report says.
    pub reported: Moved,
}

impl Difference {
    /// By how much the report's net is above ours, in minor units.
    pub fn net(&self) -> i64 {
        let net = |moved: Moved| moved.taken - moved.returned - moved.disputed;
        net(self.reported) - net(self.booked)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let money = |minor| Money { minor, currency: self.currency };
        let said = |Moved { taken, returned, disputed }: Moved| {
            let parts =
                [(taken, "captured"), (returned, "given back"), (disputed, "taken back by a bank")];
            let parts = parts.iter().filter(|(minor, _)| *minor != 0);
            let parts: Vec<_> =
                parts.map(|(minor, what)| format!("{} {what}", money(*minor))).collect();
            if parts.is_empty() { "nothing".to_owned() } else { parts.join(" and ") }
        };
        let (booked, reported) = (said(self.booked), said(self.reported));
        write!(f, "{}: {booked} by the books, {reported} by the report", self.payment)
    }
}

/// Reads a report.
///
/// # Errors
/// With what is wrong with it, and where.
pub fn read(text: impl Read) -> Result<Report, BadReport> {
    let mut table = csv::Reader::from_reader(text);
    let columns = table.headers()?.clone();
    let place = |name: &str| columns.iter().position(|column| column.trim() == name);
    for name in NEEDED {
        place(name).ok_or(BadReport::Column(name))?;
    }
    let mut report = Report::default();
    for record in table.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let of = |name: &str| place(name).and_then(|at| record.get(at)).unwrap_or("").trim();
        let category = of("reporting_category");
        if !CATEGORIES.contains(&category) {
            *report.others.entry(category.to_owned()).or_default() += 1;
            continue;
        }
        let bad = |what: String| BadReport::Value { line, what };
        let is_apart = !of("customer_facing_amount").is_empty();
        let (amount, currency) = if is_apart {
            (of("customer_facing_amount"), of("customer_facing_currency"))
        } else {
            (of("gross"), of("currency"))
        };
        let currency: Currency =
            currency.parse().map_err(|why| bad(format!("{currency:?} is {why}")))?;
        let minor = signed(amount, currency)
            .ok_or_else(|| bad(format!("{amount:?} is no amount of {}", currency.code())))?;
        let payment = of("payment_intent_id");
        if payment.is_empty() {
            return Err(bad(format!("a {category} without a payment_intent_id")));
        }
        let moved = report.moves.entry((payment.to_owned(), currency.code())).or_default();
        match category {
            "charge" => moved.taken += minor,
            "dispute" | "dispute_reversal" => moved.disputed -= minor,
            _ => moved.returned -= minor,
        }
        report.lines += 1;
    }
    Ok(report)
}

/// An amount that may be less than nothing, in minor units.
fn signed(text: &str, currency: Currency) -> Option<i64> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text),
    };
    let (whole, part) = size.split_once('.').unwrap_or((size, ""));
    let decimals = usize::try_from(currency.decimals()).ok()?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Zeros behind the last decimal say nothing.
    let part = part.trim_end_matches('0');
    if whole.is_empty() || part.len() > decimals || !are_digits(whole) || !are_digits(part) {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse::<i64>().ok().map(|size| sign * size)
}

/// What our books say of the payments of `provider`.
pub fn booked<'a>(payments: impl Iterator<Item = &'a Payment>, provider: &str) -> Moves {
    let mut moves = Moves::new();
    for payment in payments.filter(|payment| payment.provider == provider) {
        let taken = payment.amount.minor;
        let (reference, returned) = match &payment.state {
            State::Started { .. } | State::Declined { .. } => continue,
            State::Captured { reference, .. }
            | State::Refunding { reference, .. }
            | State::Refunded { reference, .. } => (reference, payment.refunded_minor()),
        };
        let disputed = payment.taken();
        let key = (reference.clone(), payment.amount.currency.code());
        moves.insert(key, Moved { taken, returned, disputed });
    }
    moves
}

/// Where the report does not say the same as our books.
pub fn differences(booked: &Moves, report: &Report) -> Vec<Difference> {
    let keys = booked.keys().chain(report.moves.keys().filter(|key| !booked.contains_key(*key)));
    let mut found = Vec::new();
    for key in keys {
        let of = |moves: &Moves| moves.get(key).copied().unwrap_or_default();
        let (ours, theirs) = (of(booked), of(&report.moves));
        let Ok(currency) = key.1.parse() else { continue };
        if ours != theirs {
            let payment = key.0.clone();
            found.push(Difference { payment, currency, booked: ours, reported: theirs });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "balance_transaction_id,created_utc,currency,gross,fee,net,\
        reporting_category,source_id,description,customer_facing_amount,\
        customer_facing_currency,charge_id,payment_intent_id\n";

    fn report(lines: &str) -> Report {
        read(format!("{HEAD}{lines}").as_bytes()).unwrap()
    }

    fn moves(of: &[(&str, i64, i64)]) -> Moves {
        let moved = |(id, taken, returned): &(&str, i64, i64)| {
            let key = ((*id).to_owned(), "usd");
            (key, Moved { taken: *taken, returned: *returned, disputed: 0 })
        };
        of.iter().map(moved).collect()
    }

    #[test]
    fn a_report_that_says_the_same_differs_by_nothing() {
        let report = report(
            "txn_1,2026-11-27,usd,41.00,1.49,39.51,charge,ch_1,\"2, \"\"front\"\"\",,,ch_1,pi_1\n\
             txn_2,2026-11-27 10:00:00,eur,30.1,1,29.1,charge,ch_2,x,35.50,usd,ch_2,pi_2\n\
             txn_3,2026-11-27 11:00:00,usd,-41,0,-41,refund,re_1,x,,,ch_1,pi_1\n\
             txn_4,2026-11-27 12:00:00,usd,-100,0,-100,payout,po_1,x,,,,\n",
        );
        assert_eq!(report.lines, 3);
        assert_eq!(report.others, BTreeMap::from([("payout".to_owned(), 1)]));
        let booked = moves(&[("pi_1", 4_100, 4_100), ("pi_2", 3_550, 0)]);
        assert_eq!(differences(&booked, &report), []);
    }

    #[test]
    fn each_difference_is_told_on_both_sides() {
        let report = report(
            "txn_1,x,usd,40.99,1,1,charge,ch_1,x,,,ch_1,pi_1\n\
             txn_2,x,usd,5,1,1,charge,ch_9,x,,,ch_9,pi_9\n",
        );
        let booked = moves(&[("pi_1", 4_100, 0), ("pi_2", 700, 700)]);
        let found = differences(&booked, &report);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "pi_1: 41 USD captured by the books, 40.99 USD captured by the report",
                "pi_2: 7 USD captured and 7 USD given back by the books, nothing by the report",
                "pi_9: nothing by the books, 5 USD captured by the report",
            ]
        );
        assert_eq!(found.iter().map(Difference::net).collect::<Vec<_>>(), [-1, 0, 500]);
    }

    #[test]
    fn what_is_no_report_is_refused_by_what_is_wrong_with_it() {
        let said = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(said("id,amount\n1,2\n").contains("reporting_category"));
        for (line, wrong) in [
            ("t,x,usd,4.999,1,1,charge,c,x,,,c,pi_1\n", "line 2: \"4.999\" is no amount of usd"),
            ("t,x,usd,1e3,1,1,charge,c,x,,,c,pi_1\n", "is no amount"),
            ("t,x,xxx,1,1,1,charge,c,x,,,c,pi_1\n", "line 2: \"xxx\" is not a known"),
            ("t,x,usd,1,1,1,charge,c,x,,,c,\n", "without a payment_intent_id"),
            ("t,x\n", "not a table"),
        ] {
            let told = said(&format!("{HEAD}{line}"));
            assert!(told.contains(wrong), "{told}");
        }
    }
}
