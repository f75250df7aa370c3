//! From a command line to an open address, and from a signal to a clean end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use clap::{CommandFactory, FromArgMatches};
use tokio::net::TcpListener;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::super::{
    Adapters as _, Base, GRACE, Running, TokioTasks, block_on, exit, expose, listen, serve,
    stop_signal,
};
use super::Fleet;
use crate::config;
use crate::execute::chain;
use crate::http::{self, Problem, health};
use crate::service::Service;
use crate::store::Unavailable;
use crate::telemetry;

/// The description of the whole API, which any service of a fleet serves: whoever asks for it asks
/// the fleet. A test holds it to what the handlers say.
const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// A service's program.
pub struct Program<C> {
    /// The service's name.
    pub name: &'static str,
    /// Whose events it tells: the subject that it publishes.
    pub subject: &'static str,
    /// Where it listens where nothing else is said.
    pub address: &'static str,
    /// What is the same for all services, in its command line.
    pub options: fn(&C) -> &config::Fleet,
}

/// The `main` of a service's program: reads its command line, and serves what `service` makes of it
/// until a signal says to stop.
pub fn main<C: CommandFactory + FromArgMatches>(
    program: &Program<C>,
    service: impl AsyncFnOnce(&C, &Fleet) -> Result<Service, String>,
) -> ExitCode {
    let cli = program.read();
    exit(program.name, program.serve(&cli, service))
}

impl<C: CommandFactory + FromArgMatches> Program<C> {
    /// The program's command line. Ends the process where it cannot be read, or asks for help.
    pub fn read(&self) -> C {
        config::fleet::read(self.name, self.address)
    }
}

impl<C> Program<C> {
    /// Serves what `service` makes of the command line until a signal says to stop.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn serve(
        &self,
        cli: &C,
        service: impl AsyncFnOnce(&C, &Fleet) -> Result<Service, String>,
    ) -> Result<(), String> {
        (self.options)(cli).logs.init()?;
        block_on(run(self, cli, service))
    }

    /// Does `work`, which was asked for by hand, on what the service is on. Others may serve
    /// meanwhile.
    ///
    /// # Errors
    /// With a sentence that says what to do, or with what `work` says.
    pub fn by_hand(
        &self,
        cli: &C,
        work: impl AsyncFnOnce(&Fleet) -> Result<(), String>,
    ) -> Result<(), String> {
        telemetry::init(telemetry::Format::Text, "warn").map_err(|error| error.to_string())?;
        block_on(async {
            let fleet = Fleet::new(self.name, self.subject, (self.options)(cli)).await?;
            let outcome = work(&fleet).await;
            fleet.close().await;
            outcome
        })
    }
}

async fn run<C>(
    program: &Program<C>,
    cli: &C,
    service: impl AsyncFnOnce(&C, &Fleet) -> Result<Service, String>,
) -> Result<(), String> {
    let (name, options) = (program.name, (program.options)(cli));
    let listener = listen(options.listen).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let mut stop = pin!(stop_signal()?);
    let fleet = Fleet::new(name, program.subject, options).await?;
    let Base { clock, ids, .. } = fleet.base();
    let settings = options.apply(http::Settings::new(Arc::clone(clock), Arc::clone(ids)))?;
    say(name, address);
    let starting = async {
        let service = service(cli, &fleet).await?;
        Running::start(vec![service], &fleet, &settings).await.map_err(|error| chain(&error))
    };
    let started = tokio::select! {
        () = &mut stop => return Ok(()),
        started = meanwhile(&listener, settings.clone(), starting) => started?,
    };
    let mut running = started;
    let watched = options.metrics.metrics_listen;
    expose(watched, &settings.metrics, running.stopped()).await?;
    let app = app(&mut running, settings.clone());
    tracing::info!(service = name, %address, "serving");
    let stopping = async {
        stop.await;
        tracing::info!(drain = ?options.drain, "stopping: requests are taken a little longer");
        settings.stopping.begin();
        clock.sleep(options.drain).await;
        tracing::info!("no new requests; those under way are finished");
    };
    // Requests are tracked apart from workers, because they end first.
    serve(listener, app, &TokioTasks::here(), GRACE, stopping).await;
    running.stop().await;
    fleet.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// All routes of the process, and what surrounds every request.
fn app(running: &mut Running, settings: http::Settings) -> Router {
    let mut parts = std::mem::take(&mut running.routes);
    parts.push(health::routes(running.checks(&settings)));
    let (routes, _) = http::openapi::assemble(parts);
    let json = [(axum::http::header::CONTENT_TYPE, "application/json")];
    let document = get(async move || (json, DOCUMENT));
    let docs = SwaggerUi::new("/api/docs").config(Config::from("/api/openapi.json"));
    http::app(routes.route("/api/openapi.json", document).merge(docs), settings)
}

/// Waits for `starting`, and meanwhile tells whoever asks that the process is alive and cannot
/// serve yet.
async fn meanwhile<T>(
    listener: &TcpListener,
    settings: http::Settings,
    starting: impl Future<Output = T>,
) -> T {
    let not_yet = async || Problem::from(Unavailable("the service is starting".to_owned()));
    let routes = Router::new().route("/api/health/live", get(health::live)).fallback(not_yet);
    let (started, is_started) = tokio::sync::oneshot::channel::<()>();
    let app = http::app(routes, settings);
    let tasks = TokioTasks::here();
    let serving = serve(listener, app, &tasks, GRACE, async { drop(is_started.await) });
    let starting = async {
        let outcome = starting.await;
        drop(started);
        outcome
    };
    tokio::join!(starting, serving).0
}

/// Says where the service is; whoever started it reads the address from the first line.
fn say(name: &str, address: SocketAddr) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{name} is at http://{address}").and_then(|()| out.flush());
    if let Err(error) = said {
        // Whoever started it may have gone.
        tracing::warn!(%error, "standard output cannot be written");
    }
}
