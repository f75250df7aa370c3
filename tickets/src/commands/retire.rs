//! A ticket whose seller has left goes off the market: withdrawn where nobody has a unit of it,
//! else without units that could be had. What others hold stays theirs, and a unit that comes back
//! later is not sold again: that is for [`super::ApplyOrder`] to see to.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::TicketId;

use super::changed;
use crate::domain::Ticket;

/// A ticket whose seller has left goes off the market.
#[derive(Debug, Clone)]
pub struct Retire {
    /// Which ticket.
    pub id: TicketId,
}

impl Command for Retire {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Ticket>(self.id))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Ticket>(self.id)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let known = docs.get::<Ticket>(self.id).ok_or(Refusal::NotFound)?;
        let version = known.version + 1;
        Ok(match known.value.retire(version, at.now) {
            Some(ticket) => {
                let told = changed(&ticket, version);
                Change::nothing(()).tell(&told).put(ticket)
            }
            None => Change::nothing(()),
        })
    }
}
