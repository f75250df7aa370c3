//! How webhooks are signed: `webhook-signature: t=<seconds>,v1=<hex>`, an HMAC-SHA256 over
//! `<seconds>.<body>`.
//!
//! The time is part of what is signed, so an old notice cannot be given a new time; and one that is
//! too old or too new is refused, so that a notice caught on its way is of no use for long.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use common::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ledger::Secret;
use crate::provider::BadNotice;

/// The header that carries the signature.
pub const HEADER: HeaderName = HeaderName::from_static("webhook-signature");

/// How far a signature's time may be from now, in seconds: clocks differ, and notices wait in
/// queues.
const TOLERANCE_S: u64 = 300;

/// The signature's header for `body`, as of `now`.
pub(crate) fn sign(secret: &Secret, body: &[u8], now: Timestamp) -> Result<HeaderValue, BadNotice> {
    let seconds = now.as_millis() / 1_000;
    let digest = mac(secret, &seconds.to_string(), body)?.finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("t={seconds},v1={digits}"))
        .map_err(|error| BadNotice::Unreadable(error.to_string()))
}

/// Checks that `body` was signed, not long ago.
pub(crate) fn verify(
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadNotice> {
    let header = headers.get(&HEADER).ok_or(BadNotice::Signature("there is none"))?;
    let malformed = || BadNotice::Signature("it is malformed");
    let text = header.to_str().map_err(|_| malformed())?;
    let (seconds, digits) = text.split_once(",v1=").ok_or_else(malformed)?;
    let seconds = seconds.strip_prefix("t=").ok_or_else(malformed)?;
    let digest = unhex(digits).ok_or_else(malformed)?;
    // The digest first: who cannot sign learns nothing else. The comparison takes the same time
    // wherever it differs.
    let good = mac(secret, seconds, body)?.verify_slice(&digest);
    good.map_err(|_| BadNotice::Signature("it does not fit"))?;
    let signed: i64 = seconds.parse().map_err(|_| malformed())?;
    if signed.abs_diff(now.as_millis() / 1_000) > TOLERANCE_S {
        return Err(BadNotice::Signature("it is not of now"));
    }
    Ok(())
}

fn mac(secret: &Secret, seconds: &str, body: &[u8]) -> Result<Hmac<Sha256>, BadNotice> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.reveal());
    let mut mac = mac.map_err(|error| BadNotice::Unavailable(error.to_string()))?;
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(mac)
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    digits.chunks_exact(2).map(byte).collect()
}
