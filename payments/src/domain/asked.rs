//! Refunds of a complete order: some or all of what was paid, asked for by its seller or the
//! operator (I5). The order stays complete; which of its units go back on sale is said with each.
//!
//! They are kept in their payment, in the order in which they were asked for. So whatever asks at
//! the same time meets in one document, and never can more be owed than was taken; and a payment
//! that owes one is due until it is given back, like every other that is not at its end.
//!
//! A refund that has been asked for is never taken back: its buyer has seen it.

use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::payment::{Payment, State, Unmoved};

/// Most refunds of one payment: more than anybody has reasons for, and few enough to be read with
/// it each time.
pub const MAX_REFUNDS: usize = 50;

/// Most characters that the reason for a refund may have.
pub const MAX_REASON: usize = 500;

/// A refund that was asked for, and whether it has been given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Which of its payment's, from 1: with the payment, the key under which the provider is asked.
    pub number: u32,
    /// How much.
    pub amount: Money,
    /// How many of the order's units go back on sale with it.
    pub units: u32,
    /// Why, in words for the buyer.
    pub reason: String,
    /// Who asked for it.
    pub by: AskedBy,
    /// When.
    pub asked_at: Timestamp,
    /// That it was given back, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
}

/// Who asks for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskedBy {
    /// Who sold what was paid for.
    Seller,
    /// Who runs this marketplace.
    Operator,
}

/// A refund was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The provider's name for it.
    pub reference: String,
    /// When this service learned of it.
    pub at: Timestamp,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// How much; all that is left where nothing is said.
    pub amount: Option<Money>,
    /// How many units go back on sale.
    pub units: u32,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub by: AskedBy,
}

/// Why a refund is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// Its order is not complete by it: no money is kept, or all of it goes back by itself.
    #[error("Only an order that is complete can be refunded")]
    NotComplete,
    /// Its buyer's bank has taken some of it, and it is not decided whether for good.
    #[error(
        "The buyer's bank has taken the money back, and the dispute is not decided yet: nothing \
         can be given back before it is"
    )]
    Disputed,
    /// All of it is given back, or on its way, or with the buyer's bank for good.
    #[error("All that was paid has been given back")]
    NothingLeft,
    /// More than is left is asked for.
    #[error("must be at most what is left, which is {0}")]
    TooMuch(Money),
    /// More units than it still holds are to go back on sale.
    #[error("must be at most {0}: no more of the order's units can go back on sale")]
    TooMany(u32),
    /// There have been [`MAX_REFUNDS`].
    #[error("An order can be refunded in at most {MAX_REFUNDS} parts")]
    TooOften,
}

impl Payment {
    /// How much was asked back.
    pub fn asked_back(&self) -> Money {
        let minor = self.refunds.iter().map(|refund| refund.amount.minor).sum();
        Money { minor, ..self.amount }
    }

    /// How much is not asked back yet, and not lost by a dispute.
    pub fn left(&self) -> Money {
        let left = self.amount.minor - self.asked_back().minor - self.lost();
        Money { minor: left.max(0), ..self.amount }
    }

    /// How much the provider gave back because it was asked to, in minor units: what a dispute was
    /// quicker with is not part of it.
    pub fn refunded_minor(&self) -> i64 {
        match &self.state {
            State::Refunded { refund, .. } if self.is_by_dispute(refund) => 0,
            State::Refunded { .. } => self.amount.minor,
            State::Started { .. }
            | State::Declined { .. }
            | State::Captured { .. }
            | State::Refunding { .. } => {
                let by_refund =
                    self.done().filter(|(_, done)| !self.is_by_dispute(&done.reference));
                by_refund.map(|(refund, _)| refund.amount.minor).sum()
            }
        }
    }

    /// How much of it has been given back, as far as this service has learned.
    pub fn given_back(&self) -> Money {
        let minor = match &self.state {
            State::Refunded { .. } => self.amount.minor,
            State::Started { .. }
            | State::Declined { .. }
            | State::Captured { .. }
            | State::Refunding { .. } => self.done().map(|(refund, _)| refund.amount.minor).sum(),
        };
        Money { minor, ..self.amount }
    }

    /// The refunds that were given back, in the order of their numbers.
    pub fn done(&self) -> impl Iterator<Item = (&Refund, &Done)> {
        self.refunds.iter().filter_map(|refund| Some((refund, refund.done.as_ref()?)))
    }

    /// The refund that the provider is to be asked for next.
    pub fn owed(&self) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.done.is_none())
    }

    /// It, once a refund is asked for, of an order of `quantity` units. That its order is complete
    /// by it is for the caller to know.
    ///
    /// # Errors
    /// When that is not to be had.
    pub fn ask_back(
        mut self,
        ask: Ask,
        quantity: u32,
        now: Timestamp,
    ) -> Result<Self, NotRefundable> {
        if !matches!(self.state, State::Captured { .. }) {
            return Err(NotRefundable::NotComplete);
        }
        if self.is_held() {
            return Err(NotRefundable::Disputed);
        }
        let left = self.left();
        if left.minor <= 0 {
            return Err(NotRefundable::NothingLeft);
        }
        if self.refunds.len() >= MAX_REFUNDS {
            return Err(NotRefundable::TooOften);
        }
        let Ask { amount, units, reason, by } = ask;
        let amount = amount.unwrap_or(left);
        if amount.minor > left.minor {
            return Err(NotRefundable::TooMuch(left));
        }
        let on_sale: u32 = self.refunds.iter().map(|refund| refund.units).sum();
        let held = quantity.saturating_sub(on_sale);
        if units > held {
            return Err(NotRefundable::TooMany(held));
        }
        let number = self.refunds.last().map_or(1, |last| last.number + 1);
        self.refunds.push(Refund { number, amount, units, reason, by, asked_at: now, done: None });
        Ok(Self { looks: 0, ..self.woken(now) })
    }

    /// It, once the refund of that number has been given back.
    ///
    /// # Errors
    /// Where that is known already, or where there is no such refund.
    pub fn gave_back(
        mut self,
        number: u32,
        reference: String,
        now: Timestamp,
    ) -> Result<Self, Unmoved> {
        let found = self.refunds.iter_mut().find(|refund| refund.number == number);
        let refund = found.ok_or(Unmoved::Impossible)?;
        if refund.done.is_some() {
            return Err(Unmoved::Already);
        }
        refund.done = Some(Done { reference, at: now });
        // Its order is complete by it, so nothing else can follow.
        let due = (self.owed().is_some() || self.doubts.are_open()).then_some(now);
        // The next one has keys of its own.
        Ok(Self { due, looks: 0, burnt: 0, rests_until: None, ..self })
    }
}
