//! The orders service has said how many of a ticket's units are taken.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::StockSnapshot;
use common::id::TicketId;

use crate::domain::{Reservation, Ticket};

/// Copies what the orders service says of a ticket's units, if it is newer than what is known.
///
/// No event follows: whoever minds has heard of the order itself, and the next event of the ticket
/// carries a version that has skipped these.
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

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        // Nobody can order what was never here, so a ticket that is missing has been lost: the
        // event is set aside with an alarm, for whoever brings the ticket back.
        let known = docs.get::<Ticket>(self.ticket).ok_or(Refusal::NotFound)?;
        let StockSnapshot { version, taken, holder } = self.stock;
        let heard = known.value.hear(Reservation::heard(version, taken, holder));
        Ok(match heard {
            Some(ticket) => Change::nothing(()).put(ticket),
            None => Change::nothing(()),
        })
    }
}
