//! How webhooks are signed: `t=<seconds>,v1=<hex>`, an HMAC-SHA256 over `<seconds>.<body>`.
//!
//! The time is part of what is signed, so an old notice cannot be given a new time; and one that is
//! too old or too new is refused, so that a notice caught on its way is of no use for long. A
//! header may hold several signatures, and whoever checks may know several keys: so keys are
//! changed without a moment in which notices are lost.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use common::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::BadNotice;

/// How far a signature's time may be from now, in seconds: clocks differ, and notices wait in
/// queues.
const TOLERANCE_S: u64 = 300;

/// Most signatures that are looked at: a change of keys needs two.
const MAX_SIGNATURES: usize = 8;

/// The signature's header for `body`, as of `now`.
pub(super) fn sign(secret: &[u8], body: &[u8], now: Timestamp) -> Result<HeaderValue, BadNotice> {
    let seconds = now.as_millis() / 1_000;
    let digest = mac(secret, &seconds.to_string(), body)?.finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("t={seconds},v1={digits}"))
        .map_err(|error| BadNotice::Unreadable(error.to_string()))
}

/// Checks that `body` was signed with one of `secrets`, not long ago.
pub(super) fn verify<'a>(
    secrets: impl IntoIterator<Item = &'a [u8]>,
    header: &HeaderName,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadNotice> {
    let malformed = || BadNotice::Signature("it is malformed");
    let mut given = headers.get_all(header).iter();
    let text = given.next().ok_or(BadNotice::Signature("there is none"))?;
    if given.next().is_some() {
        return Err(BadNotice::Signature("there are two"));
    }
    let text = text.to_str().map_err(|_| malformed())?;
    let (seconds, digests) = read(text).ok_or_else(malformed)?;
    let mut is_good = false;
    for secret in secrets {
        for digest in &digests {
            // The comparison takes the same time wherever it differs.
            is_good |= mac(secret, seconds, body)?.verify_slice(digest).is_ok();
        }
    }
    // The digest first: who cannot sign learns nothing else.
    if !is_good {
        return Err(BadNotice::Signature("it does not fit"));
    }
    let signed: i64 = seconds.parse().map_err(|_| malformed())?;
    if signed.abs_diff(now.as_millis() / 1_000) > TOLERANCE_S {
        return Err(BadNotice::Signature("it is not of now"));
    }
    Ok(())
}

/// The time and the signatures of a header. Schemes other than `v1` are another matter.
fn read(text: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let mut seconds = None;
    let mut digests = Vec::new();
    for part in text.split(',') {
        match part.trim().split_once('=')? {
            ("t", time) if seconds.is_none() => seconds = Some(time),
            ("t", _) => return None,
            ("v1", digits) if digests.len() < MAX_SIGNATURES => digests.push(unhex(digits)?),
            ("v1", _) => return None,
            _ => {}
        }
    }
    let seconds = seconds?;
    let is_plain = !seconds.is_empty() && seconds.bytes().all(|digit| digit.is_ascii_digit());
    (is_plain && !digests.is_empty()).then_some((seconds, digests))
}

fn mac(secret: &[u8], seconds: &str, body: &[u8]) -> Result<Hmac<Sha256>, BadNotice> {
    let mac = Hmac::<Sha256>::new_from_slice(secret);
    let mut mac = mac.map_err(|error| BadNotice::Unavailable(error.to_string()))?;
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(mac)
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    if !is_hex || digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    digits.chunks_exact(2).map(byte).collect()
}
