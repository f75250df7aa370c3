//! The program `payments`: this service alone, as one of any number of replicas.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser};
use common::config;
use common::events::PAYMENTS;
use common::execute::chain;
use common::id::SystemEntropy;
use common::run::fleet::Program;
use common::run::{Adapters as _, exit};
use payments::operator::{Asked, Desk};
use payments::options::Options;
use payments::provider::sandbox::{self, Sandbox};

/// Most of what a service does is to put together and take apart what it sends and is sent; the
/// system's own allocator takes an eighth of its processor time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The money: attempts, captures, refunds, the ledger. One service of a ticketing fleet, in any
/// number of replicas, on MongoDB and NATS
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What to do; without it, serve.
    #[command(subcommand)]
    asked: Option<Asked<Here>>,

    /// What is the same for all services.
    #[command(flatten)]
    fleet: config::Fleet,

    /// What is decided about payments.
    #[command(flatten)]
    payments: Options,

    /// The database of the sandbox provider: another company's ledger, so it shares nothing with
    /// ours but the server
    #[arg(
        long,
        env = "TICKETING_SANDBOX_DATABASE",
        value_name = "NAME",
        default_value = "sandbox"
    )]
    sandbox_database: String,
}

/// Where the documents are: where the options before the command say.
#[derive(Debug, Args)]
struct Here {}

fn main() -> ExitCode {
    let program = Program {
        name: "payments",
        subject: PAYMENTS,
        address: "127.0.0.1:3004",
        options: |cli: &Cli| &cli.fleet,
    };
    let cli = program.read();
    let sandbox = cli.sandbox_database.as_str();
    let outcome = match &cli.asked {
        Some(asked) => program.by_hand(&cli, async |fleet| {
            let desk = Desk { adapters: fleet, sandbox, contacts: BTreeMap::new() };
            asked.run(&desk).await
        }),
        None => program.serve(&cli, async |cli, fleet| {
            let ledger = fleet.store(sandbox, sandbox::COLLECTIONS).await;
            let ledger = ledger.map_err(|error| chain(&error))?;
            let clock = Arc::clone(&fleet.base().clock);
            let sandbox = Sandbox::new(ledger, clock, Arc::new(SystemEntropy), Duration::ZERO);
            Ok(payments::service(cli.payments.settings(sandbox)?))
        }),
    };
    exit(program.name, outcome)
}
