//! The program `orders`: this service alone, as one of any number of replicas.

use std::process::ExitCode;

use clap::Parser;
use common::config;
use common::events::ORDERS;
use common::run::fleet::{self, Program};

/// Most of what a service does is to put together and take apart what it sends and is sent; the
/// system's own allocator takes an eighth of its processor time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Who gets it: stock, orders, expiry. One service of a ticketing fleet, in any number of replicas,
/// on MongoDB and NATS
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What is the same for all services.
    #[command(flatten)]
    fleet: config::Fleet,

    /// What is decided about orders.
    #[command(flatten)]
    orders: orders::Options,
}

fn main() -> ExitCode {
    let program = Program {
        name: "orders",
        subject: ORDERS,
        address: "127.0.0.1:3003",
        options: |cli: &Cli| &cli.fleet,
    };
    fleet::main(&program, async |cli, _| Ok(orders::service(cli.orders.settings())))
}
