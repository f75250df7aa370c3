//! The tickets service has said what a ticket is.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::TicketState;

use crate::domain::{Listing, Stock};

/// A ticket was put up, changed or withdrawn.
#[derive(Debug, Clone)]
pub struct HearTicket {
    /// The ticket since.
    pub ticket: TicketState,
}

impl Command for HearTicket {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Stock>(self.ticket.id))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Stock>(self.ticket.id)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let TicketState { id, user_id, title, price, quantity, version, deleted, .. } =
            self.ticket.clone();
        let listing = Listing { id, seller: user_id, title, price, quantity, version, deleted };
        #[cfg(feature = "planted")]
        if let Some(stock) = docs
            .get::<Stock>(id)
            .filter(|_| common::planted::is(common::planted::Bug::OlderNewsWins))
        {
            return Ok(Change::nothing(()).put(Stock { listing, ..stock.value.clone() }));
        }
        let heard = match docs.get::<Stock>(id) {
            None => Some(Stock::of(listing)),
            Some(stock) => stock.value.hear(listing),
        };
        let change = Change::nothing(());
        Ok(match heard {
            Some(stock) => change.put(stock),
            None => change,
        })
    }
}
