//! A captured payment meets the end of its order: the money is kept, or is to be given back (I3,
//! I5).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::{OrderId, PaymentId};
use std::time::Duration;

use crate::domain::refund::{Fate, fate};
use crate::domain::{Entry, EntryKind, Payable, Payment, State};

/// A captured payment is looked at together with its order.
#[derive(Debug, Clone)]
pub struct Conclude {
    /// Which payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// How long to wait for word of an order that has not ended yet.
    pub patience: Duration,
}

impl Command for Conclude {
    /// Whether the money is to be given back now.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment), Key::of::<Payable>(self.order)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let payment = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?.value.clone();
        let payable = docs.get::<Payable>(self.order).ok_or(Refusal::NotFound)?.value;
        if !matches!(payment.state, State::Captured { .. }) {
            return Ok(Change::nothing(matches!(payment.state, State::Refunding { .. })));
        }
        let (id, amount) = (payment.id, payment.amount);
        Ok(match fate(&payment, payable) {
            Fate::Open => Change::nothing(false).put(payment.look_at(at.now.plus(self.patience))),
            Fate::Kept if payment.due.is_none() => Change::nothing(false),
            Fate::Kept => Change::nothing(false).put(payment.at_rest()),
            #[cfg(feature = "planted")]
            Fate::Returned if common::planted::is(common::planted::Bug::KeptMoney) => {
                Change::nothing(false).put(payment.at_rest())
            }
            Fate::Returned => {
                let refunding = payment
                    .refund(at.now)
                    .map_err(|unmoved| Refusal::conflict(unmoved.to_string()))?;
                let owed = Entry::new(id, EntryKind::RefundOwed, amount, at.now);
                Change::nothing(true).put(owed).put(refunding)
            }
        })
    }
}
