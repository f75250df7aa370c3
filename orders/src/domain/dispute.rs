//! What an order says of a dispute of its payment.

use common::id::PaymentId;
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::order::{Order, State, Unmoved};

/// Its buyer's bank takes its money back. It stays complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// The version of the payment that told of it so: an older one says nothing new.
    pub heard: u64,
    /// Which of its payment's, from 1.
    pub number: u32,
    /// Where it stands.
    pub standing: Standing,
    /// How much it is about.
    pub amount: Money,
    /// How much of the money is with the bank because of it.
    pub taken: Money,
    /// Why, in the provider's word for it.
    pub reason: String,
    /// When it was first known.
    pub opened_at: Timestamp,
    /// When it was known how it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// The bank has not decided.
    Open,
    /// The money is the seller's after all.
    Won,
    /// The buyer has the money back.
    Lost,
}

impl Order {
    /// The order once its payment, at a version, has told of a dispute. It stays complete.
    ///
    /// # Errors
    /// When it is not complete by that payment, or when the same or newer is known.
    pub fn disputed(mut self, payment: PaymentId, dispute: Dispute) -> Result<Self, Unmoved> {
        if !matches!(self.state, State::Complete { payment: by, .. } if by == payment) {
            return Err(Unmoved::NotPaid);
        }
        if self.dispute.as_ref().is_some_and(|known| known.heard >= dispute.heard) {
            return Err(Unmoved::Known);
        }
        self.dispute = Some(dispute);
        Ok(self)
    }
}
