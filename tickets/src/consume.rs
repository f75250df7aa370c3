//! What this service hears, as a table: an event's kind → the command it calls for.

use common::events::{Envelope, NotUnderstood, ORDERS, OrderState, USERS};
use common::inbox::{Hears, Reaction};
use common::session;

use crate::commands::{ApplyOrder, SellerLeft};

/// The table.
pub fn hears() -> Vec<Hears> {
    vec![Hears { subject: ORDERS, read: order }, Hears { subject: USERS, read: user }]
}

fn order(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "order:created" | "order:updated" | "order:completed" | "order:cancelled" => {
            let order: OrderState = envelope.data()?;
            Ok(match order.stock {
                Some(stock) => Reaction::command(ApplyOrder { ticket: order.ticket.id, stock }),
                // An order that went on without changing who has what.
                None => Reaction::nothing(),
            })
        }
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}

/// As every service hears of accounts; those that are gone have tickets here besides.
fn user(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "user:deleted" => Ok(Reaction::command(SellerLeft { revocation: envelope.data()? })),
        _ => (session::hears().read)(envelope),
    }
}
