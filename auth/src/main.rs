//! The program `auth`: this service alone, as one of any number of replicas.

use std::io::Write as _;
use std::process::ExitCode;

use auth::documents::ACCOUNTS;
use clap::{Parser, Subcommand};
use common::config;
use common::events::USERS;
use common::execute::chain;
use common::run::fleet::{Fleet, Program};
use common::run::{Adapters as _, exit};

/// Most of what a service does is to put together and take apart what it sends and is sent; the
/// system's own allocator takes an eighth of its processor time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Who you are: accounts, passwords, sessions, signing keys. One service of a ticketing fleet, in
/// any number of replicas, on MongoDB and NATS
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What to do; without it, serve.
    #[command(subcommand)]
    asked: Option<Asked>,

    /// What is the same for all services.
    #[command(flatten)]
    fleet: config::Fleet,

    /// What is decided about accounts.
    #[command(flatten)]
    accounts: auth::Options,
}

/// What can be asked for by hand.
#[derive(Debug, Subcommand)]
enum Asked {
    /// Print who has an account and how they are reached, as comma-separated values: what
    /// `payments payouts list --contacts` reads
    Contacts,
}

fn main() -> ExitCode {
    let program = Program {
        name: "auth",
        subject: USERS,
        address: "127.0.0.1:3001",
        options: |cli: &Cli| &cli.fleet,
    };
    let cli = program.read();
    let outcome = match &cli.asked {
        Some(Asked::Contacts) => program.by_hand(&cli, async |fleet| contacts(fleet).await),
        None => program.serve(&cli, async |cli, _| {
            let site = cli.fleet.web.public_url.as_deref();
            Ok(auth::service(cli.accounts.settings(site, None)?))
        }),
    };
    exit(program.name, outcome)
}

async fn contacts(fleet: &Fleet) -> Result<(), String> {
    let store = fleet.store("auth", &[&ACCOUNTS]).await.map_err(|error| chain(&error))?;
    let contacts = auth::queries::contacts(&*store).await.map_err(|error| chain(&error))?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut written = table.write_record(["id", "contact"]);
    for (id, contact) in contacts {
        written = written.and_then(|()| table.write_record([id.to_string(), contact]));
    }
    written.map_err(|error| chain(&error))?;
    let table = table.into_inner().map_err(|error| error.to_string())?;
    let printed = std::io::stdout().lock().write_all(&table);
    printed.map_err(|error| format!("standard output: {error}"))
}
