//! Somebody puts a ticket up for sale.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::TicketKind;
use common::id::{TicketId, UserId};

use super::{Versioned, event};
use crate::domain::{Listing, Ticket};

/// Puts a ticket up for sale.
#[derive(Debug, Clone)]
pub struct Create {
    /// Who.
    pub seller: UserId,
    /// What.
    pub listing: Listing,
}

impl Command for Create {
    type Reply = Versioned;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        Vec::new()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Versioned>, Refusal> {
        let id = TicketId(at.next_id());
        let ticket = Ticket::offered(id, self.seller, self.listing.clone(), at.now);
        let version = docs.next_version::<Ticket>(id);
        let told = event(TicketKind::Created, &ticket, version);
        Ok(Change::nothing(Versioned { version, ticket: ticket.clone() }).tell(&told).put(ticket))
    }
}
