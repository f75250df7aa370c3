//! The orders service has said how an order stands.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{OrderState, OrderStatus};
use common::time::Timestamp;

use crate::domain::refund::{Fate, fate};
use crate::domain::{OrderStanding, Payable, Payment, State};

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
        let moved = payment.and_then(|payment| concern(payment.value, &payable, at.now));
        let change = Change::nothing(()).put(payable);
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
        Payable {
            order: self.order.id,
            buyer: self.order.user_id,
            total: self.order.total,
            expires_at: self.order.expires_at,
            standing,
            version: self.order.version,
            active: None,
        }
    }
}

/// What an order's end means for its payment: rest, or a look at once.
fn concern(payment: &Payment, payable: &Payable, now: Timestamp) -> Option<Payment> {
    match (fate(payment, payable), &payment.state) {
        (Fate::Open, _) => None,
        (Fate::Kept, State::Captured { .. }) => Some(payment.clone().at_rest()),
        (_, State::Started { .. } | State::Captured { .. }) => Some(payment.clone().look_at(now)),
        (_, State::Declined { .. } | State::Refunding { .. } | State::Refunded { .. }) => None,
    }
}
