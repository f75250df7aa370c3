//! Which services there are, and what the command line says of each.

use std::sync::Arc;
use std::time::Duration;

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
pub const SANDBOX_FILE: &str = "sandbox";

/// Where letters to people go in a data folder, where no mail server is named.
const MAIL_FOLDER: &str = "mail";

/// Where letters lead to: the site as people see it, or as it is listened on.
fn site(options: &Serve) -> String {
    let heard = || format!("http://{}", options.listen);
    options.web.public_url.clone().unwrap_or_else(heard)
}

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
    let sandbox = Sandbox::new(ledger, clock, Arc::new(SystemEntropy), Duration::ZERO);
    let folder = options.data.join(MAIL_FOLDER);
    let accounts = options.accounts.settings(Some(&site(options)), Some(&folder))?;
    Ok(vec![
        auth::service(accounts),
        tickets::service(),
        orders::service(options.orders.settings()),
        payments::service(options.payments.settings(sandbox)?),
    ])
}

/// What surrounds every request.
///
/// # Errors
/// With a sentence that names the option at fault.
pub fn http(options: &Serve, embedded: &Embedded) -> Result<http::Settings, String> {
    let (clock, ids) = (Arc::clone(embedded.clock()), Arc::clone(embedded.ids()));
    options.metrics.apply(options.web.apply(http::Settings::new(clock, ids))?)
}
