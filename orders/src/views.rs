//! Orders as the public API writes them.

use common::events::OrderStatus;
use common::http::views::DisputeView;
use common::id::{OrderId, PaymentId, TicketId, UserId};
use common::money::{Currency, Major};
use common::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::commands::{Placed, dispute as dispute_of, status};
use crate::domain::State;
use crate::domain::order::Ended;

/// A reservation of a ticket's units, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub struct OrderView {
    /// Which order.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000003")]
    id: OrderId,
    /// The buyer.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000004")]
    user_id: UserId,
    /// Where it stands.
    #[schema(value_type = Status)]
    status: OrderStatus,
    /// When its units are given up unless it is paid.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:00.000Z")]
    expires_at: Timestamp,
    /// Raised by every change; the entity tag is made from it.
    #[schema(example = 0)]
    version: u64,
    /// The ticket as the buyer saw it. Later edits of the ticket do not change it.
    ticket: TicketView,
    /// How many units.
    #[schema(minimum = 1, example = 1)]
    quantity: u32,
    /// What all of them cost, in major units.
    #[schema(value_type = f64, example = 20.5)]
    total: Major,
    /// The ISO 4217 code of the currency, in lower case.
    #[schema(value_type = String, pattern = "^[a-z]{3}$", example = "usd")]
    currency: Currency,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:15:00.000Z")]
    created_at: Timestamp,
    /// The payment that is on its way, or that has paid it. An order that is `awaiting:payment`
    /// without one can be paid: its last payment has come to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = String, required = false, pattern = "^[0-9a-f]{24}$",
        example = "6afd4dc00102030405000005",
    )]
    payment_id: Option<PaymentId>,
    /// Who ended it, of a cancelled order: its buyer, or its expiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = CancelledBy, required = false)]
    cancelled_by: Option<Ended>,
    /// Of an expired order whose payment came after that while its units were still free: the order
    /// that is complete in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = String, required = false, pattern = "^[0-9a-f]{24}$",
        example = "6afd4dc00102030405800003",
    )]
    replaced_by: Option<OrderId>,
    /// The expired order in whose place it is: the payments of that one paid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = String, required = false, pattern = "^[0-9a-f]{24}$",
        example = "6afd4dc00102030405000003",
    )]
    replaces: Option<OrderId>,
    /// What was given back of its money since it is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    refund: Option<RefundView>,
    /// That its buyer's bank takes its money back, if it does: the last dispute of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    dispute: Option<DisputeView>,
}

/// What was given back of a complete order's money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderRefund)]
pub struct RefundView {
    /// How much in all, in major units.
    #[schema(value_type = f64, example = 20.5)]
    amount: Major,
    /// How many of its units are on sale again.
    #[schema(minimum = 0, example = 1)]
    units: u32,
    /// Why the last of it was given back.
    #[schema(example = "The second act is cancelled")]
    reason: String,
    /// When it was.
    #[schema(value_type = String, format = DateTime, example = "2030-06-01T19:30:00.000Z")]
    at: Timestamp,
}

// Describes `Ended`, which knows nothing of OpenAPI.
/// Who ended an order.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CancelledBy {
    /// Its buyer.
    Buyer,
    /// The end of its window.
    Expiry,
}

/// A ticket as it was when it was ordered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderedTicket)]
pub struct TicketView {
    /// Which ticket.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000001")]
    id: TicketId,
    /// Its title.
    #[schema(example = "Front row")]
    title: String,
    /// The price of one unit, in major units.
    #[schema(value_type = f64, example = 20.5)]
    price: Major,
    /// Its version.
    #[schema(example = 0)]
    version: u64,
}

// Describes `OrderStatus`, which knows nothing of OpenAPI.
/// Where an order stands: `created` and `awaiting:payment` are live, `complete` and `cancelled` are
/// final.
#[derive(Debug, ToSchema)]
pub enum Status {
    /// Placed; waiting for its buyer.
    #[schema(rename = "created")]
    Created,
    /// A payment is on its way, or has come to nothing and another one may follow.
    #[schema(rename = "awaiting:payment")]
    AwaitingPayment,
    /// Paid.
    #[schema(rename = "complete")]
    Complete,
    /// Ended without payment.
    #[schema(rename = "cancelled")]
    Cancelled,
}

impl OrderView {
    /// An order as it goes out.
    pub fn of(placed: &Placed) -> Self {
        let order = &placed.order;
        let ticket = TicketView {
            id: order.ticket.id,
            title: order.ticket.title.clone(),
            price: Major(order.ticket.price),
            version: order.ticket.version,
        };
        Self {
            id: order.id,
            user_id: order.buyer,
            status: status(&order.state),
            expires_at: order.expires_at,
            version: placed.version,
            ticket,
            quantity: order.quantity,
            total: Major(order.total),
            currency: order.total.currency,
            created_at: order.created_at,
            payment_id: order.payment(),
            replaced_by: order.late.and_then(|late| late.replaced_by),
            replaces: order.replaces,
            refund: order.refund.as_ref().map(|refund| RefundView {
                amount: Major(refund.amount),
                units: refund.units,
                reason: refund.reason.clone(),
                at: refund.at,
            }),
            dispute: order.dispute.as_ref().map(|dispute| DisputeView::of(&dispute_of(dispute))),
            cancelled_by: match order.state {
                State::Cancelled { by, .. } => Some(by),
                State::Created
                | State::AwaitingPayment { .. }
                | State::AwaitingAnother
                | State::Complete { .. } => None,
            },
        }
    }
}

/// What is sent to place an order.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes what http::place reads field by field, to report all faults at once"
)]
pub struct NewOrder {
    /// Which ticket.
    #[schema(pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000001")]
    ticket_id: String,
    /// How many units; 1 where it is left out.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    quantity: Option<u32>,
    /// The price of one unit that the buyer saw, in major units, as a number or a numeric string.
    /// If it is another by now, the order is refused with 409.
    #[schema(value_type = Option<f64>, example = 20.5, exclusive_minimum = 0, maximum = 1_000_000)]
    price: Option<f64>,
}
