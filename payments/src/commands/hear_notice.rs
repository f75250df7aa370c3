//! A provider has sent a notice. It makes one difference: the payment is looked at.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::{About, Heard, Notice, Payment, State};

/// A provider has sent a notice whose signature is good.
#[derive(Debug, Clone)]
pub struct HearNotice {
    /// Which provider.
    pub provider: &'static str,
    /// What it says.
    pub notice: Notice,
}

impl Command for HearNotice {
    /// The payment, where it is to be looked at.
    type Reply = Option<Payment>;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![
            Key::of::<Heard>(Heard::id_of(self.provider, &self.notice.id)),
            Key::of::<Payment>(self.notice.payment),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Option<Payment>>, Refusal> {
        let heard = docs.get::<Heard>(Heard::id_of(self.provider, &self.notice.id));
        let payment = docs.get::<Payment>(self.notice.payment).map(|payment| payment.value);
        // A payment that nothing can follow for needs no look, however often it is spoken of; so
        // nothing is kept of a notice about it, and one that is repeated for ever costs nothing. A
        // dispute does follow, for as long as the money was taken.
        let is_dispute = self.notice.about == About::Dispute;
        let concerns =
            |payment: &Payment| payment.due.is_some() || (is_dispute && was_taken(payment));
        let concerned = payment.filter(|payment| concerns(payment) && heard.is_none());
        let Some(payment) = concerned else {
            return Ok(Change::nothing(None));
        };
        let payment = payment.clone();
        let looked_at = if is_dispute { payment.doubted(at.now) } else { payment.woken(at.now) };
        let heard = Heard {
            provider: self.provider.to_owned(),
            notice: self.notice.clone(),
            heard_at: at.now,
        };
        Ok(Change::nothing(Some(looked_at.clone())).put(looked_at).put(heard))
    }
}

fn was_taken(payment: &Payment) -> bool {
    match payment.state {
        State::Captured { .. } | State::Refunding { .. } | State::Refunded { .. } => true,
        State::Started { .. } | State::Declined { .. } => false,
    }
}
