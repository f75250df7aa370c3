//! The address at which Prometheus asks for the metrics: one of its own, so that it can be kept
//! from the public, and answers however busy the process is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::{TokioTasks, listen, serve};
use crate::metrics::{self, Registry};

/// How long what has to be found out may take: half of what Prometheus gives.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long an answer under way may take when the process stops.
const GRACE: Duration = Duration::from_secs(1);

/// Answers `GET /metrics` at `address` until `stopped` returns. Without an address, does nothing.
///
/// # Errors
/// When the address cannot be listened on, with a sentence that says what to do.
pub async fn expose(
    address: Option<SocketAddr>,
    metrics: &Arc<Registry>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let Some(address) = address else { return Ok(()) };
    let listener = listen(address).await.map_err(|e| e.replace("--listen", "--metrics-listen"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tracing::info!(%address, "metrics are shown at /metrics");
    let routes = Router::new().route("/metrics", get(show)).with_state(Arc::clone(metrics));
    let tasks = TokioTasks::here();
    let connections = tasks.clone();
    tasks.start(async move { serve(listener, routes, &connections, GRACE, stopped).await });
    Ok(())
}

async fn show(State(metrics): State<Arc<Registry>>) -> Response {
    match tokio::time::timeout(PATIENCE, metrics.show()).await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "a store does not answer").into_response(),
    }
}
