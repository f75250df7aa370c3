//! `ticketing payouts` and `ticketing ledger`: the operator's side of the books, while nobody
//! serves.
//!
//! They hold the folder's lock, so that nothing changes under them, and open the stores alone: no
//! service runs. What a crash had left half-way is done when the marketplace is started again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::domain::{Account, AccountState};
use clap::{Args, Subcommand};
use common::execute::{Engine, Ports, chain};
use common::id::UserId;
use common::money::{Currency, Money};
use common::outbox::Outbox;
use common::run::{Embedded, block_on};
use common::scan::all;
use common::store::Store;
use common::telemetry;
use payments::domain::Reference;
use payments::queries::books::{self, Books};
use payments::queries::sales;
use payments::{payouts, reconciliation};

use crate::{data, services};

/// What can be done about payouts.
#[derive(Debug, Subcommand)]
pub enum Payouts {
    /// Print what every seller is to be paid, as comma-separated values
    List {
        /// The folder.
        #[command(flatten)]
        folder: Folder,
    },
    /// Book that a seller was paid. Under a reference that is booked already nothing is booked
    /// again
    Record(Record),
}

/// What can be done with the books.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Hold the books against the payments and against the provider's report; exits with 1 if
    /// something differs
    Check {
        /// The folder.
        #[command(flatten)]
        folder: Folder,
        /// Stripe's report `balance_change_from_activity.itemized`, of all time, as CSV
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
}

/// Which marketplace.
#[derive(Debug, Args)]
pub struct Folder {
    /// Folder of the marketplace, which must not be running
    #[arg(long, env = "TICKETING_DATA", value_name = "FOLDER", default_value = "./data")]
    pub data: PathBuf,
}

/// A payout.
#[derive(Debug, Args)]
pub struct Record {
    /// The folder.
    #[command(flatten)]
    folder: Folder,
    /// The seller's id, as `list` shows it
    #[arg(long, value_name = "ID")]
    seller: UserId,
    /// How much, in major units, such as 12.50
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// In which currency, by its ISO 4217 code
    #[arg(long, value_name = "CODE")]
    currency: Currency,
    /// Your own name for the payout, such as that of the bank transfer. It names one payout for
    /// ever
    #[arg(long, value_name = "TEXT")]
    reference: Reference,
}

/// Does what is asked about payouts.
///
/// # Errors
/// With a sentence that says what to do.
pub fn payouts(asked: Payouts) -> Result<(), String> {
    match asked {
        Payouts::List { folder } => on(&folder.data, async |open| open.list().await),
        Payouts::Record(payout) => on(&payout.folder.data, async |open| open.record(&payout).await),
    }
}

/// Does what is asked about the books.
///
/// # Errors
/// With a sentence, also where something differs.
pub fn ledger(asked: Ledger) -> Result<(), String> {
    let Ledger::Check { folder, against } = asked;
    // Before anything else: a file that cannot be read is known at once.
    let report = against.as_deref().map(report_in).transpose()?;
    on(&folder.data, async |open| open.check(report.as_ref()).await)
}

/// The stores of a marketplace that does not run.
pub struct Open {
    embedded: Embedded,
    payments: Arc<dyn Store>,
}

/// Does `work` on the marketplace in `folder`, which nobody else has meanwhile.
///
/// # Errors
/// With a sentence that says what to do, or with what `work` says.
pub fn on(
    folder: &Path,
    work: impl AsyncFnOnce(&Open) -> Result<(), String>,
) -> Result<(), String> {
    telemetry::init(telemetry::Format::Text, "warn").map_err(|error| error.to_string())?;
    let _locked = data::lock_served(folder)?;
    block_on(async {
        let embedded = Embedded::open(folder).map_err(|error| chain(&error))?;
        let payments = embedded.store("payments", payments::COLLECTIONS);
        let payments = payments.map_err(|error| chain(&error))?;
        let open = Open { embedded, payments };
        let outcome = work(&open).await;
        open.embedded.close();
        outcome
    })
}

impl Open {
    async fn list(&self) -> Result<(), String> {
        let sellers = sales::of_everybody(&*self.payments).await.map_err(|error| chain(&error))?;
        let accounts = self.emails().await?;
        let table = payouts::table(&sellers, |seller| accounts.get(&seller).cloned());
        print(&table.map_err(|error| chain(&error))?)
    }

    async fn record(&self, asked: &Record) -> Result<(), String> {
        let amount = Money::parse_price(&asked.amount, asked.currency);
        let amount = amount.map_err(|why| format!("--amount {}: {why}", asked.amount))?;
        let (seller, reference) = (asked.seller, &asked.reference);
        let recorded = payouts::record(&self.engine(), seller, amount, reference).await;
        let (entry, is_news) = recorded.map_err(|error| chain(&error))?;
        let word = if is_news { "booked" } else { "booked already" };
        let at = entry.at;
        print(&format!("{word}: {amount} to {seller}, reference {reference}, {at}\n"))
    }

    async fn check(&self, report: Option<&reconciliation::Report>) -> Result<(), String> {
        let sandbox = services::provider_ledger(&self.embedded)?;
        let books = Books::read(&*self.payments, &*sandbox).await;
        let books = books.map_err(|error| chain(&error))?;
        let compared = report.map(|report| books::compare(&books, report));
        let wrong = books.findings.len() + compared.as_ref().map_or(0, |found| found.wrong);
        print(&format!("{books}{}", compared.map(|found| found.text).unwrap_or_default()))?;
        match wrong {
            0 => Ok(()),
            many => Err(format!("{many} findings in the books")),
        }
    }

    /// The e-mail addresses of everybody who has an account.
    async fn emails(&self) -> Result<BTreeMap<UserId, String>, String> {
        let store = self.embedded.store("auth", &[&auth::documents::ACCOUNTS]);
        let store = store.map_err(|error| chain(&error))?;
        let accounts = all::<Account>(&*store).await.map_err(|error| chain(&error))?;
        let reached = accounts.into_iter().filter_map(|account| match account.state {
            AccountState::Active(holder) => Some((account.id, holder.email.to_string())),
            _ => None,
        });
        Ok(reached.collect())
    }

    /// What executes commands of payments.
    pub fn engine(&self) -> Arc<Engine> {
        let (clock, ids) = (Arc::clone(self.embedded.clock()), Arc::clone(self.embedded.ids()));
        let writer = ids.next(clock.now());
        let tasks = Arc::new(self.embedded.tasks().clone());
        let ports = Ports { store: Arc::clone(&self.payments), clock, ids, tasks };
        Engine::new(ports, Arc::new(Outbox::new(writer)))
    }
}

fn report_in(path: &Path) -> Result<reconciliation::Report, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("--against {shown}: {error}"))?;
    reconciliation::read(file).map_err(|error| format!("--against {shown}: {error}"))
}

/// Writes `text` to standard output.
///
/// # Errors
/// When it takes no more.
pub fn print(text: &str) -> Result<(), String> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| format!("standard output: {error}"))
}
