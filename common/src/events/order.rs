//! What the orders service tells: who holds which units, and what became of it.

use serde::{Deserialize, Serialize};

use super::{DisputeState, Event, ORDERS};
use crate::id::{OrderId, PaymentId, TicketId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// It was placed.
    Created,
    /// A payment has begun, or has failed; or, of an order that is complete, money was given back,
    /// or its buyer disputes it.
    Updated,
    /// It was paid.
    Completed,
    /// Its buyer or its expiry ended it, or it was decided what becomes of money that came after
    /// that.
    Cancelled,
}

/// Where an order stands, as the public API writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderStatus {
    /// Placed; waiting for its buyer.
    #[serde(rename = "created")]
    Created,
    /// A payment is on its way, or has come to nothing and another may follow.
    #[serde(rename = "awaiting:payment")]
    AwaitingPayment,
    /// Paid.
    #[serde(rename = "complete")]
    Complete,
    /// Ended without payment.
    #[serde(rename = "cancelled")]
    Cancelled,
}

impl OrderStatus {
    /// Whether nothing can follow.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Complete | Self::Cancelled)
    }
}

/// An order's public state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderState {
    /// Which order.
    pub id: OrderId,
    /// The buyer.
    pub user_id: UserId,
    /// Where it stands.
    pub status: OrderStatus,
    /// When its units are given up unless it is paid.
    pub expires_at: Timestamp,
    /// Raised by every change.
    pub version: u64,
    /// What was ordered, as it was then.
    pub ticket: OrderedTicket,
    /// How many units.
    pub quantity: u32,
    /// What is to be paid for all of them.
    pub total: Money,
    /// The ticket's units after this change, where it changed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<StockSnapshot>,
    /// Who ended it, of a cancelled order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<CancelledBy>,
    /// What becomes of money that was taken for it and came after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateMoney>,
    /// The expired order in whose place it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<OrderId>,
    /// What was given back of its money since it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<OrderRefund>,
    /// The last dispute of its payment since it is complete, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<DisputeState>,
}

/// What was given back of the money of an order that is complete, and stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRefund {
    /// How much in all.
    pub amount: Money,
    /// How many of its units are on sale again.
    pub units: u32,
    /// Why the last of it was given back, in words for the buyer.
    pub reason: String,
    /// When it was.
    pub at: Timestamp,
}

/// Who ended an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CancelledBy {
    /// Its buyer, also where that was after its expiry.
    Buyer,
    /// The end of its window.
    Expiry,
}

/// What becomes of money that came after an order's end. Said once, and never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LateMoney {
    /// Which payment's.
    pub payment: PaymentId,
    /// The order that is complete by it; without one, all of it is given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<OrderId>,
}

/// A ticket as its buyer saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderedTicket {
    /// Which ticket.
    pub id: TicketId,
    /// Who sells it; absent in events from before that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Its title then.
    pub title: String,
    /// Its price for one unit then.
    pub price: Money,
    /// Its version then.
    pub version: u64,
}

/// How many of a ticket's units are taken, by the only service that decides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockSnapshot {
    /// Raised by every change of the stock: the newest snapshot is the one with the greatest.
    pub version: u64,
    /// Units in live orders.
    pub taken: u32,
    /// The live order that holds the only unit, of a ticket that has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<OrderId>,
}

/// Something happened to an order.
#[derive(Debug, Clone)]
pub struct OrderEvent {
    /// What.
    pub kind: OrderKind,
    /// The order since.
    pub order: OrderState,
}

impl Serialize for OrderEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.order.serialize(serializer)
    }
}

impl Event for OrderEvent {
    const SUBJECT: &'static str = ORDERS;

    fn kind(&self) -> &'static str {
        match self.kind {
            OrderKind::Created => "order:created",
            OrderKind::Updated => "order:updated",
            OrderKind::Completed => "order:completed",
            OrderKind::Cancelled => "order:cancelled",
        }
    }

    fn aggregate(&self) -> String {
        self.order.id.to_string()
    }

    fn version(&self) -> u64 {
        self.order.version
    }
}
