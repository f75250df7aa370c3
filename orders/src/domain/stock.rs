//! A ticket's stock: how many of its units live orders hold. Nobody else decides who gets a unit.

use common::id::{OrderId, TicketId, UserId};
use common::money::Money;
use serde::{Deserialize, Serialize};

/// What can be ordered of one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stock {
    /// The ticket, as its seller made it.
    pub listing: Listing,
    /// Units in live orders; never more than there are (I1).
    pub taken: u32,
    /// The live order that holds the only unit, of a ticket that has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<OrderId>,
}

/// A copy of what the tickets service says of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Which ticket.
    pub id: TicketId,
    /// Who sells it.
    pub seller: UserId,
    /// What buyers see.
    pub title: String,
    /// For one unit.
    pub price: Money,
    /// How many units there are.
    pub quantity: u32,
    /// The ticket's version: a copy of a smaller one is older.
    pub version: u64,
    /// Whether it has been withdrawn.
    #[serde(default)]
    pub deleted: bool,
}

/// Why units cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotToBeHad {
    /// The ticket has been withdrawn.
    #[error("the ticket has been withdrawn")]
    Withdrawn,
    /// Fewer units are free than are wanted.
    #[error("{free} of the wanted units are free")]
    Taken {
        /// How many are.
        free: u32,
    },
}

impl Stock {
    /// A stock of which nothing is taken.
    pub fn of(listing: Listing) -> Self {
        Self { listing, taken: 0, holder: None }
    }

    /// Units that nobody holds. A seller may have withdrawn units while they were being taken, so
    /// it is not simply the difference.
    pub fn free(&self) -> u32 {
        self.listing.quantity.saturating_sub(self.taken)
    }

    /// The stock once `order` holds `quantity` more of its units.
    ///
    /// # Errors
    /// When they cannot be had.
    pub fn take(mut self, quantity: u32, order: OrderId) -> Result<Self, NotToBeHad> {
        if self.listing.deleted {
            return Err(NotToBeHad::Withdrawn);
        }
        let free = self.free();
        if quantity > free {
            return Err(NotToBeHad::Taken { free });
        }
        self.taken += quantity;
        self.holder = (self.listing.quantity == 1).then_some(order);
        Ok(self)
    }

    /// The stock once `order` has given its `quantity` units back. Whoever else holds units is
    /// untouched (I13).
    ///
    /// A command's documents are read one after another, so the stock may have these units already
    /// while the order that was read before it does not say so yet. Such a decision is never
    /// committed, because the order has another version by then: what is decided is of no account,
    /// as long as something is.
    #[must_use]
    pub fn give_back(mut self, quantity: u32, order: OrderId) -> Self {
        self.taken = self.taken.saturating_sub(quantity);
        if self.holder == Some(order) {
            self.holder = None;
        }
        self
    }

    /// The stock once the tickets service has said `listing`; `None` where that is no news (I11).
    pub fn hear(&self, listing: Listing) -> Option<Self> {
        if listing.version <= self.listing.version {
            return None;
        }
        // What was taken stays taken, whatever its seller has changed.
        Some(Self { listing, ..self.clone() })
    }
}

/// How many live orders one buyer has of one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Of which ticket.
    pub ticket: TicketId,
    /// Who.
    pub buyer: UserId,
    /// How many.
    pub live: u32,
}

impl Allowance {
    /// The id of the document that counts them.
    pub fn id_of(ticket: TicketId, buyer: UserId) -> String {
        format!("{ticket}-{buyer}")
    }
}
