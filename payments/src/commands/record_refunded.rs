//! The provider has given money back, all of it or a part: the payment and the books say so in one
//! commit.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId};

use super::event;
use crate::domain::{Entry, EntryKind, Payable, Payment, Unmoved};

/// The provider has given the money back.
#[derive(Debug, Clone)]
pub struct RecordRefunded {
    /// Of which payment.
    pub payment: PaymentId,
    /// Which of the refunds that were asked for; `None` where all of it went back because its order
    /// came to nothing.
    pub part: Option<u32>,
    /// Its order.
    pub order: OrderId,
    /// The provider's name for the refund; or for the dispute by which its buyer has the money.
    pub refund: String,
}

impl Command for RecordRefunded {
    /// Whether this is news.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment), Key::of::<Payable>(self.order)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let (moved, payment) = (before.value.clone(), before.value);
        let (moved, amount, kind) = match self.part {
            None => {
                let moved = moved.refunded(self.refund.clone(), at.now);
                (moved, payment.amount, PaymentKind::Refunded)
            }
            Some(part) => {
                let owed = payment.refunds.iter().find(|refund| refund.number == part);
                let amount = owed.map_or(payment.left(), |owed| owed.amount);
                let moved = moved.gave_back(part, self.refund.clone(), at.now);
                (moved, amount, PaymentKind::Returned)
            }
        };
        let payment = match moved {
            Ok(payment) => payment,
            Err(Unmoved::Already) => return Ok(Change::nothing(false)),
            Err(Unmoved::Impossible) => return Err(super::impossible("refunded", before.value)),
        };
        let booked = if payment.is_by_dispute(&self.refund) {
            let seller = docs.get::<Payable>(self.order).and_then(|payable| payable.value.seller);
            Entry::settled_by_dispute(&payment, self.part, seller, at.now)
        } else {
            Entry::new(payment.id, EntryKind::Refunded, amount, at.now).of_part(self.part)
        };
        let told = event(kind, &payment, before.version + 1);
        Ok(Change::nothing(true).tell(&told).put(booked).put(payment))
    }
}
