//! What this service hears, as a table: an event's kind → the command it calls for.

use std::time::Duration;

use common::events::{Envelope, NotUnderstood, PAYMENTS, TICKETS};
use common::inbox::{Hears, Reaction};

use crate::commands::{HearDispute, HearPayment, HearRefund, HearTicket};

/// How long a payment on its way holds the expiry off, counted from when this service hears of it.
/// Longer than a provider takes to answer, short enough that units of a payment that nobody hears
/// of again are sold the same hour.
pub const PAYMENT_HOLD: Duration = Duration::from_secs(60);

/// The table.
pub fn hears() -> Vec<Hears> {
    vec![Hears { subject: TICKETS, read: ticket }, Hears { subject: PAYMENTS, read: payment }]
}

fn ticket(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "ticket:created" | "ticket:updated" | "ticket:deleted" => {
            Ok(Reaction::command(HearTicket { ticket: envelope.data()? }))
        }
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}

fn payment(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "payment:started" | "payment:captured" | "payment:declined" => {
            let payment = envelope.data()?;
            Ok(Reaction::command(HearPayment { payment, hold: PAYMENT_HOLD }))
        }
        "payment:returned" => Ok(Reaction::command(HearRefund { payment: envelope.data()? })),
        "payment:disputed" => Ok(Reaction::command(HearDispute { payment: envelope.data()? })),
        "payment:refunded" => Ok(Reaction::nothing()),
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}
