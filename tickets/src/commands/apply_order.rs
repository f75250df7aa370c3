//! The orders service has said how many of a ticket's units are taken.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::StockSnapshot;
use common::id::TicketId;

use super::changed;
use crate::domain::{Reservation, Ticket};

/// Copies what the orders service says of a ticket's units, if it is newer than what is known.
///
/// No event follows: whoever minds has heard of the order itself, and the next event of the ticket
/// carries a version that has skipped these. It is otherwise where units have come free of a ticket
/// whose seller has left: they are taken off the market in the same commit, and that is told.
#[derive(Debug, Clone)]
pub struct ApplyOrder {
    /// Which ticket.
    pub ticket: TicketId,
    /// What is taken of it.
    pub stock: StockSnapshot,
}

impl Command for ApplyOrder {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Ticket>(self.ticket))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Ticket>(self.ticket)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        // Nobody can order what was never here, so a ticket that is missing has been lost: the
        // event is set aside with an alarm, for whoever brings the ticket back.
        let known = docs.get::<Ticket>(self.ticket).ok_or(Refusal::NotFound)?;
        let StockSnapshot { version, taken, holder } = self.stock;
        let Some(ticket) = known.value.hear(Reservation::heard(version, taken, holder)) else {
            return Ok(Change::nothing(()));
        };
        let next = known.version + 1;
        let retired = if ticket.retired { ticket.retire(next, at.now) } else { None };
        Ok(match retired {
            Some(retired) => {
                let told = changed(&retired, next);
                Change::nothing(()).tell(&told).put(retired)
            }
            None => Change::nothing(()).put(ticket),
        })
    }
}
