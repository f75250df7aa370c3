//! What can happen in this service, one file each: the documents it needs, and its decision.

mod cancel;
mod expire;
mod hear_dispute;
mod hear_payment;
mod hear_refund;
mod hear_ticket;
mod place;

use common::command::{Change, Docs, Refusal, Stored};
use common::events::{
    CancelledBy, DisputeState, DisputeStatus, LateMoney, OrderEvent, OrderKind, OrderRefund,
    OrderState, OrderStatus, OrderedTicket, StockSnapshot,
};

use crate::domain::dispute::{Dispute, Standing};
use crate::domain::{Allowance, Ended, Order, State, Stock};

pub use cancel::Cancel;
pub use expire::Expire;
pub use hear_dispute::HearDispute;
pub use hear_payment::HearPayment;
pub use hear_refund::HearRefund;
pub use hear_ticket::HearTicket;
pub use place::{Place, SeenPrice};

/// An order with the version it has since the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Raised by every change.
    pub version: u64,
    /// The order.
    pub order: Order,
}

/// What an event says of an order.
fn event(kind: OrderKind, order: &Order, version: u64, stock: StockSnapshot) -> OrderEvent {
    let ticket = OrderedTicket {
        id: order.ticket.id,
        user_id: order.ticket.seller,
        title: order.ticket.title.clone(),
        price: order.ticket.price,
        version: order.ticket.version,
    };
    let order = OrderState {
        id: order.id,
        user_id: order.buyer,
        status: status(&order.state),
        expires_at: order.expires_at,
        version,
        ticket,
        quantity: order.quantity,
        total: order.total,
        stock: Some(stock),
        cancelled_by: match order.state {
            State::Cancelled { by: Ended::Buyer, .. } => Some(CancelledBy::Buyer),
            State::Cancelled { by: Ended::Expiry, .. } => Some(CancelledBy::Expiry),
            _ => None,
        },
        late: order
            .late
            .map(|late| LateMoney { payment: late.payment, replaced_by: late.replaced_by }),
        replaces: order.replaces,
        refund: order.refund.clone().map(|refund| OrderRefund {
            amount: refund.amount,
            units: refund.units,
            reason: refund.reason,
            at: refund.at,
        }),
        dispute: order.dispute.as_ref().map(dispute),
    };
    OrderEvent { kind, order }
}

/// A dispute as others are told of it.
pub fn dispute(known: &Dispute) -> DisputeState {
    DisputeState {
        number: known.number,
        status: match known.standing {
            Standing::Open => DisputeStatus::Open,
            Standing::Won => DisputeStatus::Won,
            Standing::Lost => DisputeStatus::Lost,
        },
        amount: known.amount,
        taken: known.taken,
        reason: known.reason.clone(),
        opened_at: known.opened_at,
        closed_at: known.closed_at,
    }
}

/// A state as the public API names it.
pub fn status(state: &State) -> OrderStatus {
    match state {
        State::Created => OrderStatus::Created,
        State::AwaitingPayment { .. } | State::AwaitingAnother => OrderStatus::AwaitingPayment,
        State::Complete { .. } => OrderStatus::Complete,
        State::Cancelled { .. } => OrderStatus::Cancelled,
    }
}

/// A stock as a change leaves it.
fn snapshot(docs: &Docs, stock: &Stock) -> StockSnapshot {
    let version = docs.next_version::<Stock>(stock.listing.id);
    StockSnapshot { version, taken: stock.taken, holder: stock.holder }
}

/// A stock as it is.
fn unchanged(stock: &Stored<'_, Stock>) -> StockSnapshot {
    let Stored { version, value } = stock;
    StockSnapshot { version: *version, taken: value.taken, holder: value.holder }
}

/// The change that ends an order and frees its units, in one commit.
fn release(docs: &Docs, before: &Stored<'_, Order>, ended: Order) -> Result<Change<()>, Refusal> {
    // An order's stock was there when it was placed, and stocks are never removed.
    let stock = docs.get::<Stock>(ended.ticket.id).ok_or(Refusal::NotFound)?;
    let stock = stock.value.clone().give_back(ended.quantity, ended.id);
    let told = snapshot(docs, &stock);
    let version = before.version + 1;
    let change = Change::nothing(()).tell(&event(OrderKind::Cancelled, &ended, version, told));
    Ok(one_less(docs, change, &ended).put(stock).put(ended))
}

/// The change, by which `order` is not one of its buyer's live ones any more.
fn one_less(docs: &Docs, change: Change<()>, order: &Order) -> Change<()> {
    let allowance = docs.get::<Allowance>(Allowance::id_of(order.ticket.id, order.buyer));
    match allowance.map(|allowance| allowance.value.clone()) {
        Some(allowance) if allowance.live > 1 => {
            change.put(Allowance { live: allowance.live - 1, ..allowance })
        }
        Some(allowance) => {
            change.delete::<Allowance>(Allowance::id_of(allowance.ticket, allowance.buyer))
        }
        None => change,
    }
}
