//! What the operator decides about payments.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use common::config::Secret;

use crate::domain::Fee;
use crate::provider::mollie::{self, Mollie};
use crate::provider::sandbox::Sandbox;
use crate::provider::stripe::{self, Account, Element, Stripe};
use crate::provider::{Https, Provider, Script};
use crate::receipt::Issuer;
use crate::{Settings, Timing};

/// How long a real provider has to answer a call: it asks the buyer's bank meanwhile.
const REAL_TIMEOUT: Duration = Duration::from_secs(12);

/// The options of this service.
#[derive(Debug, Clone, Args)]
#[group(id = "payments")]
pub struct Options {
    /// Who moves the money; by default the one whose key is given, and the sandbox, in which no
    /// real money moves, where there is none
    #[arg(long, env = "TICKETING_PAYMENT_PROVIDER", value_name = "PROVIDER")]
    pub payment_provider: Option<Choice>,

    /// Stripe's secret key: sk_live_… or sk_test_…, or a restricted one, rk_…
    #[arg(long, env = "TICKETING_STRIPE_SECRET_KEY", value_name = "KEY", hide_env_values = true)]
    pub stripe_secret_key: Option<Secret>,

    /// A file that holds Stripe's secret key
    #[arg(
        long,
        env = "TICKETING_STRIPE_SECRET_KEY_FILE",
        value_name = "FILE",
        conflicts_with = "stripe_secret_key"
    )]
    pub stripe_secret_key_file: Option<PathBuf>,

    /// What Stripe signs its webhooks with: whsec_…; two, with a comma between them, while one
    /// takes the place of the other
    #[arg(
        long,
        env = "TICKETING_STRIPE_WEBHOOK_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub stripe_webhook_secret: Option<Secret>,

    /// A file that holds what Stripe signs its webhooks with
    #[arg(
        long,
        env = "TICKETING_STRIPE_WEBHOOK_SECRET_FILE",
        value_name = "FILE",
        conflicts_with = "stripe_webhook_secret"
    )]
    pub stripe_webhook_secret_file: Option<PathBuf>,

    /// Stripe's publishable key, pk_…: with it buyers enter their cards in the order's page, in
    /// Stripe's Payment Element, and without it on a page of Stripe's
    #[arg(long, env = "TICKETING_STRIPE_PUBLISHABLE_KEY", value_name = "KEY")]
    pub stripe_publishable_key: Option<String>,

    /// Where Stripe's API is
    #[arg(long, env = "TICKETING_STRIPE_API", value_name = "URL", hide = true,
          default_value = stripe::API)]
    pub stripe_api: String,

    /// Mollie's API key: live_… or test_…
    #[arg(long, env = "TICKETING_MOLLIE_API_KEY", value_name = "KEY", hide_env_values = true)]
    pub mollie_api_key: Option<Secret>,

    /// A file that holds Mollie's API key
    #[arg(
        long,
        env = "TICKETING_MOLLIE_API_KEY_FILE",
        value_name = "FILE",
        conflicts_with = "mollie_api_key"
    )]
    pub mollie_api_key_file: Option<PathBuf>,

    /// Where Mollie's API is
    #[arg(long, env = "TICKETING_MOLLIE_API", value_name = "URL", hide = true,
          default_value = mollie::API)]
    pub mollie_api: String,

    /// Who gives receipts to buyers, as it is to stand on them: a name, an address, a tax number; a
    /// semicolon ends a line
    #[arg(
        long,
        env = "TICKETING_RECEIPT_ISSUER",
        value_name = "TEXT",
        default_value = "Ticketing"
    )]
    pub receipt_issuer: Issuer,

    /// What the platform keeps of each sale: a percentage of the order's total, such as 2.5%, or
    /// one with an amount in the order's currency, such as 2.5%+0.30
    #[arg(long, env = "TICKETING_PLATFORM_FEE", value_name = "FEE", default_value = "0")]
    pub platform_fee: Fee,
}

/// Who may move the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// Nobody: no real money moves.
    Sandbox,
    /// Stripe.
    Stripe,
    /// Mollie.
    Mollie,
}

impl Options {
    /// What the service is given; `sandbox` is what payments are tried out with.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn settings(&self, sandbox: Arc<Sandbox>) -> Result<Settings, String> {
        let real = self.real()?;
        let (timing, issuer) = (Self::timing(&real), self.receipt_issuer.clone());
        Ok(Settings { sandbox, real, timing, issuer, fee: self.platform_fee })
    }

    /// Who moves real money: first the one for payments that begin now. Where there is a key for
    /// another one too, those that began with it are brought to their end with it.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    fn real(&self) -> Result<Vec<Arc<dyn Provider>>, String> {
        let file = self.stripe_secret_key_file.as_deref();
        let stripe = Secret::read("--stripe-secret-key", self.stripe_secret_key.as_ref(), file)?;
        let file = self.mollie_api_key_file.as_deref();
        let mollie = Secret::read("--mollie-api-key", self.mollie_api_key.as_ref(), file)?;
        let choice = match (self.payment_provider, &stripe, &mollie) {
            (Some(choice), ..) => choice,
            (None, Some(_), None) => Choice::Stripe,
            (None, None, Some(_)) => Choice::Mollie,
            (None, None, None) => Choice::Sandbox,
            (None, Some(_), Some(_)) => {
                return Err(
                    "--payment-provider is missing: there is a key for Stripe and one for \
                            Mollie, and one of them moves the money from now on"
                        .to_owned(),
                );
            }
        };
        let (has_stripe, has_mollie) = (stripe.is_some(), mollie.is_some());
        Ok(match choice {
            Choice::Sandbox => Vec::new(),
            Choice::Stripe if has_mollie => vec![self.stripe(stripe)?, self.mollie(mollie)?],
            Choice::Stripe => vec![self.stripe(stripe)?],
            Choice::Mollie if has_stripe => vec![self.mollie(mollie)?, self.stripe(stripe)?],
            Choice::Mollie => vec![self.mollie(mollie)?],
        })
    }

    /// How long things may take with these.
    fn timing(real: &[Arc<dyn Provider>]) -> Timing {
        let timing = Timing::default();
        match real {
            [] => timing,
            [_, ..] => Timing { provider_timeout: REAL_TIMEOUT, ..timing },
        }
    }

    fn mollie(&self, key: Option<Secret>) -> Result<Arc<dyn Provider>, String> {
        let api_key = key.ok_or("--mollie-api-key is missing: see Developers, API keys")?;
        mode("--mollie-api-key", api_key.reveal(), &[""])?;
        let wire = Https::to(&self.mollie_api).map_err(|error| format!("--mollie-api: {error}"))?;
        let pages = pages(&self.mollie_api, mollie::API, mollie::PAGES);
        Ok(Arc::new(Mollie::new(mollie::Account { api_key, pages }, Arc::new(wire))))
    }

    fn stripe(&self, key: Option<Secret>) -> Result<Arc<dyn Provider>, String> {
        let secret_key = key.ok_or("--stripe-secret-key is missing: see Developers, API keys")?;
        let is_live = mode("--stripe-secret-key", secret_key.reveal(), &["sk_", "rk_"])?;
        let file = self.stripe_webhook_secret_file.as_deref();
        let given = self.stripe_webhook_secret.as_ref();
        let secrets = Secret::read("--stripe-webhook-secret", given, file)?.ok_or(
            "--stripe-webhook-secret is missing: add a webhook to \
             …/api/payments/webhooks/stripe in Stripe's dashboard, and copy its signing secret",
        )?;
        let mut webhook_secrets = Vec::new();
        for secret in secrets.reveal().split(',').map(str::trim) {
            if !secret.strip_prefix("whsec_").is_some_and(is_plain) {
                return Err(
                    "--stripe-webhook-secret must be whsec_…, or two of them with a comma \
                            between them"
                        .to_owned(),
                );
            }
            webhook_secrets.push(Secret::new(secret));
        }
        if let Some(key) = &self.stripe_publishable_key
            && mode("--stripe-publishable-key", key, &["pk_"])? != is_live
        {
            return Err("--stripe-publishable-key and --stripe-secret-key must both be live keys \
                        or both be test keys"
                .to_owned());
        }
        let wire = Https::to(&self.stripe_api).map_err(|error| format!("--stripe-api: {error}"))?;
        let pages = pages(&self.stripe_api, stripe::API, stripe::PAGES);
        let element = self.stripe_publishable_key.clone().map(|publishable_key| {
            let is_real = self.stripe_api == stripe::API;
            let script = if is_real { stripe::script() } else { script_of(&pages) };
            Element { publishable_key, script }
        });
        let account = Account { secret_key, webhook_secrets, element, pages };
        Ok(Arc::new(Stripe::new(account, Arc::new(wire))))
    }
}

/// Where the pages of the API at `api` are; another one than the `real` one shows pages of its own.
fn pages(api: &str, real: &str, its: &str) -> String {
    if api == real { its.to_owned() } else { api.trim_end_matches('/').to_owned() }
}

/// The Stripe.js of an API that is not the real one: all of it is there.
fn script_of(origin: &str) -> Script {
    let there = || vec![origin.to_owned()];
    let address = format!("{origin}/v3/");
    Script { address, scripts: there(), frames: there(), calls: there() }
}

/// Whether a key moves real money. Its text is not repeated: it may be another one's secret.
fn mode(flag: &str, key: &str, kinds: &[&str]) -> Result<bool, String> {
    let rest = kinds.iter().find_map(|kind| key.strip_prefix(kind));
    let named = rest.and_then(|rest| rest.split_once('_')).filter(|(_, id)| is_plain(id));
    match named {
        Some(("live", _)) => Ok(true),
        Some(("test", _)) => Ok(false),
        _ => Err(format!("{flag} must begin with {}live_ or {0}test_", kinds[0])),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        payments: Options,
    }

    fn parse(args: &[&str]) -> Options {
        Cli::parse_from(std::iter::once("ticketing").chain(args.iter().copied())).payments
    }

    fn names(args: &[&str]) -> Result<Vec<&'static str>, String> {
        Ok(parse(args).real()?.iter().map(|provider| provider.name()).collect())
    }

    const KEY: [&str; 2] = ["--stripe-secret-key", "sk_test_k3y"];
    const SIGNING: [&str; 2] = ["--stripe-webhook-secret", "whsec_a,whsec_b"];
    const MOLLIE: [&str; 2] = ["--mollie-api-key", "test_k3y"];

    #[test]
    fn the_one_whose_key_is_given_is_chosen_and_the_sandbox_where_there_is_none() {
        assert_eq!(names(&[]), Ok(vec![]));
        assert_eq!(names(&[KEY, SIGNING].concat()), Ok(vec!["stripe"]));
        assert_eq!(names(&MOLLIE), Ok(vec!["mollie"]));
    }

    #[test]
    fn whoever_changes_the_provider_keeps_the_other_for_what_began_with_it() {
        let both = [&KEY[..], &SIGNING, &MOLLIE].concat();
        assert!(names(&both).is_err_and(|why| why.contains("--payment-provider is missing")));
        let chosen = |name| names(&[&both[..], &["--payment-provider", name]].concat());
        assert_eq!(chosen("stripe"), Ok(vec!["stripe", "mollie"]));
        assert_eq!(chosen("mollie"), Ok(vec!["mollie", "stripe"]));
        assert_eq!(chosen("sandbox"), Ok(vec![]));
    }

    #[test]
    fn buyers_are_sent_to_stripe_and_with_a_publishable_key_need_not_go_there() {
        let pages = |more: &[&str]| {
            let args = [&KEY[..], &SIGNING, more].concat();
            parse(&args).real().unwrap()[0].pages().map(str::to_owned)
        };
        let script = |more: &[&str]| {
            let args = [&KEY[..], &SIGNING, more].concat();
            parse(&args).real().unwrap()[0].script().cloned()
        };
        assert_eq!(pages(&[]).as_deref(), Some("https://checkout.stripe.com"));
        let here = ["--stripe-api", "http://127.0.0.1:9/"];
        assert_eq!(pages(&here).as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!(script(&[]), None);
        let key = ["--stripe-publishable-key", "pk_test_x"];
        assert_eq!(pages(&key).as_deref(), Some("https://checkout.stripe.com"), "for who needs it");
        assert_eq!(script(&key), Some(stripe::script()));
        let elsewhere = script(&[key, here].concat()).unwrap();
        assert_eq!(elsewhere.address, "http://127.0.0.1:9/v3/");
        assert_eq!(elsewhere.frames, ["http://127.0.0.1:9"]);
    }

    #[test]
    fn what_is_missing_or_mixed_up_is_named() {
        let publishable = ["--stripe-publishable-key", "pk_live_x"];
        let wrong = ["--stripe-secret-key", "pk_test_x"];
        for (args, flag) in [
            (vec!["--payment-provider", "stripe"], "--stripe-secret-key is missing"),
            (vec!["--payment-provider", "mollie"], "--mollie-api-key is missing"),
            (vec!["--mollie-api-key", "k3y"], "--mollie-api-key must begin with live_ or test_"),
            (vec!["--mollie-api-key", "sk_test_k3y"], "--mollie-api-key must begin"),
            ([MOLLIE, ["--mollie-api", "http://example.com"]].concat(), "--mollie-api"),
            ([MOLLIE, ["--mollie-api-key-file", "/none"]].concat(), "file"),
            (KEY.to_vec(), "--stripe-webhook-secret is missing"),
            ([wrong, SIGNING].concat(), "--stripe-secret-key must begin"),
            ([KEY, ["--stripe-webhook-secret", "sk_test_k3y"]].concat(), "--stripe-webhook-secret"),
            ([KEY, SIGNING, publishable].concat(), "must both be live"),
            ([KEY, SIGNING, ["--stripe-api", "http://example.com"]].concat(), "--stripe-api"),
            ([KEY, SIGNING, ["--stripe-secret-key-file", "/none"]].concat(), "file"),
        ] {
            let parsed = Cli::try_parse_from(std::iter::once("ticketing").chain(args.clone()));
            let refused = match parsed {
                Ok(cli) => cli.payments.real().err().unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            assert!(refused.contains(flag), "{args:?}: {refused}");
            assert!(!refused.contains("k3y"), "I28: {refused}");
        }
    }

    #[test]
    fn i28_secrets_are_not_shown() {
        let shown = format!("{:?}", parse(&[KEY, SIGNING, MOLLIE].concat()));
        assert!(!shown.contains("k3y") && !shown.contains("whsec"), "{shown}");
    }
}
