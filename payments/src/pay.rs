//! A request to pay, from the intent to an answer.
//!
//! 1. The intent is committed ([`Start`]): from then on the payment is looked after, whoever goes
//!    away or dies.
//! 2. The provider is asked, and what it says is committed ([`Resolver::look`]).
//! 3. The orders service hears of the capture, and this service hears of the order's end. Only then
//!    is the buyer told: a 201 is never given for an order that is not complete (I3, I12).
//!
//! The first two run in a task of their own, so that a buyer who closes the page cannot stop them
//! half-way. The third waits for no longer than a page would: who is told to come again joins the
//! same payment.

use std::sync::Arc;
use std::time::Duration;

use common::command::{Fault, Key, Refusal};
use common::execute::Failure;
use common::id::{OrderId, PaymentId, UserId};
use common::worker::Progress;
use tokio::sync::oneshot;

use crate::commands::{Begun, Start};
use crate::domain::refund::{Fate, fate};
use crate::domain::{Decline, Fee, Means, Payable, Payment, Place, RequestKey, State, Token};
use crate::provider::{Door, ProviderError};
use crate::queries;
use crate::resolve::Resolver;

/// How often one request begins anew because another one has begun elsewhere meanwhile.
const MOST_MOVES: usize = 3;

/// Somebody wants to pay.
#[derive(Debug, Clone)]
pub struct PayRequest {
    /// What.
    pub order: OrderId,
    /// Who.
    pub buyer: UserId,
    /// With what.
    pub token: Token,
    /// Which request it is, where it came with an idempotency key.
    pub request: Option<RequestKey>,
    /// For events and logs.
    pub trace: String,
}

/// Somebody wants to pay where the provider asks for the card.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    /// What.
    pub order: OrderId,
    /// Who.
    pub buyer: UserId,
    /// Where they come back to.
    pub back: String,
    /// Where; by default where the provider prefers it.
    pub place: Option<Place>,
    /// Which request it is, where it came with an idempotency key.
    pub request: Option<RequestKey>,
    /// For events and logs.
    pub trace: String,
}

/// A request to pay, with whatever.
#[derive(Clone)]
struct Asked {
    order: OrderId,
    buyer: UserId,
    means: Means,
    request: Option<RequestKey>,
    trace: String,
}

/// Why a request to pay has no payment to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpaid {
    /// It was decided against, declined, or could not be begun.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It is being worked on, and its end is not known yet: ask again.
    #[error("the payment is still being worked on")]
    Unresolved,
}

/// Pays.
pub struct Pay {
    resolver: Arc<Resolver>,
    answer_within: Duration,
    fee: Fee,
}

impl Pay {
    /// Answers requests within about `answer_within`. The platform keeps `fee` of what they pay.
    pub fn new(resolver: Arc<Resolver>, answer_within: Duration, fee: Fee) -> Self {
        Self { resolver, answer_within, fee }
    }

    /// Pays an order, and waits for the end of it: the payment that the order is complete by.
    ///
    /// # Errors
    /// See [`Unpaid`].
    pub async fn pay(&self, asked: PayRequest) -> Result<PaymentId, Unpaid> {
        let order = asked.order;
        // Whether it is known or not, the decision says.
        queries::awaited(self.resolver.engine(), order).await?;
        let PayRequest { order: _, buyer, token, request, trace } = asked;
        let asked = Asked { order, buyer, means: Means::Token(token), request, trace };
        let payment = match self.begin(asked).await? {
            Begun::Started(payment) | Begun::Joined(payment) => payment,
            Begun::Refused(why) => return Err(Failure::Refused(Refusal::State(why)).into()),
        };
        self.end_of(payment, order).await
    }

    /// Begins a payment that its buyer makes where the provider asks for the card, and says where
    /// that is. Who asks again is shown the same one. What comes of it is seen of the payment.
    ///
    /// A page of the provider's is good for everybody, so who has begun on one is shown that,
    /// whatever is asked for now. Who has begun in a part of ours and asks for a page cannot use
    /// that part (scripts are off, or the provider's was not to be had): it is left for good first,
    /// so that there are never two places in which one order could be paid.
    ///
    /// # Errors
    /// See [`Unpaid`].
    pub async fn check_out(&self, asked: CheckoutRequest) -> Result<(PaymentId, Door), Unpaid> {
        let CheckoutRequest { order, buyer, back, place, request, trace } = asked;
        let refused = |refusal| Unpaid::Failed(Failure::Refused(refusal));
        let engine = self.resolver.engine();
        let payable = queries::awaited(engine, order).await?;
        if payable.ok_or_else(|| refused(Refusal::NotFound))?.buyer != buyer {
            return Err(refused(Refusal::NotYours));
        }
        let place = self.place(place)?;
        let means = Means::Page { back, place: Some(place) };
        let asked = Asked { order, buyer, means, request, trace };
        for _ in 0..MOST_MOVES {
            let id = match self.begin(asked.clone()).await {
                Ok(Begun::Started(payment) | Begun::Joined(payment)) => payment,
                Ok(Begun::Refused(why)) | Err(Failure::Refused(Refusal::State(why))) => {
                    return Err(conflict(why));
                }
                Err(failure) => return Err(failure.into()),
            };
            let door = self.door_of(id).await?;
            if place == Place::Element || door.place() == place {
                return Ok((id, door));
            }
            match self.resolver.leave(id).await? {
                Ok(true) => {}
                Ok(false) => return Err(conflict("The payment is under way".to_owned())),
                Err(error) => {
                    tracing::warn!(payment = %id, %error, "it could not be left for another place");
                    return Err(Unpaid::Unresolved);
                }
            }
        }
        Err(Unpaid::Unresolved)
    }

    /// Where the card is asked for, of the places that the provider has.
    fn place(&self, wanted: Option<Place>) -> Result<Place, Unpaid> {
        let places = self.resolver.providers().chosen().places();
        let why = match (places.first(), wanted) {
            (Some(first), None) => return Ok(*first),
            (Some(_), Some(place)) if places.contains(&place) => return Ok(place),
            (None, _) => "The payment provider asks for no cards itself: pay with a token",
            (Some(_), Some(_)) => "The payment provider does not ask for cards in that place",
        };
        Err(conflict(why.to_owned()))
    }

    /// Where a payment is made. The first look may be opening it at the provider just now, which
    /// answers only one of two such calls: this one asks again then.
    async fn door_of(&self, id: PaymentId) -> Result<Door, Unpaid> {
        let engine = self.resolver.engine();
        let mut wait = engine.wait("door", [Key::of::<Payment>(id)], self.answer_within);
        loop {
            let seen = queries::payment(engine, id).await?;
            let seen = seen.ok_or(Failure::Refused(Refusal::NotFound))?;
            match self.resolver.door(&seen).await? {
                Ok(Some(door)) => return Ok(door),
                Ok(None) => return Err(Failure::Refused(self.why_over(id).await?).into()),
                Err(error) => {
                    tracing::warn!(payment = %id, %error, "where to pay it is not known yet");
                    if matches!(error, ProviderError::Rejected(_)) {
                        return Err(Unpaid::Unresolved);
                    }
                }
            }
            if !wait.next().await {
                return Err(Unpaid::Unresolved);
            }
        }
    }

    async fn why_over(&self, id: PaymentId) -> Result<Refusal, Failure> {
        let seen = queries::payment(self.resolver.engine(), id).await?;
        Ok(Refusal::Conflict(match seen.map(|seen| seen.payment.state) {
            Some(State::Declined { decline, .. }) => decline.message,
            _ => "The payment has come to its end".to_owned(),
        }))
    }

    /// Commits the intent and makes the first look, in a task; returns when the intent is
    /// committed.
    async fn begin(&self, asked: Asked) -> Result<Begun, Failure> {
        let Asked { order, buyer, means, request, trace } = asked;
        let lease = self.resolver.lease();
        let provider = self.resolver.providers().chosen().name();
        let (fee, trace_of_it) = (self.fee, trace.clone());
        let start =
            Start { order, buyer, means, provider, fee, request, trace: trace_of_it, lease };
        let resolver = Arc::clone(&self.resolver);
        let (tell, told) = oneshot::channel();
        let work = async move {
            let begun = resolver.engine().run(start, &trace).await;
            let payment = match &begun {
                Ok(Begun::Started(payment) | Begun::Joined(payment)) => Some(*payment),
                Ok(Begun::Refused(_)) | Err(_) => None,
            };
            // Whoever asked may be gone; the payment goes on all the same.
            drop(tell.send(begun));
            if let Some(payment) = payment {
                first_look(&resolver, payment).await;
            }
        };
        self.resolver.engine().tasks().spawn(Box::pin(work));
        told.await.unwrap_or_else(|_| Err(Failure::Broken("a payment's task has ended".into())))
    }

    /// Waits for what becomes of a payment: first for the provider's word, and then, if there is
    /// money, for that of the order.
    async fn end_of(&self, id: PaymentId, order: OrderId) -> Result<PaymentId, Unpaid> {
        let engine = self.resolver.engine();
        let begun = engine.now();
        let mut wait = engine.wait("provider", [Key::of::<Payment>(id)], self.answer_within);
        let payment = loop {
            let seen = queries::payment(engine, id).await?;
            let payment = seen.map(|seen| seen.payment);
            let is_known = |payment: &Payment| !matches!(payment.state, State::Started { .. });
            if let Some(payment) = payment.filter(is_known) {
                break payment;
            }
            if !wait.next().await {
                return Err(Unpaid::Unresolved);
            }
        };
        drop(wait);
        let left = self.answer_within.saturating_sub(engine.now().since(begun));
        let mut wait = engine.wait("end", [Key::of::<Payable>(order)], left);
        loop {
            let payable = queries::payable(engine, order).await?;
            if let Some(end) = payable.and_then(|payable| end(&payment, &payable)) {
                if end.is_err() || payment.due.is_some_and(|due| due <= engine.now()) {
                    self.resolver.ring();
                }
                return end.map_err(|refusal| Failure::Refused(refusal).into());
            }
            if !wait.next().await {
                return Err(Unpaid::Unresolved);
            }
        }
    }
}

async fn first_look(resolver: &Resolver, payment: PaymentId) {
    match resolver.look(payment).await {
        Ok(Progress::Idle) => {}
        Ok(Progress::More) => resolver.ring(),
        Err(failure) => {
            tracing::warn!(%payment, error = %failure, "left to be settled later");
        }
    }
}

fn conflict(why: String) -> Unpaid {
    Unpaid::Failed(Failure::Refused(Refusal::Conflict(why)))
}

/// What a buyer is told of a payment, once there is something to tell. It depends on nothing but
/// the payment's end, so a retry is told the same for ever (I17).
fn end(payment: &Payment, payable: &Payable) -> Option<Result<PaymentId, Refusal>> {
    let returned = || {
        let id = payment.id;
        let message = "The order ended before it was paid";
        Err(Refusal::state(format!("{message}; payment {id} is being returned in full")))
    };
    match &payment.state {
        State::Started { .. } => None,
        State::Declined { decline, .. } => {
            let Decline { message, field, .. } = decline.clone();
            Some(Err(Refusal::Invalid(vec![Fault { message, field }])))
        }
        State::Captured { .. } => match fate(payment, payable) {
            Fate::Open => None,
            Fate::Kept => Some(Ok(payment.id)),
            Fate::Returned => Some(returned()),
        },
        State::Refunding { .. } | State::Refunded { .. } => Some(returned()),
    }
}
