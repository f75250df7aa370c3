//! Reads over the declared indexes. Nothing here commits.

use std::sync::Arc;
use std::time::Duration;

use common::command::{self, Key};
use common::execute::{Engine, Failure};
use common::id::{OrderId, TicketId, UserId};
use common::store::{Document, Filter, Order as Sort, Position, Query, Value};
use common::time::Timestamp;

use crate::commands::Placed;
use crate::documents::{ORDERS, STOCK};
use crate::domain::{Order, Stock};

/// How long a buyer's order waits for word of a ticket that has only just been put up.
const PATIENCE: Duration = Duration::from_millis(500);

/// A ticket made longer ago than this has been heard of, or does not exist.
const RECENT: Duration = Duration::from_secs(5);

/// The order with this id.
///
/// # Errors
/// When the store cannot serve.
pub async fn order(engine: &Engine, id: OrderId) -> Result<Option<Placed>, Failure> {
    let document = engine.store().get(&ORDERS, &id.to_string()).await?;
    document.as_ref().map(read).transpose()
}

/// A buyer's orders by age, oldest or newest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn orders_of(
    engine: &Engine,
    buyer: UserId,
    newest_first: bool,
    after: Option<OrderId>,
    limit: usize,
) -> Result<Vec<Placed>, Failure> {
    let query = Query {
        collection: &ORDERS,
        filters: vec![Filter::Equals("buyer", Value::Text(buyer.to_string()))],
        order: Sort { field: None, descending: newest_first },
        after: after.map(|id| Position { value: Value::Absent, id: id.to_string() }),
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| read(&found.document)).collect()
}

/// Orders that the expiry may end by `now`, those due longest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn due(engine: &Engine, now: Timestamp, limit: usize) -> Result<Vec<Order>, Failure> {
    let query = Query {
        collection: &ORDERS,
        filters: vec![Filter::AtMost("due", Value::Integer(now.as_millis()))],
        order: Sort { field: Some("due"), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| read(&found.document).map(|placed| placed.order)).collect()
}

/// Waits a moment for word of a ticket that was made only just now: it crosses services, and a
/// seller's friend may be quick. Whether it came is for the order to find out.
///
/// # Errors
/// When the store cannot serve.
pub async fn await_ticket(engine: &Arc<Engine>, id: TicketId) -> Result<(), Failure> {
    if engine.now().since(id.0.made_at()) > RECENT {
        return Ok(());
    }
    let mut wait = engine.wait("ticket", [Key::of::<Stock>(id)], PATIENCE);
    while engine.store().get(&STOCK, &id.to_string()).await?.is_none() && wait.next().await {}
    Ok(())
}

fn read(document: &Document) -> Result<Placed, Failure> {
    Ok(Placed { version: document.version, order: command::read(document)? })
}
