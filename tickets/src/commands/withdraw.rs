//! A seller takes a ticket off the market.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::TicketKind;
use common::id::{TicketId, UserId};

use super::{event, owned};
use crate::domain::{Taken, Ticket};

/// Withdraws a ticket of which nothing is taken.
#[derive(Debug, Clone)]
pub struct Withdraw {
    /// Which ticket.
    pub id: TicketId,
    /// Who asks.
    pub seller: UserId,
    /// The version that they have seen, where they say so.
    pub seen: Option<u64>,
}

impl Command for Withdraw {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Ticket>(self.id))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Ticket>(self.id)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let before = owned(docs, self.id, self.seller, self.seen)?;
        let version = before.version + 1;
        let withdrawn = before.value.clone().withdraw(version, at.now);
        let ticket = withdrawn.map_err(|why| match why {
            Taken::Withdrawn => Refusal::NotFound,
            Taken::Reserved => Refusal::conflict(why.to_string()),
        })?;
        let told = event(TicketKind::Deleted, &ticket, version);
        Ok(Change::nothing(()).tell(&told).put(ticket))
    }
}
