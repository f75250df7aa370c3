//! When money goes back.
//!
//! A capture is kept for an order that is complete by it, and for nothing else (I3, I5). An order's
//! terminal states are exclusive and never left, so a copy that says `complete`, or that its buyer
//! gave it up, is reason enough, however old it is; one that says `open` is no reason for anything
//! yet. Where an order has expired, its units may be free still: the orders service decides what
//! becomes of the money, and until it has said so nothing is done (I14).

use super::payable::{OrderStanding, Payable};
use super::payment::Payment;

/// What becomes of money that was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its order is complete by it, or another one in its place.
    Kept,
    /// Its order has ended without it.
    Returned,
    /// That is not decided yet.
    Open,
}

/// What becomes of the money of `payment`, by what is known of its order.
pub fn fate(payment: &Payment, payable: &Payable) -> Fate {
    match payable.standing {
        OrderStanding::Open => Fate::Open,
        OrderStanding::Complete if payable.active == Some(payment.id) => Fate::Kept,
        // Complete by another payment: at most one net capture per order (I4).
        OrderStanding::Complete => Fate::Returned,
        OrderStanding::Cancelled => match payable.late {
            Some(late) if late.payment == payment.id && late.replaced_by.is_some() => Fate::Kept,
            Some(_) => Fate::Returned,
            None if payable.given_up => Fate::Returned,
            None => Fate::Open,
        },
    }
}
