//! Providers of several makes, as these tests see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use common::config::Secret;
use common::money::Money;
use payments::provider::{Door, Provider, Wire, mollie, stripe};
use payments::webhook::NotTaken;
use scripted::{Call, Fault, Kind, Ledger, Outage, Outcome, Script};

use crate::shop::Shop;

/// A provider that goes wrong by a script.
pub trait Make: Send + Sync + 'static {
    /// As our code calls it.
    const NAME: &'static str;

    fn new(script: Script) -> Self;
    fn take(&self, call: &Call) -> Outcome;
    fn calls(&self) -> u64;
    fn faults(&self) -> BTreeMap<Fault, u64>;
    fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T;

    /// From now on no money is given back, or it is again.
    fn give_nothing_back(&self, outage: Option<Outage>);

    /// What its owner is given to hold their books against, but for the last `less` lines.
    fn report(&self, less: usize) -> String;

    /// Our code's side of it.
    fn provider(wire: Arc<dyn Wire>) -> Arc<dyn Provider>;

    /// The provider's name for the payment that is made behind a door.
    fn behind(door: Door) -> String;

    /// Time passes there.
    fn pass_time(&self) {}
}

impl Make for scripted::Stripe {
    const NAME: &'static str = stripe::NAME;

    fn new(script: Script) -> Self {
        Self::new(script)
    }

    fn take(&self, call: &Call) -> Outcome {
        self.take(call)
    }

    fn calls(&self) -> u64 {
        self.calls()
    }

    fn faults(&self) -> BTreeMap<Fault, u64> {
        self.faults()
    }

    fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        self.with_ledger(look)
    }

    fn give_nothing_back(&self, outage: Option<Outage>) {
        self.give_nothing_back(outage);
    }

    fn report(&self, less: usize) -> String {
        let lines = self.with_ledger(|ledger| ledger.lines().to_vec());
        let shown = |line: &scripted::Line| {
            let category = match line.kind {
                Kind::Captured => "charge",
                Kind::Refunded => "refund",
                Kind::Disputed => "dispute",
                Kind::DisputeWon => "dispute_reversal",
                // It stands beside the line that it was charged with.
                Kind::DisputeFee => return None,
            };
            let gross = Money { minor: line.signed(), currency: line.currency.parse().unwrap() };
            Some(format!("{category},{},{},{}\n", line.currency, gross.major(), line.name))
        };
        let lines: Vec<String> = lines.iter().filter_map(shown).collect();
        let kept = &lines[..lines.len().saturating_sub(less)];
        format!("reporting_category,currency,gross,payment_intent_id\n{}", kept.concat())
    }

    fn provider(wire: Arc<dyn Wire>) -> Arc<dyn Provider> {
        let account = stripe::Account {
            secret_key: Secret::new(scripted::stripe::SECRET_KEY),
            webhook_secrets: vec![Secret::new(scripted::stripe::WEBHOOK_SECRET)],
            element: Some(stripe::Element {
                publishable_key: "pk_test_scripted".to_owned(),
                script: stripe::script(),
            }),
            pages: stripe::PAGES.to_owned(),
        };
        Arc::new(stripe::Stripe::new(account, wire))
    }

    fn behind(door: Door) -> String {
        let Door::Element { client_secret, .. } = door else { panic!("{door:?}") };
        client_secret.split_once("_secret_").unwrap().0.to_owned()
    }
}

impl Make for scripted::Mollie {
    const NAME: &'static str = mollie::NAME;

    fn new(script: Script) -> Self {
        Self::new(script)
    }

    fn take(&self, call: &Call) -> Outcome {
        self.take(call)
    }

    fn calls(&self) -> u64 {
        self.calls()
    }

    fn faults(&self) -> BTreeMap<Fault, u64> {
        self.faults()
    }

    fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        self.with_ledger(look)
    }

    fn give_nothing_back(&self, outage: Option<Outage>) {
        self.give_nothing_back(outage);
    }

    fn report(&self, less: usize) -> String {
        self.report(less)
    }

    fn provider(wire: Arc<dyn Wire>) -> Arc<dyn Provider> {
        let account = mollie::Account {
            api_key: Secret::new(scripted::mollie::API_KEY),
            pages: mollie::PAGES.to_owned(),
        };
        Arc::new(mollie::Mollie::new(account, wire))
    }

    fn behind(door: Door) -> String {
        let Door::Page { url } = door else { panic!("{door:?}") };
        url.rsplit('/').next().unwrap().to_owned()
    }

    fn pass_time(&self) {
        self.pass_time();
        self.arrive();
    }
}

impl Shop {
    /// A webhook of Stripe's arrives.
    pub async fn receive(&self, signature: &str, body: &str) -> Option<Result<(), NotTaken>> {
        let mut headers = HeaderMap::new();
        headers.insert("stripe-signature", HeaderValue::try_from(signature).unwrap());
        self.receive_with(headers, None, body).await
    }
}
