//! What may be paid: a copy of an order, and the payment that is on its way to paying it.

use common::id::{OrderId, PaymentId, TicketId, UserId};
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an order stands, as far as its payment minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStanding {
    /// It can be paid.
    Open,
    /// It is paid; nothing follows.
    Complete,
    /// It has ended without payment; nothing follows.
    Cancelled,
}

/// What an order is for, as its buyer saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Whose units; `None` in copies from before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// The ticket's title.
    pub title: String,
    /// How many units.
    pub quantity: u32,
    /// What one of them cost.
    pub price: Money,
}

/// A copy of an order, with what this service adds to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payable {
    /// Which order.
    pub order: OrderId,
    /// Its buyer.
    pub buyer: UserId,
    /// Who sells it; `None` in copies of orders from before that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<UserId>,
    /// What is to be paid: what the buyer saw (I15).
    pub total: Money,
    /// What it is for; `None` in copies from before that was kept.
    #[serde(default)]
    pub item: Option<Item>,
    /// When it ends unless it is paid.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub standing: OrderStanding,
    /// The order's version that this is a copy of.
    pub version: u64,
    /// Whether its buyer gave it up, of an order that has ended without payment.
    #[serde(default)]
    pub given_up: bool,
    /// What the orders service decided about money that came after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// The payment that is to pay it, or has paid it: at most one at a time (I4).
    pub active: Option<PaymentId>,
}

/// What becomes of money that came after an order's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Late {
    /// Which payment's.
    pub payment: PaymentId,
    /// The order that is complete by it; without one, it is given back.
    pub replaced_by: Option<OrderId>,
}

/// Why an order cannot be paid, in words for its buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPayable {
    /// It is.
    #[error("The order has already been paid")]
    Paid,
    /// By its buyer, or by its expiry some time ago.
    #[error("The order has been cancelled")]
    Cancelled,
    /// Its window is over.
    #[error("The order has expired")]
    Expired,
}

impl Payable {
    /// Takes over what `newer` says of the order, unless it is no newer. What this service added
    /// stays.
    pub fn hear(self, newer: Self) -> Option<Self> {
        (newer.version > self.version).then_some(Self { active: self.active, ..newer })
    }

    /// Whether a payment may begin now.
    ///
    /// # Errors
    /// With the reason why not.
    pub fn payable_at(&self, now: Timestamp) -> Result<(), NotPayable> {
        match self.standing {
            OrderStanding::Complete => Err(NotPayable::Paid),
            _ if self.late.is_some_and(|late| late.replaced_by.is_some()) => Err(NotPayable::Paid),
            _ if self.expires_at <= now => Err(NotPayable::Expired),
            OrderStanding::Cancelled => Err(NotPayable::Cancelled),
            OrderStanding::Open => Ok(()),
        }
    }

    /// Lets go of `payment`, so that another may begin.
    #[must_use]
    pub fn without(mut self, payment: PaymentId) -> Self {
        if self.active == Some(payment) {
            self.active = None;
        }
        self
    }
}
