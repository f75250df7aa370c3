//! What this service hears, as a table: an event's kind → the command it calls for.

use common::events::{Envelope, NotUnderstood, ORDERS};
use common::inbox::{Hears, Reaction};

use crate::commands::HearOrder;

/// The table.
pub fn hears() -> Vec<Hears> {
    vec![Hears { subject: ORDERS, read: order }]
}

fn order(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "order:created" | "order:updated" | "order:completed" | "order:cancelled" => {
            Ok(Reaction::command(HearOrder { order: envelope.data()? }))
        }
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}
