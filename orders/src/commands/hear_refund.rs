//! The payments service has said that money of a complete order was given back, because its seller
//! or the operator asked for it. The order stays complete (I2) and says so; units that go back on
//! sale come free in the same commit (I1).

use common::command::{Change, Command, Docs, Key, Moment, Refusal, Stored};
use common::events::{OrderKind, PaymentState};
use common::id::OrderId;

use super::{event, one_less, snapshot, unchanged};
use crate::domain::order::{Refund, Unmoved};
use crate::domain::{Allowance, Order, State, Stock};

/// Money of a complete order was given back.
#[derive(Debug, Clone)]
pub struct HearRefund {
    /// The payment since.
    pub payment: PaymentState,
}

impl Command for HearRefund {
    type Reply = ();

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let mut keys = keys_of(&self.payment, docs);
        if let Some(order) = docs.get::<Order>(self.payment.order_id) {
            let Order { ticket, buyer, .. } = order.value;
            keys.push(Key::of::<Allowance>(Allowance::id_of(ticket.id, *buyer)));
        }
        keys
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let Some(returned) = self.payment.returned.clone() else { return Ok(Change::nothing(())) };
        let before = complete_by(&self.payment, docs).ok_or(Refusal::NotFound)?;
        let told = Refund {
            amount: returned.total,
            units: returned.units,
            reason: returned.reason,
            at: returned.at,
        };
        let after = match before.value.clone().refunded(self.payment.id, told) {
            Ok(after) => after,
            #[cfg(feature = "planted")]
            Err(Unmoved::Known)
                if common::planted::is(common::planted::Bug::UnitsReturnedTwice) =>
            {
                let stock = docs.get::<Stock>(before.value.ticket.id).ok_or(Refusal::NotFound)?;
                let stock = stock.value.clone().give_back(returned.units, before.value.id);
                return Ok(Change::nothing(()).put(stock));
            }
            Err(Unmoved::Known) => return Ok(Change::nothing(())),
            // Money is only given back of an order that was heard to be complete: a defect, which
            // somebody has to look at.
            Err(unmoved) => return Err(Refusal::conflict(unmoved.to_string())),
        };
        let stock = docs.get::<Stock>(after.ticket.id).ok_or(Refusal::NotFound)?;
        let free = before.value.held() - after.held();
        let version = before.version + 1;
        if free == 0 {
            let told = event(OrderKind::Updated, &after, version, unchanged(&stock));
            return Ok(Change::nothing(()).tell(&told).put(after));
        }
        let stock = stock.value.clone().give_back(free, after.id);
        let told = event(OrderKind::Updated, &after, version, snapshot(docs, &stock));
        let change = Change::nothing(()).tell(&told);
        let is_over = after.held() == 0;
        let change = if is_over { one_less(docs, change, &after) } else { change };
        Ok(change.put(stock).put(after))
    }
}

/// The order that is complete by a payment: its own, or the one in its place.
pub(super) fn complete_by<'a>(payment: &PaymentState, docs: &'a Docs) -> Option<Stored<'a, Order>> {
    let own = docs.get::<Order>(payment.order_id)?;
    match in_its_place(own.value) {
        Some(place) => docs.get::<Order>(place),
        None => Some(own),
    }
}

/// What is looked at when something becomes of a payment that is at its end: its order, the one
/// that is complete in its place, and the stock of both.
pub(super) fn keys_of(payment: &PaymentState, docs: &Docs) -> Vec<Key> {
    let mut keys = vec![Key::of::<Order>(payment.order_id)];
    let Some(order) = docs.get::<Order>(payment.order_id) else { return keys };
    keys.extend(in_its_place(order.value).map(Key::of::<Order>));
    keys.push(Key::of::<Stock>(order.value.ticket.id));
    keys
}

/// The order that is complete by money that came after the end of this one.
fn in_its_place(order: &Order) -> Option<OrderId> {
    let is_over = matches!(order.state, State::Cancelled { .. });
    order.late.filter(|_| is_over).and_then(|late| late.replaced_by)
}
