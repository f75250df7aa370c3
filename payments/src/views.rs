//! Payments as the public API writes them.

use common::events::PaymentStatus;
use common::http::views::DisputeView;
use common::id::{OrderId, PaymentId, UserId};
use common::money::{Currency, Major};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::commands::{dispute, status};
use crate::domain::{AskedBy, Item, Payable, Refund, State};
use crate::queries::Seen;
use crate::receipt::Facts;

/// What to pay, and with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used: all faults of a body are told at once")]
pub struct NewPayment {
    /// The order. All of it is paid, at the price that its buyer saw.
    #[schema(pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000003")]
    order_id: String,
    /// The payment provider's token for a card, never the card's number. The sandbox knows
    /// `tok_visa` and its kind.
    #[schema(min_length = 1, max_length = 255, example = "tok_visa")]
    token: String,
}

/// A payment that has completed its order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Paid {
    /// Which payment.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000005")]
    pub id: PaymentId,
}

/// An attempt to pay an order, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub struct PaymentView {
    /// Which payment.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000005")]
    id: PaymentId,
    /// What it pays.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000003")]
    order_id: OrderId,
    /// How much, in major units.
    #[schema(value_type = f64, example = 20.5)]
    amount: Major,
    /// The ISO 4217 code of the currency, in lower case.
    #[schema(value_type = String, pattern = "^[a-z]{3}$", example = "usd")]
    currency: Currency,
    /// Where it stands.
    #[schema(value_type = Status)]
    status: PaymentStatus,
    /// Raised by every change; the entity tag is made from it.
    #[schema(example = 1)]
    version: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:00.000Z")]
    created_at: Timestamp,
    /// When the money was taken, if it was.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-06-01T19:30:01.000Z")]
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<Timestamp>,
    /// When all of it was given back, if it was.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-06-01T19:31:00.000Z")]
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<Timestamp>,
    /// Why no money was taken, if none was.
    #[schema(example = "The card was declined")]
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What it pays for. Shown to who sold that, unless it is from before that was kept with
    /// payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    item: Option<ReceiptItem>,
    /// Who sold that: shown to the seller alone.
    #[schema(
        value_type = String, required = false, pattern = "^[0-9a-f]{24}$",
        example = "6afd4dc00102030405000002",
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_id: Option<UserId>,
    /// How much of it has been given back so far, in major units.
    #[schema(value_type = f64, example = 0)]
    refunded: Major,
    /// What was asked back of it since its order is complete, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    refunds: Vec<RefundView>,
    /// That the buyer's bank takes it back, if it does: the last dispute of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    dispute: Option<DisputeView>,
}

/// Some or all of a payment that goes back to its buyer, of an order that stays complete.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refund)]
pub struct RefundView {
    /// Which of its payment's, from 1.
    #[schema(minimum = 1, example = 1)]
    number: u32,
    /// How much, in major units.
    #[schema(value_type = f64, example = 20.5)]
    amount: Major,
    /// How many of the order's units go back on sale, once the money is back.
    #[schema(minimum = 0, example = 1)]
    units: u32,
    /// Why, in words for the buyer.
    #[schema(example = "The second act is cancelled")]
    reason: String,
    /// Who asked for it.
    #[schema(value_type = AskedByWhom)]
    by: AskedBy,
    /// Where it stands.
    status: RefundStatus,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:00.000Z")]
    created_at: Timestamp,
    /// When it was given back, if that is known.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-06-01T19:30:01.000Z")]
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<Timestamp>,
}

// Describes `AskedBy`, which knows nothing of OpenAPI.
/// Who asks for a refund: the seller, or the operator of the marketplace.
#[derive(Debug, ToSchema)]
#[schema(as = AskedBy, rename_all = "lowercase")]
pub enum AskedByWhom {
    /// Who sold what was paid for.
    Seller,
    /// Who runs this marketplace.
    Operator,
}

/// Where a refund stands. It is never taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RefundStatus {
    /// The money is on its way.
    Refunding,
    /// The money was given back.
    Refunded,
}

impl RefundView {
    /// A refund as its buyer and its seller see it.
    pub fn of(refund: &Refund) -> Self {
        let done = refund.done.as_ref();
        Self {
            number: refund.number,
            amount: Major(refund.amount),
            units: refund.units,
            reason: refund.reason.clone(),
            by: refund.by,
            status: if done.is_some() { RefundStatus::Refunded } else { RefundStatus::Refunding },
            created_at: refund.asked_at,
            refunded_at: done.map(|done| done.at),
        }
    }
}

/// What is sent to give money back.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its description is used: all faults of a body are told at once")]
pub struct NewRefund {
    /// How much, in major units, as a number or a numeric string; all that is left where it is left
    /// out.
    #[schema(value_type = Option<f64>, example = 20.5, exclusive_minimum = 0, maximum = 1_000_000)]
    amount: Option<f64>,
    /// Why, in words for the buyer.
    #[schema(min_length = 1, max_length = 500, example = "The second act is cancelled")]
    reason: String,
    /// How many of the order's units go back on sale; none where it is left out.
    #[schema(minimum = 0, maximum = 100_000, example = 1)]
    units: Option<u32>,
}

// Describes `PaymentStatus`, which knows nothing of OpenAPI.
/// Where a payment stands.
#[derive(Debug, ToSchema)]
#[schema(as = PaymentStatus)]
pub enum Status {
    /// Asked for; not known to be taken.
    #[schema(rename = "started")]
    Started,
    /// Taken.
    #[schema(rename = "captured")]
    Captured,
    /// Refused: no money moved.
    #[schema(rename = "declined")]
    Declined,
    /// Taken, and to be given back.
    #[schema(rename = "refunding")]
    Refunding,
    /// Given back.
    #[schema(rename = "refunded")]
    Refunded,
}

impl PaymentView {
    /// A payment as its buyer sees it.
    pub fn of(seen: &Seen) -> Self {
        let payment = &seen.payment;
        let (captured_at, refunded_at, message) = match &payment.state {
            State::Started { .. } => (None, None, None),
            State::Captured { captured_at, .. } | State::Refunding { captured_at, .. } => {
                (Some(*captured_at), None, None)
            }
            State::Declined { decline, .. } => (None, None, Some(decline.message.clone())),
            State::Refunded { captured_at, refunded_at, .. } => {
                (Some(*captured_at), Some(*refunded_at), None)
            }
        };
        Self {
            id: payment.id,
            order_id: payment.order,
            amount: Major(payment.amount),
            currency: payment.amount.currency,
            status: status(&payment.state),
            version: seen.version,
            created_at: payment.created_at,
            captured_at,
            refunded_at,
            message,
            item: None,
            seller_id: None,
            refunded: Major(payment.given_back()),
            refunds: payment.refunds.iter().map(RefundView::of).collect(),
            dispute: payment.disputes.last().map(|last| DisputeView::of(&dispute(last))),
        }
    }
}

impl PaymentView {
    /// It, with what it pays for.
    #[must_use]
    pub fn of_sale(self, payable: &Payable) -> Self {
        let item = payable.item.as_ref().map(ReceiptItem::of);
        Self { item, seller_id: payable.seller, ..self }
    }
}

impl ReceiptItem {
    fn of(item: &Item) -> Self {
        let (title, price) = (item.title.clone(), Major(item.price));
        Self { title, quantity: item.quantity, price }
    }
}

/// That an order was paid, in writing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Receipt)]
pub struct ReceiptView {
    /// Its number: the year, and its place among the receipts of that year.
    #[schema(pattern = "^[0-9]{4}-[0-9]{6,}$", example = "2030-000123")]
    number: String,
    /// When it was given.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:01.000Z")]
    issued_at: Timestamp,
    /// Who gives it: the operator's name, and what else is to stand there, in lines.
    #[schema(example = json!(["Ticketing"]))]
    issuer: Vec<String>,
    /// The e-mail address of who paid.
    #[schema(example = "ada@example.com")]
    buyer: String,
    /// The payment that it is for.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000005")]
    payment_id: PaymentId,
    /// What was paid for.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000003")]
    order_id: OrderId,
    /// What was bought. Missing for orders from before it was kept with payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ReceiptItem>,
    /// What was paid, in major units.
    #[schema(value_type = f64, example = 20.5)]
    total: Major,
    /// The ISO 4217 code of the currency, in lower case.
    #[schema(value_type = String, pattern = "^[a-z]{3}$", example = "usd")]
    currency: Currency,
    /// When it was paid.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:00.000Z")]
    paid_at: Timestamp,
    /// How much of it has gone back so far, in major units.
    #[schema(value_type = f64, example = 0)]
    refunded: Major,
}

/// What was bought, as its buyer saw it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptItem {
    /// The ticket's title.
    #[schema(example = "Front row")]
    title: String,
    /// How many units.
    #[schema(minimum = 1, example = 1)]
    quantity: u32,
    /// What one of them cost, in major units.
    #[schema(value_type = f64, example = 20.5)]
    price: Major,
}

impl ReceiptView {
    /// A receipt as its buyer sees it.
    pub fn of(facts: &Facts) -> Self {
        let item = facts.item.as_ref().map(ReceiptItem::of);
        Self {
            number: facts.number.to_string(),
            issued_at: facts.issued_at,
            issuer: facts.issuer.lines().to_vec(),
            buyer: facts.buyer.clone(),
            payment_id: facts.payment,
            order_id: facts.order,
            item,
            total: Major(facts.total),
            currency: facts.total.currency,
            paid_at: facts.paid_at,
            refunded: Major(facts.refunded),
        }
    }
}
