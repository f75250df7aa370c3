//! The program `ticketing`: all services in one process, on storage embedded in one folder.

mod check;
mod cli;
mod client;
mod data;
mod demo;
mod home;
mod money;
mod serve;
mod services;

use std::process::ExitCode;

use clap::Parser as _;
use common::run;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(options)) => serve::run(&options),
        Some(Command::Demo { url }) => demo::run(&url),
        Some(Command::Check { data }) => check::run(&data),
        Some(Command::Money(asked)) => money::run(&asked),
        Some(Command::BuildClient { client, node }) => serve::build_client(&client, &node),
        Some(Command::Openapi) => serve::print_openapi(),
    };
    run::exit("ticketing", outcome)
}
