//! `ticketing refund`, `payouts` and `ledger`: the operator's side of the money, while nobody
//! serves.
//!
//! They hold the folder's lock, so that nothing changes under them. No service runs; what a crash
//! had left half-way is done when the marketplace is started again.

use std::path::PathBuf;

use clap::Args;
use common::execute::chain;
use common::run::{Embedded, block_on};
use common::telemetry;
use payments::operator::{Asked, Desk, Payouts};

use crate::data;
use crate::services::SANDBOX_FILE;

/// Which marketplace.
#[derive(Debug, Args)]
pub struct Folder {
    /// Folder of the marketplace, which must not be running
    #[arg(long, env = "TICKETING_DATA", value_name = "FOLDER", default_value = "./data")]
    data: PathBuf,
}

/// Does what is asked on the marketplace in its folder, which nobody else has meanwhile.
///
/// # Errors
/// With a sentence that says what to do.
pub fn run(asked: &Asked<Folder>) -> Result<(), String> {
    telemetry::init(telemetry::Format::Text, "warn").map_err(|error| error.to_string())?;
    let folder = &asked.place().data;
    let _locked = data::lock_served(folder)?;
    block_on(async {
        let embedded = Embedded::open(folder).map_err(|error| chain(&error))?;
        let outcome = at_desk(asked, &embedded).await;
        embedded.close();
        outcome
    })
}

async fn at_desk(asked: &Asked<Folder>, embedded: &Embedded) -> Result<(), String> {
    let mut desk = Desk { adapters: embedded, sandbox: SANDBOX_FILE, contacts: Default::default() };
    if let Asked::Payouts { what: Payouts::List(_) } = asked {
        let accounts = embedded.store("auth", &[&auth::documents::ACCOUNTS]);
        let accounts = accounts.map_err(|error| chain(&error))?;
        let contacts = auth::queries::contacts(&*accounts).await;
        desk.contacts = contacts.map_err(|error| chain(&error))?;
    }
    asked.run(&desk).await
}
