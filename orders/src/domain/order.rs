//! An order: created → awaiting payment → complete, or → cancelled. It only moves forward (I2): a
//! payment that comes to nothing leaves it awaiting another one.

use std::time::Duration;

use common::id::{OrderId, PaymentId, TicketId, UserId};
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::dispute::Dispute;

/// Most declined payments that an order remembers: more than any buyer tries within a window, few
/// enough to keep.
const MAX_DECLINED: usize = 32;

/// Units of a ticket, reserved for a buyer, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// Who placed it.
    pub buyer: UserId,
    /// The ticket as its buyer saw it. An edit of the ticket never touches it (I16).
    pub ticket: Bought,
    /// How many units.
    pub quantity: u32,
    /// What all of them cost.
    pub total: Money,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When the units are given up unless it is paid.
    pub expires_at: Timestamp,
    /// Payments that came to nothing, so that late word of their start is not taken for a new one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<PaymentId>,
    /// What was decided about money that came after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// The expired order in whose place it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<OrderId>,
    /// What was given back of its money since it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Refund>,
    /// The last dispute of its payment since it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<Dispute>,
    /// Where it stands.
    pub state: State,
}

/// What was given back of an order's money, and of its units, since it is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// How much in all.
    pub amount: Money,
    /// How many of its units it does not hold any more.
    pub units: u32,
    /// Why the last of it was given back, in words for the buyer.
    pub reason: String,
    /// When it was.
    pub at: Timestamp,
}

/// What was decided about money that came after an order's end: once, for ever (I14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Late {
    /// Which payment's.
    pub payment: PaymentId,
    /// The order that is complete by it, in this one's place; without one, it is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<OrderId>,
}

/// The ticket that was ordered, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bought {
    /// Which ticket.
    pub id: TicketId,
    /// Who sells it; `None` in orders from before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<UserId>,
    /// Its title.
    pub title: String,
    /// The price of one unit.
    pub price: Money,
    /// Its version.
    pub version: u64,
}

/// Where an order stands, with what it has only there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum State {
    /// Waiting for its buyer.
    Created,
    /// A payment is on its way, which holds the expiry off, but not for ever.
    AwaitingPayment {
        /// Which payment.
        payment: PaymentId,
        /// Until when it does.
        held_until: Timestamp,
    },
    /// A payment has come to nothing: waiting for its buyer to try another one.
    AwaitingAnother,
    /// Paid.
    Complete {
        /// By which payment.
        payment: PaymentId,
        /// When that became known here.
        at: Timestamp,
    },
    /// Ended without payment; its units are free again.
    Cancelled {
        /// By whom.
        by: Ended,
        /// When.
        at: Timestamp,
    },
}

/// Who ended an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ended {
    /// Its buyer.
    Buyer,
    /// Its expiry.
    Expiry,
}

/// Why an order does not take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unmoved {
    /// It is paid, and stays so.
    #[error("the order is complete")]
    Complete,
    /// It has been cancelled, and stays so.
    #[error("the order is cancelled")]
    Cancelled,
    /// It may still be paid.
    #[error("the order is not due yet")]
    NotDue,
    /// It has heard of this already.
    #[error("the order knows of this payment's step already")]
    Known,
    /// It is not paid, or by another payment.
    #[error("the order is not complete by this payment")]
    NotPaid,
}

impl Order {
    /// When the expiry may end it; `None` when nothing can any more.
    pub fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Created | State::AwaitingAnother => Some(self.expires_at),
            State::AwaitingPayment { held_until, .. } => Some(self.expires_at.max(*held_until)),
            State::Complete { .. } | State::Cancelled { .. } => None,
        }
    }

    /// The payment that is on its way, or that has paid it.
    pub fn payment(&self) -> Option<PaymentId> {
        match self.state {
            State::AwaitingPayment { payment, .. } | State::Complete { payment, .. } => {
                Some(payment)
            }
            State::Created | State::AwaitingAnother | State::Cancelled { .. } => None,
        }
    }

    /// The order once `payment` has begun. The expiry is held off until `hold` from now, and no
    /// longer.
    ///
    /// # Errors
    /// When the order has ended, or knows of that payment.
    pub fn payment_started(
        mut self,
        payment: PaymentId,
        now: Timestamp,
        hold: Duration,
    ) -> Result<Self, Unmoved> {
        match &self.state {
            State::Created | State::AwaitingAnother => {}
            State::AwaitingPayment { payment: known, .. } if *known != payment => {}
            State::AwaitingPayment { .. } => return Err(Unmoved::Known),
            State::Complete { .. } => return Err(Unmoved::Complete),
            State::Cancelled { .. } => return Err(Unmoved::Cancelled),
        }
        if self.declined.contains(&payment) {
            return Err(Unmoved::Known);
        }
        self.state = State::AwaitingPayment { payment, held_until: now.plus(hold) };
        Ok(self)
    }

    /// The order once `payment` has come to nothing: it awaits another, as long as its window is
    /// open. It does so too where word of the payment's start is still to come.
    ///
    /// # Errors
    /// When the order has ended, or knows of it.
    pub fn payment_declined(mut self, payment: PaymentId) -> Result<Self, Unmoved> {
        match &self.state {
            State::Complete { .. } => return Err(Unmoved::Complete),
            State::Cancelled { .. } => return Err(Unmoved::Cancelled),
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {}
        }
        if self.declined.contains(&payment) {
            return Err(Unmoved::Known);
        }
        if self.declined.len() == MAX_DECLINED {
            self.declined.remove(0);
        }
        self.declined.push(payment);
        let is_another =
            matches!(&self.state, State::AwaitingPayment { payment: held, .. } if *held != payment);
        if !is_another {
            self.state = State::AwaitingAnother;
        }
        Ok(self)
    }

    /// The order once `payment` has been captured, whatever the time: as long as nothing has ended
    /// it, it is paid (I12).
    ///
    /// # Errors
    /// When the order has ended. Then the payments service gives the money back.
    pub fn payment_captured(mut self, payment: PaymentId, now: Timestamp) -> Result<Self, Unmoved> {
        match &self.state {
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {}
            State::Complete { .. } => return Err(Unmoved::Complete),
            State::Cancelled { .. } => return Err(Unmoved::Cancelled),
        }
        self.state = State::Complete { payment, at: now };
        Ok(self)
    }

    /// The order once money has come after its end: its own end stays as it is, and it says what
    /// becomes of the money.
    ///
    /// # Errors
    /// When it has not been cancelled, or when that has been decided.
    pub fn paid_late(self, late: Late) -> Result<Self, Unmoved> {
        match &self.state {
            State::Cancelled { .. } if self.late.is_none() => Ok(Self { late: Some(late), ..self }),
            State::Cancelled { .. } => Err(Unmoved::Known),
            State::Complete { .. } => Err(Unmoved::Complete),
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {
                Err(Unmoved::NotDue)
            }
        }
    }

    /// The order once `told` has been given back of the money that `payment` took. It stays
    /// complete. What is told is counted from the beginning, so the most that was ever told of is
    /// what is so, however often and in whichever order it is heard.
    ///
    /// # Errors
    /// When it is not complete by that payment, or when that is known.
    pub fn refunded(mut self, payment: PaymentId, told: Refund) -> Result<Self, Unmoved> {
        if !matches!(self.state, State::Complete { payment: by, .. } if by == payment) {
            return Err(Unmoved::NotPaid);
        }
        let units = told.units.min(self.quantity);
        let refund = match self.refund {
            None => Refund { units, ..told },
            Some(known) if known.amount.minor >= told.amount.minor => return Err(Unmoved::Known),
            Some(known) => Refund { units: units.max(known.units), ..told },
        };
        self.refund = Some(refund);
        Ok(self)
    }

    /// How many units it holds.
    pub fn held(&self) -> u32 {
        match &self.state {
            State::Cancelled { .. } => 0,
            State::Created
            | State::AwaitingPayment { .. }
            | State::AwaitingAnother
            | State::Complete { .. } => {
                let returned = self.refund.as_ref().map_or(0, |refund| refund.units);
                self.quantity.saturating_sub(returned)
            }
        }
    }

    /// The order that is complete by `payment` in the place of this one, which has expired: what
    /// its buyer ordered, at the price that was paid. There is one at most, whoever makes it.
    pub fn in_its_place(&self, payment: PaymentId, now: Timestamp) -> Self {
        Self {
            id: self.place(),
            created_at: now,
            expires_at: now,
            declined: Vec::new(),
            late: None,
            refund: None,
            dispute: None,
            replaces: Some(self.id),
            state: State::Complete { payment, at: now },
            ..self.clone()
        }
    }

    /// The id that an order in this one's place has.
    pub fn place(&self) -> OrderId {
        OrderId(self.id.0.twin())
    }

    /// Whether the order is one in whose place another may be: it has expired, its buyer has not
    /// given it up since, and no money has come for it yet.
    pub fn may_be_replaced(&self) -> bool {
        matches!(self.state, State::Cancelled { by: Ended::Expiry, .. }) && self.late.is_none()
    }

    /// The order once its buyer has cancelled it, also while a payment is on its way: that is given
    /// back. One that has expired is given up by that: money that still comes goes back too.
    ///
    /// # Errors
    /// When the order has ended, or another is complete in its place.
    pub fn cancel(mut self, now: Timestamp) -> Result<Self, Unmoved> {
        match &self.state {
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {}
            State::Complete { .. } => return Err(Unmoved::Complete),
            State::Cancelled { at, .. } if self.may_be_replaced() => {
                self.state = State::Cancelled { by: Ended::Buyer, at: *at };
                return Ok(self);
            }
            State::Cancelled { .. } if self.late.is_some_and(|late| late.replaced_by.is_some()) => {
                return Err(Unmoved::Complete);
            }
            State::Cancelled { .. } => return Err(Unmoved::Cancelled),
        }
        self.state = State::Cancelled { by: Ended::Buyer, at: now };
        Ok(self)
    }

    /// The order once its window has closed.
    ///
    /// # Errors
    /// When the order has ended, or its window has not closed yet (I13).
    pub fn expire(mut self, now: Timestamp) -> Result<Self, Unmoved> {
        match &self.state {
            State::Complete { .. } => return Err(Unmoved::Complete),
            State::Cancelled { .. } => return Err(Unmoved::Cancelled),
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {}
        }
        if self.due().is_none_or(|due| due > now) {
            return Err(Unmoved::NotDue);
        }
        self.state = State::Cancelled { by: Ended::Expiry, at: now };
        Ok(self)
    }
}
