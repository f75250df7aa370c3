//! What an operator does about the money by hand: `refund`, `payouts` and `ledger`, for the command
//! lines of whatever program has the documents, one folder's or a fleet's.
//!
//! Each is a command like those of the routes, committed under the same conditions. So beside a
//! fleet that serves it is as safe as a request, and in a folder it waits for nobody: what it makes
//! owed is settled, and what it tells is told, by whoever serves next.

mod books;
mod pay;
mod refund;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use clap::{Args, Subcommand};
use common::execute::{Engine, chain};
use common::id::UserId;
use common::run::{Adapters, by_hand};

use crate::COLLECTIONS;

pub use books::Ledger;
pub use pay::Payouts;
pub use refund::Refund;

/// This service's name, and its store's.
const SERVICE: &str = "payments";

/// What can be done. `Place` is what says where the documents are, after each command.
#[derive(Debug, Subcommand)]
pub enum Asked<Place: Args> {
    /// Give money of a complete order back. The seller does the same on the site
    Refund(Refund<Place>),
    /// What sellers are to be paid, and that they were
    Payouts {
        /// What to do.
        #[command(subcommand)]
        what: Payouts<Place>,
    },
    /// The books
    Ledger {
        /// What to do.
        #[command(subcommand)]
        what: Ledger<Place>,
    },
}

impl<Place: Args> Asked<Place> {
    /// Where the documents are.
    pub fn place(&self) -> &Place {
        match self {
            Self::Refund(refund) => &refund.place,
            Self::Payouts { what } => what.place(),
            Self::Ledger { what: Ledger::Check(check) } => &check.place,
        }
    }

    /// Does it at `desk`, and prints what came of it.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub async fn run(&self, desk: &Desk<'_>) -> Result<(), String> {
        match self {
            Self::Refund(refund) => refund.run(desk).await,
            Self::Payouts { what } => what.run(desk).await,
            Self::Ledger { what: Ledger::Check(check) } => check.run(desk).await,
        }
    }
}

/// Where an operator works.
pub struct Desk<'a> {
    /// What the documents are on.
    pub adapters: &'a dyn Adapters,
    /// The name of the sandbox provider's store.
    pub sandbox: &'a str,
    /// How people are reached, where that is known.
    pub contacts: BTreeMap<UserId, String>,
}

impl Desk<'_> {
    /// What executes commands of this service.
    async fn engine(&self) -> Result<Arc<Engine>, String> {
        let engine = by_hand(self.adapters, SERVICE, COLLECTIONS).await;
        engine.map_err(|error| chain(&error))
    }

    /// Whether the service is at work meanwhile.
    fn is_served(&self) -> bool {
        !self.adapters.is_exclusive()
    }
}

/// Writes `text` to standard output.
fn print(text: &str) -> Result<(), String> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| format!("standard output: {error}"))
}
