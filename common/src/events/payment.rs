//! What the payments service tells: whether money is on its way, has come, or has gone back.

use serde::{Deserialize, Serialize};

use super::{Event, PAYMENTS};
use crate::id::{OrderId, PaymentId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentKind {
    /// The provider is about to be asked for the money.
    Started,
    /// The provider has taken the money.
    Captured,
    /// The provider has refused, or it is certain that it never took the money.
    Declined,
    /// The money has been given back: its order came to nothing.
    Refunded,
    /// Some or all of the money of a complete order has been given back, because that was asked
    /// for.
    Returned,
    /// The buyer's bank disputes it, or has decided.
    Disputed,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// Asked for; not known to be taken.
    Started,
    /// Taken.
    Captured,
    /// Refused: no money moved.
    Declined,
    /// Taken, and to be given back.
    Refunding,
    /// Given back.
    Refunded,
}

/// A payment's public state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentState {
    /// Which payment: one attempt to pay one order.
    pub id: PaymentId,
    /// What it pays.
    pub order_id: OrderId,
    /// Who pays.
    pub user_id: UserId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Raised by every change.
    pub version: u64,
    /// What was given back of it because that was asked for, if anything was. Its order is
    /// complete, and stays so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
    /// The last dispute of it, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<DisputeState>,
}

/// Where a dispute stands, as the public API writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DisputeStatus {
    /// The bank has not decided.
    Open,
    /// The money is the seller's after all.
    Won,
    /// The buyer has the money back.
    Lost,
}

/// A dispute's public state: a buyer's bank takes back what was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisputeState {
    /// Which of its payment's, from 1.
    pub number: u32,
    /// Where it stands.
    pub status: DisputeStatus,
    /// How much it is about.
    pub amount: Money,
    /// How much of the money is with the bank because of it.
    pub taken: Money,
    /// Why, in the provider's word for it.
    pub reason: String,
    /// When it was first known.
    pub opened_at: Timestamp,
    /// When it was known how it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// What was given back of a payment whose order is complete. What is counted is so from its
/// beginning, so that no refund has an effect twice, or none because another was heard of first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// The number of the last of its refunds, from 1.
    pub part: u32,
    /// How much that one was.
    pub amount: Money,
    /// How much has been given back so far, that one included.
    pub total: Money,
    /// How many of the order's units go back on sale by all of them.
    pub units: u32,
    /// Why the last was given back, in words for the buyer.
    pub reason: String,
    /// When it was.
    pub at: Timestamp,
}

/// Something happened to a payment.
#[derive(Debug, Clone)]
pub struct PaymentEvent {
    /// What.
    pub kind: PaymentKind,
    /// The payment since.
    pub payment: PaymentState,
}

impl Serialize for PaymentEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.payment.serialize(serializer)
    }
}

impl Event for PaymentEvent {
    const SUBJECT: &'static str = PAYMENTS;

    fn kind(&self) -> &'static str {
        match self.kind {
            PaymentKind::Started => "payment:started",
            PaymentKind::Captured => "payment:captured",
            PaymentKind::Declined => "payment:declined",
            PaymentKind::Refunded => "payment:refunded",
            PaymentKind::Returned => "payment:returned",
            PaymentKind::Disputed => "payment:disputed",
        }
    }

    fn aggregate(&self) -> String {
        self.payment.id.to_string()
    }

    fn version(&self) -> u64 {
        self.payment.version
    }
}
