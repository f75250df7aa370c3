//! Wire types ↔ commands and queries. No rules are decided here.

use std::time::Duration;

use axum::extract::{FromRef, Path, State};
use axum::response::Response;
use common::execute::{Engine, Failure};
use common::http::{Errors, Kit, Owned, Problem, Read, Resource, Write, own, path_id};
use common::id::{OrderId, TicketId, UserId};
use common::money::Currency;
use common::replies::Answer;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::commands::{Cancel, Place, Placed, SeenPrice};
use crate::domain::Order;
use crate::queries;
use crate::views::{NewOrder, OrderView};

/// Most units of one order: as many as a ticket can have.
const MAX_QUANTITY: i64 = 100_000;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    /// What every service's handlers share.
    pub kit: Kit,
    /// How long an order reserves its units.
    pub window: Duration,
    /// Most live orders of one ticket that one buyer may have.
    pub max_live: u32,
}

impl FromRef<Api> for Kit {
    fn from_ref(api: &Api) -> Self {
        api.kit.clone()
    }
}

/// This service's routes.
pub fn routes(api: Api) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, place))
        .routes(routes!(show, cancel))
        .routes(routes!(watch))
        .with_state(api)
}

/// Order a ticket
///
/// Its units are reserved until `expiresAt`. A ticket that was put up a moment ago may still be
/// unknown here; after a 404 for such a one, try again.
#[utoipa::path(
    operation_id = "placeOrder",
    post, path = "/api/orders", tag = "orders", request_body = NewOrder,
    responses(
        (status = 201, description = "The order; its units are reserved", body = OrderView),
        (
            status = 400, body = Errors,
            description = "What was sent breaks a rule, or the ticket is already reserved",
        ),
        (status = 404, body = Errors, description = "There is no such ticket"),
        (
            status = 409, body = Errors,
            description = "The price is not the one that was sent, or a request with this \
                           Idempotency-Key is being worked on",
        ),
    )
)]
async fn place(State(api): State<Api>, request: Write) -> Result<Response, Problem> {
    let buyer = request.session()?.user_id;
    let mut fields = request.fields()?;
    let ticket: Option<TicketId> = fields.id("ticketId");
    let quantity = fields.optional_integer("quantity", 1..=MAX_QUANTITY);
    let seen = fields.optional_price("price", Currency::FINEST);
    let Some(ticket) = ticket else { return Err(fields.refusal().into()) };
    fields.check()?;
    let engine = api.kit.engine();
    queries::await_ticket(engine, ticket).await?;
    let command = Place {
        buyer,
        ticket,
        quantity: quantity.and_then(|units| u32::try_from(units).ok()).unwrap_or(1),
        seen: seen.map(|price| SeenPrice { thousandths: price.minor }),
        window: api.window,
        max_live: api.max_live,
    };
    let render = |placed: &Placed| {
        let at = format!("/api/orders/{}", placed.order.id);
        Answer::created(&OrderView::of(placed)).with_etag(placed.version).with_location(at)
    };
    request.run(engine, command, render).await
}

/// List one's own orders
#[utoipa::path(
    operation_id = "listOrders",
    get, path = "/api/orders", tag = "orders",
    params(
        (
            "sort" = Option<String>, Query, pattern = "^-?createdAt$",
            description = "`createdAt` (oldest first, the default) or `-createdAt`",
        ),
        (
            "limit" = Option<u32>, Query, minimum = 1, maximum = 100,
            description = "Most orders to return; 50 by default",
        ),
        (
            "cursor" = Option<String>, Query,
            description = "Where to go on, from the `Link` header of the page before",
        ),
    ),
    responses((status = 200, description = "One page of orders", body = Vec<OrderView>))
)]
async fn list(State(api): State<Api>, request: Read) -> Result<Response, Problem> {
    let buyer = request.session()?.user_id;
    let mut params = request.query();
    let sort = params.one_of("sort", &["createdAt", "-createdAt"]).unwrap_or("createdAt");
    let page = params.page(sort, None);
    params.check()?;
    let after = page.after_id().map(OrderId);
    let newest_first = sort == "-createdAt";
    let found =
        queries::orders_of(api.kit.engine(), buyer, newest_first, after, page.fetch()).await?;
    let (orders, next) = page.cut_by_id(found, |placed| placed.order.id.0);
    let views: Vec<OrderView> = orders.iter().map(OrderView::of).collect();
    Ok(request.page(&views, next))
}

/// Show one of one's own orders
#[utoipa::path(
    operation_id = "showOrder",
    get, path = "/api/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 404, description = "There is no such order", body = Errors),
    )
)]
async fn show(Path(id): Path<String>, request: Read) -> Result<Response, Problem> {
    request.show_own::<Placed>(&id).await
}

/// Cancel one of one's own orders
///
/// Its units are on sale again. An order that is cancelled already stays so.
#[utoipa::path(
    operation_id = "cancelOrder",
    delete, path = "/api/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 204, description = "The order is cancelled"),
        (status = 400, description = "The order has been paid", body = Errors),
        (status = 404, description = "There is no such order", body = Errors),
    )
)]
async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Write,
) -> Result<Response, Problem> {
    let session = request.session()?;
    request.fields_if_any()?;
    let Placed { order, .. } = own(api.kit.engine(), session, path_id(&id)?).await?;
    let command = Cancel { order: order.id, ticket: order.ticket.id, buyer: session.user_id };
    request.run(api.kit.engine(), command, |()| Answer::empty(204)).await
}

/// Watch one of one's own orders
///
/// A stream of Server-Sent Events. The first `order` event comes at once, and another with every
/// change; the data of each is the order as `GET /api/orders/{id}` gives it.
#[utoipa::path(
    operation_id = "watchOrder",
    get, path = "/api/orders/{id}/live", tag = "orders",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (
            status = 200, body = String, content_type = "text/event-stream",
            description = "The stream",
        ),
        (status = 404, description = "There is no such order", body = Errors),
    )
)]
async fn watch(Path(id): Path<String>, request: Read) -> Result<Response, Problem> {
    request.watch_own::<Placed>(&id).await
}

impl Resource for Placed {
    type Id = OrderId;
    type Document = Order;

    const EVENT: &'static str = "order";

    async fn find(engine: &Engine, id: OrderId) -> Result<Option<Self>, Failure> {
        queries::order(engine, id).await
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn view(&self) -> impl Serialize {
        OrderView::of(self)
    }
}

impl Owned for Placed {
    fn owner(&self) -> UserId {
        self.order.buyer
    }
}
