//! The provider has taken the money: the payment and the books say so in one commit (I6).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId};
use common::time::Timestamp;
use std::time::Duration;

use super::event;
use crate::domain::refund::{Fate, fate};
use crate::domain::{Entry, EntryKind, Payable, Payment, State, Unmoved};

/// The provider has taken the money.
#[derive(Debug, Clone)]
pub struct RecordCaptured {
    /// For which payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// The provider's name for it.
    pub reference: String,
    /// How long to wait for word of the order before looking by oneself.
    pub patience: Duration,
}

impl Command for RecordCaptured {
    /// Whether this is news.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment), Key::of::<Payable>(self.order)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let payment = match before.value.clone().captured(self.reference.clone(), at.now) {
            Ok(payment) => payment,
            Err(Unmoved::Already) => return Ok(Change::nothing(false)),
            Err(Unmoved::Impossible) => return Err(super::impossible("captured", before.value)),
        };
        let booked = Entry::new(payment.id, EntryKind::Captured, payment.amount, at.now);
        let change = Change::nothing(true).put(booked);
        if matches!(payment.state, State::Refunding { .. }) {
            // Nobody is told of a capture here: it must not complete an order that another payment
            // may complete.
            let owed = Entry::new(payment.id, EntryKind::RefundOwed, payment.amount, at.now);
            return Ok(change.put(owed).put(payment));
        }
        let payment = payment.clone().look_at(self.next_look(docs, &payment, at.now));
        let version = before.version + 1;
        Ok(change.tell(&event(PaymentKind::Captured, &payment, version)).put(payment))
    }
}

impl RecordCaptured {
    /// At once where the order has ended already. Else its end will be heard of, which is faster
    /// than looking.
    fn next_look(&self, docs: &Docs, payment: &Payment, now: Timestamp) -> Timestamp {
        match docs.get::<Payable>(self.order).map(|payable| fate(payment, payable.value)) {
            Some(Fate::Open) | None => now.plus(self.patience),
            Some(Fate::Kept | Fate::Returned) => now,
        }
    }
}
