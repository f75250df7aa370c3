//! What the fleet is told. Services are told the rest by variables, which they are handed as they
//! are: `TICKETING_ORDER_WINDOW=1m fleet …`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use common::config::{Logs, Secret};

/// The marketplace as a fleet on this machine: replicas of every service, NATS, the web client, and
/// a reverse proxy in front of them. Services take their own options from the environment
#[derive(Debug, Parser)]
#[command(name = "fleet", version)]
pub struct Cli {
    /// Address and port of the whole; port 0 takes any free one
    #[arg(
        long,
        env = "TICKETING_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:3000"
    )]
    pub listen: SocketAddr,

    /// Folder for what NATS keeps, and for `processes.json`, which says what runs
    #[arg(long, env = "TICKETING_DATA", value_name = "FOLDER", default_value = "./fleet")]
    pub data: PathBuf,

    /// Folder with the programs auth, tickets, orders and payments
    #[arg(long, env = "TICKETING_PROGRAMS", value_name = "FOLDER", default_value = ".")]
    pub programs: PathBuf,

    /// Where the MongoDB replica set is
    #[arg(
        long,
        env = "TICKETING_MONGODB",
        value_name = "URL",
        hide_env_values = true,
        required_unless_present = "leash"
    )]
    pub mongodb: Option<Secret>,

    /// The program mongod, where MongoDB is to be started too: at that URL, on the subfolder
    /// `mongodb` of the data, which is a replica set already; or, where the URL names several, as
    /// many members on `mongodb-1` and so on, which somebody else initiates
    #[arg(long, env = "TICKETING_MONGOD", value_name = "PROGRAM")]
    pub mongod: Option<PathBuf>,

    /// What the names of the databases there begin with; several fleets can share one MongoDB
    #[arg(long, env = "TICKETING_DATABASE_PREFIX", value_name = "PREFIX", default_value = "")]
    pub database_prefix: String,

    /// The program nats-server, which is started with a store of its own
    #[arg(
        long,
        env = "TICKETING_NATS_SERVER",
        value_name = "PROGRAM",
        default_value = "nats-server"
    )]
    pub nats_server: PathBuf,

    /// How many processes of each service
    #[arg(long, env = "TICKETING_REPLICAS", value_name = "COUNT", default_value_t = 2,
          value_parser = clap::value_parser!(u8).range(1..=9))]
    pub replicas: u8,

    /// The web client: its folder, where it is built; or `off`, for the API alone
    #[arg(long, env = "TICKETING_CLIENT", value_name = "FOLDER", default_value = "off")]
    pub client: String,

    /// The Node.js that runs the web client, 20.9 or newer
    #[arg(long, env = "TICKETING_NODE", value_name = "PROGRAM", default_value = "node")]
    pub node: PathBuf,

    /// Folder for the logs of the processes, a file for each; without it they go where this
    /// program's goes
    #[arg(long, env = "TICKETING_LOGS", value_name = "FOLDER")]
    pub log_folder: Option<PathBuf>,

    /// Folder with passwords; with it MongoDB and NATS ask for them: for each service the files
    /// `SERVICE-mongodb` (as USER:PASSWORD) and `SERVICE-nats`, and the key of MongoDB's members,
    /// `members-key`
    #[arg(long, env = "TICKETING_SECRETS", value_name = "FOLDER")]
    pub secrets: Option<PathBuf>,

    /// Which process is in which network namespace: a file that tests write
    #[arg(long, env = "TICKETING_NETWORK", value_name = "FILE", hide = true)]
    pub network: Option<PathBuf>,

    /// What is logged.
    #[command(flatten)]
    pub logs: Logs,

    /// Kills the processes that standard input names, when that ends
    #[arg(long, hide = true)]
    pub leash: bool,
}
