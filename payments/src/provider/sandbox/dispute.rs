//! What a buyer's bank does about a charge, if anything: by its card's token.

use std::time::Duration;

use common::money::Money;
use serde::{Deserialize, Serialize};

use super::ledger::Charged;
use crate::domain::{Standing, Told};

/// How long a buyer's bank takes for each step of a dispute.
pub(super) const BANK: Duration = Duration::from_secs(3);

/// A dispute of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// How it ends; it stays open without this.
    pub ends: Option<Standing>,
    /// Where it stands; nowhere before it is opened.
    pub standing: Option<Standing>,
    /// How much it is about, in minor units, once it is opened.
    pub amount: i64,
}

impl Dispute {
    /// Where it stands next, if anything more happens.
    pub(super) fn next(&self) -> Option<Standing> {
        match self.standing {
            None => Some(Standing::Open),
            Some(Standing::Open) => self.ends,
            Some(Standing::Won | Standing::Lost) => None,
        }
    }
}

impl Charged {
    /// It, once its buyer's bank has taken the step of a dispute that is planned, if one is.
    pub(super) fn disputed(self) -> Self {
        let Some(standing) = self.plan.and_then(|plan| plan.dispute) else { return self };
        let left = self.amount.minor - self.returned;
        let dispute = self.dispute.map(|dispute| {
            let amount = if dispute.standing.is_none() { left } else { dispute.amount };
            Dispute { standing: Some(standing), amount, ..dispute }
        });
        Self { dispute, ..self }
    }

    /// How much of it the bank has, in minor units.
    pub(super) fn taken(&self) -> i64 {
        let dispute = self
            .dispute
            .filter(|dispute| matches!(dispute.standing, Some(Standing::Open | Standing::Lost)));
        dispute.map_or(0, |dispute| dispute.amount)
    }

    /// What a caller is told of its dispute.
    pub(super) fn told_of_dispute(&self) -> Option<Told> {
        let dispute = self.dispute?;
        Some(Told {
            reference: format!("dp_{}", self.payment),
            amount: Money { minor: dispute.amount, ..self.amount },
            reason: "fraudulent".to_owned(),
            standing: dispute.standing?,
            taken: self.taken(),
            fee: None,
        })
    }
}
