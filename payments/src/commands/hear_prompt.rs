//! Somebody asks to look at a payment: its provider, or whoever pretends to be it, since the notice
//! is not signed. The payment is looked at soon, once in a while however often it is asked for; and
//! nothing is kept of the notice.

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;
use common::time::Timestamp;

use crate::domain::{Payment, State};

/// A payment is looked at at most this often because somebody asks for it. Short for a buyer who
/// has just come back; and a flood of notices costs a look and a commit in this time, for each
/// payment that is not settled and whose names the flood knows.
const AT_MOST_EVERY: Duration = Duration::from_secs(2);

/// A provider that signs nothing seems to have sent a notice.
#[derive(Debug, Clone)]
pub struct HearPrompt {
    /// Which provider.
    pub provider: &'static str,
    /// Which payment it is about.
    pub payment: PaymentId,
    /// What the provider calls it. Where it is another name than the one that is committed, nobody
    /// is asked.
    pub reference: String,
}

impl Command for HearPrompt {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Payment>(self.payment)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let payment = docs.get::<Payment>(self.payment).map(|payment| payment.value);
        let named = payment.filter(|payment| {
            payment.provider == self.provider
                && reference(&payment.state) == Some(self.reference.as_str())
        });
        let soon = soon(at.now);
        // What nothing can follow for has nothing due, and is not looked at.
        let later = named.filter(|payment| payment.due.is_some_and(|due| due > soon));
        let change = Change::nothing(());
        Ok(match later {
            Some(payment) => change.put(payment.clone().look_at(soon)),
            None => change,
        })
    }
}

/// The end of the span that `now` falls in: all who ask within one span ask for the same look.
fn soon(now: Timestamp) -> Timestamp {
    let span = i64::try_from(AT_MOST_EVERY.as_millis()).unwrap_or(i64::MAX);
    let into = now.as_millis().rem_euclid(span);
    now.plus_millis(span - into)
}

/// The provider's name for a payment about which something may follow.
fn reference(state: &State) -> Option<&str> {
    match state {
        State::Started { opened, .. } => opened.as_deref(),
        State::Captured { reference, .. } | State::Refunding { reference, .. } => Some(reference),
        State::Declined { .. } | State::Refunded { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_ask_within_one_span_ask_for_the_same_look() {
        let at = |ms| soon(Timestamp::from_millis(ms)).as_millis();
        assert_eq!((at(10_000), at(10_001), at(11_999)), (12_000, 12_000, 12_000));
        assert_eq!(at(12_000), 14_000);
    }
}
