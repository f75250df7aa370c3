//! The command line: every option, its variable, its default and what it may be. `--help` is the
//! manual.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    Serve(Serve),
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

    /// The address that people see, if it is not the one listened on; https makes cookies Secure
    #[arg(long, env = "TICKETING_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A proxy of ours stands in front, whose X-Forwarded-For tells the client's address
    #[arg(long, env = "TICKETING_BEHIND_PROXY")]
    pub behind_proxy: bool,

    /// The web client: the folder it is in; `auto`, which is ./client or the one in the sources of
    /// this program; or `off`, for the API alone. It is built at the first start
    #[arg(long, env = "TICKETING_CLIENT", value_name = "FOLDER", default_value = "auto")]
    pub client: String,

    /// The Node.js that runs the web client, 20.9 or newer; without it the API is served alone
    #[arg(long, env = "TICKETING_NODE", value_name = "PROGRAM", default_value = "node")]
    pub node: PathBuf,

    /// How long an order reserves its tickets: a number and a unit (ms, s, m, h, d), at least 1s
    #[arg(long, env = "TICKETING_ORDER_WINDOW", value_name = "DURATION", default_value = "15m",
          value_parser = at_least_a_second)]
    pub order_window: Duration,

    /// Most orders of one ticket that one buyer may have at a time
    #[arg(long, env = "TICKETING_MAX_LIVE_ORDERS_PER_BUYER", value_name = "COUNT",
          default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_live_orders_per_buyer: u32,

    /// Memory for hashing one password (Argon2id), in KiB. The default is what OWASP recommends;
    /// less is for tests
    #[arg(long, env = "TICKETING_PASSWORD_MEMORY_KIB", value_name = "KIB", default_value_t = 19_456,
          value_parser = clap::value_parser!(u32).range(8..=1_048_576))]
    pub password_memory_kib: u32,

    /// Failed sign-ins a minute for one account before it has to wait
    #[arg(long, env = "TICKETING_SIGNIN_FAILURES_PER_MINUTE", value_name = "COUNT",
          default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub signin_failures_per_minute: u32,

    /// Sign-ups a minute from one address before it has to wait; many people share an address
    #[arg(long, env = "TICKETING_SIGNUPS_PER_MINUTE", value_name = "COUNT", default_value_t = 600,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub signups_per_minute: u32,

    /// How log lines are written
    #[arg(long, env = "TICKETING_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Least severity that is logged: error, warn, info, debug or trace, also by module
    /// (`info,orders=debug`)
    #[arg(long, env = "TICKETING_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
}

impl Serve {
    /// The defaults, on `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        let defaults = Cli::parse_from(["ticketing"]).serve;
        Self { data: folder.to_owned(), ..defaults }
    }
}

/// How log lines are written, to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Reads a duration such as `90s`, `15m` or `1h 30m`.
fn at_least_a_second(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration < Duration::from_secs(1) {
        return Err("must be at least 1s".to_owned());
    }
    Ok(duration)
}

fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "must be a number and a unit, such as 90s, 15m, 2h or 7d";
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let number: u64 = number.parse().map_err(|_| EXPECTED.to_owned())?;
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(EXPECTED.to_owned()),
        };
        let millis = number.checked_mul(unit_ms).ok_or("is too long")?;
        // A window of more than a century is a slip of the keyboard.
        total = total.saturating_add(Duration::from_millis(millis));
        if total > Duration::from_secs(100 * 365 * 86_400) {
            return Err("is too long".to_owned());
        }
        rest = after.trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, ms) in
            [("1s", 1_000), ("15m", 900_000), ("1h 30m", 5_400_000), ("1s500ms", 1_500)]
        {
            assert_eq!(at_least_a_second(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in
            ["", "15", "m", "-1s", "999ms", "1 s x", "1.5s", "99999999999999999999d", "9999999d"]
        {
            assert!(at_least_a_second(text).is_err(), "{text}");
        }
    }
}
