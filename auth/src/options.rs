//! What the operator decides about accounts.

use clap::Args;

use crate::Settings;
use crate::hashing::Cost;
use crate::passwords::Limits;

/// Passes of Argon2id over its memory, as OWASP recommends with 19 MiB.
const PASSWORD_ITERATIONS: u32 = 2;

/// So many times as many failed sign-ins come from one address as from one account before it has to
/// wait: people who share an address are many, and each mistypes for themselves.
const ADDRESS_SHARE: u32 = 5;

/// The options of this service.
#[derive(Debug, Clone, Args)]
#[group(id = "accounts")]
pub struct Options {
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
}

impl Options {
    /// What the service is given.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn settings(&self) -> Result<Settings, String> {
        let cost = Cost::new(self.password_memory_kib, PASSWORD_ITERATIONS);
        let password_cost = cost.map_err(|error| format!("--password-memory-kib: {error}"))?;
        let failures = self.signin_failures_per_minute;
        Ok(Settings {
            password_cost,
            limits: Limits {
                failures_per_account: failures,
                failures_per_address: failures.saturating_mul(ADDRESS_SHARE),
                sign_ups_per_address: self.signups_per_minute,
            },
            ..Settings::default()
        })
    }
}
