//! The orders service has said how an order stands.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{CancelledBy, LateMoney, OrderState, OrderStatus};
use common::time::Timestamp;

use super::{earned_by, receipt_for};
use crate::domain::refund::{Fate, fate};
use crate::domain::{Entry, Item, Late, OrderStanding, Payable, Payment, Receipt, State};

/// An order was placed, changed or ended.
#[derive(Debug, Clone)]
pub struct HearOrder {
    /// The order since.
    pub order: OrderState,
}

impl Command for HearOrder {
    type Reply = ();

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let payable = docs.get::<Payable>(self.order.id);
        let active = payable.and_then(|payable| payable.value.active);
        let mut keys = vec![Key::of::<Payable>(self.order.id)];
        keys.extend(active.map(Key::of::<Payment>));
        let is_replaced = self.order.late.is_some_and(|late| late.replaced_by.is_some());
        if self.order.status == OrderStatus::Complete || is_replaced {
            keys.extend(active.map(Key::of::<Receipt>));
            keys.extend(active.map(|active| Key::of::<Entry>(Entry::earned_id(active))));
        }
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let told = self.told();
        let heard = match docs.get::<Payable>(self.order.id) {
            None => Some(told),
            Some(known) => known.value.clone().hear(told),
        };
        let Some(payable) = heard else {
            return Ok(Change::nothing(()));
        };
        let payment = payable.active.and_then(|active| docs.get::<Payment>(active));
        let moved = payment.as_ref().and_then(|payment| concern(payment.value, &payable, at.now));
        let receipt =
            payment.as_ref().and_then(|paid| receipt_for(paid.value, &payable, docs, at.now));
        let earned = payment.and_then(|paid| earned_by(paid.value, &payable, docs, at.now));
        let mut change = Change::nothing(()).put(payable);
        if let Some(receipt) = receipt {
            change = change.put(receipt);
        }
        if let Some(earned) = earned {
            change = change.put(earned);
        }
        Ok(match moved {
            Some(payment) => change.put(payment),
            None => change,
        })
    }
}

impl HearOrder {
    fn told(&self) -> Payable {
        let standing = match self.order.status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => OrderStanding::Open,
            OrderStatus::Complete => OrderStanding::Complete,
            OrderStatus::Cancelled => OrderStanding::Cancelled,
        };
        let item = Item {
            ticket: Some(self.order.ticket.id),
            title: self.order.ticket.title.clone(),
            quantity: self.order.quantity,
            price: self.order.ticket.price,
        };
        Payable {
            order: self.order.id,
            buyer: self.order.user_id,
            seller: self.order.ticket.user_id,
            total: self.order.total,
            item: Some(item),
            expires_at: self.order.expires_at,
            standing,
            version: self.order.version,
            given_up: self.order.cancelled_by == Some(CancelledBy::Buyer),
            late: (self.order.late)
                .map(|LateMoney { payment, replaced_by }| Late { payment, replaced_by }),
            active: None,
        }
    }
}

/// What an order's end means for its payment: rest, or a look at once.
fn concern(payment: &Payment, payable: &Payable, now: Timestamp) -> Option<Payment> {
    if payable.standing == OrderStanding::Open {
        return None;
    }
    match (fate(payment, payable), &payment.state) {
        (Fate::Kept, State::Captured { .. }) => Some(payment.clone().at_rest()),
        #[cfg(feature = "planted")]
        (Fate::Open, State::Captured { .. })
            if common::planted::is(common::planted::Bug::HastyRefund) =>
        {
            Some(payment.clone().look_at(now))
        }
        (Fate::Open, State::Captured { .. }) => None,
        (_, State::Started { .. } | State::Captured { .. }) => Some(payment.clone().look_at(now)),
        (_, State::Declined { .. } | State::Refunding { .. } | State::Refunded { .. }) => None,
    }
}
