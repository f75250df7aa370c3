//! How payments, payables and the ledger are kept: their collections and index fields.

use common::command::Entity;
use common::store::{Collection, Field, Kind, Value};

use crate::domain::{Entry, EntryKind, Heard, PaidTo, Payable, Payment, Receipt, Request, Series};

/// Every attempt to pay.
pub static PAYMENTS: Collection = Collection {
    name: "payments",
    fields: &[
        // When to look at it next; absent once nothing can follow by itself.
        Field { name: "due", kind: Kind::Integer },
        Field { name: "buyer", kind: Kind::Text },
        Field { name: "order_id", kind: Kind::Text },
    ],
    indexes: &[&["due"], &["buyer", "order_id"]],
};

/// A copy of every order.
pub static PAYABLES: Collection = Collection { name: "payables", fields: &[], indexes: &[] };

/// The books.
pub static LEDGER: Collection = Collection {
    name: "ledger",
    fields: &[
        // The seller: of an entry that books a sale, and of one that takes from their balance.
        Field { name: "sold_by", kind: Kind::Text },
        Field { name: "taken_from", kind: Kind::Text },
    ],
    indexes: &[&["sold_by"], &["taken_from"]],
};

/// How much each seller was paid, a document for each currency.
pub static PAID_TO: Collection = Collection { name: "paid_to", fields: &[], indexes: &[] };

/// A receipt for each payment that has completed an order.
pub static RECEIPTS: Collection = Collection {
    name: "receipts",
    // Since when it waits for its number; absent once it has one.
    fields: &[Field { name: "waiting", kind: Kind::Integer }],
    indexes: &[&["waiting"]],
};

/// How far the numbers of receipts have got, a document for each year.
pub static SERIES: Collection = Collection { name: "receipt_series", fields: &[], indexes: &[] };

/// Requests that were made under an idempotency key.
pub static REQUESTS: Collection = Collection {
    name: "requests",
    fields: &[Field { name: "expires", kind: Kind::Integer }],
    indexes: &[&["expires"]],
};

/// Providers' notices that made a difference.
pub static NOTICES: Collection = Collection { name: "webhook_notices", fields: &[], indexes: &[] };

impl Entity for Payment {
    const COLLECTION: &'static Collection = &PAYMENTS;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn fields(&self) -> Vec<Value> {
        let due = self.due.map_or(Value::Absent, |due| Value::Integer(due.as_millis()));
        vec![due, Value::Text(self.buyer.to_string()), Value::Text(self.order.to_string())]
    }
}

impl Entity for Payable {
    const COLLECTION: &'static Collection = &PAYABLES;

    fn id(&self) -> String {
        self.order.to_string()
    }
}

impl Entity for Entry {
    const COLLECTION: &'static Collection = &LEDGER;

    fn id(&self) -> String {
        Self::id(self)
    }

    fn fields(&self) -> Vec<Value> {
        let seller = self.seller.map_or(Value::Absent, |seller| Value::Text(seller.to_string()));
        match self.kind {
            EntryKind::Earned => vec![seller, Value::Absent],
            _ => vec![Value::Absent, seller],
        }
    }
}

impl Entity for PaidTo {
    const COLLECTION: &'static Collection = &PAID_TO;

    fn id(&self) -> String {
        Self::id_of(self.seller, self.currency)
    }
}

impl Entity for Receipt {
    const COLLECTION: &'static Collection = &RECEIPTS;

    fn id(&self) -> String {
        self.payment.to_string()
    }

    fn fields(&self) -> Vec<Value> {
        let waiting = Value::Integer(self.since.as_millis());
        vec![if self.issued.is_some() { Value::Absent } else { waiting }]
    }
}

impl Entity for Series {
    const COLLECTION: &'static Collection = &SERIES;

    fn id(&self) -> String {
        self.year.to_string()
    }
}

impl Entity for Request {
    const COLLECTION: &'static Collection = &REQUESTS;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn fields(&self) -> Vec<Value> {
        vec![Value::Integer(self.expires.as_millis())]
    }
}

impl Entity for Heard {
    const COLLECTION: &'static Collection = &NOTICES;

    fn id(&self) -> String {
        Self::id_of(&self.provider, &self.notice.id)
    }
}
