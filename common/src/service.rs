//! A service is a value: its name, what it keeps, what it serves, what it hears, and what it does
//! by itself.
//!
//! Each binary is [`crate::run`] over a list of these. All in one and fleet differ in that list and
//! in the adapters that configuration picks, and in nothing else.

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::execute::Engine;
use crate::http::Kit;
use crate::inbox::{Hears, SET_ASIDE};
use crate::outbox::{OUTBOX, WATERMARKS};
use crate::replies::REPLIES;
use crate::session::{REVOCATIONS, SIGNING_KEYS};
use crate::store::Collection;
use crate::worker::Reconciler;

/// A service that has not been given its ports yet.
pub struct Service {
    /// As in routes, files and logs.
    pub name: &'static str,
    /// What it keeps, besides [`RESERVED`].
    pub collections: &'static [&'static Collection],
    /// Makes the rest of it, once its ports are there.
    pub assemble: Box<dyn FnOnce(Context) -> Parts + Send>,
}

/// What a service is given.
#[derive(Clone)]
pub struct Context {
    /// Executes its commands on its own store.
    pub engine: Arc<Engine>,
    /// What its handlers share: who is signed in, and which requests are being worked on.
    pub kit: Kit,
}

/// What a service is made of.
#[derive(Default)]
pub struct Parts {
    /// Its routes, with their descriptions.
    pub routes: OpenApiRouter,
    /// What it hears. [`crate::session`] adds what every service hears about sessions, unless it
    /// hears users itself: then it does what [`crate::session::hears`] does, and more.
    pub hears: Vec<Hears>,
    /// What it does by itself. [`crate::run`] adds the relay, the sweep and the clearing of old
    /// replies.
    pub reconcilers: Vec<Arc<dyn Reconciler>>,
}

/// What every service keeps: collections that [`crate::execute`] and its neighbours write.
pub static RESERVED: &[&Collection] =
    &[&OUTBOX, &WATERMARKS, &SET_ASIDE, &REPLIES, &SIGNING_KEYS, &REVOCATIONS];
