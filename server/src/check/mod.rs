//! `ticketing check`: what the data of a marketplace must show, verified while nobody serves it.
//!
//! The services are started first, without an address, until what a crash had left half-way is
//! done: copies are late after one, and that is no fault. Then they are stopped, and every document
//! is read.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`facts`] | what is kept in memory of each document |
//! | [`gather`] | stores → facts |
//! | [`rules`] | facts → findings, by invariant. Pure |
//! | [`report`] | what is printed |

mod facts;
mod gather;
mod report;
mod rules;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use common::run::Running;
use common::telemetry;
use common::time::Clock;
use tokio::runtime::Runtime;

use crate::cli::Serve;
use crate::data;
use crate::serve::{self, Started};
use facts::Facts;
use gather::Stores;

/// How long copies may take to become equal: what I18 allows.
const CONVERGES_WITHIN: Duration = Duration::from_secs(30);

/// Most starts of the services for one check.
const MOST_STARTS: u32 = 5;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Verifies the data in `folder`, and prints what was found.
///
/// # Errors
/// With a sentence, also when something is wrong with the data.
pub fn run(folder: &Path) -> Result<(), String> {
    telemetry::init(telemetry::Format::Text, "warn").map_err(|error| error.to_string())?;
    let _locked = data::lock_served(folder)?;
    let runtime = Runtime::new().map_err(|error| format!("no threads can be started: {error}"))?;
    let (facts, unpublished) = runtime.block_on(settled(folder))?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    let lines = report::lines(&facts, unpublished);
    let mut out = std::io::stdout().lock();
    report::print(&mut out, &lines).map_err(|error| format!("standard output: {error}"))?;
    let broken: Vec<&str> =
        lines.iter().filter(|line| !line.findings.is_empty()).map(|line| line.rule).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let many: usize = lines.iter().map(|line| line.findings.len()).sum();
    let rules = broken.join(" ");
    let rules = rules.trim();
    Err(format!("{many} findings in {}: {rules}", folder.display()))
}

/// What the folder says once everything is done that was half-way, and how many events are left
/// unpublished.
async fn settled(folder: &Path) -> Result<(Facts, usize), String> {
    let mut starts = 0;
    loop {
        starts += 1;
        let (has_converged, facts, unpublished) = started_and_stopped(folder).await?;
        let is_settled = unpublished == 0 && is_even(&facts);
        // An order may have expired in the very moment of the stop: its event waits for the next
        // start. What does not converge while the services run will not by starting them again.
        if is_settled || !has_converged || starts == MOST_STARTS {
            return Ok((facts, unpublished));
        }
    }
}

async fn started_and_stopped(folder: &Path) -> Result<(bool, Facts, usize), String> {
    let started = serve::start(&Serve::in_folder(folder), None).await?;
    let Started { embedded, running, provider_ledger, .. } = started;
    let stores = Stores { services: running.stores(), provider_ledger };
    let clock = embedded.clock();
    let has_converged = tokio::select! {
        converged = converge(&running, &stores, clock.as_ref()) => converged.map(|()| true)?,
        () = clock.sleep(CONVERGES_WITHIN) => false,
    };
    let unpublished = running.unpublished();
    running.stop().await;
    embedded.close();
    let mut facts = gather::facts(&stores).await.map_err(|error| error.to_string())?;
    facts.books = gather::books(&stores).await.map_err(|error| error.to_string())?;
    Ok((has_converged, facts, unpublished))
}

/// Returns when copies equal originals.
async fn converge(running: &Running, stores: &Stores, clock: &dyn Clock) -> Result<(), String> {
    loop {
        let unpublished = running.unpublished();
        let facts = gather::facts(stores).await.map_err(|error| error.to_string())?;
        if unpublished == 0 && is_even(&facts) {
            return Ok(());
        }
        clock.sleep(LOOK).await;
    }
}

/// Whether everything has its event, and every event its effect.
fn is_even(facts: &Facts) -> bool {
    rules::events(facts).is_empty() && rules::copies(facts).is_empty()
}
