//! The payments service has said how a payment of an order stands.

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal, Stored};
use common::events::{OrderKind, PaymentState, PaymentStatus};
use common::id::PaymentId;
use common::time::Timestamp;

use super::{event, snapshot, unchanged};
use crate::domain::order::Unmoved;
use crate::domain::{Allowance, Late, Order, Stock};

/// A payment has begun, was captured or declined, or is being given back.
#[derive(Debug, Clone)]
pub struct HearPayment {
    /// The payment since.
    pub payment: PaymentState,
    /// How long a payment on its way holds the expiry off.
    pub hold: Duration,
}

impl Command for HearPayment {
    type Reply = ();

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<Order>(self.payment.order_id)];
        if let Some(order) = docs.get::<Order>(self.payment.order_id).map(|order| order.value) {
            keys.push(Key::of::<Stock>(order.ticket.id));
            if self.payment.status == PaymentStatus::Captured && order.may_be_replaced() {
                keys.push(Key::of::<Order>(order.place()));
                keys.push(Key::of::<Allowance>(Allowance::id_of(order.ticket.id, order.buyer)));
            }
        }
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let order = docs.get::<Order>(self.payment.order_id).ok_or(Refusal::NotFound)?;
        let (id, before) = (self.payment.id, order.value.clone());
        let moved = match self.payment.status {
            PaymentStatus::Started => {
                before.payment_started(id, at.now, self.hold).map(|o| (OrderKind::Updated, o))
            }
            PaymentStatus::Declined => before.payment_declined(id).map(|o| (OrderKind::Updated, o)),
            PaymentStatus::Captured => {
                before.payment_captured(id, at.now).map(|o| (OrderKind::Completed, o))
            }
            // Money is given back only for an order that has ended: nothing can follow here.
            PaymentStatus::Refunding | PaymentStatus::Refunded => return Ok(Change::nothing(())),
        };
        #[cfg(feature = "planted")]
        let moved = match moved {
            Err(Unmoved::Cancelled)
                if self.payment.status == PaymentStatus::Captured
                    && common::planted::is(common::planted::Bug::CompletedCancelled) =>
            {
                let state = crate::domain::State::Complete { payment: id, at: at.now };
                Ok((OrderKind::Completed, Order { state, ..order.value.clone() }))
            }
            moved => moved,
        };
        let (kind, after) = match moved {
            Ok(moved) => moved,
            Err(Unmoved::Cancelled) if self.payment.status == PaymentStatus::Captured => {
                return paid_late(docs, &order, id, at.now);
            }
            // An order that does not move has ended, or knows: the payments service hears which
            // from the order itself.
            Err(_) => return Ok(Change::nothing(())),
        };
        // The stock has not changed; the event says it all the same, because the newest event of an
        // order is the only one that is kept for ever, and the ticket's units are rebuilt from it.
        let stock = docs.get::<Stock>(after.ticket.id).ok_or(Refusal::NotFound)?;
        let told = event(kind, &after, order.version + 1, unchanged(&stock));
        Ok(Change::nothing(()).put(after).tell(&told))
    }
}

/// Money has come for an order that has ended. Where it has only expired, and its units are free
/// still, an order that is complete takes them in its place, in the commit that decides so; else
/// the money is given back. One of the two, whoever asks and however often (I3, I14).
///
/// Nobody is asked whether the buyer may have one more order: the money is taken, and what it was
/// taken for is there.
fn paid_late(
    docs: &Docs,
    order: &Stored<'_, Order>,
    payment: PaymentId,
    now: Timestamp,
) -> Result<Change<()>, Refusal> {
    let (before, version) = (order.value, order.version + 1);
    let ticket = before.ticket.id;
    let stock = docs.get::<Stock>(ticket).ok_or(Refusal::NotFound)?;
    let taken = match before.may_be_replaced() {
        true => take(stock.value.clone(), before),
        false => None,
    };
    let late = Late { payment, replaced_by: taken.as_ref().map(|_| before.place()) };
    let Ok(decided) = before.clone().paid_late(late) else { return Ok(Change::nothing(())) };
    let Some(taken) = taken else {
        let told = event(OrderKind::Cancelled, &decided, version, unchanged(&stock));
        return Ok(Change::nothing(()).put(decided).tell(&told));
    };
    let told = snapshot(docs, &taken);
    let placed = before.in_its_place(payment, now);
    let allowance = docs.get::<Allowance>(Allowance::id_of(ticket, before.buyer));
    let live = allowance.map_or(0, |allowance| allowance.value.live) + 1;
    Ok(Change::nothing(())
        .tell(&event(OrderKind::Cancelled, &decided, version, told.clone()))
        .tell(&event(OrderKind::Completed, &placed, 0, told))
        .put(taken)
        .put(Allowance { ticket, buyer: before.buyer, live })
        .put(decided)
        .put(placed))
}

/// The stock once an order in the place of `before` holds its units, where they are free.
fn take(stock: Stock, before: &Order) -> Option<Stock> {
    #[cfg(feature = "planted")]
    if common::planted::is(common::planted::Bug::ReplacedTaken) {
        let taken = stock.taken + before.quantity;
        return Some(Stock { taken, ..stock });
    }
    stock.take(before.quantity, before.place()).ok()
}
