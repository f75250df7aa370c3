//! What surrounds every request, as one layer: an id for the request, the cross-site defence, a
//! time limit, a catch for panics, the error shape for what the router refuses by itself, and the
//! headers that every answer carries.
//!
//! It is one service of our own and not a stack of middleware, because each of those costs an
//! allocation and a copy of the request, for every request there is.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service};

use super::answers::{JSON, NO_STORE};
use super::errors::{Cause, Problem, of_status};
use super::settings::Settings;
use super::traffic::{Here, Refused, Traffic};
use super::{origin, shown, visitor};
use crate::command::Refusal;
use crate::trace::{Place, Span};

/// The header that carries a request's id, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Paths that are answered however busy the process is: whoever watches it must not take it for
/// dead.
const HEALTH: &str = "/api/health/";

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Where what is traced begins.
const API: &str = "/api/";

/// W3C's Trace Context: the span that led to a request.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// Two years, over which browsers ask for nothing but https. Not for subdomains: those may be
/// somebody else's.
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Marks an answer whose body is as its handler wants it, whatever its status and type: a page's is
/// no JSON of ours.
#[derive(Debug, Clone, Copy)]
pub struct AsItIs;

/// The routes with everything around them that every request needs.
pub fn app(routes: Router, settings: Settings) -> Router {
    let places = Arc::new(Semaphore::new(settings.max_under_way));
    let traffic = Traffic::new(&settings.metrics);
    routes.layer(GateLayer { shared: Arc::new(Shared { settings, places, traffic }) })
}

/// The id in a path.
///
/// # Errors
/// 404 where it is malformed, because then it names nothing.
pub fn path_id<T: FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}

/// The id that [`app`] has given the request.
pub(super) fn trace_of(headers: &HeaderMap) -> String {
    let id = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    id.unwrap_or_default().to_owned()
}

/// What all routes have in common. Behind one pointer, because the router copies a gate for every
/// request.
struct Shared {
    settings: Settings,
    /// One for each request that may be under way.
    places: Arc<Semaphore>,
    traffic: Traffic,
}

#[derive(Clone)]
struct GateLayer {
    shared: Arc<Shared>,
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, shared: Arc::clone(&self.shared), here: Arc::default() }
    }
}

#[derive(Clone)]
struct Gate<S> {
    inner: S,
    shared: Arc<Shared>,
    /// The route that this gate is of, as it is counted.
    here: Arc<Here>,
}

impl<S> Service<Request> for Gate<S>
where
    S: Service<Request, Error = Infallible> + Send + 'static,
    S::Response: axum::response::IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let id = self.shared.request_id(&mut request);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let span = self.shared.follow(&mut request, &id);
        let secure = self.shared.settings.secure();
        let asked = Asked { method, uri, id, secure, span };
        let under_way = self.here.begin(&request, &self.shared.traffic);
        let place = match self.shared.admit(&request) {
            Ok(place) => place,
            Err(problem) => {
                let response = asked.answered(problem.into_response());
                under_way.end(response.status(), &self.shared.traffic);
                return Box::pin(std::future::ready(Ok(response)));
            }
        };
        let (shared, limit) = (Arc::clone(&self.shared), self.shared.settings.request_timeout);
        let answering = self.inner.call(request);
        Box::pin(async move {
            let caught = AssertUnwindSafe(answering).catch_unwind();
            let response = match tokio::time::timeout(limit, caught).await {
                Ok(Ok(Ok(response))) => response.into_response(),
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(panic)) => Problem::Panicked(message_of(&*panic)).into_response(),
                Err(_) => {
                    shared.traffic.refuse(Refused::Overdue);
                    Problem::Overdue.into_response()
                }
            };
            drop(place);
            let mut response = asked.answered(response);
            if shared.settings.stopping.is_begun() {
                // Whoever keeps the connection must not ask over it when it is about to go.
                response.headers_mut().insert(CONNECTION, CLOSE);
            }
            under_way.end(response.status(), &shared.traffic);
            Ok(response)
        })
    }
}

impl Shared {
    /// The request's id: the client's own where it is a decent one.
    fn request_id(&self, request: &mut Request) -> HeaderValue {
        if let Some(id) = request.headers().get(X_REQUEST_ID)
            && shown::may_be_id(id.as_bytes())
        {
            return id.clone();
        }
        let id = self.settings.ids.next(self.settings.clock.now()).to_string();
        let id = HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"));
        request.headers_mut().insert(X_REQUEST_ID, id.clone());
        id
    }

    /// The request as a span, where it is traced. From here on its header says so too; what goes
    /// back to the client is the id alone.
    fn follow(&self, request: &mut Request, id: &HeaderValue) -> Option<Span> {
        let path = request.uri().path();
        if !path.starts_with(API) || path.starts_with(HEALTH) {
            return None;
        }
        let id = id.to_str().ok()?;
        let from = request.headers().get(TRACEPARENT).map(HeaderValue::as_bytes);
        let from = from.and_then(Place::of_traceparent);
        let tracer = &self.settings.tracer;
        if from.is_none() && tracer.collector().is_none() {
            return None;
        }
        let matched = request.extensions().get::<MatchedPath>().map_or(API, MatchedPath::as_str);
        let span = tracer.begin(
            "http",
            format!("{} {matched}", shown::method(request.method())),
            id,
            from,
        );
        // Without a collector of ours, what follows is told as following from the caller's span.
        let text = span.as_ref().map(Span::text).or_else(|| Some(from?.text(id)))?;
        let text = HeaderValue::try_from(text).ok()?;
        request.headers_mut().insert(X_REQUEST_ID, text);
        span
    }

    /// A place for the request, or why it is refused before any route sees it.
    fn admit(&self, request: &Request) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        if origin::is_foreign(method, uri, headers, self.settings.public_url.as_ref()) {
            self.traffic.refuse(Refused::Foreign);
            return Err(Problem::Foreign);
        }
        // A path that is no text names nothing; the router's extractors would call it malformed.
        if !is_text(uri.path()) {
            return Err(Problem::NoSuchPath);
        }
        // The web client's server asks for pages that have a place already; without this, a crowd
        // that waits for one page would keep it from being made.
        if uri.path().starts_with(HEALTH)
            || visitor::is_client(headers, request.extensions(), &self.settings)
        {
            return Ok(None);
        }
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(Some).map_err(|_| {
            self.traffic.refuse(Refused::Busy);
            Problem::TooBusy
        })
    }
}

/// What was asked, for the log.
struct Asked {
    method: Method,
    uri: http::Uri,
    id: HeaderValue,
    secure: bool,
    span: Option<Span>,
}

impl Asked {
    fn answered(self, response: Response) -> Response {
        let status = response.status();
        let trace = self.span.as_ref().map(|span| format!("{:032x}", span.place().trace));
        let trace = trace.as_deref();
        let (request, method) = (self.id.to_str().unwrap_or(""), shown::method(&self.method));
        let (path, is_health) = (shown::Path(self.uri.path()), self.uri.path().starts_with(HEALTH));
        if status.is_server_error() {
            let cause = response.extensions().get::<Cause>().map_or("", |cause| &cause.0);
            let status = status.as_u16();
            if status == 503 && is_health {
                // It is what probes ask for, several times a second.
                tracing::debug!(request, method, %path, status, cause, "not ready");
            } else if status == 503 {
                tracing::warn!(request, trace, method, %path, status, cause, "could not be served");
            } else {
                tracing::error!(request, trace, method, %path, status, cause, "went wrong");
            }
        } else {
            tracing::debug!(request, trace, method, %path, status = status.as_u16(), "answered");
        }
        if let Some(mut span) = self.span {
            span.note("http.response.status_code", status.as_u16());
            if status.is_server_error() {
                span.fail();
            }
            span.end();
        }
        let shapeless = status.is_client_error() || status.is_server_error();
        let response = match shapeless && !has_shape(&response) {
            true => in_shape(response),
            false => response,
        };
        finish(response, self.id, self.secure)
    }
}

/// Whether an error's body is one that a handler wrote on purpose.
fn has_shape(response: &Response) -> bool {
    if response.extensions().get::<AsItIs>().is_some() {
        return true;
    }
    match response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
        // What the router and its extractors say by themselves is plain text or nothing.
        None => false,
        Some(kind) => !kind.starts_with(b"text/plain"),
    }
}

/// The same error in our shape, with the headers that belong to it, such as `Allow`.
fn in_shape(response: Response) -> Response {
    let mut shaped = of_status(response.status()).into_response();
    for (name, value) in response.headers() {
        if *name != CONTENT_TYPE && *name != http::header::CONTENT_LENGTH {
            shaped.headers_mut().insert(name.clone(), value.clone());
        }
    }
    shaped
}

/// The headers that every answer carries.
fn finish(mut response: Response, id: HeaderValue, secure: bool) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.entry(REFERRER_POLICY).or_insert(NO_REFERRER);
    if secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONLY_HTTPS);
    }
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind == JSON) {
        headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    }
    response
}

/// Whether a path is UTF-8 once its percent signs are resolved.
fn is_text(path: &str) -> bool {
    if !path.contains('%') {
        return true;
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
