//! Which request this is: what an `Idempotency-Key` stands for, and whether the same is being
//! worked on.
//!
//! What is kept of a request are two digests. Neither the key nor the body is stored, and since the
//! key goes into both digests, a body with a password in it cannot be guessed from the second
//! without knowing the key.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, Method, Uri};
use sha2::{Digest as _, Sha256};

use crate::command::Refusal;
use crate::replies::RequestKey;
use crate::session::Session;

/// The header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Most characters of a key.
pub const MAX_KEY_CHARS: usize = 255;

/// The key that a request brings, if it brings one.
pub(super) fn key_in(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes()).ok().filter(|_| values.next().is_none());
    match text.map(str::trim) {
        Some(text) if (1..=MAX_KEY_CHARS).contains(&text.chars().count()) => Ok(Some(text)),
        _ => {
            let message = format!("Idempotency-Key must be 1 to {MAX_KEY_CHARS} characters");
            Err(Refusal::field("Idempotency-Key", message))
        }
    }
}

/// The request that `key` names. A key belongs to its user; where nobody is signed in, to the
/// route.
pub(super) fn request(
    key: &str,
    session: Option<&Session>,
    (method, uri): (&Method, &Uri),
    body: &[u8],
) -> RequestKey {
    let route = format!("{method} {uri}");
    let scope = match session {
        Some(session) => format!("user {}", session.user_id),
        None => format!("route {route}"),
    };
    RequestKey {
        id: digest(&[b"request", scope.as_bytes(), key.as_bytes()]),
        fingerprint: digest(&[b"body", scope.as_bytes(), key.as_bytes(), route.as_bytes(), body]),
    }
}

/// SHA-256 over the parts and their lengths, in hex.
fn digest(parts: &[&[u8]]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 0x0f)]);
    hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// The requests of this process that are being worked on.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight {
    ids: Arc<Mutex<HashSet<String>>>,
}

/// A request is being worked on for as long as this lives.
#[derive(Debug)]
pub(super) struct Hold {
    in_flight: InFlight,
    id: String,
}

impl InFlight {
    /// Begins to work on a request.
    pub(super) fn begin(&self, id: &str) -> Result<Hold, Refusal> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if !ids.insert(id.to_owned()) {
            return Err(Refusal::InProgress);
        }
        Ok(Hold { in_flight: self.clone(), id: id.to_owned() })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut ids = self.in_flight.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.remove(&self.id);
    }
}
