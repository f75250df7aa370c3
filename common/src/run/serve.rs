//! Connections: accepted, bounded, timed, and drained.
//!
//! Every limit is here by name, because a server without limits is one slow client away from none
//! (I23).

use std::borrow::Borrow;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service as _;

use super::tasks::TokioTasks;

/// Connections served at once; those above it wait in the system's accept queue. At some 20 KiB
/// each this bounds the memory of idle connections to 200 MB.
pub const MAX_CONNECTIONS: usize = 10_000;

/// How long a client may take to send a request's head, and a kept-alive connection to send
/// nothing.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Most header fields of a request.
pub const MAX_HEADERS: usize = 100;

/// Most bytes of a request's head, which is also the read buffer of a connection.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// The pause after an accept failed, for want of file descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `app` until `shutdown` returns, then lets what is under way finish, for `grace` at most.
/// A listener that is given away is closed in between, and nobody is kept waiting for an answer
/// that does not come.
pub async fn serve(
    listener: impl Borrow<TcpListener>,
    app: Router,
    tasks: &TokioTasks,
    grace: Duration,
    shutdown: impl Future<Output = ()> + Send,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        // The semaphore is never closed; if it were, there would be nothing left to serve.
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.borrow().accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "TCP_NODELAY could not be set");
                }
                let service = service_fn(answer(app.clone(), peer));
                let connection = protocol().serve_connection(TokioIo::new(stream), service);
                let connection = graceful.watch(connection);
                tasks.start(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%peer, %error, "a connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time; their connections are cut");
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    protocol
}

type Answering = axum::routing::future::RouteFuture<Infallible>;

/// What one connection's requests go through.
fn answer(app: Router, peer: SocketAddr) -> impl Fn(Request<Incoming>) -> Answering {
    move |mut request| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().call(request.map(Body::new))
    }
}
