//! What this service hears, as a table: an event's kind → the command it calls for.

use common::events::{Envelope, NotUnderstood, ORDERS, OrderState, OrderStatus, USERS};
use common::inbox::{Hears, Reaction};
use common::session;

use crate::commands::{ApplyOrder, SellerLeft};
use crate::domain::Sale;

/// The table.
pub fn hears() -> Vec<Hears> {
    vec![Hears { subject: ORDERS, read: order }, Hears { subject: USERS, read: user }]
}

fn order(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "order:created" | "order:updated" | "order:completed" | "order:cancelled" => {
            let order: OrderState = envelope.data()?;
            let (ticket, sale) = (order.ticket.id, sale(&order));
            Ok(match order.stock {
                Some(stock) => Reaction::command(ApplyOrder { ticket, stock, sale }),
                // An order that went on without changing who has what.
                None => Reaction::nothing(),
            })
        }
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}

/// What an order has bought, once it is complete: without what went back on sale since.
fn sale(order: &OrderState) -> Option<Sale> {
    let returned = order.refund.as_ref().map_or(0, |refund| refund.units);
    (order.status == OrderStatus::Complete).then_some(Sale {
        order: order.id,
        ticket: order.ticket.id,
        units: order.quantity.saturating_sub(returned),
    })
}

/// As every service hears of accounts; those that are gone have tickets here besides.
fn user(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "user:deleted" => Ok(Reaction::command(SellerLeft { revocation: envelope.data()? })),
        _ => (session::hears().read)(envelope),
    }
}
