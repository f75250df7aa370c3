//! What a provider tells by itself: that something has become of a payment.

use common::id::PaymentId;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A provider's notice whose signature was good. It says where to look, never what to believe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The provider's name for it; a repeated one has the same.
    pub id: String,
    /// Which payment it is about.
    pub payment: PaymentId,
    /// What the provider says happened, for the record.
    pub kind: String,
    /// What it makes one ask about.
    #[serde(default)]
    pub about: About,
}

/// What a notice makes one ask a provider about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// Whether the money was taken, or given back.
    #[default]
    Charge,
    /// Whether a bank takes it back: that may be so long after all else is at its end.
    Dispute,
}

/// A notice that made a difference, remembered for ever so that it makes none again (I10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Which provider sent it.
    pub provider: String,
    /// What it said.
    pub notice: Notice,
    /// When.
    pub heard_at: Timestamp,
}

impl Heard {
    /// Its id: notices of two providers never meet.
    pub fn id_of(provider: &str, notice: &str) -> String {
        format!("{provider}:{notice}")
    }
}
