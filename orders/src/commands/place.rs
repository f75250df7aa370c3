//! A buyer orders: the units are taken and the order is made in one commit (I1).

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::OrderKind;
use common::id::{OrderId, TicketId, UserId};
use common::money::Money;

use super::{Placed, event, snapshot};
use crate::domain::order::Bought;
use crate::domain::stock::NotToBeHad;
use crate::domain::{Allowance, Order, State, Stock};

/// A buyer orders units of a ticket.
#[derive(Debug, Clone)]
pub struct Place {
    /// Who.
    pub buyer: UserId,
    /// What.
    pub ticket: TicketId,
    /// How many units.
    pub quantity: u32,
    /// The price of one unit that the buyer saw, if the buyer says.
    pub seen: Option<SeenPrice>,
    /// How long the units are reserved.
    pub window: Duration,
    /// Most live orders of one ticket that one buyer may have.
    pub max_live: u32,
}

/// A price as a buyer saw it, in thousandths of a major unit: no currency has a smaller minor unit,
/// and the currency is the ticket's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenPrice {
    /// Thousandths of a major unit.
    pub thousandths: i64,
}

impl SeenPrice {
    fn is(self, price: Money) -> bool {
        let per_minor = 10_i64.pow(3_u32.saturating_sub(price.currency.decimals()));
        price.minor.checked_mul(per_minor) == Some(self.thousandths)
    }
}

impl Command for Place {
    type Reply = Placed;

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Stock>(self.ticket))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let allowance = Allowance::id_of(self.ticket, self.buyer);
        vec![Key::of::<Stock>(self.ticket), Key::of::<Allowance>(allowance)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Placed>, Refusal> {
        let stock = docs.get::<Stock>(self.ticket).ok_or(Refusal::NotFound)?.value;
        #[cfg(feature = "planted")]
        let stock = &Stock {
            taken: if common::planted::is(common::planted::Bug::OversoldUnits) {
                0
            } else {
                stock.taken
            },
            ..stock.clone()
        };
        if stock.listing.deleted {
            return Err(Refusal::NotFound);
        }
        let id = OrderId(at.next_id());
        let stock = stock.clone().take(self.quantity, id).map_err(not_to_be_had)?;
        let allowance = self.allowance(docs)?;
        let listing = &stock.listing;
        let differs = self.seen.is_some_and(|seen| !seen.is(listing.price));
        #[cfg(feature = "planted")]
        let differs = differs && !common::planted::is(common::planted::Bug::OtherPrice);
        if differs {
            let price = listing.price;
            return Err(Refusal::conflict(format!("The price has changed: it is {price} now")));
        }
        let ticket = Bought {
            id: listing.id,
            seller: Some(listing.seller),
            title: listing.title.clone(),
            price: listing.price,
            version: listing.version,
        };
        let total = listing.price.times(self.quantity);
        let order = Order {
            id,
            buyer: self.buyer,
            ticket,
            quantity: self.quantity,
            total: total.ok_or_else(|| Refusal::field("quantity", "is too large"))?,
            created_at: at.now,
            expires_at: at.now.plus(self.window),
            declined: Vec::new(),
            late: None,
            refund: None,
            dispute: None,
            replaces: None,
            state: State::Created,
        };
        let told = snapshot(docs, &stock);
        let change = Change::nothing(Placed { version: 0, order: order.clone() });
        let change = change.tell(&event(OrderKind::Created, &order, 0, told));
        Ok(change.put(stock).put(allowance).put(order))
    }
}

impl Place {
    fn allowance(&self, docs: &Docs) -> Result<Allowance, Refusal> {
        let held = docs.get::<Allowance>(Allowance::id_of(self.ticket, self.buyer));
        let live = held.map_or(0, |allowance| allowance.value.live);
        if live >= self.max_live {
            let most = self.max_live;
            return Err(Refusal::state(format!("One buyer may have {most} orders of a ticket")));
        }
        Ok(Allowance { ticket: self.ticket, buyer: self.buyer, live: live + 1 })
    }
}

fn not_to_be_had(why: NotToBeHad) -> Refusal {
    match why {
        NotToBeHad::Withdrawn => Refusal::NotFound,
        NotToBeHad::Taken { free: 0 } => Refusal::state("Ticket is already reserved"),
        NotToBeHad::Taken { free: 1 } => Refusal::field("quantity", "Only 1 ticket is left"),
        NotToBeHad::Taken { free } => {
            Refusal::field("quantity", format!("Only {free} tickets are left"))
        }
    }
}
