//! The program `auth`: this service alone, as one of any number of replicas.

use std::process::ExitCode;

use clap::Parser;
use common::config;
use common::events::USERS;
use common::run::fleet::{self, Program};

/// Who you are: accounts, passwords, sessions, signing keys. One service of a ticketing fleet, in
/// any number of replicas, on MongoDB and NATS
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What is the same for all services.
    #[command(flatten)]
    fleet: config::Fleet,

    /// What is decided about accounts.
    #[command(flatten)]
    accounts: auth::Options,
}

fn main() -> ExitCode {
    let program = Program {
        name: "auth",
        subject: USERS,
        address: "127.0.0.1:3001",
        options: |cli: &Cli| &cli.fleet,
    };
    fleet::main(&program, async |cli, _| {
        let site = cli.fleet.web.public_url.as_deref();
        Ok(auth::service(cli.accounts.settings(site, None)?))
    })
}
