//! The provider has taken no money, and will not: the order can be paid by another payment.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId};

use super::event;
use crate::domain::{Decline, Payable, Payment, Unmoved};

/// The provider has taken no money, and will not.
#[derive(Debug, Clone)]
pub struct RecordDeclined {
    /// For which payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// Why.
    pub decline: Decline,
}

impl Command for RecordDeclined {
    /// Whether this is news.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment), Key::of::<Payable>(self.order)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let payment = match before.value.clone().declined(self.decline.clone(), at.now) {
            Ok(payment) => payment,
            Err(Unmoved::Already) => return Ok(Change::nothing(false)),
            Err(Unmoved::Impossible) => return Err(super::impossible("declined", before.value)),
        };
        let told = event(PaymentKind::Declined, &payment, before.version + 1);
        let change = Change::nothing(true).tell(&told).put(payment);
        Ok(match docs.get::<Payable>(self.order) {
            Some(payable) if payable.value.active == Some(self.payment) => {
                change.put(payable.value.clone().without(self.payment))
            }
            Some(_) | None => change,
        })
    }
}
