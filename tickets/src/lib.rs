//! What is for sale: create, edit, withdraw, browse. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what a ticket is, what is known of its units, how it is searched for |
//! | [`documents`] | how tickets are kept |
//! | [`commands`] | what can happen: create, edit, withdraw, hear of an order, or that a seller left |
//! | [`queries`] | what can be asked |
//! | [`views`], [`bodies`], [`http`] | what goes over the wire, and the routes |
//! | [`consume`] | events → commands |
//! | [`departures`] | takes tickets of sellers who have left off the market |

pub mod bodies;
pub mod commands;
pub mod consume;
pub mod departures;
pub mod documents;
pub mod domain;
pub mod http;
pub mod queries;
pub mod views;

use std::sync::Arc;

use common::service::{Context, Parts, Service};
use common::store::Collection;

use crate::departures::Departures;
use crate::documents::{DEPARTURES, SALES, TICKETS};

static COLLECTIONS: [&Collection; 3] = [&TICKETS, &DEPARTURES, &SALES];

/// The service: what it keeps, serves, hears, and does by itself.
pub fn service() -> Service {
    Service {
        name: "tickets",
        collections: &COLLECTIONS,
        assemble: Box::new(|Context { engine, kit }| Parts {
            routes: http::routes(kit),
            hears: consume::hears(),
            reconcilers: vec![Arc::new(Departures::new(engine))],
        }),
    }
}
