//! What this service hears, as a table: an event's kind → the command it calls for. All of it is
//! about letters; where none are sent it is heard all the same, and calls for nothing, so that who
//! begins to send some is not told of everything that ever happened.

use common::events::{Envelope, NotUnderstood, ORDERS, PAYMENTS};
use common::inbox::{Hears, Reaction};

use crate::commands::{HearDispute, HearOrder, HearRefund};

/// The table of a service that sends letters.
pub fn hears() -> Vec<Hears> {
    vec![Hears { subject: ORDERS, read: order }, Hears { subject: PAYMENTS, read: payment }]
}

/// The table of one that does not.
pub fn hears_in_vain() -> Vec<Hears> {
    let read = |_: &Envelope| Ok(Reaction::nothing());
    vec![Hears { subject: ORDERS, read }, Hears { subject: PAYMENTS, read }]
}

fn order(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "order:completed" | "order:cancelled" => {
            let order = HearOrder { order: envelope.data()?, at: envelope.at };
            Ok(match order.calls_for_letters() {
                true => Reaction::command(order),
                false => Reaction::nothing(),
            })
        }
        "order:updated" => {
            let order = HearDispute { order: envelope.data()? };
            Ok(match order.calls_for_letter() {
                true => Reaction::command(order),
                false => Reaction::nothing(),
            })
        }
        "order:created" => Ok(Reaction::nothing()),
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}

fn payment(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "payment:refunded" | "payment:returned" => {
            Ok(Reaction::command(HearRefund { payment: envelope.data()?, at: envelope.at }))
        }
        // Of a dispute orders tell, who know whom it concerns.
        "payment:started" | "payment:captured" | "payment:declined" | "payment:disputed" => {
            Ok(Reaction::nothing())
        }
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}
