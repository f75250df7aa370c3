//! A captured payment meets the end of its order: the money is kept, or is to be given back (I3,
//! I5).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId};
use std::time::Duration;

use super::{earned_by, event};
use crate::domain::refund::{Fate, fate};
use crate::domain::{Entry, EntryKind, OrderStanding, Payable, Payment, State};

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
        vec![
            Key::of::<Payment>(self.payment),
            Key::of::<Payable>(self.order),
            Key::of::<Entry>(Entry::earned_id(self.payment)),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let payment = before.value.clone();
        let payable = docs.get::<Payable>(self.order).ok_or(Refusal::NotFound)?.value;
        if !matches!(payment.state, State::Captured { .. }) {
            return Ok(Change::nothing(matches!(payment.state, State::Refunding { .. })));
        }
        let (id, amount) = (payment.id, payment.amount);
        let fate = fate(&payment, payable);
        #[cfg(feature = "planted")]
        let fate = match fate {
            Fate::Open
                if payable.standing == OrderStanding::Cancelled
                    && common::planted::is(common::planted::Bug::HastyRefund) =>
            {
                Fate::Returned
            }
            fate => fate,
        };
        Ok(match fate {
            // An order that has ended and says nothing of this money has not heard of it: it is
            // told again, as often as it takes.
            Fate::Open => {
                let looked_at = payment.look_at(at.now.plus(self.patience));
                let told = event(PaymentKind::Captured, &looked_at, before.version + 1);
                let change = Change::nothing(false);
                let change = match payable.standing {
                    OrderStanding::Open => change,
                    OrderStanding::Complete | OrderStanding::Cancelled => change.tell(&told),
                };
                change.put(looked_at)
            }
            Fate::Kept if payment.due.is_none() => Change::nothing(false),
            Fate::Kept => {
                let earned = earned_by(&payment, payable, docs, at.now);
                let change = Change::nothing(false).put(payment.at_rest());
                match earned {
                    Some(earned) => change.put(earned),
                    None => change,
                }
            }
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
