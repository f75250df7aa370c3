//! When money goes back.
//!
//! A capture is kept for an order that is complete by it, and for nothing else (I3, I5). An order's
//! terminal states are exclusive and never left, so a copy that says `cancelled` is reason enough,
//! however old it is; one that says `open` is no reason for anything yet.

use super::payable::{OrderStanding, Payable};
use super::payment::Payment;

/// What becomes of money that was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its order is complete by it.
    Kept,
    /// Its order has ended without it.
    Returned,
    /// Its order has not ended yet.
    Open,
}

/// What becomes of the money of `payment`, by what is known of its order.
pub fn fate(payment: &Payment, payable: &Payable) -> Fate {
    match payable.standing {
        OrderStanding::Open => Fate::Open,
        OrderStanding::Complete if payable.active == Some(payment.id) => Fate::Kept,
        // Complete by another payment: at most one net capture per order (I4).
        OrderStanding::Complete | OrderStanding::Cancelled => Fate::Returned,
    }
}
