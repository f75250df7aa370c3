//! How tickets are kept: their collection and its index fields.

use common::command::Entity;
use common::store::{Collection, Field, Kind, Value};

use crate::domain::{Departure, Sale, Ticket, scale_price, words_of};

/// Every ticket that was ever put up. Those that have been withdrawn stay, with no index that finds
/// them.
pub static TICKETS: Collection = Collection {
    name: "tickets",
    fields: &[
        // 1 while a unit can be had; absent otherwise.
        Field { name: "on_sale", kind: Kind::Integer },
        Field { name: "created", kind: Kind::Integer },
        Field { name: "price", kind: Kind::Integer },
        Field { name: "starts", kind: Kind::Integer },
        Field { name: "seller", kind: Kind::Text },
        Field { name: "words", kind: Kind::Terms },
    ],
    indexes: &[
        &["on_sale", "created"],
        &["on_sale", "price"],
        &["on_sale", "starts"],
        &["seller", "created"],
    ],
};

/// Sellers who have left, until their tickets are off the market.
pub static DEPARTURES: Collection = Collection {
    name: "departures",
    fields: &[Field { name: "due", kind: Kind::Integer }],
    indexes: &[&["due"]],
};

/// What complete orders have bought.
pub static SALES: Collection = Collection { name: "sales", fields: &[], indexes: &[] };

impl Entity for Departure {
    const COLLECTION: &'static Collection = &DEPARTURES;

    fn id(&self) -> String {
        self.seller.to_string()
    }

    fn fields(&self) -> Vec<Value> {
        vec![Value::Integer(self.due.as_millis())]
    }
}

impl Entity for Sale {
    const COLLECTION: &'static Collection = &SALES;

    fn id(&self) -> String {
        self.order.to_string()
    }
}

impl Entity for Ticket {
    const COLLECTION: &'static Collection = &TICKETS;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn fields(&self) -> Vec<Value> {
        if !self.is_offered() {
            return vec![Value::Absent; TICKETS.fields.len()];
        }
        let starts = self.listing.event.as_ref().and_then(|event| event.starts_at);
        vec![
            if self.is_on_sale() { Value::Integer(1) } else { Value::Absent },
            Value::Integer(self.created_at.as_millis()),
            Value::Integer(scale_price(self.listing.price)),
            starts.map_or(Value::Absent, |starts| Value::Integer(starts.as_millis())),
            Value::Text(self.seller.to_string()),
            Value::Terms(words_of(self)),
        ]
    }
}
