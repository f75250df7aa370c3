//! Sends the sandbox's webhooks when they are due. What is owed is in its ledger, so a restart
//! forgets none.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use common::id::PaymentId;
use common::store::CommitError;
use common::time::Timestamp;
use common::worker::{Progress, Reconciler, StepFailed};
use serde::{Deserialize, Serialize};

use super::ledger::{Charged, Outcome, Versioned};
use super::{NAME, Sandbox, ledger, signature};
use crate::domain::{About, Notice, Standing};
use crate::provider::{BadNotice, Letter};
use crate::webhook::Webhook;

/// Most charges whose webhooks go out in one step.
const PAGE: usize = 128;

/// The pause between the two webhooks of a charge that sends two.
const BETWEEN: Duration = Duration::from_millis(300);

/// The pause before a webhook that was not taken is sent again.
const AGAIN: Duration = Duration::from_secs(1);

/// Sends webhooks to the same code that serves the route for them, signatures and all.
pub struct Courier {
    sandbox: Arc<Sandbox>,
    webhook: Arc<Webhook>,
}

impl Courier {
    /// Sends the webhooks of `sandbox` to `webhook`.
    pub fn new(sandbox: Arc<Sandbox>, webhook: Arc<Webhook>) -> Self {
        Self { sandbox, webhook }
    }

    /// Sends one webhook; whether it was taken.
    async fn send(&self, charged: &Charged, now: Timestamp) -> Result<bool, StepFailed> {
        let body = write(charged, now)?;
        let secret = self.sandbox.secret().await.map_err(StepFailed::new)?;
        let signature = signature::sign(secret, &body, now).map_err(StepFailed::new)?;
        let headers = HeaderMap::from_iter([(signature::HEADER, signature)]);
        let letter = Letter { headers: &headers, query: None, body: &body };
        let taken = self.webhook.receive(NAME, letter, "sandbox-webhook").await;
        if let Err(error) = &taken {
            tracing::warn!(payment = %charged.payment, %error, "a webhook was not taken");
        }
        Ok(taken.is_ok())
    }

    async fn serve(&self, owed: &Charged, now: Timestamp) -> Result<Charged, StepFailed> {
        let charged = owed.clone().finished(now);
        Ok(match charged.outcome {
            // There is nothing to tell yet.
            Outcome::Pending { .. } => charged.put_off(now, AGAIN),
            Outcome::Captured { .. } | Outcome::Declined(_) => {
                match self.send(&charged, now).await? {
                    true => charged.notified(now, BETWEEN),
                    false => charged.put_off(now, AGAIN),
                }
            }
        })
    }
}

#[async_trait]
impl Reconciler for Courier {
    fn name(&self) -> &'static str {
        "sandbox-courier"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let (store, now) = (&*self.sandbox.store, self.sandbox.clock.now());
        let owed = ledger::owed(store, now, PAGE).await.map_err(StepFailed::new)?;
        if owed.is_empty() {
            return Ok(Progress::Idle);
        }
        let mut served = Vec::with_capacity(owed.len());
        for Versioned { version, value } in &owed {
            // Whoever is told of a bank's step asks about it, so it is taken before.
            let disputed = value.clone().disputed();
            let mut version = *version;
            if disputed != *value {
                match ledger::put(store, vec![(Some(version), &disputed)]).await {
                    Ok(()) => version += 1,
                    Err(CommitError::Conflict) => continue,
                    Err(error) => return Err(StepFailed::new(error)),
                }
            }
            served.push((Some(version), self.serve(&disputed, now).await?));
        }
        if served.is_empty() {
            return Ok(Progress::Idle);
        }
        let documents = served.iter().map(|(version, charged)| (*version, charged)).collect();
        match ledger::put(store, documents).await {
            Ok(()) => Ok(Progress::More),
            // Somebody asked for one of them meanwhile. Sent twice does no harm, so all are sent
            // again, soon.
            Err(CommitError::Conflict) => Ok(Progress::Idle),
            Err(error) => Err(StepFailed::new(error)),
        }
    }
}

/// What the kind of a webhook about a dispute begins with.
const DISPUTE: &str = "dispute";

/// A webhook's body.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    id: String,
    r#type: String,
    key: PaymentId,
    created: Timestamp,
}

fn write(charged: &Charged, now: Timestamp) -> Result<Vec<u8>, StepFailed> {
    let dispute = charged.plan.and_then(|plan| plan.dispute);
    let (about, verb) = match (dispute, &charged.outcome) {
        (Some(Standing::Open), _) => (DISPUTE, "opened"),
        (Some(Standing::Won), _) => (DISPUTE, "won"),
        (Some(Standing::Lost), _) => (DISPUTE, "lost"),
        (None, Outcome::Captured { .. }) => ("charge", "captured"),
        (None, Outcome::Declined(_)) => ("charge", "declined"),
        (None, Outcome::Pending { .. }) => ("charge", "pending"),
    };
    let id = format!("evt_{}_{verb}", charged.payment);
    let body = Body { id, r#type: format!("{about}.{verb}"), key: charged.payment, created: now };
    serde_json::to_vec(&body).map_err(StepFailed::new)
}

/// The notice in a body whose signature is good.
pub(super) fn read(body: &[u8]) -> Result<Notice, BadNotice> {
    let body: Body =
        serde_json::from_slice(body).map_err(|error| BadNotice::Unreadable(error.to_string()))?;
    let is_dispute = body.r#type.split('.').next() == Some(DISPUTE);
    let about = if is_dispute { About::Dispute } else { About::Charge };
    Ok(Notice { id: body.id, payment: body.key, kind: body.r#type, about })
}
