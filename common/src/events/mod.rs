//! What services tell one another: the envelope of an event, and one file for each owner's events.
//!
//! An event carries its aggregate's whole public state and version, so a subscriber needs no
//! history: newer wins (I11). Every version that was ever published is kept in `golden/`, and a
//! test reads all of them (I20). Fields may be added, with a default for those who do not send
//! them; none may be renamed or change its meaning.

mod order;
mod payment;
mod ticket;
mod user;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::time::Timestamp;

pub use order::{
    CancelledBy, LateMoney, OrderEvent, OrderKind, OrderRefund, OrderState, OrderStatus,
    OrderedTicket, StockSnapshot,
};
pub use payment::{
    DisputeState, DisputeStatus, PaymentEvent, PaymentKind, PaymentState, PaymentStatus, Returned,
};
pub use ticket::{TicketEvent, TicketKind, TicketState, Venue};
pub use user::{
    EndedSession, KEYS_AGGREGATE, KeysEvent, PublicKey, Revocation, UserEvent, UserKind,
};

/// The subject of events about accounts and signing keys.
pub const USERS: &str = "users";
/// The subject of events about tickets.
pub const TICKETS: &str = "tickets";
/// The subject of events about orders.
pub const ORDERS: &str = "orders";
/// The subject of events about payments.
pub const PAYMENTS: &str = "payments";

/// All subjects.
pub const SUBJECTS: [&str; 4] = [USERS, TICKETS, ORDERS, PAYMENTS];

/// The subject of that name, if any service publishes it.
pub fn subject_named(name: &str) -> Option<&'static str> {
    SUBJECTS.into_iter().find(|known| *known == name)
}

/// An event on its way, with its data still as text, because not every reader knows every kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// Unique for ever: the id of its outbox entry.
    pub id: String,
    /// Whose events these are.
    pub subject: String,
    /// What happened, as `owner:verb`.
    pub kind: String,
    /// Which aggregate it happened to.
    pub aggregate: String,
    /// The aggregate's version after it happened.
    pub version: u64,
    /// When it was decided, by the clock of the process that did.
    pub at: Timestamp,
    /// The request that it goes back to.
    pub trace: String,
    /// The aggregate's public state: one of this module's types, by `kind`.
    pub data: Box<RawValue>,
}

/// An event that cannot be read: poison, or from a build newer than this one.
#[derive(Debug, thiserror::Error)]
pub enum NotUnderstood {
    /// The bytes are no envelope, or its data does not fit its kind.
    #[error("malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// No reader here knows the kind.
    #[error("unknown kind {0:?}")]
    UnknownKind(String),
}

impl Envelope {
    /// The envelope in these bytes.
    ///
    /// # Errors
    /// When they hold none.
    pub fn read(bytes: &[u8]) -> Result<Self, NotUnderstood> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The data as the type that its kind calls for.
    ///
    /// # Errors
    /// When it is not of that type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, NotUnderstood> {
        Ok(serde_json::from_str(self.data.get())?)
    }

    /// What follows the owner in the kind: `created` of `ticket:created`.
    pub fn verb(&self) -> &str {
        self.kind.split_once(':').map_or(self.kind.as_str(), |(_, verb)| verb)
    }
}

/// An event as a decision makes it; [`crate::execute`] puts it into an envelope.
pub trait Event: Serialize {
    /// Whose events these are.
    const SUBJECT: &'static str;
    /// What happened, as `owner:verb`.
    fn kind(&self) -> &'static str;
    /// Which aggregate it happened to.
    fn aggregate(&self) -> String;
    /// The aggregate's version after it happened.
    fn version(&self) -> u64;
}

/// An [`Event`] with its type forgotten, ready for an envelope.
#[derive(Debug, Clone)]
pub struct Draft {
    /// As [`Event::SUBJECT`].
    pub subject: &'static str,
    /// As [`Event::kind`].
    pub kind: &'static str,
    /// As [`Event::aggregate`].
    pub aggregate: String,
    /// As [`Event::version`].
    pub version: u64,
    /// The event as JSON.
    pub data: Box<RawValue>,
}

impl Draft {
    /// The draft of `event`.
    ///
    /// # Errors
    /// When the event has no JSON form, which is a defect in its type.
    pub fn of<E: Event>(event: &E) -> Result<Self, serde_json::Error> {
        Ok(Self {
            subject: E::SUBJECT,
            kind: event.kind(),
            aggregate: event.aggregate(),
            version: event.version(),
            data: serde_json::value::to_raw_value(event)?,
        })
    }
}

/// JSON of a value whose type always has a JSON form.
///
/// # Errors
/// When it has none after all, which is a defect in its type.
pub fn to_json<T: Serialize>(value: &T) -> Result<Bytes, serde_json::Error> {
    serde_json::to_vec(value).map(Bytes::from)
}
