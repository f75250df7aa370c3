//! Which services there are, and what the command line says of each.

use std::sync::Arc;
use std::time::Duration;

use auth::hashing::Cost;
use auth::passwords::Limits;
use common::execute::chain;
use common::http;
use common::id::SystemEntropy;
use common::run::Embedded;
use common::service::Service;
use common::store::Store;
use payments::provider::sandbox::{self, Sandbox};

use crate::cli::Serve;

/// The file of the sandbox provider in a data folder: another company's ledger, so it shares
/// nothing with ours.
const SANDBOX_FILE: &str = "sandbox";

/// Passes of Argon2id over its memory, as OWASP recommends with 19 MiB.
const PASSWORD_ITERATIONS: u32 = 2;

/// So many times as many failed sign-ins come from one address as from one account before it has to
/// wait: people who share an address are many, and each mistypes for themselves.
const ADDRESS_SHARE: u32 = 5;

/// The sandbox provider's own ledger.
///
/// # Errors
/// With a sentence that says what went wrong.
pub fn provider_ledger(embedded: &Embedded) -> Result<Arc<dyn Store>, String> {
    embedded.store(SANDBOX_FILE, sandbox::COLLECTIONS).map_err(|error| chain(&error))
}

/// All services, with the sandbox provider on `ledger`.
///
/// # Errors
/// With a sentence that says what went wrong.
pub fn all(
    options: &Serve,
    embedded: &Embedded,
    ledger: Arc<dyn Store>,
) -> Result<Vec<Service>, String> {
    let clock = Arc::clone(embedded.clock());
    let provider = Sandbox::new(ledger, clock, Arc::new(SystemEntropy), Duration::ZERO);
    Ok(vec![
        auth::service(accounts(options)?),
        tickets::service(),
        orders::service(orders::Settings {
            window: options.order_window,
            max_live_per_buyer: options.max_live_orders_per_buyer,
        }),
        payments::service(payments::Settings { provider, timing: payments::Timing::default() }),
    ])
}

fn accounts(options: &Serve) -> Result<auth::Settings, String> {
    let cost = Cost::new(options.password_memory_kib, PASSWORD_ITERATIONS);
    let password_cost = cost.map_err(|error| format!("--password-memory-kib: {error}"))?;
    let failures = options.signin_failures_per_minute;
    Ok(auth::Settings {
        password_cost,
        limits: Limits {
            failures_per_account: failures,
            failures_per_address: failures.saturating_mul(ADDRESS_SHARE),
            sign_ups_per_address: options.signups_per_minute,
        },
        ..auth::Settings::default()
    })
}

/// What surrounds every request.
///
/// # Errors
/// With a sentence that names the option at fault.
pub fn http(options: &Serve, embedded: &Embedded) -> Result<http::Settings, String> {
    let mut settings =
        http::Settings::new(Arc::clone(embedded.clock()), Arc::clone(embedded.ids()));
    if let Some(url) = &options.public_url {
        settings.public_url = Some(url.parse().map_err(|error| format!("--public-url: {error}"))?);
    }
    settings.behind_proxy = options.behind_proxy;
    Ok(settings)
}
