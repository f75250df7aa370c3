//! The payments service has said how a payment of an order stands.

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{OrderKind, PaymentState, PaymentStatus};

use super::{event, unchanged};
use crate::domain::{Order, Stock};

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
        let order = docs.get::<Order>(self.payment.order_id);
        let stock = order.map(|order| Key::of::<Stock>(order.value.ticket.id));
        [Key::of::<Order>(self.payment.order_id)].into_iter().chain(stock).collect()
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
            Err(crate::domain::order::Unmoved::Cancelled)
                if self.payment.status == PaymentStatus::Captured
                    && common::planted::is(common::planted::Bug::CompletedCancelled) =>
            {
                let state = crate::domain::State::Complete { payment: id, at: at.now };
                Ok((OrderKind::Completed, Order { state, ..order.value.clone() }))
            }
            moved => moved,
        };
        // An order that does not move has ended, or knows: the payments service hears which from
        // the order itself.
        let Ok((kind, after)) = moved else { return Ok(Change::nothing(())) };
        // The stock has not changed; the event says it all the same, because the newest event of an
        // order is the only one that is kept for ever, and the ticket's units are rebuilt from it.
        let stock = docs.get::<Stock>(after.ticket.id).ok_or(Refusal::NotFound)?;
        let told = event(kind, &after, order.version + 1, unchanged(&stock));
        Ok(Change::nothing(()).put(after).tell(&told))
    }
}
