//! What handlers are made of, so that a handler parses, runs a command and renders, and nothing
//! else.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`errors`] | what can go wrong, and the one place that knows which status it is |
//! | [`answers`] | what goes out: JSON, bytes that are replayed, entity tags |
//! | [`etag`], [`paging`] | conditional requests; pages and cursors |
//! | [`json`], [`fields`], [`params`] | bodies and queries into values that cannot be wrong, all faults at once |
//! | [`read`], [`mod@write`] | the two extractors that handlers take |
//! | [`idempotency`] | which request this is, and whether the same is being worked on |
//! | [`mod@live`] | streams of a document's states |
//! | [`resource`] | things that have a route of their own |
//! | [`visitor`] | whose address it is that a request comes from |
//! | [`health`], [`openapi`] | what operators and tools ask for |
//! | `shown` | what of a request stands in logs |
//! | [`gate`], [`origin`] | what surrounds every request: limits, request ids, headers, the cross-site defence |

pub mod answers;
pub mod errors;
pub mod etag;
pub mod fields;
pub mod gate;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod live;
pub mod openapi;
pub mod origin;
pub mod paging;
pub mod params;
pub mod read;
pub mod resource;
mod settings;
mod shown;
mod traffic;
pub mod views;
pub mod visitor;
pub mod write;

use std::sync::Arc;

use crate::execute::Engine;
use crate::session::SessionView;

pub use errors::{Errors, Problem};
pub use etag::Tag;
pub use fields::Fields;
pub use gate::{app, path_id};
pub use live::live;
pub use paging::{Cursor, Page};
pub use params::Params;
pub use read::Read;
pub use resource::{Owned, Resource, own};
pub use settings::{PublicUrl, Settings, Stopping};
pub use visitor::ClientKey;
pub use write::Write;

use idempotency::InFlight;
use live::Streams;

/// What the handlers of one service share.
#[derive(Clone)]
pub struct Kit {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
    sessions: SessionView,
    settings: Settings,
    in_flight: InFlight,
    streams: Streams,
}

impl Kit {
    /// The kit of the service whose commands `engine` executes.
    pub fn new(engine: Arc<Engine>, sessions: SessionView, settings: Settings) -> Self {
        let (in_flight, streams) = (InFlight::default(), Streams::new(engine.meters()));
        Self { inner: Arc::new(Inner { engine, sessions, settings, in_flight, streams }) }
    }

    /// Executes the service's commands.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.inner.engine
    }

    /// Who is signed in.
    pub fn sessions(&self) -> &SessionView {
        &self.inner.sessions
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    fn in_flight(&self) -> &InFlight {
        &self.inner.in_flight
    }

    fn streams(&self) -> &Streams {
        &self.inner.streams
    }
}
