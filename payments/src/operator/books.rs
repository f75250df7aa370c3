//! `ledger`: the books, held against the payments and the provider's report.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use common::execute::chain;

use super::{Desk, print};
use crate::provider::sandbox;
use crate::queries::books::{self, Books};
use crate::reconciliation::{self, Report};

/// What can be done with the books.
#[derive(Debug, Subcommand)]
pub enum Ledger<Place: Args> {
    /// Hold the books against the payments and against the provider's report; exits with 1 if
    /// something differs
    Check(Check<Place>),
}

/// Which books, and against what.
#[derive(Debug, Args)]
pub struct Check<Place: Args> {
    /// Where the documents are.
    #[command(flatten)]
    pub(super) place: Place,
    /// Stripe's report `balance_change_from_activity.itemized` as CSV, or Mollie's balance
    /// transactions as JSON, of all time; once for each where both have taken money
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
}

impl<Place: Args> Check<Place> {
    pub(super) async fn run(&self, desk: &Desk<'_>) -> Result<(), String> {
        // Before anything else: a file that cannot be read is known at once.
        let reports = self.against.iter().map(|path| report_in(path));
        let reports = reports.collect::<Result<Vec<_>, _>>()?;
        let engine = desk.engine().await?;
        let sandbox = desk.adapters.store(desk.sandbox, sandbox::COLLECTIONS).await;
        let (store, sandbox) = (engine.store(), sandbox.map_err(|error| chain(&error))?);
        let books = if desk.is_served() {
            Books::read_beside(&**store, &*sandbox, &**engine.clock()).await
        } else {
            Books::read(&**store, &*sandbox).await
        };
        let books = books.map_err(|error| chain(&error))?;
        let compared = reports.iter().map(|report| books::compare(&books, report));
        let (mut wrong, mut text) = (books.findings.len(), books.to_string());
        for found in compared {
            wrong += found.wrong;
            text += &found.text;
        }
        print(&text)?;
        match wrong {
            0 => Ok(()),
            many => Err(format!("{many} findings in the books")),
        }
    }
}

fn report_in(path: &Path) -> Result<Report, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("--against {shown}: {error}"))?;
    reconciliation::read(file).map_err(|error| format!("--against {shown}: {error}"))
}
