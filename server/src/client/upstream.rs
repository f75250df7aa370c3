//! Asking the client's server, with limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use common::run::TokioTasks;
use futures_util::stream;
use http_body_util::{BodyExt as _, LengthLimitError};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioTimer;
use tokio::sync::{Semaphore, watch};

use super::Status;

/// Requests that the client's server works on at once. It has one thread; at some milliseconds a
/// page this is a queue of about a second.
const MAX_UNDER_WAY: usize = 128;

/// How long a request waits to be among them.
const PLACE_WITHIN: Duration = Duration::from_secs(5);

/// How long a connection may take: it is one of this machine with itself.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// How long an answer may take until it begins. Less than the gate's limit, so that a page is what
/// a visitor is shown.
const HEAD_WITHIN: Duration = Duration::from_secs(20);

/// How long an answer may pause.
const PIECE_WITHIN: Duration = Duration::from_secs(30);

/// How long a connection is kept for another request. Node.js closes it after five seconds.
const IDLE_FOR: Duration = Duration::from_secs(4);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The client's server does not run yet, or not now.
    NotUp,
    /// It has too much to do.
    Busy,
    /// It runs and does not answer.
    Unreachable,
    /// It answers too late.
    Overdue,
    /// The request is too large.
    TooLarge,
}

/// The client's server, as one asks it.
pub struct Upstream {
    client: Client<HttpConnector, Body>,
    status: watch::Receiver<Status>,
    places: Semaphore,
}

/// Runs connections as tasks that a drain waits for no longer than they last.
#[derive(Clone)]
struct OnTasks(TokioTasks);

impl<F> Executor<F> for OnTasks
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, work: F) {
        self.0.start(async move {
            work.await;
        });
    }
}

impl Upstream {
    /// What runs where `status` says. Connections run on `tasks`.
    pub fn new(status: watch::Receiver<Status>, tasks: TokioTasks) -> Arc<Self> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_WITHIN));
        connector.set_nodelay(true);
        let client = Client::builder(OnTasks(tasks))
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_FOR)
            .build(connector);
        Arc::new(Self { client, status, places: Semaphore::new(MAX_UNDER_WAY) })
    }

    /// How the client's server is.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Gets a page.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn get(&self, uri: Uri, headers: HeaderMap) -> Result<Response<Body>, Trouble> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        self.send(request).await
    }

    /// Passes `request` on, to its path.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Trouble> {
        let address = self.address()?;
        *request.uri_mut() = at(address, request.uri()).ok_or(Trouble::Unreachable)?;
        let place = tokio::time::timeout(PLACE_WITHIN, self.places.acquire()).await;
        let Ok(Ok(place)) = place else { return Err(Trouble::Busy) };
        let asked = self.client.request(request);
        let response = match tokio::time::timeout(HEAD_WITHIN, asked).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if is_too_large(&error) => return Err(Trouble::TooLarge),
            Ok(Err(error)) => {
                let error = common::execute::chain(&error);
                tracing::warn!(target: "client", error, "the client's server gives no answer");
                return Err(Trouble::Unreachable);
            }
            Err(_) => return Err(Trouble::Overdue),
        };
        drop(place);
        Ok(response.map(within_time))
    }

    fn address(&self) -> Result<SocketAddr, Trouble> {
        match *self.status.borrow() {
            Status::Up(address) => Ok(address),
            _ => Err(Trouble::NotUp),
        }
    }
}

fn at(address: SocketAddr, uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query().cloned();
    let mut parts = axum::http::uri::Parts::default();
    parts.scheme = Some(axum::http::uri::Scheme::HTTP);
    parts.authority = address.to_string().parse().ok();
    parts.path_and_query = target.or_else(|| "/".parse().ok());
    Uri::from_parts(parts).ok()
}

/// The body, which ends with an error where it pauses for too long.
fn within_time(body: Incoming) -> Body {
    let pieces = stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        loop {
            let frame = match tokio::time::timeout(PIECE_WITHIN, body.frame()).await {
                Ok(frame) => frame?,
                Err(late) => return Some((Err(std::io::Error::other(late)), None)),
            };
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some((Ok(data), Some(body))),
                // Trailers say nothing here.
                Ok(Err(_)) => {}
                Err(error) => return Some((Err(std::io::Error::other(error)), None)),
            }
        }
    });
    Body::from_stream(pieces)
}

fn is_too_large(error: &hyper_util::client::legacy::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
