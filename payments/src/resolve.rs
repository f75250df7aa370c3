//! One look at one payment: where it stands, what the provider says, and what is recorded of that.
//!
//! A request to pay makes the first look, the reconciler ([`crate::settle`]) every further one, and
//! both are this code: the happy path is the recovery. A look asks the provider for one thing,
//! under the payment's own key, so it may be made at any time, by anybody, any number of times. How
//! money is given back is in [`crate::give_back`].

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use common::execute::{Engine, Failure};
use common::id::PaymentId;
use common::worker::Progress;
use tokio::sync::Notify;

use crate::busy::Busy;
use crate::commands::{Conclude, RecordCaptured, RecordDeclined, RecordOpened, Why};
use crate::counts::{Call, Counts};
use crate::domain::{Decline, Means, OrderStanding, Payment, State};
use crate::provider::{Charge, ChargeRequest, Provider, ProviderError, Providers};
use crate::queries::{self, Seen};

/// How long a captured payment waits to hear of its order's end before it is looked at. Hearing of
/// the end makes it due at once, so this only bounds what a defect could leave lying.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes looks.
pub struct Resolver {
    engine: Arc<Engine>,
    providers: Providers,
    /// How long a provider has to answer a call.
    timeout: Duration,
    busy: Busy,
    bell: Notify,
    pub(crate) counts: Counts,
}

impl Resolver {
    /// A resolver that gives providers `timeout` to answer a call.
    pub fn new(engine: Arc<Engine>, providers: Providers, timeout: Duration) -> Self {
        let counts = Counts::of(engine.meters());
        Self { engine, providers, timeout, busy: Busy::default(), bell: Notify::new(), counts }
    }

    /// Executes this service's commands.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Who moves the money.
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Who moves the money of this payment.
    pub(crate) fn provider_of(
        &self,
        payment: &Payment,
    ) -> Result<&Arc<dyn Provider>, ProviderError> {
        let found = self.providers.named(&payment.provider);
        found.ok_or_else(|| {
            let name = &payment.provider;
            ProviderError::Rejected(format!("the provider {name} is not configured any more"))
        })
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
        let Some(_looking) = self.busy.begin(id) else {
            return Ok(Progress::Idle);
        };
        let Some(seen) = queries::payment(&self.engine, id).await? else {
            return Ok(Progress::Idle);
        };
        if let Some(progress) = self.look_at_disputes(&seen).await? {
            return Ok(progress);
        }
        if seen.payment.rests(self.engine.now()) {
            return self.put_off(&seen, Why::Rests).await;
        }
        match &seen.payment.state {
            State::Started { means, opened } => {
                let request = request(&seen.payment, means, opened.clone());
                self.ask(&seen, request).await
            }
            State::Captured { reference, .. } => match seen.payment.owed() {
                Some(owed) => {
                    let (part, amount) = (Some(owed.number), owed.amount);
                    self.give_back(&seen, part, reference, amount).await
                }
                None => self.conclude(&seen.payment).await,
            },
            State::Refunding { reference, .. } => {
                self.give_back(&seen, None, reference, seen.payment.amount).await
            }
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
            State::Started { means, opened } => {
                let request = request(payment, means, opened.clone());
                match self.provider_of(payment) {
                    // What was never made there cannot have come to anything.
                    Ok(provider) if provider.opens() && opened.is_none() => Ok(None),
                    Ok(provider) => {
                        self.in_time(Call::LookUp, payment, provider.look_up(&request)).await
                    }
                    Err(error) => Err(error),
                }
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
    async fn ask(&self, seen: &Seen, request: ChargeRequest) -> Result<Progress, Failure> {
        let payment = &seen.payment;
        let payable = queries::payable(&self.engine, payment.order).await?;
        let is_wanted = payable.is_none_or(|payable| payable.standing == OrderStanding::Open);
        let answer = match self.opened(payment, request).await? {
            Ok(Some(request)) => self.call(payment, &request, is_wanted).await,
            // Somebody else has seen its end meanwhile.
            Ok(None) => return Ok(Progress::Idle),
            Err(error) => Err(error),
        };
        match answer {
            Ok(Charge::Pending) => self.put_off(seen, Why::Unknown).await,
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
            Err(ProviderError::Impossible(decline)) => {
                self.record(payment, Charge::Declined(decline)).await?;
                Ok(Progress::Idle)
            }
            Err(error @ (ProviderError::Unknown(_) | ProviderError::Rejected(_))) => {
                self.complain(payment, &error);
                self.put_off(seen, Why::Unknown).await
            }
        }
    }

    /// The request, once the provider has made its payment and that is committed. `None` where the
    /// payment's end is known.
    pub(crate) async fn opened(
        &self,
        payment: &Payment,
        request: ChargeRequest,
    ) -> Result<Result<Option<ChargeRequest>, ProviderError>, Failure> {
        let provider = match self.provider_of(payment) {
            Ok(provider) => provider,
            Err(error) => return Ok(Err(error)),
        };
        if request.opened.is_some() || !provider.opens() {
            return Ok(Ok(Some(request)));
        }
        let reference = match self.in_time(Call::Open, payment, provider.open(&request)).await {
            Ok(reference) => reference,
            Err(error) => return Ok(Err(error)),
        };
        let command = RecordOpened { payment: payment.id, reference };
        let opened = self.engine.run(command, &payment.trace).await?;
        Ok(Ok(opened.map(|opened| ChargeRequest { opened: Some(opened), ..request })))
    }

    /// One call: for the money; to hear whether the buyer has paid; or, where the order has ended
    /// meanwhile, to take none.
    async fn call(
        &self,
        payment: &Payment,
        request: &ChargeRequest,
        is_wanted: bool,
    ) -> Result<Charge, ProviderError> {
        let provider = self.provider_of(payment)?;
        if !is_wanted {
            return self.in_time(Call::Abandon, payment, provider.abandon(request)).await;
        }
        if matches!(request.means, Means::Page { .. }) {
            let found = self.in_time(Call::LookUp, payment, provider.look_up(request)).await?;
            return Ok(found.unwrap_or(Charge::Pending));
        }
        #[cfg(feature = "planted")]
        if common::planted::is(common::planted::Bug::FreshKey) {
            let key = PaymentId(self.engine.ids().next(self.engine.now()));
            let request = ChargeRequest { payment: key, ..request.clone() };
            return self.in_time(Call::Charge, payment, provider.charge(&request)).await;
        }
        self.in_time(Call::Charge, payment, provider.charge(request)).await
    }

    /// Commits what the provider says of a charge.
    pub(crate) async fn record(&self, payment: &Payment, charge: Charge) -> Result<(), Failure> {
        let (id, order) = (payment.id, payment.order);
        let trace = &payment.trace;
        let counter = self.counts.of_charge(&charge);
        let is_news = match charge {
            Charge::Captured { reference } => {
                let command = RecordCaptured { payment: id, order, reference, patience: PATIENCE };
                self.engine.run(command, trace).await?
            }
            Charge::Declined(decline) => {
                let command = RecordDeclined { payment: id, order, decline };
                self.engine.run(command, trace).await?
            }
            Charge::Pending => false,
        };
        counter.add(is_news.into());
        tracing::debug!(payment = %id, %order, request = trace, is_news, "a charge is known");
        Ok(())
    }

    async fn conclude(&self, payment: &Payment) -> Result<Progress, Failure> {
        let command = Conclude { payment: payment.id, order: payment.order, patience: PATIENCE };
        let is_owed = self.engine.run(command, &payment.trace).await?;
        Ok(if is_owed { Progress::More } else { Progress::Idle })
    }

    pub(crate) async fn in_time<T>(
        &self,
        what: Call,
        payment: &Payment,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let begun = self.counts.begin(what, self.engine.meters(), payment);
        tokio::select! {
            biased;
            answer = call => {
                self.counts.answered(begun, answer.is_ok());
                answer
            }
            () = self.engine.clock().sleep(self.timeout) => {
                self.counts.given_up(begun);
                Err(ProviderError::Unknown(format!("nothing within {:?}", self.timeout)))
            }
        }
    }

    pub(crate) fn complain(&self, payment: &Payment, error: &ProviderError) {
        let (provider, id) = (&payment.provider, payment.id);
        let request = &payment.trace;
        match error {
            ProviderError::Rejected(_) => {
                tracing::error!(provider, payment = %id, request, %error, "somebody must look");
            }
            ProviderError::Unknown(_) | ProviderError::BadToken | ProviderError::Impossible(_) => {
                tracing::warn!(provider, payment = %id, request, %error, "asked in vain");
            }
        }
    }
}

/// What the provider is asked about a payment that has started.
pub(crate) fn request(payment: &Payment, means: &Means, opened: Option<String>) -> ChargeRequest {
    let Payment { id, order, amount, .. } = *payment;
    ChargeRequest { payment: id, order, amount, means: means.clone(), opened }
}

fn bad_token() -> Decline {
    Decline {
        code: "bad_token".to_owned(),
        message: "token is not known to the payment provider".to_owned(),
        field: Some("token".to_owned()),
    }
}
