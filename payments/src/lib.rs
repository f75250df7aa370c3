//! The money: attempts, captures, refunds, the ledger, providers and their webhooks. In reading
//! order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what a payment, its order and the ledger are, and what can become of them |
//! | [`documents`] | how they are kept |
//! | [`commands`] | what can happen: start, record what the provider says, hear of an order, give back |
//! | [`provider`] | the port to whoever moves the money, and the sandbox behind it |
//! | [`queries`] | what can be asked; what a stopped service's data must show |
//! | `counts` | what is counted, for whoever watches |
//! | `busy`, [`resolve`] | one look at one payment: the provider is asked, its answer recorded |
//! | `give_back` | money is given back, once, however long its provider is in trouble |
//! | `door` | where a payment is made whose card the provider asks for |
//! | [`pay`] | a request to pay: intent → call → record → answer |
//! | [`disputes`] | a buyer's bank takes money back: asked about, also where no notice came |
//! | [`settle`] | looks at what is unresolved, until nothing is |
//! | [`webhook`] | a provider's notices |
//! | [`receipts`], [`receipt`] | numbers for receipts, and a receipt as a document |
//! | [`views`], [`checkout`], [`http`], [`selling`], [`refunds`] | what goes over the wire, and the routes |
//! | [`operator`] | what an operator does by hand: refunds, payouts, the books |
//! | [`payouts`] | what sellers are to be paid, and that they were |
//! | [`reconciliation`] | the books beside the provider's report |
//! | [`consume`] | events → commands |
//! | [`options`] | what the operator decides |

mod busy;
pub mod checkout;
pub mod commands;
pub mod consume;
mod counts;
pub mod disputes;
pub mod documents;
pub mod domain;
mod door;
mod give_back;
pub mod http;
pub mod operator;
pub mod options;
pub mod pay;
pub mod payouts;
pub mod provider;
pub mod queries;
pub mod receipt;
pub mod receipts;
pub mod reconciliation;
pub mod refunds;
pub mod resolve;
pub mod selling;
pub mod settle;
pub mod views;
pub mod webhook;

use std::sync::Arc;
use std::time::Duration;

use common::execute::Engine;
use common::service::{Context, Parts, Service};
use common::store::Collection;
use common::worker::Reconciler;

use disputes::Overlooked;
use documents::{LEDGER, NOTICES, PAID_TO, PAYABLES, PAYMENTS, RECEIPTS, REQUESTS, SERIES};
use domain::Fee;
use pay::Pay;
use provider::sandbox::{Courier, Sandbox};
use provider::{Provider, Providers};
use receipt::Issuer;
use receipts::NumberThem;
use resolve::Resolver;
use settle::{ForgetRequests, Settle};
use webhook::Webhook;

pub use options::Options;

/// What this service keeps.
pub static COLLECTIONS: &[&Collection] =
    &[&PAYMENTS, &PAYABLES, &LEDGER, &PAID_TO, &RECEIPTS, &SERIES, &REQUESTS, &NOTICES];

/// What the operator decides about payments.
#[derive(Clone)]
pub struct Settings {
    /// The sandbox: what payments are tried out with where there is nothing else, and what those
    /// that began with it end with where there is.
    pub sandbox: Arc<Sandbox>,
    /// Who moves real money, where there is somebody: the first for payments that begin now, the
    /// others for those that began with them.
    pub real: Vec<Arc<dyn Provider>>,
    /// How long things may take.
    pub timing: Timing,
    /// Who gives the receipts.
    pub issuer: Issuer,
    /// What the platform keeps of each sale.
    pub fee: Fee,
}

/// The service: what it keeps, serves, hears, and does by itself.
pub fn service(settings: Settings) -> Service {
    Service {
        name: "payments",
        collections: COLLECTIONS,
        assemble: Box::new(move |Context { engine, kit }| {
            let Settings { sandbox, real, timing, issuer, fee } = settings;
            let trial = Arc::clone(&sandbox) as Arc<dyn Provider>;
            let mut real = real.into_iter();
            let providers = match real.next() {
                Some(chosen) => Providers::new(chosen, real.chain([trial]).collect()),
                None => trial.into(),
            };
            engine.meters().ask(Arc::new(counts::Unresolved::new(Arc::clone(&engine))));
            let works = Works::new(engine, providers, timing, fee);
            let mut reconcilers = works.reconcilers();
            reconcilers.push(Arc::new(Courier::new(sandbox, Arc::clone(&works.webhook))));
            let routes = http::routes(http::Api { kit, works, issuer });
            Parts { routes, hears: consume::hears(), reconcilers }
        }),
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long the provider has to answer a call. What it does not answer is asked again, under
    /// the same key.
    pub provider_timeout: Duration,
    /// How long a buyer waits for an answer before being told to come again. Below what a request
    /// may take.
    pub answer_within: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { provider_timeout: Duration::from_secs(3), answer_within: Duration::from_secs(20) }
    }
}

/// The moving parts, on an engine and a provider: what [`service`] gives routes to, and what a
/// simulation drives.
#[derive(Clone)]
pub struct Works {
    /// Makes looks at payments.
    pub resolver: Arc<Resolver>,
    /// Takes requests to pay.
    pub pay: Arc<Pay>,
    /// Takes the provider's notices.
    pub webhook: Arc<Webhook>,
}

impl Works {
    /// Puts them together. The platform keeps `fee` of each sale.
    pub fn new(
        engine: Arc<Engine>,
        providers: impl Into<Providers>,
        timing: Timing,
        fee: Fee,
    ) -> Self {
        let providers = providers.into();
        let resolver = Arc::new(Resolver::new(engine, providers, timing.provider_timeout));
        let pay = Arc::new(Pay::new(Arc::clone(&resolver), timing.answer_within, fee));
        let webhook = Arc::new(Webhook::new(Arc::clone(&resolver)));
        Self { resolver, pay, webhook }
    }

    /// What goes on by itself.
    pub fn reconcilers(&self) -> Vec<Arc<dyn Reconciler>> {
        vec![
            Arc::new(Settle::new(Arc::clone(&self.resolver))),
            Arc::new(ForgetRequests::new(Arc::clone(&self.resolver))),
            Arc::new(Overlooked::new(Arc::clone(&self.resolver))),
            Arc::new(NumberThem::new(Arc::clone(self.resolver.engine()))),
        ]
    }
}
