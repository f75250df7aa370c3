//! One look at one payment: where it stands, what the provider says, and what is recorded of that.
//!
//! A request to pay makes the first look, the reconciler ([`crate::settle`]) every further one, and
//! both are this code: the happy path is the recovery. A look makes at most one call to the
//! provider, under the payment's own key, so it may be made at any time, by anybody, any number of
//! times.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::execute::{Engine, Failure};
use common::id::PaymentId;
use common::worker::Progress;
use tokio::sync::Notify;

use crate::commands::{Conclude, LookAgain, RecordCaptured, RecordDeclined, RecordRefunded};
use crate::counts::{Call, Counts};
use crate::domain::{Decline, OrderStanding, Payment, State, Token};
use crate::provider::{Charge, ChargeRequest, Provider, ProviderError, Refund, RefundRequest};
use crate::queries::{self, Seen};

/// How long a captured payment waits to hear of its order's end before it is looked at. Hearing of
/// the end makes it due at once, so this only bounds what a defect could leave lying.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes looks.
pub struct Resolver {
    engine: Arc<Engine>,
    provider: Arc<dyn Provider>,
    /// How long the provider has to answer a call.
    timeout: Duration,
    /// Payments that this process is looking at just now.
    busy: Mutex<HashSet<PaymentId>>,
    bell: Notify,
    counts: Counts,
}

impl Resolver {
    /// A resolver that gives the provider `timeout` to answer a call.
    pub fn new(engine: Arc<Engine>, provider: Arc<dyn Provider>, timeout: Duration) -> Self {
        let counts = Counts::of(engine.meters());
        Self { engine, provider, timeout, busy: Mutex::default(), bell: Notify::new(), counts }
    }

    /// Executes this service's commands.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Who moves the money.
    pub fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// How long a look may take: as long as the provider has, and a moment for the commits around
    /// it.
    pub fn lease(&self) -> Duration {
        self.timeout + Duration::from_secs(2)
    }

    /// There may be something due.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Returns when there may be something due.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Looks at a payment, unless this process is at it already.
    ///
    /// # Errors
    /// When the store does not serve. What the provider does not answer is noted, and looked at
    /// again later.
    pub async fn look(&self, id: PaymentId) -> Result<Progress, Failure> {
        let Some(_busy) = Busy::with(self, id) else {
            return Ok(Progress::Idle);
        };
        let Some(seen) = queries::payment(&self.engine, id).await? else {
            return Ok(Progress::Idle);
        };
        match &seen.payment.state {
            State::Started { token } => self.ask(&seen, token).await,
            State::Captured { .. } => self.conclude(&seen.payment).await,
            State::Refunding { reference, .. } => self.give_back(&seen, reference).await,
            State::Declined { .. } | State::Refunded { .. } => Ok(Progress::Idle),
        }
    }

    /// Asks the provider what became of a payment, and records what it says. What it does not say
    /// is left to the next look.
    ///
    /// # Errors
    /// When the store does not serve.
    pub async fn look_up(&self, payment: &Payment) -> Result<(), Failure> {
        let found = match &payment.state {
            #[cfg(feature = "planted")]
            State::Started { .. } if common::planted::is(common::planted::Bug::BelievedNotice) => {
                Ok(Some(Charge::Captured { reference: "as the notice says".to_owned() }))
            }
            State::Started { .. } => {
                self.in_time(Call::LookUp, self.provider.look_up(payment.id)).await
            }
            _ => Ok(None),
        };
        match found {
            Ok(Some(charge @ (Charge::Captured { .. } | Charge::Declined(_)))) => {
                self.record(payment, charge).await?;
            }
            Ok(Some(Charge::Pending) | None) => {}
            Err(error) => self.complain(payment, &error),
        }
        self.ring();
        Ok(())
    }

    /// A payment that is not known to be taken: the provider is asked for the money; or, where the
    /// order has ended meanwhile, to take none.
    async fn ask(&self, seen: &Seen, token: &Token) -> Result<Progress, Failure> {
        let payment = &seen.payment;
        let payable = queries::payable(&self.engine, payment.order).await?;
        let is_wanted = payable.is_none_or(|payable| payable.standing == OrderStanding::Open);
        let answer = if is_wanted {
            let (order, amount) = (payment.order, payment.amount);
            let token = token.clone();
            let request = ChargeRequest { payment: payment.id, order, amount, token };
            #[cfg(feature = "planted")]
            let request = match common::planted::is(common::planted::Bug::FreshKey) {
                true => ChargeRequest {
                    payment: PaymentId(self.engine.ids().next(self.engine.now())),
                    ..request
                },
                false => request,
            };
            self.in_time(Call::Charge, self.provider.charge(&request)).await
        } else {
            self.in_time(Call::Abandon, self.provider.abandon(payment.id)).await
        };
        match answer {
            Ok(Charge::Pending) => self.look_later(seen).await,
            Ok(charge) => {
                self.record(payment, charge).await?;
                Ok(if is_wanted { Progress::Idle } else { Progress::More })
            }
            #[cfg(feature = "planted")]
            Err(ProviderError::Unknown(_))
                if common::planted::is(common::planted::Bug::SilenceIsDecline) =>
            {
                self.record(payment, Charge::Declined(bad_token())).await?;
                Ok(Progress::Idle)
            }
            Err(ProviderError::BadToken) => {
                self.record(payment, Charge::Declined(bad_token())).await?;
                Ok(Progress::Idle)
            }
            Err(error @ (ProviderError::Unknown(_) | ProviderError::Rejected(_))) => {
                self.complain(payment, &error);
                self.look_later(seen).await
            }
        }
    }

    async fn record(&self, payment: &Payment, charge: Charge) -> Result<(), Failure> {
        let (id, order) = (payment.id, payment.order);
        let trace = &payment.trace;
        let is_news = match charge {
            Charge::Captured { reference } => {
                let command = RecordCaptured { payment: id, order, reference, patience: PATIENCE };
                let is_news = self.engine.run(command, trace).await?;
                self.counts.captured(is_news);
                is_news
            }
            Charge::Declined(decline) => {
                let command = RecordDeclined { payment: id, order, decline };
                let is_news = self.engine.run(command, trace).await?;
                self.counts.declined(is_news);
                is_news
            }
            Charge::Pending => false,
        };
        tracing::debug!(payment = %id, %order, request = trace, is_news, "a charge is known");
        Ok(())
    }

    async fn conclude(&self, payment: &Payment) -> Result<Progress, Failure> {
        let command = Conclude { payment: payment.id, order: payment.order, patience: PATIENCE };
        let is_owed = self.engine.run(command, &payment.trace).await?;
        Ok(if is_owed { Progress::More } else { Progress::Idle })
    }

    async fn give_back(&self, seen: &Seen, reference: &str) -> Result<Progress, Failure> {
        let payment = &seen.payment;
        let request = RefundRequest {
            payment: payment.id,
            reference: reference.to_owned(),
            amount: payment.amount,
        };
        #[cfg(feature = "planted")]
        if common::planted::is(common::planted::Bug::RefundedTwice) {
            let payment = PaymentId(self.engine.ids().next(self.engine.now()));
            drop(self.provider.refund(&RefundRequest { payment, ..request.clone() }).await);
        }
        match self.in_time(Call::Refund, self.provider.refund(&request)).await {
            Ok(Refund::Done { reference }) => {
                let command = RecordRefunded { payment: payment.id, refund: reference };
                self.counts.refunded(self.engine.run(command, &payment.trace).await?);
                let (id, order) = (payment.id, payment.order);
                tracing::info!(payment = %id, %order, request = payment.trace, "refunded");
                Ok(Progress::Idle)
            }
            Ok(Refund::Pending) => self.look_later(seen).await,
            Err(error) => {
                self.complain(payment, &error);
                self.look_later(seen).await
            }
        }
    }

    async fn look_later(&self, seen: &Seen) -> Result<Progress, Failure> {
        let command = LookAgain { payment: seen.payment.id, version: seen.version };
        self.engine.run(command, &seen.payment.trace).await?;
        Ok(Progress::Idle)
    }

    async fn in_time<T>(
        &self,
        what: Call,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let begun = self.counts.begin(what);
        tokio::select! {
            biased;
            answer = call => {
                self.counts.answered(what, begun, answer.is_ok());
                answer
            }
            () = self.engine.clock().sleep(self.timeout) => {
                self.counts.given_up(what, begun);
                Err(ProviderError::Unknown(format!("nothing within {:?}", self.timeout)))
            }
        }
    }

    fn complain(&self, payment: &Payment, error: &ProviderError) {
        let (provider, id) = (self.provider.name(), payment.id);
        let request = &payment.trace;
        match error {
            ProviderError::Rejected(_) => {
                tracing::error!(provider, payment = %id, request, %error, "somebody must look");
            }
            ProviderError::Unknown(_) | ProviderError::BadToken => {
                tracing::warn!(provider, payment = %id, request, %error, "asked in vain");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PaymentId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This process is looking at a payment.
struct Busy<'a> {
    resolver: &'a Resolver,
    payment: PaymentId,
}

impl<'a> Busy<'a> {
    fn with(resolver: &'a Resolver, payment: PaymentId) -> Option<Self> {
        // Made only where it was not there: dropping one takes the payment out.
        let is_free = resolver.lock().insert(payment);
        is_free.then(|| Self { resolver, payment })
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.resolver.lock().remove(&self.payment);
    }
}

fn bad_token() -> Decline {
    Decline {
        code: "bad_token".to_owned(),
        message: "token is not known to the payment provider".to_owned(),
        field: Some("token".to_owned()),
    }
}
