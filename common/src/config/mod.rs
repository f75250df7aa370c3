//! What the operator decides, for every program of ours: options with their variables, defaults and
//! bounds. `--help` is the manual.
//!
//! A service's own options are the service's, so that the program of that service alone and the one
//! that runs all of them have the same.

mod durations;
#[cfg(feature = "fleet")]
pub mod fleet;
mod secret;

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use crate::http;
use crate::id::{SystemEntropy, random_u64};
use crate::metrics::Registry;
use crate::telemetry;
use crate::trace::{Collector, Tracer};

pub use durations::{at_least_a_second, duration};
#[cfg(feature = "fleet")]
pub use fleet::Fleet;
pub use secret::Secret;

/// How the site is reached.
#[derive(Debug, Clone, Args)]
#[group(id = "web")]
pub struct Web {
    /// The address that people see, if it is not the one listened on; https makes cookies Secure
    #[arg(long, env = "TICKETING_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// A proxy of ours stands in front, whose X-Forwarded-For tells the client's address
    #[arg(long, env = "TICKETING_BEHIND_PROXY")]
    pub behind_proxy: bool,
}

impl Web {
    /// `settings`, with what was decided here.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn apply(&self, mut settings: http::Settings) -> Result<http::Settings, String> {
        if let Some(url) = &self.public_url {
            let url = url.parse().map_err(|error| format!("--public-url: {error}"))?;
            settings.public_url = Some(url);
        }
        settings.behind_proxy = self.behind_proxy;
        Ok(settings)
    }
}

/// Who may watch, and where.
#[derive(Debug, Clone, Args)]
#[group(id = "metrics")]
pub struct Metrics {
    /// Address and port at which GET /metrics shows Prometheus what is measured; without it,
    /// nowhere. Keep it from the public
    #[arg(long, env = "TICKETING_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// Collector that is sent a trace of every request, by OTLP over HTTP; without it, there are
    /// none
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

impl Metrics {
    /// `settings`, with what was decided here.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn apply(&self, mut settings: http::Settings) -> Result<http::Settings, String> {
        let endpoint = self.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
        if let Some(endpoint) = endpoint {
            let collector = Collector::named(endpoint)
                .map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT {error}"))?;
            let seed = random_u64(&SystemEntropy).map_err(|error| error.to_string())?;
            settings.tracer = Tracer::on(seed, collector);
        }
        // Where nobody can ask for them, nothing is counted.
        if self.metrics_listen.is_some() {
            settings.metrics = Registry::new();
        }
        Ok(settings)
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[group(id = "logs")]
pub struct Logs {
    /// How log lines are written
    #[arg(long, env = "TICKETING_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Least severity that is logged: error, warn, info, debug or trace, also by module
    /// (`info,orders=debug`)
    #[arg(long, env = "TICKETING_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,
}

/// How log lines are written, to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Logs {
    /// Sends log lines to standard error from now on.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn init(&self) -> Result<(), String> {
        let format = match self.log_format {
            LogFormat::Text => telemetry::Format::Text,
            LogFormat::Json => telemetry::Format::Json,
        };
        telemetry::init(format, &self.log_level).map_err(|error| format!("--log-level: {error}"))
    }
}
