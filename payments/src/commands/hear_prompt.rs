//! Somebody asks to look at a payment: its provider, or whoever pretends to be it, since the notice
//! is not signed. The payment is looked at soon, once in a while however often it is asked for; and
//! nothing is kept of the notice. Of money that was taken it may mean that a bank takes it back, at
//! any time: so its disputes are asked for as well.

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;
use common::time::Timestamp;

use crate::domain::{Payment, State};

/// A payment is looked at at most this often because somebody asks for it. Short for a buyer who
/// has just come back; and a flood of notices costs a look and a commit in this time, for each
/// payment that is not settled and whose names the flood knows.
const AT_MOST_EVERY: Duration = Duration::from_secs(2);

/// The same, of a payment at rest. What may follow for it takes a bank months.
const AT_REST_EVERY: Duration = Duration::from_secs(10);

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
        let change = Change::nothing(());
        Ok(match named.and_then(|payment| prompted(payment, at.now)) {
            Some(payment) => change.put(payment),
            None => change,
        })
    }
}

/// The payment as it is to be looked at because of a prompt; `None` where it is so already.
fn prompted(payment: &Payment, now: Timestamp) -> Option<Payment> {
    let is_on_its_way = matches!(payment.state, State::Started { .. } | State::Refunding { .. })
        || payment.owed().is_some();
    let every = if is_on_its_way { AT_MOST_EVERY } else { AT_REST_EVERY };
    let soon = soon(now, every);
    let due = payment.due.map_or(soon, |due| due.min(soon));
    let is_taken = !matches!(payment.state, State::Started { .. } | State::Declined { .. });
    let payment = payment.clone();
    if is_taken && !payment.doubts.are_open() {
        let due = if due > now { due } else { soon };
        return Some(payment.woken(due).doubted(due));
    }
    // What is asked for by now may be answered as of before this, so it is asked for once more. Its
    // turn is not put off, and its answer not let go, however many come.
    if is_taken && due <= now {
        let is_news = !payment.doubts.are_open_twice();
        return is_news.then(|| payment.woken(due).doubted(due));
    }
    let is_sooner = payment.due != Some(due) || payment.rests_until.is_some();
    is_sooner.then(|| payment.woken(due))
}

/// The end of the span of that length that `now` falls in: all who ask within one span ask for the
/// same look.
fn soon(now: Timestamp, every: Duration) -> Timestamp {
    let span = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let into = now.as_millis().rem_euclid(span);
    now.plus_millis(span - into)
}

/// The provider's name for a payment about which something may follow.
fn reference(state: &State) -> Option<&str> {
    match state {
        State::Started { opened, .. } => opened.as_deref(),
        State::Captured { reference, .. }
        | State::Refunding { reference, .. }
        | State::Refunded { reference, .. } => Some(reference),
        State::Declined { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_ask_within_one_span_ask_for_the_same_look() {
        let at = |ms| soon(Timestamp::from_millis(ms), AT_MOST_EVERY).as_millis();
        assert_eq!((at(10_000), at(10_001), at(11_999)), (12_000, 12_000, 12_000));
        assert_eq!(at(12_000), 14_000);
    }
}
