//! The provider's list of disputes says of a payment what is not known here: its disputes are to be
//! asked for, as after a notice.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;

use crate::domain::{Payment, State, Told};

/// A provider's list has a dispute of a payment of ours.
#[derive(Debug, Clone)]
pub struct Doubt {
    /// Which provider's.
    pub provider: &'static str,
    /// Of which payment.
    pub payment: PaymentId,
    /// What it says. It makes one ask, and is not believed.
    pub told: Told,
}

impl Command for Doubt {
    /// Whether they are to be asked for because of this.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        let Some(payment) = docs.get::<Payment>(self.payment) else {
            return Ok(Change::nothing(false));
        };
        let payment = payment.value;
        let was_taken = match payment.state {
            State::Captured { .. } | State::Refunding { .. } | State::Refunded { .. } => true,
            // What becomes of it is asked for anyway, and its disputes once it is known.
            State::Started { .. } | State::Declined { .. } => false,
        };
        let is_ours = was_taken && payment.provider == self.provider;
        if !is_ours || payment.doubts.are_open() || payment.knows(&self.told) {
            return Ok(Change::nothing(false));
        }
        Ok(Change::nothing(true).put(payment.clone().doubted(at.now)))
    }
}
