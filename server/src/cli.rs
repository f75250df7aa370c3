//! The command line: every option, its variable, its default and what it may be. `--help` is the
//! manual.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use common::config::{Logs, Metrics, Web};
use payments::operator::Asked;

use crate::money::Folder;

/// A ticket marketplace that you host yourself: people sign up, offer tickets, order them, and pay
/// within a window or lose the reservation. Everything runs in this one process and keeps its data
/// in one folder.
#[derive(Debug, Parser)]
#[command(name = "ticketing", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without it, serve.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How to serve.
    #[command(flatten)]
    pub serve: Serve,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the marketplace (what happens without a subcommand)
    Serve(Box<Serve>),
    /// Fill an empty marketplace that is running with events, tickets and a few orders to look at
    Demo {
        /// Where it is
        #[arg(
            long,
            env = "TICKETING_URL",
            value_name = "URL",
            default_value = "http://127.0.0.1:3000"
        )]
        url: String,
    },
    /// Verify what the data of a marketplace that is not running must show; exits with 1 if
    /// something is wrong
    Check {
        /// Its folder
        #[arg(long, env = "TICKETING_DATA", value_name = "FOLDER", default_value = "./data")]
        data: PathBuf,
    },
    /// What is done about the money by hand.
    #[command(flatten)]
    Money(Asked<Folder>),
    /// Build the web client, if its sources have changed since the last time, and exit
    BuildClient {
        /// Where it is: a folder, or `auto`
        #[arg(long, env = "TICKETING_CLIENT", value_name = "FOLDER", default_value = "auto")]
        client: String,
        /// The Node.js to build it with, 20.9 or newer
        #[arg(long, env = "TICKETING_NODE", value_name = "PROGRAM", default_value = "node")]
        node: PathBuf,
    },
    /// Print the OpenAPI description of the HTTP API and exit
    Openapi,
}

/// The options of a marketplace.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes any free one
    #[arg(
        long,
        env = "TICKETING_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:3000"
    )]
    pub listen: SocketAddr,

    /// Folder for all data; made if it is not there
    #[arg(long, env = "TICKETING_DATA", value_name = "FOLDER", default_value = "./data")]
    pub data: PathBuf,

    /// How the site is reached.
    #[command(flatten)]
    pub web: Web,

    /// The web client: the folder it is in; `auto`, which is ./client or the one in the sources of
    /// this program; or `off`, for the API alone. It is built at the first start
    #[arg(long, env = "TICKETING_CLIENT", value_name = "FOLDER", default_value = "auto")]
    pub client: String,

    /// The Node.js that runs the web client, 20.9 or newer; without it the API is served alone
    #[arg(long, env = "TICKETING_NODE", value_name = "PROGRAM", default_value = "node")]
    pub node: PathBuf,

    /// What is decided about orders.
    #[command(flatten)]
    pub orders: orders::Options,

    /// What is decided about payments.
    #[command(flatten)]
    pub payments: payments::options::Options,

    /// What is decided about accounts.
    #[command(flatten)]
    pub accounts: auth::Options,

    /// Where what is measured is shown.
    #[command(flatten)]
    pub metrics: Metrics,

    /// What is logged.
    #[command(flatten)]
    pub logs: Logs,
}

impl Serve {
    /// The defaults, on `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        let defaults = Cli::parse_from(["ticketing"]).serve;
        Self { data: folder.to_owned(), ..defaults }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
