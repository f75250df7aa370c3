//! Wire types ↔ commands and queries. No rules are decided here.

use axum::extract::{Path, State};
use axum::response::Response;
use common::execute::{Engine, Failure};
use common::http::{Fields, Kit, Problem, Read, Resource, Write, path_id};
use common::id::TicketId;
use common::money::Currency;
use common::replies::Answer;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::bodies::{NewTicket, TicketEdit};
use crate::commands::{Create, EditTicket, Versioned, Withdraw};
use crate::domain::{
    Edit, Listing, MAX_DESCRIPTION, MAX_EVENT_TEXT, MAX_QUANTITY, MAX_QUERY_WORDS, MAX_TITLE,
    Patch, Search, Show, Sort, Ticket, words,
};
use crate::queries;
use crate::views::{TicketQuery, TicketView};

/// Longest search, in characters.
const MAX_QUERY: usize = 200;

/// This service's routes.
pub fn routes(kit: Kit) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, edit, withdraw))
        .routes(routes!(watch))
        .with_state(kit)
}

/// Put a ticket up for sale
#[utoipa::path(
    operation_id = "createTicket",
    post, path = "/api/tickets", tag = "tickets", request_body = NewTicket,
    security(("session" = [])),
    responses(
        (status = 201, description = "The ticket", body = TicketView),
    )
)]
async fn create(State(kit): State<Kit>, request: Write) -> Result<Response, Problem> {
    let seller = request.session()?.user_id;
    let mut fields = request.fields()?;
    let currency = fields.currency("currency", Currency::USD);
    let (title, price) = (fields.text("title", 1..=MAX_TITLE), fields.price("price", currency));
    let (description, event, quantity) =
        (description(&mut fields), event(&mut fields), quantity(&mut fields));
    let (Some(title), Some(price)) = (title, price) else { return Err(fields.refusal().into()) };
    fields.check()?;
    let (description, quantity) =
        (description.filter(|text| !text.is_empty()), quantity.unwrap_or(1));
    let command =
        Create { seller, listing: Listing { title, description, price, quantity, event } };
    let render = |new: &Versioned| {
        let at = format!("/api/tickets/{}", new.ticket.id);
        Answer::created(&TicketView::of(new)).with_etag(new.version).with_location(at)
    };
    request.run(kit.engine(), command, render).await
}

/// List the tickets on sale
///
/// Newest first unless `sort` says otherwise.
#[utoipa::path(
    operation_id = "listTickets",
    get, path = "/api/tickets", tag = "tickets", params(TicketQuery),
    responses(
        (status = 200, description = "One page of tickets", body = Vec<TicketView>),
    )
)]
async fn list(State(kit): State<Kit>, request: Read) -> Result<Response, Problem> {
    let mut params = request.query();
    let sort = params.one_of("sort", &Sort::NAMES).and_then(Sort::named).unwrap_or_default();
    let seller = params.id("seller");
    let search = Search {
        words: params.text("q", MAX_QUERY).map(|q| search_words(&q)).unwrap_or_default(),
        min_price: params.price("minPrice", Currency::FINEST).map(|price| price.minor),
        max_price: params.price("maxPrice", Currency::FINEST).map(|price| price.minor),
        from: params.time("from"),
        to: params.time("to"),
        seller,
        sold_out_too: seller.is_some() && seller == request.session_if_any().map(|s| s.user_id),
        sort,
    };
    let page = params.page(sort.name(), Some(queries::ORDERED_BY));
    params.check()?;
    let found = queries::tickets(kit.engine(), &search, page.after.clone(), page.fetch()).await?;
    let (found, next) = page.cut(found, |(_, position)| position.clone());
    let views: Vec<_> = found.iter().map(|(ticket, _)| TicketView::of(ticket)).collect();
    Ok(request.page(&views, next))
}

/// Show a ticket
#[utoipa::path(
    operation_id = "showTicket",
    get, path = "/api/tickets/{id}", tag = "tickets",
    params(("id" = String, Path, description = "The ticket's id")),
    responses(
        (status = 200, description = "The ticket", body = TicketView),
    )
)]
async fn show(Path(id): Path<String>, request: Read) -> Result<Response, Problem> {
    request.show::<Versioned>(&id).await
}

/// Change one of one's own tickets
///
/// Orders that exist already stay as they are. A ticket of one unit cannot be changed while it is
/// reserved or sold, and the quantity of others cannot fall below what is taken.
#[utoipa::path(
    operation_id = "editTicket",
    put, path = "/api/tickets/{id}", tag = "tickets", request_body = TicketEdit,
    security(("session" = [])),
    params(("id" = String, Path, description = "The ticket's id")),
    responses(
        (status = 200, description = "The ticket since", body = TicketView),
    )
)]
async fn edit(
    State(kit): State<Kit>,
    Path(id): Path<String>,
    request: Write,
) -> Result<Response, Problem> {
    let seller = request.session()?.user_id;
    let mut fields = request.fields()?;
    let seen = request.if_match()?;
    // Prices are read in the ticket's currency, which never changes; where there is no ticket, that
    // comes out later.
    let found = match path_id::<TicketId>(&id) {
        Ok(id) => queries::ticket(kit.engine(), id).await?,
        Err(_) => None,
    };
    let priced = found.map_or(Currency::USD, |found| found.ticket.listing.price.currency);
    let currency = fields.currency("currency", priced);
    let (title, price) = (fields.text("title", 1..=MAX_TITLE), fields.price("price", currency));
    let (description, event, quantity) =
        (description(&mut fields), event(&mut fields), quantity(&mut fields));
    let (Some(title), Some(price)) = (title, price) else { return Err(fields.refusal().into()) };
    let (no_description, no_event) = (fields.is_null("description"), fields.is_null("event"));
    fields.check()?;
    let description = match description {
        // An empty text says as much as none.
        Some(text) if !text.is_empty() => Patch::Set(text),
        None if !no_description => Patch::Keep,
        _ => Patch::Clear,
    };
    let event = match event {
        Some(event) => Patch::Set(event),
        None if no_event => Patch::Clear,
        None => Patch::Keep,
    };
    let edit = Edit { title, price, description, quantity, event };
    let command = EditTicket { id: path_id(&id)?, seller, seen, edit };
    let render = |new: &Versioned| Answer::ok(&TicketView::of(new)).with_etag(new.version);
    request.run(kit.engine(), command, render).await
}

/// Withdraw one of one's own tickets
#[utoipa::path(
    operation_id = "withdrawTicket",
    delete, path = "/api/tickets/{id}", tag = "tickets",
    security(("session" = [])),
    params(("id" = String, Path, description = "The ticket's id")),
    responses(
        (status = 204, description = "The ticket is gone"),
    )
)]
async fn withdraw(
    State(kit): State<Kit>,
    Path(id): Path<String>,
    request: Write,
) -> Result<Response, Problem> {
    let seller = request.session()?.user_id;
    request.fields_if_any()?;
    let seen = request.if_match()?;
    let command = Withdraw { id: path_id(&id)?, seller, seen };
    request.run(kit.engine(), command, |()| Answer::empty(204)).await
}

/// Watch a ticket
///
/// A stream of Server-Sent Events. The first `ticket` event comes at once, and another with every
/// change; the data of each is the ticket as `GET /api/tickets/{id}` gives it. The stream ends when
/// the ticket is withdrawn.
#[utoipa::path(
    operation_id = "watchTicket",
    get, path = "/api/tickets/{id}/live", tag = "tickets",
    params(("id" = String, Path, description = "The ticket's id")),
    responses(
        (
            status = 200, description = "The stream",
            body = String, content_type = "text/event-stream",
        ),
    )
)]
async fn watch(Path(id): Path<String>, request: Read) -> Result<Response, Problem> {
    request.watch::<Versioned>(&id).await
}

impl Resource for Versioned {
    type Id = TicketId;
    type Document = Ticket;

    const EVENT: &'static str = "ticket";

    async fn find(engine: &Engine, id: TicketId) -> Result<Option<Self>, Failure> {
        queries::ticket(engine, id).await
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn view(&self) -> impl Serialize {
        TicketView::of(self)
    }
}

/// The words of a search, each once.
fn search_words(q: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(q) {
        // The last one may be unfinished, and so counts though it is there already.
        found.retain(|known| *known != word);
        found.push(word);
        if found.len() == MAX_QUERY_WORDS {
            break;
        }
    }
    found
}

fn quantity(fields: &mut Fields) -> Option<u32> {
    let quantity = fields.optional_integer("quantity", 1..=i64::from(MAX_QUANTITY))?;
    u32::try_from(quantity).ok()
}

fn description(fields: &mut Fields) -> Option<String> {
    fields.optional_text("description", 0..=MAX_DESCRIPTION)
}

fn event(fields: &mut Fields) -> Option<Show> {
    let mut event = fields.object("event")?;
    // A name that is missing has been noted as a fault, which ends the reading of the whole.
    let name = event.text("name", 1..=MAX_EVENT_TEXT);
    let venue = event.optional_text("venue", 0..=MAX_EVENT_TEXT).filter(|venue| !venue.is_empty());
    let starts_at = event.optional_time("startsAt");
    let time_zone = event.optional_time_zone("timeZone");
    Some(Show { name: name?, venue, starts_at, time_zone })
}
