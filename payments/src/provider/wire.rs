//! The way to a provider's HTTP API: one call there, one answer back, or none.
//!
//! A port of its own, so that tests put a provider of their own behind it without a socket.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::uri::{Authority, Scheme};
use axum::http::{Request, Response, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::ProviderError;

/// Longest answer that is read: a payment is some kilobytes, a list of refunds some tens.
const MAX_ANSWER: usize = 1024 * 1024;

/// How long an idle connection is kept. Below what providers' load balancers keep them for, so that
/// few calls meet one that was just closed.
const IDLE: Duration = Duration::from_secs(20);

/// Makes calls.
#[async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Makes a call; its address is a path and a query.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] where there is no answer: the call may have been carried out.
    async fn send(&self, call: Request<Bytes>) -> Result<Response<Bytes>, ProviderError>;
}

/// Makes calls over HTTPS; over plain HTTP to this machine alone.
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
}

impl Https {
    /// To the API at `base`, as in `https://api.example.com`.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn to(base: &str) -> Result<Self, String> {
        let expected = || format!("{base} must be an address such as https://api.example.com");
        let uri: Uri = base.parse().map_err(|_| expected())?;
        let (scheme, authority) = uri
            .scheme()
            .zip(uri.authority())
            .ok_or_else(expected)
            .map(|(scheme, authority)| (scheme.clone(), authority.clone()))?;
        let is_here = matches!(authority.host(), "127.0.0.1" | "localhost" | "[::1]");
        if scheme != Scheme::HTTPS && !(scheme == Scheme::HTTP && is_here) {
            return Err(format!("{base} must begin with https://: it is sent a secret key"));
        }
        let ring = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring)
            .map_err(|error| {
                format!(
                    "the system's certificates cannot be read ({error}); install the package \
                     ca-certificates"
                )
            })?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client, scheme, authority })
    }
}

#[async_trait]
impl Wire for Https {
    async fn send(&self, call: Request<Bytes>) -> Result<Response<Bytes>, ProviderError> {
        // The texts are for the log, and name no part of the call.
        let lost = |what: &str| ProviderError::Unknown(what.to_owned());
        let (mut parts, body) = call.into_parts();
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.scheme = Some(self.scheme.clone());
        uri.authority = Some(self.authority.clone());
        parts.uri = Uri::from_parts(uri).map_err(|_| lost("the address is no address"))?;
        let call = Request::from_parts(parts, Full::new(body));
        let answer = self.client.request(call).await.map_err(|error| {
            let at = if error.is_connect() { "no connection" } else { "the connection broke" };
            lost(&format!("{at}: {error}"))
        })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|_| lost("the answer broke off, or is too long"))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i28_a_secret_key_is_sent_in_the_clear_to_this_machine_alone() {
        for good in ["https://api.example.com", "http://127.0.0.1:9", "http://localhost"] {
            assert!(Https::to(good).is_ok(), "{good}");
        }
        for bad in ["http://api.example.com", "http://127.0.0.1.example.com", "ftp://localhost"] {
            assert!(Https::to(bad).is_err_and(|why| why.contains("https://")), "{bad}");
        }
        assert!(Https::to("api.example.com/x y").is_err());
    }
}
