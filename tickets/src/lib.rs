//! What is for sale: create, edit, withdraw, browse. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what a ticket is, what is known of its units, how it is searched for |
//! | [`documents`] | how tickets are kept |
//! | [`commands`] | what can happen: create, edit, withdraw, hear of an order |
//! | [`queries`] | what can be asked |
//! | [`views`], [`bodies`], [`http`] | what goes over the wire, and the routes |
//! | [`consume`] | events → commands |

pub mod bodies;
pub mod commands;
pub mod consume;
pub mod documents;
pub mod domain;
pub mod http;
pub mod queries;
pub mod views;

use common::service::{Context, Parts, Service};
use common::store::Collection;

use crate::documents::TICKETS;

static COLLECTIONS: [&Collection; 1] = [&TICKETS];

/// The service: what it keeps, serves and hears.
pub fn service() -> Service {
    Service {
        name: "tickets",
        collections: &COLLECTIONS,
        assemble: Box::new(|Context { kit, .. }| Parts {
            routes: http::routes(kit),
            hears: consume::hears(),
            reconcilers: Vec::new(),
        }),
    }
}
