//! The program `payments`: this service alone, as one of any number of replicas.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::config;
use common::events::PAYMENTS;
use common::execute::chain;
use common::id::SystemEntropy;
use common::run::Adapters as _;
use common::run::fleet::{self, Program};
use payments::options::Options;
use payments::provider::sandbox::{self, Sandbox};

/// The money: attempts, captures, refunds, the ledger. One service of a ticketing fleet, in any
/// number of replicas, on MongoDB and NATS
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
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

fn main() -> ExitCode {
    let program = Program {
        name: "payments",
        subject: PAYMENTS,
        address: "127.0.0.1:3004",
        options: |cli: &Cli| &cli.fleet,
    };
    fleet::main(&program, async |cli, fleet| {
        let ledger = fleet.store(&cli.sandbox_database, sandbox::COLLECTIONS).await;
        let ledger = ledger.map_err(|error| chain(&error))?;
        let clock = Arc::clone(&fleet.base().clock);
        let sandbox = Sandbox::new(ledger, clock, Arc::new(SystemEntropy), Duration::ZERO);
        Ok(payments::service(cli.payments.settings(sandbox)?))
    })
}
