//! A buyer pays: the intent is committed before the provider is asked (intent → call → record).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId, UserId};
use common::time::Timestamp;
use std::time::Duration;

use super::event;
use crate::domain::{
    CameTo, Doubts, Fee, Means, Payable, Payment, Request, RequestKey, State, request,
};

/// A buyer pays an order.
#[derive(Debug, Clone)]
pub struct Start {
    /// What.
    pub order: OrderId,
    /// Who.
    pub buyer: UserId,
    /// With what.
    pub means: Means,
    /// Who moves the money.
    pub provider: &'static str,
    /// What the platform keeps of it.
    pub fee: Fee,
    /// Which request it is, where it came with an idempotency key.
    pub request: Option<RequestKey>,
    /// The request that it goes back to, for the events that follow from it later.
    pub trace: String,
    /// How long whoever began it has to hear from the provider, before others ask as well.
    pub lease: Duration,
}

/// What came of a request to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// A payment has begun.
    Started(PaymentId),
    /// The request has begun this payment before.
    Joined(PaymentId),
    /// It was decided against, and that is remembered under the request's key.
    Refused(String),
}

impl Command for Start {
    type Reply = Begun;

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<Payable>(self.order)];
        if let Some(request) = &self.request {
            keys.push(Key::of::<Request>(&request.id));
        }
        let payable = docs.get::<Payable>(self.order);
        if let Some(active) = payable.and_then(|payable| payable.value.active) {
            keys.push(Key::of::<Payment>(active));
        }
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Begun>, Refusal> {
        if let Some(answered) = self.answered(docs, at.now)? {
            return Ok(Change::nothing(answered));
        }
        let payable = docs.get::<Payable>(self.order).ok_or(Refusal::NotFound)?.value;
        if payable.buyer != self.buyer {
            return Err(Refusal::NotYours);
        }
        let active = payable.active.and_then(|active| docs.get::<Payment>(active));
        if let Some(running) = active.as_ref().filter(|payment| self.is_repeated(payment.value)) {
            return Ok(Change::nothing(Begun::Joined(running.value.id)));
        }
        if let Err(why) = payable.payable_at(at.now) {
            return self.refuse(why.to_string(), at.now);
        }
        if active.is_some() {
            return self.refuse("A payment for this order is already in progress".into(), at.now);
        }
        let payment = Payment {
            id: PaymentId(at.next_id()),
            provider: self.provider.to_owned(),
            order: self.order,
            buyer: self.buyer,
            amount: payable.total,
            fee: self.fee,
            created_at: at.now,
            trace: self.trace.clone(),
            due: Some(at.now.plus(self.lease)),
            looks: 0,
            burnt: 0,
            rests_until: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
            doubts: Doubts::default(),
            state: State::Started { means: self.means.clone(), opened: None },
        };
        let id = payment.id;
        let change = Change::nothing(Begun::Started(id))
            .put(Payable { active: Some(id), ..payable.clone() })
            .tell(&event(PaymentKind::Started, &payment, 0))
            .put(payment);
        Ok(self.remember(change, CameTo::Payment(id), at.now))
    }
}

impl Start {
    /// What this request came to when it was first made.
    fn answered(&self, docs: &Docs, now: Timestamp) -> Result<Option<Begun>, Refusal> {
        let Some(key) = &self.request else {
            return Ok(None);
        };
        let known = docs.get::<Request>(&key.id).filter(|known| known.value.expires > now);
        match known.map(|known| known.value) {
            None => Ok(None),
            Some(known) if known.fingerprint != key.fingerprint => Err(Refusal::KeyReused),
            Some(Request { came_to: CameTo::Payment(id), .. }) => Ok(Some(Begun::Joined(*id))),
            Some(Request { came_to: CameTo::Refusal(why), .. }) => {
                Ok(Some(Begun::Refused(why.clone())))
            }
        }
    }

    /// Whether this request, which names no key, is the one that began `payment`, for all that can
    /// be told: a second click, or the retry of one that was told to come again.
    fn is_repeated(&self, payment: &Payment) -> bool {
        let same = match &payment.state {
            // Who is given a place again is given the same one, wherever the first was opened.
            State::Started { means: Means::Page { .. }, .. } => {
                return matches!(self.means, Means::Page { .. });
            }
            State::Started { means, .. } => *means == self.means,
            // The token is gone, and so is the question: the money is taken, whatever card is shown
            // now.
            State::Captured { .. } => payment.due.is_some() && payment.refunds.is_empty(),
            State::Declined { .. } | State::Refunding { .. } | State::Refunded { .. } => false,
        };
        same && self.request.is_none()
    }

    fn refuse(&self, why: String, now: Timestamp) -> Result<Change<Begun>, Refusal> {
        if self.request.is_none() {
            return Err(Refusal::state(why));
        }
        let change = Change::nothing(Begun::Refused(why.clone()));
        Ok(self.remember(change, CameTo::Refusal(why), now))
    }

    fn remember(&self, change: Change<Begun>, came_to: CameTo, now: Timestamp) -> Change<Begun> {
        let Some(RequestKey { id, fingerprint }) = self.request.clone() else {
            return change;
        };
        let expires = now.plus(request::KEPT_FOR);
        change.put(Request { id, fingerprint, came_to, expires })
    }
}
