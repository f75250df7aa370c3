//! A seller changes a ticket.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::TicketKind;
use common::id::{TicketId, UserId};

use super::{Versioned, event, owned};
use crate::domain::{CannotEdit, Edit, Ticket};

/// Changes a ticket.
#[derive(Debug, Clone)]
pub struct EditTicket {
    /// Which ticket.
    pub id: TicketId,
    /// Who asks.
    pub seller: UserId,
    /// The version that they have seen, where they say so.
    pub seen: Option<u64>,
    /// What is to become of it.
    pub edit: Edit,
}

impl Command for EditTicket {
    type Reply = Versioned;

    fn gather(&self) -> Option<Key> {
        // Together with what the orders service says of it, which may come by the hundred.
        Some(Key::of::<Ticket>(self.id))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Ticket>(self.id)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<Versioned>, Refusal> {
        let before = owned(docs, self.id, self.seller, self.seen)?;
        let version = before.version + 1;
        #[cfg(feature = "planted")]
        let before = &common::command::Stored {
            version: before.version,
            value: &if common::planted::is(common::planted::Bug::EditedReserved) {
                Ticket { reservation: Default::default(), ..before.value.clone() }
            } else {
                before.value.clone()
            },
        };
        let edited = before.value.clone().edit(self.edit.clone(), version);
        let ticket = edited.map_err(refusal)?;
        let told = event(TicketKind::Updated, &ticket, version);
        Ok(Change::nothing(Versioned { version, ticket: ticket.clone() }).tell(&told).put(ticket))
    }
}

fn refusal(why: CannotEdit) -> Refusal {
    match why {
        CannotEdit::Withdrawn => Refusal::NotFound,
        CannotEdit::Reserved => Refusal::state(why.to_string()),
        CannotEdit::BelowTaken { .. } => Refusal::field("quantity", why.to_string()),
        CannotEdit::OtherCurrency(_) => Refusal::field("currency", why.to_string()),
    }
}
