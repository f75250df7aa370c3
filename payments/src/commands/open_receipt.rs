//! A receipt begins, for an order that is complete and of which that is known already: one that was
//! paid under a build that kept no receipts.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::{OrderId, PaymentId};

use super::receipt_for;
use crate::domain::{Payable, Payment, Receipt};

/// A payment should have a receipt, if its order is complete by it.
#[derive(Debug, Clone)]
pub struct OpenReceipt {
    /// Which payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
}

impl Command for OpenReceipt {
    /// Whether there is a receipt.
    type Reply = bool;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![
            Key::of::<Payment>(self.payment),
            Key::of::<Payable>(self.order),
            Key::of::<Receipt>(self.payment),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<bool>, Refusal> {
        if docs.get::<Receipt>(self.payment).is_some() {
            return Ok(Change::nothing(true));
        }
        let payment = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?.value;
        let payable = docs.get::<Payable>(self.order).ok_or(Refusal::NotFound)?.value;
        Ok(match receipt_for(payment, payable, docs, at.now) {
            Some(receipt) => Change::nothing(true).put(receipt),
            None => Change::nothing(false),
        })
    }
}
