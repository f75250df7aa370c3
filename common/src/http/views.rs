//! What several services show alike.

use serde::Serialize;
use utoipa::ToSchema;

use crate::events::{DisputeState, DisputeStatus};
use crate::money::Major;
use crate::time::Timestamp;

// Describes `DisputeStatus`, which knows nothing of OpenAPI.
/// Where a dispute stands: the bank has not decided; the money is the seller's after all; the buyer
/// has the money back.
#[derive(Debug, ToSchema)]
#[schema(as = DisputeStatus, rename_all = "lowercase")]
pub enum DisputeStanding {
    /// The bank has not decided.
    Open,
    /// The money is the seller's after all.
    Won,
    /// The buyer has the money back.
    Lost,
}

/// The buyer's bank takes back what was paid. The order stays complete.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Dispute)]
pub struct DisputeView {
    /// Where it stands.
    #[schema(value_type = DisputeStanding)]
    status: DisputeStatus,
    /// How much it is about, in major units.
    #[schema(value_type = f64, example = 20.5)]
    amount: Major,
    /// How much of the money is with the bank because of it, in major units.
    #[schema(value_type = f64, example = 20.5)]
    taken: Major,
    /// Why, in the payment provider's word for it.
    #[schema(example = "fraudulent")]
    reason: String,
    /// When it was first known.
    #[schema(value_type = String, format = DateTime, example = "2030-07-01T19:30:00.000Z")]
    opened_at: Timestamp,
    /// When it was known how it ended, once it has.
    #[schema(value_type = Option<String>, format = DateTime, example = "2030-08-01T19:30:00.000Z")]
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
}

impl DisputeView {
    /// A dispute as its buyer and its seller see it.
    pub fn of(dispute: &DisputeState) -> Self {
        Self {
            status: dispute.status,
            amount: Major(dispute.amount),
            taken: Major(dispute.taken),
            reason: dispute.reason.clone(),
            opened_at: dispute.opened_at,
            closed_at: dispute.closed_at,
        }
    }
}
