//! Stripe's webhooks: who signed them, and which payment of ours they are about.

use axum::http::HeaderName;
use common::id::PaymentId;
use common::time::Timestamp;

use super::Stripe;
use super::objects::{Event, Subject};
use crate::domain::{About, Notice};
use crate::provider::{BadNotice, Letter, signature};

/// The header that carries the signatures.
const HEADER: HeaderName = HeaderName::from_static("stripe-signature");

/// What is heard of. All else that an account may be told of is about something else.
const KINDS: [&str; 4] = ["payment_intent.", "charge.", "refund.", "checkout.session."];

/// Checks that Stripe wrote the letter, not long ago.
pub(super) fn verify<'a>(
    secrets: impl IntoIterator<Item = &'a [u8]>,
    letter: Letter<'_>,
    now: Timestamp,
) -> Result<(), BadNotice> {
    signature::verify(secrets, &HEADER, letter.headers, letter.body, now)
}

impl Stripe {
    /// The notice in a body whose signature is good; `None` where it is about no payment of ours.
    pub(super) async fn notice(&self, body: &[u8]) -> Result<Option<Notice>, BadNotice> {
        let event: Event = serde_json::from_slice(body)
            .map_err(|error| BadNotice::Unreadable(error.to_string()))?;
        if !KINDS.iter().any(|kind| event.kind.starts_with(kind)) {
            return Ok(None);
        }
        let payment = self.payment_of(event.data.object).await?;
        let is_dispute = event.kind.starts_with("charge.dispute.");
        let about = if is_dispute { About::Dispute } else { About::Charge };
        Ok(payment.map(|payment| Notice { id: event.id, payment, kind: event.kind, about }))
    }

    /// Objects that Stripe makes by itself, such as disputes, do not say which payment of ours they
    /// are about; the intent that they name does.
    async fn payment_of(&self, subject: Subject) -> Result<Option<PaymentId>, BadNotice> {
        let named = subject.metadata.as_ref().and_then(|metadata| metadata.get("payment"));
        if let Some(named) = named {
            return Ok(named.parse().ok());
        }
        let Some(intent) = subject.payment_intent.filter(|name| is_name(name)) else {
            return Ok(None);
        };
        let intent = self.intent(&intent).await;
        let intent = intent.map_err(|error| BadNotice::Unavailable(error.to_string()))?;
        Ok(intent.metadata.get("payment").and_then(|named| named.parse().ok()))
    }
}

/// Whether it may stand in a path.
fn is_name(name: &str) -> bool {
    name.starts_with("pi_") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
