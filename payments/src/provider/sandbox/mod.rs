//! A payment provider for trying things out: no money moves, and everything else is as it is with a
//! real one.
//!
//! It keeps its own ledger in a store of its own ([`ledger`]), is idempotent by key, signs its
//! webhooks ([`signature`]) and sends them when it gets to it ([`Courier`]). The card's token says
//! how it behaves ([`behaviour`]), also badly: it can be silent after taking the money, fail,
//! dawdle, and send its webhooks twice, late, or never.

mod behaviour;
mod courier;
mod dispute;
pub mod ledger;
pub mod signature;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::id::{Entropy, PaymentId};
use common::store::{CommitError, Store};
use common::time::{Clock, Timestamp};
use tokio::sync::OnceCell;

use super::{
    BadNotice, Charge, ChargeRequest, Letter, Provider, ProviderError, Refund, RefundRequest,
};
use crate::domain::{Decline, Notice, Token, Told};
use behaviour::Behaviour;
use ledger::{Charged, Outcome, Refunded, Secret, Versioned};

pub use courier::Courier;
pub use ledger::COLLECTIONS;

/// As in the path of its webhooks.
pub const NAME: &str = "sandbox";

/// How long the token for it keeps a caller waiting after the money is taken: longer than any
/// caller waits.
const SILENCE: Duration = Duration::from_secs(60);

/// How long the slow token takes.
const SLOWNESS: Duration = Duration::from_millis(1_500);

/// How long a charge takes whose outcome comes by webhook.
const FINISHING: Duration = Duration::from_millis(200);

/// Most attempts at one write, all but the first after somebody else was quicker.
const MAX_ATTEMPTS: u32 = 8;

/// The sandbox.
pub struct Sandbox {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    latency: Duration,
    secret: OnceCell<Secret>,
}

impl Sandbox {
    /// A sandbox with its ledger in `store`, which takes `latency` for every call.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        latency: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { store, clock, entropy, latency, secret: OnceCell::new() })
    }

    /// What webhooks are signed with: made once, and kept with the ledger.
    pub(crate) async fn secret(&self) -> Result<&Secret, BadNotice> {
        let unavailable = |cause: String| BadNotice::Unavailable(cause);
        self.secret
            .get_or_try_init(|| async {
                let mut fresh = [0_u8; 32];
                self.entropy.fill(&mut fresh).map_err(|error| unavailable(error.to_string()))?;
                let kept = ledger::secret(&*self.store, Secret::new(fresh)).await;
                kept.map_err(|error| unavailable(error.to_string()))
            })
            .await
    }

    async fn arrive(&self) {
        if !self.latency.is_zero() {
            self.clock.sleep(self.latency).await;
        }
    }

    async fn charged(
        &self,
        payment: PaymentId,
    ) -> Result<Option<Versioned<Charged>>, ProviderError> {
        ledger::charged(&*self.store, payment).await.map_err(silent)
    }

    /// Writes a charge; `false` where somebody else was quicker.
    async fn write(&self, before: Option<u64>, charged: &Charged) -> Result<bool, ProviderError> {
        let written = ledger::put(&*self.store, vec![(before, charged)]).await;
        match written {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            Err(error) => Err(ProviderError::Unknown(error.to_string())),
        }
    }

    /// One attempt at a charge; `None` where somebody else was quicker and it has to be made again.
    async fn attempt(
        &self,
        request: &ChargeRequest,
        behaviour: &Behaviour,
    ) -> Result<Option<Charge>, ProviderError> {
        let now = self.clock.now();
        match self.charged(request.payment).await? {
            Some(known) if known.value.is_for_another(request) => {
                Err(ProviderError::Rejected("the key was used for another charge".into()))
            }
            Some(known) => self.finish(known, now).await,
            None => {
                let first = behaviour.first(request, now);
                let is_written = self.write(None, &first).await?;
                if !is_written {
                    return Ok(None);
                }
                match behaviour {
                    Behaviour::SilentAfterCapture => {
                        self.clock.sleep(SILENCE).await;
                        Err(ProviderError::Unknown("the connection was closed".into()))
                    }
                    Behaviour::Fails => Err(ProviderError::Unknown("status 500".into())),
                    Behaviour::Captures(_)
                    | Behaviour::Slow
                    | Behaviour::Disputed(_)
                    | Behaviour::Declines(..) => Ok(Some(first.told())),
                }
            }
        }
    }

    /// What has become of a charge that exists by now; `None` where it changed meanwhile.
    async fn finish(
        &self,
        known: Versioned<Charged>,
        now: Timestamp,
    ) -> Result<Option<Charge>, ProviderError> {
        let finished = known.value.clone().finished(now);
        if finished == known.value || self.write(Some(known.version), &finished).await? {
            return Ok(Some(finished.told()));
        }
        Ok(None)
    }
}

#[async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, token: &Token) -> bool {
        Behaviour::of(token).is_some()
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        self.arrive().await;
        let behaviour = request.means.token().and_then(Behaviour::of);
        let behaviour = behaviour.ok_or(ProviderError::BadToken)?;
        if matches!(behaviour, Behaviour::Slow) {
            self.clock.sleep(SLOWNESS).await;
        }
        for _ in 0..MAX_ATTEMPTS {
            if let Some(charge) = self.attempt(request, &behaviour).await? {
                return Ok(charge);
            }
        }
        Err(ProviderError::Unknown("too busy".into()))
    }

    async fn look_up(&self, request: &ChargeRequest) -> Result<Option<Charge>, ProviderError> {
        self.arrive().await;
        let payment = request.payment;
        for _ in 0..MAX_ATTEMPTS {
            let Some(known) = self.charged(payment).await? else {
                return Ok(None);
            };
            if let Some(charge) = self.finish(known, self.clock.now()).await? {
                return Ok(Some(charge));
            }
        }
        Err(ProviderError::Unknown("too busy".into()))
    }

    async fn abandon(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        self.arrive().await;
        let payment = request.payment;
        for _ in 0..MAX_ATTEMPTS {
            let known = self.charged(payment).await?;
            let version = known.as_ref().map(|known| known.version);
            let abandoned = match known.map(|known| known.value) {
                None => Charged::never(payment, abandoned()),
                Some(Charged { outcome: Outcome::Captured { .. }, .. }) => {
                    return Ok(Charge::Captured { reference: ledger::reference(payment) });
                }
                Some(Charged { outcome: Outcome::Declined(decline), .. }) => {
                    return Ok(Charge::Declined(decline));
                }
                Some(unfinished) => {
                    Charged { outcome: Outcome::Declined(abandoned()), ..unfinished }
                }
            };
            if self.write(version, &abandoned).await? {
                return Ok(abandoned.told());
            }
        }
        Err(ProviderError::Unknown("too busy".into()))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        self.arrive().await;
        let RefundRequest { payment, part, amount, .. } = *request;
        let refunded = Refunded { payment, part, amount, at: self.clock.now() };
        let done = || Ok(Refund::Done { reference: ledger::refund_reference(&refunded) });
        for _ in 0..MAX_ATTEMPTS {
            // The charge first: a refund that is made after this look meets the version.
            let known = self.charged(payment).await?;
            if ledger::is_kept(&*self.store, &refunded).await.map_err(silent)? {
                return done();
            }
            if known.as_ref().is_some_and(|known| known.value.taken() > 0) {
                return Ok(Refund::Disputed);
            }
            let given_back = known.and_then(|known| {
                let value = known.value.give_back(request)?;
                Some(Versioned { version: known.version, value })
            });
            let Some(charged) = given_back else {
                return Err(ProviderError::Rejected("there is no such capture to refund".into()));
            };
            match ledger::put_refund(&*self.store, charged, &refunded).await {
                Ok(()) => return done(),
                // Somebody else was quicker, with this refund, another one or a webhook.
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(ProviderError::Unknown(error.to_string())),
            }
        }
        Err(ProviderError::Unknown("too busy".into()))
    }

    async fn disputes(
        &self,
        _: &str,
        payment: PaymentId,
        _: Timestamp,
    ) -> Result<Vec<Told>, ProviderError> {
        self.arrive().await;
        let known = self.charged(payment).await?;
        Ok(known.and_then(|known| known.value.told_of_dispute()).into_iter().collect())
    }

    async fn verify_webhook(
        &self,
        letter: Letter<'_>,
        now: Timestamp,
    ) -> Result<Option<Notice>, BadNotice> {
        let secret = self.secret().await?;
        signature::verify(secret, letter.headers, letter.body, now)?;
        courier::read(letter.body).map(Some)
    }
}

fn silent(error: common::store::Unavailable) -> ProviderError {
    ProviderError::Unknown(error.to_string())
}

fn abandoned() -> Decline {
    Decline {
        code: "abandoned".to_owned(),
        message: "The order ended before it was paid; no money was taken".to_owned(),
        field: None,
    }
}
