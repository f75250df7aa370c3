//! What the tickets service tells: what can be ordered, and at what price.

use serde::{Deserialize, Serialize};

use super::{Event, TICKETS};
use crate::id::{TicketId, UserId};
use crate::money::Money;
use crate::time::{TimeZone, Timestamp};

/// What happened to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketKind {
    /// It was put up for sale.
    Created,
    /// Its seller changed it.
    Updated,
    /// Its seller withdrew it.
    Deleted,
}

/// A ticket's public state, as its seller made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketState {
    /// Which ticket.
    pub id: TicketId,
    /// The seller.
    pub user_id: UserId,
    /// What buyers see first.
    pub title: String,
    /// For one unit.
    pub price: Money,
    /// How many units there are in all.
    pub quantity: u32,
    /// The event that it admits to, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Venue>,
    /// Raised by every change.
    pub version: u64,
    /// Whether its seller has withdrawn it.
    #[serde(default)]
    pub deleted: bool,
}

/// Where and when the event is that a ticket admits to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Venue {
    /// The event's name.
    pub name: String,
    /// Where it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<String>,
    /// When it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// The time zone of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
}

/// Something happened to a ticket.
#[derive(Debug, Clone)]
pub struct TicketEvent {
    /// What.
    pub kind: TicketKind,
    /// The ticket since.
    pub ticket: TicketState,
}

impl Serialize for TicketEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ticket.serialize(serializer)
    }
}

impl Event for TicketEvent {
    const SUBJECT: &'static str = TICKETS;

    fn kind(&self) -> &'static str {
        match self.kind {
            TicketKind::Created => "ticket:created",
            TicketKind::Updated => "ticket:updated",
            TicketKind::Deleted => "ticket:deleted",
        }
    }

    fn aggregate(&self) -> String {
        self.ticket.id.to_string()
    }

    fn version(&self) -> u64 {
        self.ticket.version
    }
}
