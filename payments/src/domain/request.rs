//! A request to pay that was made under an idempotency key, and what it came to (I17).
//!
//! A payment takes several commits and a provider's word, so its first answer cannot be rendered in
//! one decision. What is kept instead is which payment the request began: its answer is a function
//! of that payment's end, the same whenever it is asked for.

use std::time::Duration;

use common::id::PaymentId;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a request is remembered.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Which request it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// One for each user and idempotency key: a digest of both.
    pub id: String,
    /// A digest of what was asked for.
    pub fingerprint: String,
}

/// A remembered request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// As [`RequestKey::id`].
    pub id: String,
    /// As [`RequestKey::fingerprint`].
    pub fingerprint: String,
    /// What it came to.
    pub came_to: CameTo,
    /// When it may be forgotten.
    pub expires: Timestamp,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CameTo {
    /// A payment.
    Payment(PaymentId),
    /// Nothing, for this reason.
    Refusal(String),
}
