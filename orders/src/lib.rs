//! Who gets it: inventory, orders and their expiry. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what an order and a stock are, and what can become of them |
//! | [`documents`] | how they are kept |
//! | [`commands`] | what can happen: place, cancel, expire, hear of a ticket, hear of a payment |
//! | [`queries`] | what can be asked |
//! | [`views`], [`http`] | what goes over the wire, and the routes |
//! | [`consume`] | events → commands |
//! | [`expiry`] | ends what is due |
//! | [`options`] | what the operator decides |

pub mod commands;
pub mod consume;
pub mod documents;
pub mod domain;
pub mod expiry;
pub mod http;
pub mod options;
pub mod queries;
pub mod views;

use std::sync::Arc;
use std::time::Duration;

use common::service::{Context, Parts, Service};
use common::store::Collection;

use crate::documents::{ALLOWANCES, ORDERS, STOCK};

pub use options::Options;

/// What this service keeps.
pub static COLLECTIONS: &[&Collection] = &[&ORDERS, &STOCK, &ALLOWANCES];

/// What the operator decides about orders.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an order reserves its units.
    pub window: Duration,
    /// Most live orders of one ticket that one buyer may have.
    pub max_live_per_buyer: u32,
}

/// The service: what it keeps, serves, hears, and does by itself.
pub fn service(settings: Settings) -> Service {
    Service {
        name: "orders",
        collections: COLLECTIONS,
        assemble: Box::new(move |Context { engine, kit }| {
            let expiry = Arc::new(expiry::Expiry::new(Arc::clone(&engine)));
            engine.meters().ask(Arc::clone(&expiry) as _);
            Parts {
                routes: http::routes(http::Api {
                    kit,
                    window: settings.window,
                    max_live: settings.max_live_per_buyer,
                }),
                hears: consume::hears(),
                reconcilers: vec![expiry],
            }
        }),
    }
}
