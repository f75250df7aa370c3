//! What an operator's probes ask: is the process alive, and can it serve?

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::errors::Problem;
use crate::execute::Failure;
use crate::replies::Answer;
use crate::store::Store;

/// The tag of these routes in the OpenAPI document.
pub const TAG: &str = "health";

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

type Stores = Arc<Vec<(&'static str, Arc<dyn Store>)>>;

/// `GET /api/health/live` and `GET /api/health/ready` of a process with these stores.
pub fn routes(stores: Vec<(&'static str, Arc<dyn Store>)>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).with_state(Arc::new(stores))
}

/// Whether the process is alive: if it is not, restart it.
#[utoipa::path(
    get,
    path = "/api/health/live",
    tag = TAG,
    responses((status = 200, description = "It is alive", body = Health))
)]
async fn live() -> Response {
    Answer::ok(&Health { status: "ok" }).into_response()
}

/// Whether the process can serve: if it cannot, send it no requests.
#[utoipa::path(
    get,
    path = "/api/health/ready",
    tag = TAG,
    responses((status = 200, description = "It can serve", body = Health))
)]
async fn ready(State(stores): State<Stores>) -> Result<Response, Problem> {
    let asked =
        stores.iter().map(|(service, store)| async move { (*service, store.ready().await) });
    for (service, ready) in join_all(asked).await {
        if let Err(down) = ready {
            tracing::debug!(service, error = %down, "not ready");
            return Err(Failure::Unavailable(down).into());
        }
    }
    Ok(Answer::ok(&Health { status: "ok" }).into_response())
}
