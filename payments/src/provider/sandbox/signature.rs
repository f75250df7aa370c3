//! The sandbox's webhooks are signed as those of others are ([`crate::provider::signature`]), under
//! a header of its own.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use common::time::Timestamp;

use super::ledger::Secret;
use crate::provider::{BadNotice, signature};

/// The header that carries the signature.
pub const HEADER: HeaderName = HeaderName::from_static("webhook-signature");

/// The signature's header for `body`, as of `now`.
pub(super) fn sign(secret: &Secret, body: &[u8], now: Timestamp) -> Result<HeaderValue, BadNotice> {
    signature::sign(secret.reveal(), body, now)
}

/// Checks that `body` was signed, not long ago.
pub(super) fn verify(
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadNotice> {
    signature::verify([secret.reveal()], &HEADER, headers, body, now)
}
