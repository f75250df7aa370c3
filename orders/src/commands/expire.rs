//! An order's window closes: it ends and its units are free again, in one commit (I13).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::{OrderId, TicketId, UserId};

use super::release;
use crate::domain::{Allowance, Order, Stock};

/// An order's window may have closed.
#[derive(Debug, Clone)]
pub struct Expire {
    /// Which order.
    pub order: OrderId,
    /// Its ticket.
    pub ticket: TicketId,
    /// Its buyer.
    pub buyer: UserId,
}

impl Command for Expire {
    /// Whether this ended it. If not, somebody was quicker, or a payment holds it.
    type Reply = bool;

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

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let order = docs.get::<Order>(self.order).ok_or(Refusal::NotFound)?;
        #[cfg(feature = "planted")]
        let at =
            &Moment {
                now: at.now.plus_millis(
                    if common::planted::is(common::planted::Bug::EarlyExpiry) { 2_000 } else { 0 },
                ),
                ..*at
            };
        #[cfg(feature = "planted")]
        if common::planted::is(common::planted::Bug::UncheckedExpiry) {
            let state =
                crate::domain::State::Cancelled { by: crate::domain::Ended::Expiry, at: at.now };
            return Ok(
                release(docs, &order, Order { state, ..order.value.clone() })?.answering(|()| true)
            );
        }
        match order.value.clone().expire(at.now) {
            Ok(expired) => Ok(release(docs, &order, expired)?.answering(|()| true)),
            Err(_) => Ok(Change::nothing(false)),
        }
    }
}
