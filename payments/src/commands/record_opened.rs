//! The provider has made the payment, and asks for no money yet: its name for it is committed
//! before anything is asked for under it.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;

use crate::domain::{Payment, State, Unmoved};

/// The provider has made the payment.
#[derive(Debug, Clone)]
pub struct RecordOpened {
    /// Which payment.
    pub payment: PaymentId,
    /// The provider's name for it.
    pub reference: String,
}

impl Command for RecordOpened {
    /// The name that holds: the one that was committed first. `None` where its end is known.
    type Reply = Option<String>;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<Option<String>>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        Ok(match before.value.clone().opened(self.reference.clone()) {
            Ok(payment) => Change::nothing(Some(self.reference.clone())).put(payment),
            Err(Unmoved::Already | Unmoved::Impossible) => {
                Change::nothing(match &before.value.state {
                    State::Started { opened, .. } => opened.clone(),
                    State::Declined { .. }
                    | State::Captured { .. }
                    | State::Refunding { .. }
                    | State::Refunded { .. } => None,
                })
            }
        })
    }
}
