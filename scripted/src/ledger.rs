//! The provider's own books: append-only, and the truth about the money.

use std::collections::BTreeMap;

/// What happened to money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It was taken.
    Captured,
    /// Some or all of it was given back.
    Refunded,
    /// Its owner's bank took it back, for now.
    Disputed,
    /// The bank gave it back again.
    DisputeWon,
    /// It was charged for a dispute.
    DisputeFee,
}

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What happened.
    pub kind: Kind,
    /// The provider's name for the payment.
    pub name: String,
    /// Ours for it.
    pub payment: String,
    /// Ours for what it pays.
    pub order: String,
    /// In minor units.
    pub amount: i64,
    /// Its code, in lower case.
    pub currency: String,
}

impl Line {
    /// What the movement adds to what the provider holds for us.
    pub fn signed(&self) -> i64 {
        match self.kind {
            Kind::Captured | Kind::DisputeWon => self.amount,
            Kind::Refunded | Kind::Disputed | Kind::DisputeFee => -self.amount,
        }
    }
}

/// The books.
#[derive(Debug, Default)]
pub struct Ledger {
    lines: Vec<Line>,
}

impl Ledger {
    /// Adds a line; none is ever changed or removed.
    pub(crate) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// All lines, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What is held for each of our payments, in minor units.
    pub fn held(&self) -> BTreeMap<String, i64> {
        let mut held = BTreeMap::new();
        for line in &self.lines {
            *held.entry(line.payment.clone()).or_default() += line.signed();
        }
        held
    }

    /// How often money was taken for each of our payments.
    pub fn captures(&self) -> BTreeMap<String, u32> {
        let mut captures = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.kind == Kind::Captured) {
            *captures.entry(line.payment.clone()).or_default() += 1;
        }
        captures
    }
}
