//! The provider could not say: the payment is looked at again later, ever less often.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;
use std::time::Duration;

use crate::domain::{Means, Payment, State};

/// The pause after the first look in vain; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause: well within the 60 s by which an end must be known once a fault is over (I3).
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Longest pause while the buyer is at it: people take their time, and the provider's notice comes
/// first nearly always.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A look at a payment was in vain.
#[derive(Debug, Clone)]
pub struct LookAgain {
    /// Which payment.
    pub payment: PaymentId,
    /// The version that was looked at: what has moved since needs no further look because of this
    /// one.
    pub version: u64,
    /// Whether it was in vain because the provider has a dispute, which is to be asked about.
    pub disputed: bool,
}

impl Command for LookAgain {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let payment = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        if payment.version != self.version || payment.value.due.is_none() {
            return Ok(Change::nothing(()));
        }
        let looks = payment.value.looks.saturating_add(1);
        let longest = match &payment.value.state {
            State::Started { means: Means::Page { .. }, .. } => LONGEST_WAIT,
            _ => LONGEST_PAUSE,
        };
        let later = payment.value.clone().look_at(at.now.plus(pause(looks, longest)));
        let is_new = self.disputed && !later.doubts.are_open();
        let doubts = if is_new { later.doubts.raised() } else { later.doubts };
        Ok(Change::nothing(()).put(Payment { looks, doubts, ..later }))
    }
}

fn pause(looks: u32, longest: Duration) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << looks.saturating_sub(1).min(16));
    doubled.min(longest)
}
