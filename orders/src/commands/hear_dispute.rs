//! The payments service has said that a buyer's bank takes the money of an order back, or has
//! decided about that. The order stays complete (I2) and says so: whether its buyer still gets in
//! is for its seller to decide.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{DisputeState, DisputeStatus, OrderKind, PaymentState};

use super::hear_refund::{complete_by, keys_of};
use super::{event, unchanged};
use crate::domain::Stock;
use crate::domain::dispute::{Dispute, Standing};
use crate::domain::order::Unmoved;

/// A payment is disputed.
#[derive(Debug, Clone)]
pub struct HearDispute {
    /// The payment since.
    pub payment: PaymentState,
}

impl Command for HearDispute {
    type Reply = ();

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        keys_of(&self.payment, docs)
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let Some(told) = self.payment.dispute.clone() else { return Ok(Change::nothing(())) };
        let before = complete_by(&self.payment, docs).ok_or(Refusal::NotFound)?;
        let dispute = heard(told, self.payment.version);
        let after = match before.value.clone().disputed(self.payment.id, dispute) {
            Ok(after) => after,
            // One that came to nothing has nobody to tell: its money went back in any case.
            Err(Unmoved::Known | Unmoved::NotPaid) => return Ok(Change::nothing(())),
            Err(unmoved) => return Err(Refusal::conflict(unmoved.to_string())),
        };
        let stock = docs.get::<Stock>(after.ticket.id).ok_or(Refusal::NotFound)?;
        let told = event(OrderKind::Updated, &after, before.version + 1, unchanged(&stock));
        Ok(Change::nothing(()).tell(&told).put(after))
    }
}

fn heard(told: DisputeState, version: u64) -> Dispute {
    let DisputeState { number, status, amount, taken, reason, opened_at, closed_at } = told;
    let standing = match status {
        DisputeStatus::Open => Standing::Open,
        DisputeStatus::Won => Standing::Won,
        DisputeStatus::Lost => Standing::Lost,
    };
    Dispute { heard: version, number, standing, amount, taken, reason, opened_at, closed_at }
}
