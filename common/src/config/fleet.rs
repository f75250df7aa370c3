//! What a service that is a process of its own is told, besides its own options.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches};

use super::{Logs, Metrics, Secret, Web, at_least_a_second, duration};
use crate::http;

/// The options of a service of a fleet.
#[derive(Debug, Clone, Args)]
#[group(id = "fleet")]
pub struct Fleet {
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, env = "TICKETING_LISTEN", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    /// Where the MongoDB replica set is, with user, password and TLS as the driver documents them:
    /// mongodb://user:password@host,host/?replicaSet=NAME&tls=true
    #[arg(
        long,
        env = "TICKETING_MONGODB",
        value_name = "URL",
        hide_env_values = true,
        required_unless_present = "mongodb_file"
    )]
    pub mongodb: Option<Secret>,

    /// A file that holds the URL of MongoDB
    #[arg(long, env = "TICKETING_MONGODB_FILE", value_name = "FILE", conflicts_with = "mongodb")]
    pub mongodb_file: Option<PathBuf>,

    /// The service's database there; nobody else writes to it
    #[arg(long, env = "TICKETING_MONGODB_DATABASE", value_name = "NAME")]
    pub mongodb_database: String,

    /// Where NATS with JetStream is: nats://user:password@host,host, or tls:// for TLS
    #[arg(
        long,
        env = "TICKETING_NATS",
        value_name = "URL",
        hide_env_values = true,
        required_unless_present = "nats_file"
    )]
    pub nats: Option<Secret>,

    /// A file that holds the URL of NATS
    #[arg(long, env = "TICKETING_NATS_FILE", value_name = "FILE", conflicts_with = "nats")]
    pub nats_file: Option<PathBuf>,

    /// A file with the certificates (PEM) of who signs those of NATS, where the system does not
    /// know them
    #[arg(long, env = "TICKETING_NATS_CA", value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,

    /// On how many servers of NATS each stream is kept
    #[arg(long, env = "TICKETING_NATS_REPLICAS", value_name = "COUNT", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=5))]
    pub nats_replicas: u8,

    /// What the web client's server proves itself with; whose requests it sends is then believed
    #[arg(long, env = "TICKETING_CLIENT_KEY", value_name = "KEY", hide_env_values = true)]
    pub client_key: Option<Secret>,

    /// A file that holds that key
    #[arg(
        long,
        env = "TICKETING_CLIENT_KEY_FILE",
        value_name = "FILE",
        conflicts_with = "client_key"
    )]
    pub client_key_file: Option<PathBuf>,

    /// How long the start waits for MongoDB before it gives up
    #[arg(long, env = "TICKETING_START_PATIENCE", value_name = "DURATION", default_value = "2m",
          value_parser = at_least_a_second)]
    pub start_patience: Duration,

    /// How long requests are still taken after SIGTERM, while the readiness route says that there
    /// should be no more: as long as it takes until whoever sends them has noticed
    #[arg(long, env = "TICKETING_DRAIN", value_name = "DURATION", default_value = "5s",
          value_parser = duration)]
    pub drain: Duration,

    /// How the site is reached.
    #[command(flatten)]
    pub web: Web,

    /// Where what is measured is shown.
    #[command(flatten)]
    pub metrics: Metrics,

    /// What is logged.
    #[command(flatten)]
    pub logs: Logs,
}

impl Fleet {
    /// Where MongoDB is.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn mongodb(&self) -> Result<Secret, String> {
        let given = Secret::read("--mongodb", self.mongodb.as_ref(), self.mongodb_file.as_deref());
        given?.ok_or_else(|| "--mongodb is missing".to_owned())
    }

    /// Where NATS is.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn nats(&self) -> Result<Secret, String> {
        let given = Secret::read("--nats", self.nats.as_ref(), self.nats_file.as_deref());
        given?.ok_or_else(|| "--nats is missing".to_owned())
    }

    /// `settings`, with what was decided here.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn apply(&self, settings: http::Settings) -> Result<http::Settings, String> {
        let mut settings = self.metrics.apply(self.web.apply(settings)?)?;
        let file = self.client_key_file.as_deref();
        let key = Secret::read("--client-key", self.client_key.as_ref(), file)?;
        settings.client_key = key.map(|key| http::ClientKey::of_anywhere(key.reveal()));
        Ok(settings)
    }
}

/// Reads the command line of the service `name`, which listens on `address` where nothing else is
/// said. Ends the process where the command line cannot be read, or asks for help.
pub fn read<C: CommandFactory + FromArgMatches>(name: &'static str, address: &'static str) -> C {
    let mut command = with_defaults::<C>(name, address);
    let matches = command.get_matches_mut();
    C::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}

fn with_defaults<C: CommandFactory>(name: &'static str, address: &'static str) -> clap::Command {
    C::command()
        .name(name)
        .mut_arg("listen", |listen| listen.required(false).default_value(address))
        .mut_arg("mongodb_database", |database| database.required(false).default_value(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(version)]
    struct Cli {
        #[command(flatten)]
        fleet: Fleet,
    }

    fn parse(args: &[&str]) -> Result<Fleet, String> {
        let args = std::iter::once("orders").chain(args.iter().copied());
        let matches = with_defaults::<Cli>("orders", "127.0.0.1:3003").try_get_matches_from(args);
        let matches = matches.map_err(|error| error.to_string())?;
        Cli::from_arg_matches(&matches).map(|cli| cli.fleet).map_err(|error| error.to_string())
    }

    #[test]
    fn a_service_has_its_own_port_and_database_and_needs_to_know_its_servers() {
        with_defaults::<Cli>("orders", "127.0.0.1:3003").debug_assert();
        let fleet = parse(&["--mongodb", "mongodb://a", "--nats", "nats://b"]).unwrap();
        assert_eq!((fleet.listen.port(), fleet.mongodb_database.as_str()), (3003, "orders"));
        assert_eq!(fleet.mongodb().unwrap().reveal(), "mongodb://a");
        assert!(!format!("{fleet:?}").contains("mongodb://a"), "it may hold a password");
        for (args, missing) in [
            (&["--nats", "nats://b"][..], "--mongodb"),
            (&["--mongodb", "mongodb://a"], "--nats"),
            (&["--nats", "b", "--mongodb", "a", "--mongodb-file", "c"], "--mongodb-file"),
        ] {
            let refused = parse(args).unwrap_err();
            assert!(refused.contains(missing), "{refused}");
        }
    }
}
