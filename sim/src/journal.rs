//! What clients asked for, written down before they asked, and what they were told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::id::{OrderId, PaymentId, TicketId, UserId};
use common::money::Money;

/// What a client knows of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<T> {
    /// Nothing yet, or that nobody knows: it may have happened.
    Unknown,
    /// It happened.
    Yes(T),
    /// It did not, and will not.
    No,
}

/// A buyer asked for units: one entry for each idempotency key, or for each request without one.
#[derive(Debug, Clone, Copy)]
pub struct PlaceAsked {
    /// Who.
    pub buyer: UserId,
    /// What.
    pub ticket: TicketId,
    /// How many units.
    pub quantity: u32,
    /// The price that the buyer said to have seen.
    pub seen: Option<Money>,
    /// What came of it.
    pub told: Told<OrderId>,
}

/// A buyer wanted to pay.
#[derive(Debug, Clone, Copy)]
pub struct PayAsked {
    /// What.
    pub order: OrderId,
    /// What came of it.
    pub told: Told<PaymentId>,
}

/// A seller put a ticket up.
#[derive(Debug, Clone)]
pub struct CreateAsked {
    /// Who.
    pub seller: UserId,
    /// The title, which no other ticket has.
    pub title: String,
    /// What came of it.
    pub told: Told<TicketId>,
}

/// A seller changed or withdrew a ticket.
#[derive(Debug, Clone)]
pub struct EditAsked {
    /// Which.
    pub ticket: TicketId,
    /// What it was to become; `None` for a withdrawal.
    pub price: Option<Money>,
    /// The version that it led to.
    pub told: Told<u64>,
}

/// A buyer wanted an order cancelled.
#[derive(Debug, Clone, Copy)]
pub struct CancelAsked {
    /// Which.
    pub order: OrderId,
    /// What came of it; a refusal says that it is paid.
    pub told: Told<()>,
}

/// A seller gave money back: one entry for each idempotency key, or for each request without one.
#[derive(Debug, Clone, Copy)]
pub struct RefundAsked {
    /// Of which payment.
    pub payment: PaymentId,
    /// How many units were to go back on sale.
    pub units: u32,
    /// What came of it: which of the payment's refunds, and how much, in minor units.
    pub told: Told<(u32, i64)>,
}

/// All that was asked for.
#[derive(Debug, Default)]
pub struct Entries {
    /// Orders.
    pub places: Vec<PlaceAsked>,
    /// Payments.
    pub pays: Vec<PayAsked>,
    /// Tickets.
    pub creates: Vec<CreateAsked>,
    /// Edits and withdrawals.
    pub edits: Vec<EditAsked>,
    /// Cancellations.
    pub cancels: Vec<CancelAsked>,
    /// Refunds of complete orders.
    pub refunds: Vec<RefundAsked>,
}

/// The journal of a history.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Entries>,
}

impl Journal {
    /// All of it.
    pub fn open(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
