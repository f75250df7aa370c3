//! What an operator's probes ask: is the process alive, and can it serve?
//!
//! It can serve where its stores take commits, where it knows a key that sessions are signed with,
//! and until it is told to stop. The event bus is reported and does not count: what is committed
//! while the bus is away waits in the outbox, so a service without it still serves, and taking
//! every replica out of rotation would turn late news into no service at all.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::errors::Problem;
use super::settings::Stopping;
use crate::bus::Bus;
use crate::replies::Answer;
use crate::session::SessionView;
use crate::store::{Store, Unavailable};
use crate::time::Clock;

/// The tag of these routes in the OpenAPI document.
pub const TAG: &str = "health";

/// How long the event bus may take to say that it is there.
const BUS_PATIENCE: Duration = Duration::from_secs(1);

/// What is looked at to say whether a process can serve.
pub struct Checks {
    /// Each service's store, by name.
    pub stores: Vec<(&'static str, Arc<dyn Store>)>,
    /// What each service knows about sessions.
    pub sessions: Vec<(&'static str, SessionView)>,
    /// How services hear of one another.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the process is about to stop.
    pub stopping: Stopping,
}

impl Checks {
    async fn pass(&self) -> Result<(), Problem> {
        if self.stopping.is_begun() {
            return Err(Unavailable("the process is stopping".to_owned()).into());
        }
        let asked = self
            .stores
            .iter()
            .map(|(service, store)| async move { (*service, store.ready().await) });
        for (service, ready) in join_all(asked).await {
            if let Err(down) = ready {
                tracing::debug!(service, error = %down, "not ready");
                return Err(down.into());
            }
        }
        for (service, sessions) in &self.sessions {
            if !sessions.knows_keys().await? {
                let cause = format!("{service} has not heard of a signing key yet");
                return Err(Unavailable(cause).into());
            }
        }
        Ok(())
    }

    async fn events(&self) -> Events {
        tokio::select! {
            biased;
            epoch = self.bus.epoch() => match epoch {
                Ok(_) => Events::Ok,
                Err(down) => {
                    tracing::debug!(error = %down, "events wait");
                    Events::Waiting
                }
            },
            () = self.clock.sleep(BUS_PATIENCE) => Events::Waiting,
        }
    }
}

/// That the process is alive.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// That the process can serve.
#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// `ok`.
    status: &'static str,
    /// Whether the event bus is there.
    events: Events,
}

/// Whether the event bus is there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Events {
    /// It is.
    Ok,
    /// It is not: what happens is kept, and told when it is back.
    Waiting,
}

/// `GET /api/health/live` and `GET /api/health/ready` of a process.
pub fn routes(checks: Checks) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).with_state(Arc::new(checks))
}

/// Whether the process is alive: if it is not, restart it.
#[utoipa::path(
    get,
    path = "/api/health/live",
    tag = TAG,
    responses((status = 200, description = "It is alive", body = Health))
)]
pub async fn live() -> Response {
    Answer::ok(&Health { status: "ok" }).into_response()
}

/// Whether the process can serve: if it cannot, send it no requests.
#[utoipa::path(
    get,
    path = "/api/health/ready",
    tag = TAG,
    responses((status = 200, description = "It can serve", body = Ready))
)]
async fn ready(State(checks): State<Arc<Checks>>) -> Result<Response, Problem> {
    checks.pass().await?;
    Ok(Answer::ok(&Ready { status: "ok", events: checks.events().await }).into_response())
}
