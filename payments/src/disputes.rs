//! Disputes: asked for where a provider's notice spoke of one, or where its list has one that is
//! not known here.
//!
//! A dispute comes weeks after a payment is at its end, and is decided months later. A notice of
//! one makes its payment due again, in the commit before it is acknowledged; what the provider says
//! of it then is all that is believed. While a bank has the money and may give it back, providers
//! give none of it back, so what is owed to the buyer waits. Once the bank has it for good, the
//! provider is asked again: the money may have been given back before, by a call whose answer was
//! lost. Where it says that it was not, the buyer has from the bank what was owed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use common::execute::Failure;
use common::worker::{Progress, Reconciler, StepFailed};

use crate::commands::{Doubt, RecordDisputes, Why};
use crate::counts::Call;
use crate::domain::refund::{Fate, fate};
use crate::domain::{Payment, State, Told};
use crate::provider::ProviderError;
use crate::queries::{self, Seen};
use crate::resolve::Resolver;

/// How often a provider's list is looked through. A notice is quicker; this is for those that never
/// come.
const PERIOD: Duration = Duration::from_secs(600);

/// How far back: longer than banks take to decide.
const REACH_MS: i64 = 150 * 24 * 3_600 * 1_000;

impl Resolver {
    /// What there is to do about a payment because of disputes; `None` where it is to be looked at
    /// as if there were none.
    ///
    /// # Errors
    /// When the store does not serve.
    pub(crate) async fn look_at_disputes(&self, seen: &Seen) -> Result<Option<Progress>, Failure> {
        let payment = &seen.payment;
        let reference = match &payment.state {
            State::Captured { reference, .. }
            | State::Refunding { reference, .. }
            | State::Refunded { reference, .. } => reference,
            State::Started { .. } | State::Declined { .. } => return Ok(None),
        };
        if payment.doubts.are_open() && self.is_decided(payment).await? {
            return self.ask_disputes(seen, reference).await.map(Some);
        }
        Ok(payment.is_held().then_some(Progress::Idle))
    }

    /// The provider does not give money back because of a dispute, and has not done so before: the
    /// buyer has it from the bank, or it is asked what there is to know of that.
    pub(crate) async fn refused_for_dispute(
        &self,
        seen: &Seen,
        part: Option<u32>,
    ) -> Result<Progress, Failure> {
        match seen.payment.settled_by().map(str::to_owned) {
            Some(dispute) => self.given_back(&seen.payment, part, dispute).await,
            None => self.put_off(seen, Why::Disputed).await,
        }
    }

    /// Whether it is known whose the money is: only then can be said who bears a dispute.
    async fn is_decided(&self, payment: &Payment) -> Result<bool, Failure> {
        if !matches!(payment.state, State::Captured { .. }) {
            return Ok(true);
        }
        let payable = queries::payable(self.engine(), payment.order).await?;
        Ok(payable.is_some_and(|payable| fate(payment, &payable) == Fate::Kept))
    }

    async fn ask_disputes(&self, seen: &Seen, reference: &str) -> Result<Progress, Failure> {
        let payment = &seen.payment;
        let told = match self.provider_of(payment) {
            Ok(provider) => {
                let asked = provider.disputes(reference, payment.id, self.engine().now());
                self.in_time(Call::Disputes, payment, asked).await
            }
            Err(error) => Err(error),
        };
        let is_apart =
            |told: &[Told]| told.iter().any(|t| t.amount.currency != payment.amount.currency);
        let told = match told {
            Ok(told) if is_apart(&told) => {
                Err(ProviderError::Rejected("a dispute is in another currency".to_owned()))
            }
            told => told,
        };
        let told = match told {
            Ok(told) => told,
            Err(error) => {
                self.complain(payment, &error);
                return self.put_off(seen, Why::Unknown).await;
            }
        };
        let (id, order) = (payment.id, payment.order);
        let command = RecordDisputes { payment: id, order, doubts: payment.doubts, told };
        let news = self.engine().run(command, &payment.trace).await?;
        self.counts.disputed(&news);
        let request = &payment.trace;
        tracing::info!(payment = %id, %order, request, ?news, "disputes are known");
        Ok(Progress::More)
    }
}

/// Looks through providers' lists of disputes now and then.
pub struct Overlooked {
    resolver: Arc<Resolver>,
    /// Whether this process has only just begun: then it has other things to do.
    is_new: AtomicBool,
}

impl Overlooked {
    /// A reconciler that has what it finds looked at by `resolver`.
    pub fn new(resolver: Arc<Resolver>) -> Self {
        Self { resolver, is_new: true.into() }
    }
}

#[async_trait]
impl Reconciler for Overlooked {
    fn name(&self) -> &'static str {
        "overlooked-disputes"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        if self.is_new.swap(false, Ordering::Relaxed) {
            return Ok(Progress::Idle);
        }
        let engine = self.resolver.engine();
        let now = engine.now();
        let since = now.plus_millis(-REACH_MS);
        for provider in self.resolver.providers().all() {
            let listed = match provider.disputes_since(since, now).await {
                Ok(listed) => listed,
                Err(error) => {
                    let provider = provider.name();
                    tracing::warn!(provider, %error, "asked for disputes in vain");
                    continue;
                }
            };
            for (payment, told) in listed {
                let command = Doubt { provider: provider.name(), payment, told };
                if engine.run(command, "disputes").await.map_err(StepFailed::new)? {
                    tracing::info!(%payment, "a dispute that no notice told of");
                    self.resolver.ring();
                }
            }
        }
        Ok(Progress::Idle)
    }
}
