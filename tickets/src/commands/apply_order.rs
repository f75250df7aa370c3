//! The orders service has said how an order stands, and how many of its ticket's units are taken.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::StockSnapshot;
use common::id::TicketId;

use super::changed;
use crate::domain::{Reservation, Sale, Ticket};

/// Copies what the orders service says of a ticket's units, if it is newer than what is known, and
/// counts what was bought, and what of that has gone back on sale, if it has not been counted.
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
    /// What the order has bought, once it is complete.
    pub sale: Option<Sale>,
}

impl Command for ApplyOrder {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Ticket>(self.ticket))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<Ticket>(self.ticket)];
        keys.extend(self.sale.map(|sale| Key::of::<Sale>(sale.order)));
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        // Nobody can order what was never here, so a ticket that is missing has been lost: the
        // event is set aside with an alarm, for whoever brings the ticket back.
        let known = docs.get::<Ticket>(self.ticket).ok_or(Refusal::NotFound)?;
        let StockSnapshot { version, taken, holder } = self.stock;
        let heard = known.value.hear(Reservation::heard(version, taken, holder));
        let counted = |sale: Sale| docs.get::<Sale>(sale.order).map(|known| known.value.units);
        // Units of an order only ever go back on sale: more of them than are counted is older word.
        let sale = self.sale.filter(|sale| counted(*sale).is_none_or(|known| sale.units < known));
        if heard.is_none() && sale.is_none() {
            return Ok(Change::nothing(()));
        }
        let mut ticket = heard.unwrap_or_else(|| known.value.clone());
        let mut change = Change::nothing(());
        if let Some(sale) = sale {
            ticket = ticket.bought(sale.units, counted(sale).unwrap_or(0));
            change = change.put(sale);
        }
        let next = known.version + 1;
        let retired = if ticket.retired { ticket.retire(next, at.now) } else { None };
        Ok(match retired {
            Some(retired) => {
                let told = changed(&retired, next);
                change.tell(&told).put(retired)
            }
            None => change.put(ticket),
        })
    }
}
