//! A receipt as a document: one page of PDF, made here, from what is built in.
//!
//! The same receipt gives the same bytes. It is tagged, so that it can be read out (PDF/UA-1), and
//! its size is bounded, because every text in it is. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`issuer`] | who gives the receipt, as the operator says |
//! | [`fonts`] | the typefaces, and which one has which character |
//! | [`text`] | text of any script, in lines |
//! | [`pen`] | draws lines and rules, and keeps the order in which they are read |
//! | [`page`] | what stands where |

mod fonts;
pub mod issuer;
mod page;
mod pen;
mod text;

use common::id::{OrderId, PaymentId};
use common::money::Money;
use common::time::Timestamp;

use crate::domain::{Issued, Item, Payable, Payment, ReceiptNumber, State};

pub use issuer::{BadIssuer, Issuer};
pub use page::{Undrawable, pdf};

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its number.
    pub number: ReceiptNumber,
    /// When it was given.
    pub issued_at: Timestamp,
    /// Who gives it.
    pub issuer: Issuer,
    /// The e-mail address of who paid.
    pub buyer: String,
    /// What was paid for.
    pub order: OrderId,
    /// The payment.
    pub payment: PaymentId,
    /// What was bought; `None` for an order from before that was kept here.
    pub item: Option<Item>,
    /// What was paid.
    pub total: Money,
    /// When.
    pub paid_at: Timestamp,
    /// How much of it has gone back since.
    pub refunded: Money,
}

impl Facts {
    /// What the receipt for `payment` says, to its buyer, whose e-mail address is `buyer`.
    pub fn of(
        payment: &Payment,
        payable: Payable,
        issued: Issued,
        buyer: &str,
        issuer: &Issuer,
    ) -> Self {
        let total = payment.amount;
        let paid_at = match &payment.state {
            State::Captured { captured_at, .. }
            | State::Refunding { captured_at, .. }
            | State::Refunded { captured_at, .. } => *captured_at,
            // None of these has a receipt.
            State::Started { .. } | State::Declined { .. } => payment.created_at,
        };
        Self {
            number: issued.number,
            issued_at: issued.at,
            issuer: issuer.clone(),
            buyer: buyer.to_owned(),
            // Late money completes an order in the place of the one that it was for.
            order: payable.late.and_then(|late| late.replaced_by).unwrap_or(payment.order),
            payment: payment.id,
            item: payable.item,
            total,
            paid_at,
            refunded: payment.given_back(),
        }
    }
}
