//! Logs: structured lines on standard error, with the id of the request they go back to.
//!
//! A request's id is the `trace` of every event that follows from it, so that one word finds
//! everything one purchase has caused, in every service. What is logged names things by id; no
//! secret, token or e-mail address is (I28).

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is no level.
    #[error("{level:?} is no log level: use error, warn, info, debug or trace, also by module")]
    Level {
        /// What was given.
        level: String,
    },
    /// Somebody else has set it up already.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Sends log lines of at least `level` to standard error, from now on and for the whole process.
///
/// # Errors
/// When `level` cannot be read, or logging is set up already.
pub fn init(format: Format, level: &str) -> Result<(), LogError> {
    let malformed = |_| LogError::Level { level: level.to_owned() };
    let filter: EnvFilter = level.parse().map_err(malformed)?;
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for people who look at a terminal; in a file they are noise.
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match format {
        Format::Text => lines.compact().finish().try_init()?,
        Format::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}
