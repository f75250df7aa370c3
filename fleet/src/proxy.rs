//! The one address in front of all: which service a path belongs to, and whom of its replicas to
//! ask.
//!
//! A request that was not sent goes to the next replica, whatever it is. One that may have been
//! carried out is repeated only where that does no harm, and else answered with 503: whoever sent
//! it asks again under the same `Idempotency-Key`. Bodies are passed on as they come, both ways, so
//! that event streams flow.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{CONNECTION, HOST, TE, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use common::execute::Failure;
use common::http::visitor::X_FORWARDED_FOR;
use common::http::{self, Problem};
use common::replies::Answer;
use common::store::Unavailable;
use hyper::Request;
use serde_json::json;

use crate::pool::NoAnswer;
use crate::upstreams::Upstream;

/// Who answers for the rest of the API, here as behind `infra/`: for the description of all of it,
/// which any service has, and that there is no such path.
const THE_REST: &str = "tickets";

/// The parts of the API, and which service answers for each.
const PARTS: &[(&str, &str)] = &[
    ("/api/users", "auth"),
    ("/api/tickets", "tickets"),
    ("/api/orders", "orders"),
    ("/api/payments", "payments"),
];

/// Everything that is not the API's is the web client's.
const API: &str = "/api";

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What stands behind the address.
pub struct Fleet {
    /// The services.
    pub services: Vec<Arc<Upstream>>,
    /// The web client, where there is one.
    pub client: Option<Arc<Upstream>>,
}

/// How long an answer may take to begin: longer than a service gives itself, so that it is the
/// service that says so.
const PATIENCE: Duration = Duration::from_secs(40);

/// All routes on one origin. What surrounds a service's requests surrounds these too, so that the
/// few answers of the proxy's own are as decent as theirs.
pub fn app(fleet: Arc<Fleet>, settings: http::Settings) -> Router {
    let routes = Router::new()
        .route("/api/health/live", get(async || Answer::ok(&json!({"status": "ok"}))))
        .route("/api/health/ready", get(ready))
        .fallback(pass_on)
        .with_state(fleet);
    http::app(routes, http::Settings { request_timeout: PATIENCE, ..settings })
}

/// Whether every service can be asked.
async fn ready(State(fleet): State<Arc<Fleet>>) -> Result<Answer, Problem> {
    for service in &fleet.services {
        if !service.is_ready() {
            return Err(Unavailable(format!("no replica of {} is ready", service.name)).into());
        }
    }
    let events = if fleet.services.iter().all(|s| s.hears()) { "ok" } else { "waiting" };
    Ok(Answer::ok(&json!({"status": "ok", "events": events})))
}

impl Fleet {
    fn upstream(&self, path: &str) -> Option<&Arc<Upstream>> {
        let is_below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let part = PARTS.iter().find(|(prefix, _)| is_below(prefix));
        let name = part.map_or(THE_REST, |(_, name)| name);
        let service = || self.services.iter().find(|service| service.name == name);
        match &self.client {
            Some(client) if !is_below(API) => Some(client),
            _ => service(),
        }
    }

    /// Asks the replicas of a service in turn, until one answers.
    async fn ask(&self, upstream: &Upstream, mut request: Request<Body>) -> Response {
        let may_be_repeated = is_repeatable(&request).then(|| head_of(&request));
        for replica in upstream.in_turn() {
            let Some(pool) = replica.pool() else { continue };
            match pool.send(request).await {
                Ok(response) => return response.map(Body::new),
                Err(NoAnswer::NotSent(unsent)) => {
                    replica.failed();
                    request = *unsent;
                }
                Err(NoAnswer::Unknown(cause)) => {
                    replica.failed();
                    let Some(again) = &may_be_repeated else {
                        tracing::warn!(service = upstream.name, cause, "an answer was lost");
                        return Problem::Failed(Failure::InDoubt(cause)).into_response();
                    };
                    request = head_of(again);
                }
            }
        }
        tracing::warn!(service = upstream.name, "no replica can be asked");
        Problem::from(Unavailable("no replica can be asked".to_owned())).into_response()
    }
}

async fn pass_on(
    State(fleet): State<Arc<Fleet>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request<Body>,
) -> Response {
    let Some(upstream) = fleet.upstream(request.uri().path()) else {
        return Problem::NoSuchPath.into_response();
    };
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    remove_what_is_between_neighbours(headers);
    if let Ok(peer) = HeaderValue::try_from(peer.ip().to_string()) {
        headers.append(X_FORWARDED_FOR, peer);
    }
    if let Some(host) = headers.get(HOST).cloned() {
        headers.insert(X_FORWARDED_HOST, host);
    }
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("http"));
    let mut response = fleet.ask(upstream, request).await;
    remove_what_is_between_neighbours(response.headers_mut());
    response
}

/// Headers that say something about one connection, and not about the request.
fn remove_what_is_between_neighbours(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&[CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, UPGRADE]) {
        headers.remove(name);
    }
}

/// Whether a request changes nothing, and has no body that would be gone.
fn is_repeatable(request: &Request<Body>) -> bool {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    is_safe && axum::body::HttpBody::is_end_stream(request.body())
}

/// A request without its body.
fn head_of(request: &Request<Body>) -> Request<Body> {
    let mut head = Request::new(Body::empty());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_service() {
        let named = |name| Upstream::new(name, 1);
        let services = ["auth", "tickets", "orders", "payments"].map(named).to_vec();
        let fleet = Fleet { services, client: Some(named("client")) };
        for (path, name) in [
            ("/api/users/signup", "auth"),
            ("/api/tickets", "tickets"),
            ("/api/tickets/1/live", "tickets"),
            ("/api/ticketsandmore", "tickets"),
            ("/api/orders/1", "orders"),
            ("/api/payments/webhooks/sandbox", "payments"),
            ("/api/docs", "tickets"),
            ("/api", "tickets"),
            ("/apiary", "client"),
            ("/", "client"),
        ] {
            assert_eq!(fleet.upstream(path).unwrap().name, name, "{path}");
        }
    }

    #[test]
    fn what_is_said_about_one_connection_goes_no_further() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("te", "gzip"),
            ("accept", "*/*"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        remove_what_is_between_neighbours(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}
