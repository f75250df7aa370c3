//! The copy of what the orders service says of a ticket's units. That service alone decides who
//! gets one.

use common::id::OrderId;
use serde::{Deserialize, Serialize};

/// How many of a ticket's units are taken, as far as it is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// The version of the stock that this was copied from; `None` until the first order is heard
    /// of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock_version: Option<u64>,
    /// Units in live orders.
    pub taken: u32,
    /// The live order that holds the only unit, of a ticket that has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<OrderId>,
}

impl Reservation {
    /// What the orders service says at `stock_version`.
    pub fn heard(stock_version: u64, taken: u32, holder: Option<OrderId>) -> Self {
        Self { stock_version: Some(stock_version), taken, holder }
    }

    /// Whether this says more than `known`: the stock's newest word wins, in whatever order its
    /// words come (I11).
    pub fn is_newer_than(&self, known: &Self) -> bool {
        self.stock_version > known.stock_version
    }
}
