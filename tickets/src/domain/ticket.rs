//! A ticket: a listing that its seller made, and what is known of its units.
//!
//! Both are in one document. What a buyer sees changes when either does, so one version counts
//! both, and an edit that races a reservation meets it in the same place.

use common::id::{OrderId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::{TimeZone, Timestamp};
use serde::{Deserialize, Serialize};

use super::Reservation;

/// Longest title, in characters.
pub const MAX_TITLE: usize = 200;

/// Longest description, in characters: a page of text, and far below what a request may hold.
pub const MAX_DESCRIPTION: usize = 5_000;

/// Longest name of an event or of its venue, in characters.
pub const MAX_EVENT_TEXT: usize = 200;

/// Most units of one ticket: the seats of the largest stadiums.
pub const MAX_QUANTITY: u32 = 100_000;

/// Something that is or was for sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Which ticket. Never used again, also after it is withdrawn.
    pub id: TicketId,
    /// Whose.
    pub seller: UserId,
    /// What the seller says of it.
    pub listing: Listing,
    /// When it was put up.
    pub created_at: Timestamp,
    /// Whether it can be had at all.
    pub state: State,
    /// The version at which the seller last changed it, which is the one that other services were
    /// told. The ticket's own is greater once units have been taken or given back since.
    pub told: u64,
    /// Whether its seller has left: what comes free is not sold again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// Who has it, as the orders service says.
    #[serde(default)]
    pub reservation: Reservation,
    /// Units that complete orders have bought.
    #[serde(default)]
    pub sold: u32,
}

/// What a seller says of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// What buyers see first.
    pub title: String,
    /// In more words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For one unit. Its currency stays what it was at first.
    pub price: Money,
    /// How many units there are in all.
    pub quantity: u32,
    /// What it admits to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Show>,
}

/// What a ticket admits to: an event that people attend, called otherwise here because services
/// tell events as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Show {
    /// Its name.
    pub name: String,
    /// Where it takes place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<String>,
    /// When it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// The time zone in which people there read their clocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
}

/// Whether a ticket can be had at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum State {
    /// Its seller offers it.
    Offered,
    /// Its seller has withdrawn it. Nothing follows; what is left only keeps the id from coming
    /// back.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

/// What a seller wants changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The title from now on.
    pub title: String,
    /// The price from now on.
    pub price: Money,
    /// The description from now on.
    pub description: Patch<String>,
    /// The number of units from now on; `None` leaves it.
    pub quantity: Option<u32>,
    /// The event from now on.
    pub event: Patch<Show>,
}

/// What becomes of a part that a ticket may or may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Patch<T> {
    /// What there is after the change.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Why a ticket cannot be changed in this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotEdit {
    /// It has been withdrawn.
    #[error("Not Found")]
    Withdrawn,
    /// Its only unit is reserved or sold (I16).
    #[error("Cannot edit a reserved ticket")]
    Reserved,
    /// So many units are taken that so few cannot be all.
    #[error("must be at least {taken}: so many units are reserved or sold")]
    BelowTaken {
        /// How many are.
        taken: u32,
    },
    /// Prices are compared, and orders charged, in the currency that it was put up in.
    #[error("cannot be changed: the ticket is priced in {}", .0.code())]
    OtherCurrency(Currency),
}

/// Why a ticket cannot be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// It has been withdrawn before.
    #[error("Not Found")]
    Withdrawn,
    /// Units of it are in live orders (I16).
    #[error("Cannot delete a ticket that is reserved or sold")]
    Reserved,
}

impl Ticket {
    /// A ticket that has just been put up.
    pub fn offered(id: TicketId, seller: UserId, listing: Listing, now: Timestamp) -> Self {
        Self {
            id,
            seller,
            listing,
            created_at: now,
            state: State::Offered,
            told: 0,
            retired: false,
            reservation: Reservation::default(),
            sold: 0,
        }
    }

    /// Whether its seller offers it.
    pub fn is_offered(&self) -> bool {
        self.state == State::Offered
    }

    /// Units that nobody holds. A seller may have withdrawn units while they were being taken, so
    /// it is not simply the difference.
    pub fn available(&self) -> u32 {
        self.listing.quantity.saturating_sub(self.reservation.taken)
    }

    /// Whether at least one unit can be had.
    pub fn is_on_sale(&self) -> bool {
        self.is_offered() && self.available() > 0
    }

    /// The order that has it, of a ticket of one unit.
    pub fn holder(&self) -> Option<OrderId> {
        self.reservation.holder.filter(|_| self.listing.quantity == 1)
    }

    /// The ticket once its seller has changed it, at `version`.
    ///
    /// # Errors
    /// When it cannot be changed in this way.
    pub fn edit(self, edit: Edit, version: u64) -> Result<Self, CannotEdit> {
        if !self.is_offered() {
            return Err(CannotEdit::Withdrawn);
        }
        let taken = self.reservation.taken;
        if self.listing.quantity == 1 && taken > 0 {
            return Err(CannotEdit::Reserved);
        }
        let currency = self.listing.price.currency;
        if edit.price.currency != currency {
            return Err(CannotEdit::OtherCurrency(currency));
        }
        let quantity = edit.quantity.unwrap_or(self.listing.quantity);
        // A quantity that stays is no fault of the edit, also where orders have overtaken an
        // earlier one.
        if quantity < taken && quantity < self.listing.quantity {
            return Err(CannotEdit::BelowTaken { taken });
        }
        let listing = Listing {
            title: edit.title,
            description: edit.description.apply(self.listing.description),
            price: edit.price,
            quantity,
            event: edit.event.apply(self.listing.event),
        };
        Ok(Self { listing, told: version, ..self })
    }

    /// The ticket once its seller has withdrawn it, at `version`.
    ///
    /// # Errors
    /// When it cannot be withdrawn.
    pub fn withdraw(self, version: u64, now: Timestamp) -> Result<Self, Taken> {
        if !self.is_offered() {
            return Err(Taken::Withdrawn);
        }
        if self.reservation.taken > 0 {
            return Err(Taken::Reserved);
        }
        Ok(Self { state: State::Withdrawn { at: now }, told: version, ..self })
    }

    /// The ticket off the market, because its seller has left: withdrawn where nobody has a unit of
    /// it, else without units that could be had. `None` where it is so already.
    pub fn retire(&self, version: u64, now: Timestamp) -> Option<Self> {
        let taken = self.reservation.taken;
        if !self.is_offered() || (self.retired && taken > 0 && self.available() == 0) {
            return None;
        }
        let mut ticket = Self { retired: true, told: version, ..self.clone() };
        match taken {
            0 => ticket.state = State::Withdrawn { at: now },
            _ => ticket.listing.quantity = taken.min(self.listing.quantity),
        }
        Some(ticket)
    }

    /// The ticket once the orders service has said `reservation`; `None` where that is no news. It
    /// holds for a withdrawn one too: an order may have been on its way.
    pub fn hear(&self, reservation: Reservation) -> Option<Self> {
        reservation.is_newer_than(&self.reservation).then(|| Self { reservation, ..self.clone() })
    }

    /// The ticket once an order has bought `units` of it, of which `counted` were counted before.
    #[must_use]
    pub fn bought(self, units: u32, counted: u32) -> Self {
        Self { sold: self.sold.saturating_sub(counted).saturating_add(units), ..self }
    }
}
