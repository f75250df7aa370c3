//! Calls to Mollie's API: JSON there and back, an idempotency key on everything that makes
//! something.

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use bytes::Bytes;
use common::config::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::calls;
use super::objects::Fault;
use crate::provider::{ProviderError, Wire};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is the one that was given before under the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The API, for one account.
pub(super) struct Api {
    wire: Arc<dyn Wire>,
    key: Secret,
}

/// An answer that says something.
pub(super) enum Answer<T> {
    /// As asked.
    Done(T),
    /// The call was refused, now.
    Refused(Fault),
    /// It failed, now; whether it did something has to be looked up, and it may do so still.
    Failed,
    /// It was refused or failed when it was first made under this key, and that is said again for
    /// as long as Mollie remembers it. It is over: whether it did something can be looked up.
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

    /// Makes something, once under `key`.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        key: &str,
    ) -> Result<Answer<T>, ProviderError> {
        let body = serde_json::to_vec(body).map_err(|_| broken())?;
        self.call(Method::POST, path, Some(key), body.into()).await
    }

    /// Cancels something. That happens once by itself.
    pub(super) async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Answer<T>, ProviderError> {
        self.call(Method::DELETE, path, None, Bytes::new()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Bytes,
    ) -> Result<Answer<T>, ProviderError> {
        let bearer = format!("Bearer {}", self.key.reveal());
        let mut bearer = HeaderValue::try_from(bearer).map_err(|_| broken())?;
        bearer.set_sensitive(true);
        let mut call = Request::builder().method(method).uri(path).header(AUTHORIZATION, bearer);
        if let Some(key) = key {
            call = call.header(IDEMPOTENCY_KEY, key).header(CONTENT_TYPE, "application/json");
        }
        let answer = self.wire.send(call.body(body).map_err(|_| broken())?).await?;
        let is_replayed = answer.headers().get(REPLAYED).is_some_and(|value| value == "true");
        if is_replayed && !answer.status().is_success() {
            return Ok(Answer::Burnt);
        }
        read(answer.status(), answer.body())
    }
}

fn broken() -> ProviderError {
    ProviderError::Rejected("the call cannot be written".to_owned())
}

/// What an answer says. What says nothing is no reason to believe anything.
fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<Answer<T>, ProviderError> {
    if status.is_success() {
        return serde_json::from_slice(body).map(Answer::Done).map_err(|error| {
            calls::unknown(&format!("status {status} with what cannot be read: {error}"))
        });
    }
    if status.is_server_error() {
        return Ok(Answer::Failed);
    }
    match status {
        // The same is being worked on, or seems to be asked for twice; too many calls.
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => {
            Err(calls::unknown(&format!("status {status}")))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ProviderError::Rejected(format!("status {status}: is the API key right?")))
        }
        _ => match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => Ok(Answer::Refused(fault)),
            // Not Mollie, but something on the way there.
            Err(_) => Err(calls::unknown(&format!("status {status} without a reason"))),
        },
    }
}
