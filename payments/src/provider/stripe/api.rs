//! Calls to Stripe's API: forms there, JSON back, an idempotency key on every write.

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use bytes::Bytes;
use common::config::Secret;
use serde::de::DeserializeOwned;

use super::objects::{Failed, Fault};
use crate::provider::{ProviderError, Wire};

/// The version of the API that answers are read by, whatever an account's own is.
const VERSION: HeaderValue = HeaderValue::from_static("2024-06-20");

const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is the one that was given before under the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A form, in order.
pub(super) type Form = Vec<(&'static str, String)>;

/// The API, for one account.
pub(super) struct Api {
    wire: Arc<dyn Wire>,
    key: Secret,
}

/// An answer that says something.
pub(super) enum Answer<T> {
    /// As asked; and whether it is what was answered before under the same key, so that things may
    /// have moved since.
    Done(T, bool),
    /// The call, or the card, was refused; now, or before under the same key.
    Refused(Fault, bool),
    /// It failed, and will fail with this key for as long as Stripe remembers it. Whether it did
    /// something has to be looked up.
    Burnt,
}

impl Api {
    pub(super) fn new(wire: Arc<dyn Wire>, key: Secret) -> Self {
        Self { wire, key }
    }

    /// Reads.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Answer<T>, ProviderError> {
        self.call(Method::GET, path, None, Bytes::new()).await
    }

    /// Writes, once under `key`.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
    ) -> Result<Answer<T>, ProviderError> {
        self.call(Method::POST, path, Some(key), encoded(form)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Bytes,
    ) -> Result<Answer<T>, ProviderError> {
        let broken = || ProviderError::Rejected("the call cannot be written".to_owned());
        let bearer = format!("Bearer {}", self.key.reveal());
        let mut bearer = HeaderValue::try_from(bearer).map_err(|_| broken())?;
        bearer.set_sensitive(true);
        let mut call = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, bearer)
            .header(STRIPE_VERSION, VERSION)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(key) = key {
            call = call.header(IDEMPOTENCY_KEY, key);
        }
        let answer = self.wire.send(call.body(body).map_err(|_| broken())?).await?;
        let is_replayed = answer.headers().get(REPLAYED).is_some_and(|value| value == "true");
        read(answer.status(), is_replayed, answer.body())
    }
}

fn encoded(form: &Form) -> Bytes {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    body.finish().into()
}

/// What an answer says. What says nothing is no reason to believe anything.
fn read<T: DeserializeOwned>(
    status: StatusCode,
    is_replayed: bool,
    body: &[u8],
) -> Result<Answer<T>, ProviderError> {
    let unknown = |what: String| Err(ProviderError::Unknown(what));
    if status.is_success() {
        return match serde_json::from_slice(body) {
            Ok(answer) => Ok(Answer::Done(answer, is_replayed)),
            Err(error) => unknown(format!("status {status} with what cannot be read: {error}")),
        };
    }
    if status.is_server_error() {
        return if is_replayed { Ok(Answer::Burnt) } else { unknown(format!("status {status}")) };
    }
    match status {
        // Another call with the same key is under way; too many calls.
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => unknown(format!("status {status}")),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ProviderError::Rejected(format!("status {status}: is the secret key right?")))
        }
        _ => match serde_json::from_slice::<Failed>(body) {
            Ok(failed) => Ok(Answer::Refused(failed.error, is_replayed)),
            // Not Stripe, but something on the way there.
            Err(_) => unknown(format!("status {status} without a reason")),
        },
    }
}
