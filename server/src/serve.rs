//! Serving: from options to an open address, and from a signal to a clean end.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use common::execute::chain;
use common::http;
use common::run::{self, Embedded, GRACE, Running, TokioTasks, block_on, listen, stop_signal};
use common::store::Store;
use tokio::runtime::Runtime;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::cli::Serve;
use crate::client::{self, Client};
use crate::{data, home, services};

/// Serves until a signal says to stop.
///
/// # Errors
/// With a sentence that says what to do.
pub fn run(options: &Serve) -> Result<(), String> {
    options.logs.init()?;
    let _locked = data::lock(&options.data)?;
    block_on(serve(options))
}

async fn serve(options: &Serve) -> Result<(), String> {
    let listener = listen(options.listen).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let stop = stop_signal()?;
    let folder = client::folder::find(&options.client)?;
    let key = folder.as_ref().map(|_| client::key()).transpose()?;
    let client_key = key.clone().map(http::ClientKey::new);
    let Started { embedded, mut running, settings, .. } = start(options, client_key).await?;
    let watched = options.metrics.metrics_listen;
    run::expose(watched, &settings.metrics, running.stopped()).await?;
    let client = match folder.zip(key) {
        Some((folder, key)) => {
            let (node, public_url) = (options.node.clone(), options.web.public_url.clone());
            let options = client::Options { folder, node, address, public_url, key };
            Some(Client::start(options, &running, &settings).await?)
        }
        None => None,
    };
    let app = app(&mut running, client.as_ref(), settings.clone());
    // Requests are tracked apart from workers, because they end first.
    let connections = TokioTasks::here();
    if let Err(error) = home::greet(address, &options.data) {
        // Whoever started it may have read the first line, and closed the pipe.
        tracing::warn!(%error, "standard output cannot be written");
    }
    tracing::info!(%address, data = %options.data.display(), "serving");
    let stopping = async {
        stop.await;
        tracing::info!("stopping: no new requests; those under way are finished");
        settings.stopping.begin();
    };
    let serving = run::serve(listener, app.clone(), &connections, GRACE, stopping);
    match client {
        Some(client) => client.beside(serving, app).await,
        None => serving.await,
    }
    running.stop().await;
    embedded.close();
    tracing::info!("stopped");
    Ok(())
}

/// A marketplace at work, without an address.
pub struct Started {
    /// What it runs on.
    pub embedded: Embedded,
    /// Its services.
    pub running: Running,
    /// What surrounds its requests.
    pub settings: http::Settings,
    /// The sandbox provider's own ledger.
    pub provider_ledger: Arc<dyn Store>,
}

/// Starts all services. They believe whoever has `client_key` whose requests it sends.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn start(
    options: &Serve,
    client_key: Option<http::ClientKey>,
) -> Result<Started, String> {
    let embedded = Embedded::open(&options.data).map_err(|e| chain(&e))?;
    let mut settings = services::http(options, &embedded)?;
    settings.client_key = client_key;
    let provider_ledger = services::provider_ledger(&embedded)?;
    let services = services::all(options, &embedded, Arc::clone(&provider_ledger))?;
    let running = Running::start(services, &embedded, &settings).await.map_err(|e| chain(&e))?;
    Ok(Started { embedded, running, settings, provider_ledger })
}

/// All routes on one origin, and what surrounds every request.
fn app(running: &mut Running, client: Option<&Client>, settings: http::Settings) -> Router {
    let (routes, document) = described(running, &settings);
    let docs = SwaggerUi::new("/api/docs").url("/api/openapi.json", document);
    let pages = client.map_or_else(home::router, Client::routes);
    http::app(routes.merge(docs).merge(pages), settings)
}

fn described(running: &mut Running, settings: &http::Settings) -> (Router, OpenApi) {
    let mut parts = std::mem::take(&mut running.routes);
    parts.push(http::health::routes(running.checks(settings)));
    http::openapi::assemble(parts)
}

/// Builds the web client.
///
/// # Errors
/// With a sentence that says what to do.
pub fn build_client(choice: &str, node: &Path) -> Result<(), String> {
    let runtime = Runtime::new().map_err(|error| format!("no threads can be started: {error}"))?;
    // On a worker's thread, since building waits for files there.
    let (choice, node) = (choice.to_owned(), node.to_owned());
    runtime.block_on(async move { client::build(&choice, &node).await })
}

/// Prints the OpenAPI description.
///
/// # Errors
/// With a sentence that says what went wrong.
pub fn print_openapi() -> Result<(), String> {
    // The description is generated from the routes, and routes belong to services that are put
    // together: on a folder that is gone afterwards.
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let options = Serve::in_folder(folder.path());
    let runtime = Runtime::new().map_err(|error| format!("no threads can be started: {error}"))?;
    let document = runtime.block_on(async {
        let Started { embedded, mut running, settings, .. } = start(&options, None).await?;
        let (_, document) = described(&mut running, &settings);
        running.stop().await;
        embedded.close();
        document.to_pretty_json().map_err(|error| error.to_string())
    })?;
    // Whoever reads it may have seen enough before its end.
    writeln!(std::io::stdout(), "{document}").map_err(|error| format!("standard output: {error}"))
}
