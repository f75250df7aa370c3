//! Reads over the declared indexes. Nothing here commits.

pub mod audit;
pub mod books;
pub mod sales;

use std::time::Duration;

use common::command::{self, Key};
use common::execute::{Engine, Failure};
use common::id::{OrderId, PaymentId, UserId};
use common::store::{Document, Filter, Kind, Order as Sort, Position, Query, Value};
use common::time::Timestamp;

use crate::documents::{PAYABLES, PAYMENTS, RECEIPTS, REQUESTS};
use crate::domain::{Payable, Payment, Receipt};

/// How long a request to pay waits for word of an order that has only just been placed.
const PATIENCE: Duration = Duration::from_secs(1);

/// An order made longer ago than this has been heard of, or does not exist.
const RECENT: Duration = Duration::from_secs(5);

/// A payment and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Raised by every change.
    pub version: u64,
    /// The payment.
    pub payment: Payment,
}

/// The payment with this id.
///
/// # Errors
/// When the store cannot serve.
pub async fn payment(engine: &Engine, id: PaymentId) -> Result<Option<Seen>, Failure> {
    let document = engine.store().get(&PAYMENTS, &id.to_string()).await?;
    document.as_ref().map(seen).transpose()
}

/// What is known of an order.
///
/// # Errors
/// When the store cannot serve.
pub async fn payable(engine: &Engine, order: OrderId) -> Result<Option<Payable>, Failure> {
    let document = engine.store().get(&PAYABLES, &order.to_string()).await?;
    Ok(document.as_ref().map(command::read).transpose()?)
}

/// What is known of an order, after a moment's wait where it is so new that word of it may still be
/// on its way.
///
/// # Errors
/// When the store cannot serve.
pub async fn awaited(engine: &Engine, order: OrderId) -> Result<Option<Payable>, Failure> {
    let mut wait = engine.wait("order", [Key::of::<Payable>(order)], PATIENCE);
    let (now, made_at) = (engine.now(), order.0.made_at());
    let is_recent = now.since(made_at) <= RECENT && made_at.since(now) <= RECENT;
    loop {
        let known = payable(engine, order).await?;
        if known.is_some() || !is_recent || !wait.next().await {
            return Ok(known);
        }
    }
}

/// Payments to be looked at by `now`, those due longest first. One due implausibly far ahead counts
/// too: the clock has been set back since (I24).
///
/// # Errors
/// When the store cannot serve.
pub async fn due(
    engine: &Engine,
    now: Timestamp,
    ahead: Duration,
    limit: usize,
) -> Result<Vec<Payment>, Failure> {
    let find = |filter: Filter, limit: usize| Query {
        collection: &PAYMENTS,
        filters: vec![filter],
        order: Sort { field: Some("due"), descending: false },
        after: None,
        limit,
    };
    let late = Filter::AtMost("due", Value::Integer(now.as_millis()));
    let mut found = engine.store().find(find(late, limit)).await?;
    if found.len() < limit {
        let astray = Filter::AtLeast("due", Value::Integer(now.plus(ahead).as_millis()));
        found.extend(engine.store().find(find(astray, limit - found.len())).await?);
    }
    found.iter().map(|found| Ok(command::read(&found.document)?)).collect()
}

/// Payments about which something is still to be done, those to be looked at first first.
///
/// # Errors
/// When the store cannot serve.
pub async fn unresolved(engine: &Engine, limit: usize) -> Result<Vec<Payment>, Failure> {
    let query = Query {
        collection: &PAYMENTS,
        filters: vec![Filter::AtLeast("due", Value::Integer(i64::MIN))],
        order: Sort { field: Some("due"), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| Ok(command::read(&found.document)?)).collect()
}

/// What kind of value the list of payments is ordered by.
pub const ORDERED_BY: Kind = Kind::Text;

/// At most `limit` of a buyer's payments after `after`, of one order or of all, each with its
/// place: by the age of their orders, and those of one order by their own, oldest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn payments_of(
    engine: &Engine,
    buyer: UserId,
    order: Option<OrderId>,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<(Seen, Position)>, Failure> {
    let mut filters = vec![Filter::Equals("buyer", Value::Text(buyer.to_string()))];
    filters.extend(order.map(|order| Filter::Equals("order_id", Value::Text(order.to_string()))));
    // Ids tell the age of what they name.
    let by_order = Sort { field: Some("order_id"), descending: false };
    let query = Query { collection: &PAYMENTS, filters, order: by_order, after, limit };
    let found = engine.store().find(query).await?;
    found.into_iter().map(|found| Ok((seen(&found.document)?, found.position))).collect()
}

/// The receipt for a payment.
///
/// # Errors
/// When the store cannot serve.
pub async fn receipt(engine: &Engine, payment: PaymentId) -> Result<Option<Receipt>, Failure> {
    let document = engine.store().get(&RECEIPTS, &payment.to_string()).await?;
    Ok(document.as_ref().map(command::read).transpose()?)
}

/// Receipts that wait for a number, those that wait longest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn unnumbered(engine: &Engine, limit: usize) -> Result<Vec<Receipt>, Failure> {
    let query = Query {
        collection: &RECEIPTS,
        filters: vec![Filter::AtMost("waiting", Value::Integer(i64::MAX))],
        order: Sort { field: Some("waiting"), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| Ok(command::read(&found.document)?)).collect()
}

/// The ids of remembered requests whose time is over by `now`.
///
/// # Errors
/// When the store cannot serve.
pub async fn forgettable(
    engine: &Engine,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<String>, Failure> {
    let query = Query {
        collection: &REQUESTS,
        filters: vec![Filter::AtMost("expires", Value::Integer(now.as_millis()))],
        order: Sort { field: Some("expires"), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    Ok(found.into_iter().map(|found| found.document.id).collect())
}

fn seen(document: &Document) -> Result<Seen, Failure> {
    Ok(Seen { version: document.version, payment: command::read(document)? })
}
