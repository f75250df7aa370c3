//! Our books beside the provider's report: a difference of nothing, or a list.
//!
//! Each provider's report has a form of its own: [`stripe`]'s is a table, [`mollie`]'s a list in
//! JSON. What is in a report and not in our books (the provider's own fees, its payouts) is
//! counted.

mod mollie;
mod stripe;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use common::money::{Currency, Money};

use crate::domain::{Payment, State};

/// Why a file is no report.
#[derive(Debug, thiserror::Error)]
pub enum BadReport {
    /// Not a table.
    #[error("it is not a table of comma-separated values: {0}")]
    Table(#[from] csv::Error),
    /// Not this table.
    #[error(
        "the column {0} is missing; ask Stripe for the report \
         `balance_change_from_activity.itemized` with it, or Mollie for its balance transactions"
    )]
    Column(&'static str),
    /// Not this list.
    #[error(
        "it is no list of Mollie's balance transactions ({0}); fetch them from \
         `/v2/balances/{{id}}/transactions`, page after page"
    )]
    List(serde_json::Error),
    /// A list that goes on.
    #[error("the page of Mollie's balance transactions that begins with {0} is missing; fetch all")]
    Page(String),
    /// A transaction that cannot be.
    #[error("{id}: {what}")]
    Transaction {
        /// Which.
        id: String,
        /// What is wrong.
        what: String,
    },
    /// It broke off.
    #[error("it cannot be read: {0}")]
    Broken(#[from] std::io::Error),
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
#[derive(Debug)]
pub struct Report {
    /// Whose it is.
    pub provider: &'static str,
    /// What it says of payments.
    pub moves: Moves,
    /// How many lines say so.
    pub lines: u64,
    /// How many lines are of other categories.
    pub others: BTreeMap<String, u64>,
}

impl Report {
    /// One of this provider that says nothing yet.
    fn of(provider: &'static str) -> Self {
        Self { provider, moves: Moves::new(), lines: 0, others: BTreeMap::new() }
    }
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

/// Reads a report. Mollie's is JSON, and begins with a brace.
///
/// # Errors
/// With what is wrong with it, and where.
pub fn read(mut text: impl Read) -> Result<Report, BadReport> {
    let mut all = Vec::new();
    text.read_to_end(&mut all)?;
    let first = all.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) { mollie::read(&all) } else { stripe::read(&all) }
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
