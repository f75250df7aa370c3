//! The provider has given the money back: the payment and the books say so in one commit.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::PaymentId;

use super::event;
use crate::domain::{Entry, EntryKind, Payment, Unmoved};

/// The provider has given the money back.
#[derive(Debug, Clone)]
pub struct RecordRefunded {
    /// Of which payment.
    pub payment: PaymentId,
    /// The provider's name for the refund.
    pub refund: String,
}

impl Command for RecordRefunded {
    /// Whether this is news.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let payment = match before.value.clone().refunded(self.refund.clone(), at.now) {
            Ok(payment) => payment,
            Err(Unmoved::Already) => return Ok(Change::nothing(false)),
            Err(Unmoved::Impossible) => return Err(super::impossible("refunded", before.value)),
        };
        let booked = Entry::new(payment.id, EntryKind::Refunded, payment.amount, at.now);
        let told = event(PaymentKind::Refunded, &payment, before.version + 1);
        Ok(Change::nothing(true).tell(&told).put(booked).put(payment))
    }
}
