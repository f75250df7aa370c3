//! The provider could not say: the payment is looked at again later, ever less often.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;
use std::time::Duration;

use crate::domain::payment::LONGEST_REST;
use crate::domain::{Means, Payment, State};

/// The pause after the first look in vain; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause: well within the 60 s by which an end must be known once a fault is over (I3).
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Longest pause while the buyer is at it: people take their time, and the provider's notice comes
/// first nearly always.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A payment that rests is due within this all the same, and then only put off: what is due further
/// ahead counts as made so before the clock was set back ([`crate::settle`]).
const NAP: Duration = Duration::from_secs(50);

/// Why a look is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// What was asked for is not known: there was no answer, or none that says it.
    Unknown,
    /// The provider has a dispute, which is to be asked about.
    Disputed,
    /// The provider gives the money back, which takes days. Its notice comes first nearly always.
    OnItsWay,
    /// Nobody was asked: it rests still.
    Rests,
}

/// A look at a payment was in vain.
#[derive(Debug, Clone)]
pub struct LookAgain {
    /// Which payment.
    pub payment: PaymentId,
    /// The version that was looked at: what has moved since needs no further look because of this
    /// one.
    pub version: u64,
    /// Why it was in vain.
    pub why: Why,
    /// How many keys of what is to be given back are burnt by now. Where this is not recorded
    /// because the process dies, the provider says it again.
    pub burnt: u32,
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
        let before = payment.value.clone();
        let looks = before.looks.saturating_add(u32::from(self.why != Why::Rests));
        let longest = match &before.state {
            State::Started { means: Means::Page { .. }, .. } => LONGEST_WAIT,
            _ => LONGEST_PAUSE,
        };
        let rests_until = match self.why {
            Why::OnItsWay => Some(at.now.plus(pause(looks, LONGEST_REST))),
            Why::Rests => before.rests_until,
            Why::Unknown | Why::Disputed => None,
        };
        let due = match rests_until {
            Some(until) => until.min(at.now.plus(NAP)),
            None => at.now.plus(pause(looks, longest)),
        };
        let is_new = self.why == Why::Disputed && !before.doubts.are_open();
        let doubts = if is_new { before.doubts.raised() } else { before.doubts };
        let later = before.look_at(due);
        let burnt = self.burnt;
        Ok(Change::nothing(()).put(Payment { looks, burnt, doubts, rests_until, ..later }))
    }
}

fn pause(looks: u32, longest: Duration) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << looks.saturating_sub(1).min(16));
    doubled.min(longest)
}
