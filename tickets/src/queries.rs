//! Reads over the declared indexes. Nothing here commits.

use common::command;
use common::execute::{Engine, Failure};
use common::id::TicketId;
use common::store::{Document, Filter, Kind, Order, Position, Query, Value};
use common::time::Timestamp;

use crate::commands::Versioned;
use crate::documents::{DEPARTURES, TICKETS};
use crate::domain::{Departure, Search, SortKey};

/// The ticket with this id, unless it has been withdrawn.
///
/// # Errors
/// When the store cannot serve.
pub async fn ticket(engine: &Engine, id: TicketId) -> Result<Option<Versioned>, Failure> {
    let Some(document) = engine.store().get(&TICKETS, &id.to_string()).await? else {
        return Ok(None);
    };
    Ok(Some(read(&document)?).filter(|found| found.ticket.is_offered()))
}

/// What kind of value every list of tickets is ordered by.
pub const ORDERED_BY: Kind = Kind::Integer;

/// At most `limit` of the tickets that `search` describes, those after `after` in its order, each
/// with its place.
///
/// # Errors
/// When the store cannot serve.
pub async fn tickets(
    engine: &Engine,
    search: &Search,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<(Versioned, Position)>, Failure> {
    let order = Order { field: Some(field(search.sort.key)), descending: search.sort.descending };
    let query = Query { collection: &TICKETS, filters: filters(search), order, after, limit };
    let found = engine.store().find(query).await?;
    found.into_iter().map(|found| Ok((read(&found.document)?, found.position))).collect()
}

/// Departures to be looked at by `now`, those due longest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn departures(
    engine: &Engine,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Departure>, Failure> {
    let query = Query {
        collection: &DEPARTURES,
        filters: vec![Filter::AtMost("due", Value::Integer(now.as_millis()))],
        order: Order { field: Some("due"), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| Ok(command::read(&found.document)?)).collect()
}

fn field(key: SortKey) -> &'static str {
    match key {
        SortKey::CreatedAt => "created",
        SortKey::Price => "price",
        SortKey::StartsAt => "starts",
    }
}

fn filters(search: &Search) -> Vec<Filter> {
    let mut filters = Vec::new();
    if !search.sold_out_too {
        filters.push(Filter::Equals("on_sale", Value::Integer(1)));
    }
    if let Some(seller) = search.seller {
        filters.push(Filter::Equals("seller", Value::Text(seller.to_string())));
    }
    let least = [("price", search.min_price), ("starts", search.from.map(|at| at.as_millis()))];
    for (field, least) in least {
        filters.extend(least.map(|least| Filter::AtLeast(field, Value::Integer(least))));
    }
    let most = [("price", search.max_price), ("starts", search.to.map(|at| at.as_millis()))];
    for (field, most) in most {
        filters.extend(most.map(|most| Filter::AtMost(field, Value::Integer(most))));
    }
    for (index, word) in search.words.iter().enumerate() {
        // Who types sees results before the last word is complete.
        let prefix = index + 1 == search.words.len();
        filters.push(Filter::Term { field: "words", word: word.clone(), prefix });
    }
    filters
}

fn read(document: &Document) -> Result<Versioned, Failure> {
    Ok(Versioned { version: document.version, ticket: command::read(document)? })
}
