//! An order that is paid: what one of a ticket's buyers has bought.

use common::id::{OrderId, TicketId};
use serde::{Deserialize, Serialize};

/// What a complete order has bought. Kept for each, so that what is heard twice counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// By which order.
    pub order: OrderId,
    /// Of which ticket.
    pub ticket: TicketId,
    /// How many units, without those that went back on sale since. They only ever become fewer.
    pub units: u32,
}
