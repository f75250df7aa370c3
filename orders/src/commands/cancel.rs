//! A buyer cancels: the order ends and its units are free again, in one commit.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::OrderKind;
use common::id::{OrderId, TicketId, UserId};

use super::{event, release, unchanged};
use crate::domain::order::Unmoved;
use crate::domain::{Allowance, Order, State, Stock};

/// A buyer cancels an order.
#[derive(Debug, Clone)]
pub struct Cancel {
    /// Which order.
    pub order: OrderId,
    /// The order's ticket, which never changes: where such commands gather.
    pub ticket: TicketId,
    /// Who asks.
    pub buyer: UserId,
}

impl Command for Cancel {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Stock>(self.ticket))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![
            Key::of::<Order>(self.order),
            Key::of::<Stock>(self.ticket),
            Key::of::<Allowance>(Allowance::id_of(self.ticket, self.buyer)),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let order = docs.get::<Order>(self.order).ok_or(Refusal::NotFound)?;
        if order.value.buyer != self.buyer {
            return Err(Refusal::NotYours);
        }
        #[cfg(feature = "planted")]
        if common::planted::is(common::planted::Bug::FreedTwice)
            && matches!(order.value.state, State::Cancelled { .. })
        {
            return release(docs, &order, order.value.clone());
        }
        let has_ended = matches!(order.value.state, State::Cancelled { .. });
        match order.value.clone().cancel(at.now) {
            // Its units were given back when it expired.
            Ok(given_up) if has_ended => {
                let stock = docs.get::<Stock>(self.ticket).ok_or(Refusal::NotFound)?;
                let version = order.version + 1;
                let told = event(OrderKind::Cancelled, &given_up, version, unchanged(&stock));
                Ok(Change::nothing(()).put(given_up).tell(&told))
            }
            Ok(cancelled) => release(docs, &order, cancelled),
            // It is as the buyer wants it: asking twice is no mistake.
            Err(Unmoved::Cancelled) => Ok(Change::nothing(())),
            Err(Unmoved::Complete | Unmoved::NotDue | Unmoved::Known | Unmoved::NotPaid) => {
                Err(Refusal::state("The order has been paid and cannot be cancelled"))
            }
        }
    }
}
