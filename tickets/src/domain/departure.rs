//! A seller who has deleted their account: their tickets go off the market.

use std::time::Duration;

use common::id::UserId;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long after a seller has left their tickets are looked at once more: longer than a request
/// may take that was let in just before.
const ONCE_MORE_AFTER: Duration = Duration::from_secs(60);

/// A seller has left, and their tickets are to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// Who.
    pub seller: UserId,
    /// When to look. The first time is always now, whatever the clock says later.
    pub due: Timestamp,
    /// Whether that is the last time.
    pub last: bool,
}

impl Departure {
    /// Of a seller who has just left.
    pub fn of(seller: UserId) -> Self {
        Self { seller, due: Timestamp::from_millis(0), last: false }
    }

    /// What there is to do after their tickets have been looked at; `None` where nothing is.
    pub fn looked_at(&self, now: Timestamp) -> Option<Self> {
        let next = Self { seller: self.seller, due: now.plus(ONCE_MORE_AFTER), last: true };
        (!self.last).then_some(next)
    }
}
