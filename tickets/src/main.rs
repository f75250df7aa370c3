//! The program `tickets`: this service alone, as one of any number of replicas.

use std::process::ExitCode;

use clap::Parser;
use common::config;
use common::events::TICKETS;
use common::run::fleet::{self, Program};

/// Most of what a service does is to put together and take apart what it sends and is sent; the
/// system's own allocator takes an eighth of its processor time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is for sale: create, edit, withdraw, browse. One service of a ticketing fleet, in any
/// number of replicas, on MongoDB and NATS
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What is the same for all services.
    #[command(flatten)]
    fleet: config::Fleet,
}

fn main() -> ExitCode {
    let program = Program {
        name: "tickets",
        subject: TICKETS,
        address: "127.0.0.1:3002",
        options: |cli: &Cli| &cli.fleet,
    };
    fleet::main(&program, async |_, _| Ok(tickets::service()))
}
