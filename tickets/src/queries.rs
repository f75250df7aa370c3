//! Reads over the declared indexes. Nothing here commits.

use common::execute::{Engine, Failure};
use common::id::TicketId;
use common::store::{Document, Filter, Order, Position, Query, Value};

use crate::commands::Versioned;
use crate::documents::TICKETS;
use crate::domain::{Place, Search, SortKey};

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

/// Some tickets in order, and where the rest of them begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The tickets.
    pub tickets: Vec<Versioned>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

/// At most `limit` of the tickets that `search` describes, those after `after` in its order.
///
/// # Errors
/// When the store cannot serve.
pub async fn page(
    engine: &Engine,
    search: &Search,
    after: Option<Place>,
    limit: usize,
) -> Result<Page, Failure> {
    let field = field(search.sort.key);
    let query = Query {
        collection: &TICKETS,
        filters: filters(search),
        order: Order { field: Some(field), descending: search.sort.descending },
        after: after
            .map(|place| Position { value: Value::Integer(place.value), id: place.id.to_string() }),
        // One more tells whether there is a next page.
        limit: limit + 1,
    };
    let mut found = engine.store().find(query).await?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = match found.last() {
        Some(last) if is_more => Some(place(&last.position)?),
        _ => None,
    };
    let tickets = found.iter().map(|found| read(&found.document)).collect::<Result<_, _>>()?;
    Ok(Page { tickets, next })
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

fn place(position: &Position) -> Result<Place, Failure> {
    match (&position.value, position.id.parse()) {
        (Value::Integer(value), Ok(id)) => Ok(Place { value: *value, id }),
        _ => Err(Failure::Broken(format!("tickets/{} has no place in its order", position.id))),
    }
}

fn read(document: &Document) -> Result<Versioned, Failure> {
    let ticket = serde_json::from_slice(&document.body).map_err(|cause| {
        Failure::Broken(format!("tickets/{} cannot be read: {cause}", document.id))
    })?;
    Ok(Versioned { version: document.version, ticket })
}
