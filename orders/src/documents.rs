//! How orders, stocks and allowances are kept: their collections and index fields.

use common::command::Entity;
use common::store::{Collection, Field, Kind, Value};

use crate::domain::{Allowance, Order, Stock};

/// Every order.
pub static ORDERS: Collection = Collection {
    name: "orders",
    fields: &[
        Field { name: "buyer", kind: Kind::Text },
        // When the expiry may end it; absent once nothing can.
        Field { name: "due", kind: Kind::Integer },
    ],
    indexes: &[&["buyer"], &["due"]],
};

/// One stock for each ticket.
pub static STOCK: Collection = Collection { name: "stock", fields: &[], indexes: &[] };

/// One allowance for each ticket and buyer with live orders of it.
pub static ALLOWANCES: Collection = Collection { name: "allowances", fields: &[], indexes: &[] };

impl Entity for Order {
    const COLLECTION: &'static Collection = &ORDERS;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn fields(&self) -> Vec<Value> {
        let due = self.due().map_or(Value::Absent, |due| Value::Integer(due.as_millis()));
        vec![Value::Text(self.buyer.to_string()), due]
    }
}

impl Entity for Stock {
    const COLLECTION: &'static Collection = &STOCK;

    fn id(&self) -> String {
        self.listing.id.to_string()
    }
}

impl Entity for Allowance {
    const COLLECTION: &'static Collection = &ALLOWANCES;

    fn id(&self) -> String {
        Self::id_of(self.ticket, self.buyer)
    }
}
