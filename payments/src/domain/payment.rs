//! One attempt to pay one order, from the intent to its end.
//!
//! ```text
//! started ──▶ captured ──▶ refunding ──▶ refunded
//!    │                        ▲
//!    └─────▶ declined ────────┘   (a provider that took the money after all)
//! ```
//!
//! One that has completed its order stays captured, also where some or all of it is given back
//! because it was asked for ([`super::asked`]).

use std::time::Duration;

use common::id::{OrderId, PaymentId, UserId};
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::asked::Refund;
use super::dispute::{Dispute, Doubts};
use super::fee::Fee;
use super::means::Means;

/// Longest that a payment rests. What seems to be longer was decided before the clock was set
/// back.
pub const LONGEST_REST: Duration = Duration::from_secs(3_600);

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which one. Also the idempotency key under which the provider is asked.
    pub id: PaymentId,
    /// Who moves its money, from its beginning to its end.
    #[serde(default = "sandbox")]
    pub provider: String,
    /// What it pays.
    pub order: OrderId,
    /// Who pays.
    pub buyer: UserId,
    /// How much.
    pub amount: Money,
    /// What the platform keeps of it if its order is complete by it: what was in force when it
    /// began.
    #[serde(default, skip_serializing_if = "Fee::is_none")]
    pub fee: Fee,
    /// When it began.
    pub created_at: Timestamp,
    /// The request that it goes back to.
    pub trace: String,
    /// When to look at it next; `None` once nothing can follow by itself.
    pub due: Option<Timestamp>,
    /// How often it has been looked at in vain.
    pub looks: u32,
    /// How many keys of what is to be given back of it are burnt: under each its provider remembers
    /// a refusal or a failure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub burnt: u32,
    /// Money of it is on its way back, and the provider is not asked how far it has got before
    /// this, unless it says that there is news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_until: Option<Timestamp>,
    /// What of it was asked back since its order is complete, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// What its provider has said of disputes, in the order in which they were learned of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    /// Whether its provider is to be asked for them.
    #[serde(default, skip_serializing_if = "Doubts::are_none")]
    pub doubts: Doubts,
    /// Where it stands.
    pub state: State,
}

/// Where a payment stands, with just what is known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum State {
    /// Asked for; not known to be taken.
    Started {
        /// With what. It goes with this state.
        #[serde(flatten)]
        means: Means,
        /// The provider's name for it, where it has been made there: nothing is asked for before
        /// that is committed, so no money is ever taken under a name that was forgotten.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opened: Option<String>,
    },
    /// Taken.
    Captured {
        /// The provider's name for it.
        reference: String,
        /// When this service learned of it.
        captured_at: Timestamp,
    },
    /// Refused: no money moved.
    Declined {
        /// Why.
        decline: Decline,
        /// When this service learned of it.
        declined_at: Timestamp,
    },
    /// Taken, and to be given back.
    Refunding {
        /// The provider's name for the capture.
        reference: String,
        /// When this service learned of the capture.
        captured_at: Timestamp,
    },
    /// Given back.
    Refunded {
        /// The provider's name for the capture.
        reference: String,
        /// When this service learned of the capture.
        captured_at: Timestamp,
        /// The provider's name for the refund.
        refund: String,
        /// When this service learned of the refund.
        refunded_at: Timestamp,
    },
}

/// Why a provider took no money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// For programs.
    pub code: String,
    /// For the buyer.
    pub message: String,
    /// The field of the request that is at fault, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// What a payment should do and cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unmoved {
    /// It is already there: nothing to do.
    #[error("the payment is already there")]
    Already,
    /// It cannot get there from where it stands: somebody has to look.
    #[error("the payment cannot get there from where it stands")]
    Impossible,
}

impl Payment {
    /// The provider has made it, under this name: the one under which it is looked after from now
    /// on.
    ///
    /// # Errors
    /// Where it has a name already, or where its end is known.
    pub fn opened(self, reference: String) -> Result<Self, Unmoved> {
        let state = match self.state {
            State::Started { means, opened: None } => {
                State::Started { means, opened: Some(reference) }
            }
            State::Started { opened: Some(_), .. } => return Err(Unmoved::Already),
            State::Declined { .. }
            | State::Captured { .. }
            | State::Refunding { .. }
            | State::Refunded { .. } => return Err(Unmoved::Impossible),
        };
        Ok(Self { state, ..self })
    }

    /// The money was taken. Where it had been declined before, it is to be given back: the buyer
    /// was told that no money moved, and may have paid again since.
    ///
    /// # Errors
    /// Where that is known already.
    pub fn captured(self, reference: String, now: Timestamp) -> Result<Self, Unmoved> {
        let state = match self.state {
            State::Started { .. } => State::Captured { reference, captured_at: now },
            State::Declined { .. } => State::Refunding { reference, captured_at: now },
            State::Captured { .. } | State::Refunding { .. } | State::Refunded { .. } => {
                return Err(Unmoved::Already);
            }
        };
        Ok(Self { state, due: Some(now), looks: 0, ..self })
    }

    /// The money was not taken, and will not be.
    ///
    /// # Errors
    /// Where that is known already, or where the money was taken.
    pub fn declined(self, decline: Decline, now: Timestamp) -> Result<Self, Unmoved> {
        let state = match self.state {
            State::Started { .. } => State::Declined { decline, declined_at: now },
            State::Declined { .. } => return Err(Unmoved::Already),
            State::Captured { .. } | State::Refunding { .. } | State::Refunded { .. } => {
                return Err(Unmoved::Impossible);
            }
        };
        Ok(Self { state, due: None, looks: 0, ..self })
    }

    /// The money is to be given back.
    ///
    /// # Errors
    /// Where that is so already, or where no money was taken.
    pub fn refund(self, now: Timestamp) -> Result<Self, Unmoved> {
        let state = match self.state {
            State::Captured { reference, captured_at } => {
                State::Refunding { reference, captured_at }
            }
            State::Refunding { .. } | State::Refunded { .. } => return Err(Unmoved::Already),
            State::Started { .. } | State::Declined { .. } => return Err(Unmoved::Impossible),
        };
        Ok(Self { state, due: Some(now), looks: 0, rests_until: None, ..self })
    }

    /// The money has been given back.
    ///
    /// # Errors
    /// Where that is known already, or where it was not to be given back.
    pub fn refunded(self, refund: String, now: Timestamp) -> Result<Self, Unmoved> {
        let state = match self.state {
            State::Refunding { reference, captured_at } => {
                State::Refunded { reference, captured_at, refund, refunded_at: now }
            }
            State::Refunded { .. } => return Err(Unmoved::Already),
            State::Started { .. } | State::Captured { .. } | State::Declined { .. } => {
                return Err(Unmoved::Impossible);
            }
        };
        let due = self.doubts.are_open().then_some(now);
        Ok(Self { state, due, looks: 0, burnt: 0, rests_until: None, ..self })
    }

    /// Its order is complete by it: nothing follows by itself, unless something of it was asked
    /// back and is not given back yet, or a dispute is to be asked about.
    #[must_use]
    pub fn at_rest(self) -> Self {
        if self.owed().is_some() || self.doubts.are_open() {
            return self;
        }
        Self { due: None, looks: 0, ..self }
    }

    /// Whether its provider is not to be asked how far the money is on its way back.
    pub fn rests(&self, now: Timestamp) -> bool {
        let until = self.rests_until.filter(|until| *until <= now.plus(LONGEST_REST));
        until.is_some_and(|until| until > now)
    }

    /// There is news of it: it is to be looked at at `due`, whether it rests or not.
    #[must_use]
    pub fn woken(self, due: Timestamp) -> Self {
        Self { due: Some(due), rests_until: None, ..self }
    }

    /// It is to be looked at again at `due`.
    #[must_use]
    pub fn look_at(self, due: Timestamp) -> Self {
        Self { due: Some(due), ..self }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Who moved the money of payments that were stored before there was a choice.
fn sandbox() -> String {
    "sandbox".to_owned()
}
