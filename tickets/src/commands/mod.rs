//! What can happen in this service, one file each: the documents it needs, and its decision.

mod apply_order;
mod create;
mod edit;
mod looked_at;
mod retire;
mod seller_left;
mod withdraw;

use common::command::{Docs, Refusal, Stored};
use common::events::{TicketEvent, TicketKind, TicketState, Venue};
use common::id::{TicketId, UserId};

use crate::domain::Ticket;

pub use apply_order::ApplyOrder;
pub use create::Create;
pub use edit::EditTicket;
pub use looked_at::LookedAt;
pub use retire::Retire;
pub use seller_left::SellerLeft;
pub use withdraw::Withdraw;

/// A ticket with the version it has since the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// Raised by every change of what can be seen of it.
    pub version: u64,
    /// The ticket.
    pub ticket: Ticket,
}

/// A ticket that its seller asks to change, having seen a certain version of it if they say so.
fn owned<'a>(
    docs: &'a Docs,
    id: TicketId,
    seller: UserId,
    seen: Option<u64>,
) -> Result<Stored<'a, Ticket>, Refusal> {
    let stored = docs.get::<Ticket>(id).filter(|stored| stored.value.is_offered());
    let stored = stored.ok_or(Refusal::NotFound)?;
    if stored.value.seller != seller {
        return Err(Refusal::NotYours);
    }
    if seen.is_some_and(|seen| seen != stored.version) {
        return Err(Refusal::Stale);
    }
    Ok(stored)
}

/// What other services are told of a ticket that has changed by itself: that it did, or is gone.
fn changed(ticket: &Ticket, version: u64) -> TicketEvent {
    let kind = if ticket.is_offered() { TicketKind::Updated } else { TicketKind::Deleted };
    event(kind, ticket, version)
}

/// What other services are told of a ticket.
fn event(kind: TicketKind, ticket: &Ticket, version: u64) -> TicketEvent {
    let listing = &ticket.listing;
    let event = listing.event.as_ref().map(|event| Venue {
        name: event.name.clone(),
        venue: event.venue.clone(),
        starts_at: event.starts_at,
        time_zone: event.time_zone.clone(),
    });
    let ticket = TicketState {
        id: ticket.id,
        user_id: ticket.seller,
        title: listing.title.clone(),
        price: listing.price,
        quantity: listing.quantity,
        event,
        version,
        deleted: !ticket.is_offered(),
    };
    TicketEvent { kind, ticket }
}
