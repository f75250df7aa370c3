//! One payment for its buyer and for its seller, who may give some or all of it back: wire types ↔
//! the command and queries.

use std::ops::RangeInclusive;

use axum::extract::{Path, State};
use axum::response::Response;
use common::command::Refusal;
use common::http::{Errors, Problem, Read, Write, path_id};
use common::money::Currency;
use common::replies::Answer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::commands::GiveBack;
use crate::domain::{MAX_REASON, Payable, Refund};
use crate::http::Api;
use crate::queries::{self, Seen};
use crate::views::{NewRefund, PaymentView, RefundView};

/// Most units that one order has.
const MAX_UNITS: i64 = 100_000;

/// How long the reason for a refund may be, in characters.
const REASON: RangeInclusive<usize> = 1..=MAX_REASON;

/// The routes.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(watch)).routes(routes!(give_back))
}

/// Show one of one's own payments
///
/// The buyer sees it, and the seller of what it paid for.
#[utoipa::path(
    operation_id = "showPayment",
    get, path = "/api/payments/{id}", tag = "payments",
    security(("session" = [])),
    params(("id" = String, Path, description = "The payment's id")),
    responses(
        (status = 200, description = "The payment", body = PaymentView),
        (status = 404, description = "There is no such payment", body = Errors),
    )
)]
async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Read,
) -> Result<Response, Problem> {
    let (seen, payable) = concerned(&api, &id, &request).await?;
    let me = request.session()?.user_id;
    let view = PaymentView::of(&seen);
    let view = match &payable {
        Some(payable) if payable.seller == Some(me) => view.of_sale(payable),
        Some(_) | None => view,
    };
    Ok(request.answer(seen.version, &view))
}

/// Watch one of one's own payments
///
/// A stream of Server-Sent Events. The first `payment` event comes at once, and another with every
/// change; the data of each is the payment as `GET /api/payments/{id}` gives it.
#[utoipa::path(
    operation_id = "watchPayment",
    get, path = "/api/payments/{id}/live", tag = "payments",
    security(("session" = [])),
    params(("id" = String, Path, description = "The payment's id")),
    responses(
        (
            status = 200, body = String, content_type = "text/event-stream",
            description = "The stream",
        ),
        (status = 404, description = "There is no such payment", body = Errors),
    )
)]
async fn watch(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Read,
) -> Result<Response, Problem> {
    concerned(&api, &id, &request).await?;
    request.watch::<Seen>(&id).await
}

/// The payment that a path names, for its buyer, and for the seller of what it paid for.
async fn concerned(
    api: &Api,
    id: &str,
    request: &Read,
) -> Result<(Seen, Option<Payable>), Problem> {
    let (engine, me) = (api.kit.engine(), request.session()?.user_id);
    let seen = queries::payment(engine, path_id(id)?).await?.ok_or(Refusal::NotFound)?;
    let payable = queries::payable(engine, seen.payment.order).await?;
    let seller = payable.as_ref().and_then(|payable| payable.seller);
    if seen.payment.buyer != me && seller != Some(me) {
        return Err(Refusal::NotYours.into());
    }
    Ok((seen, payable))
}

/// Give some or all of a payment back
///
/// By the seller of what it paid for, once the order is complete. The order stays complete; the
/// buyer sees the reason. The answer comes as soon as the refund is certain; that the money is back
/// is seen of the payment.
#[utoipa::path(
    operation_id = "refundPayment",
    post, path = "/api/payments/{id}/refunds", tag = "payments", request_body = NewRefund,
    security(("session" = [])),
    params(("id" = String, Path, description = "The payment's id")),
    responses(
        (status = 201, description = "The refund", body = RefundView),
        (
            status = 400, body = Errors,
            description = "What was sent breaks a rule, or is more than what is left",
        ),
        (status = 404, description = "There is no such payment", body = Errors),
        (
            status = 409, body = Errors,
            description = "The order is not complete, or all that was paid has been given back, \
                           or the buyer's bank has it and has not decided, or a request with \
                           this Idempotency-Key is being worked on",
        ),
    )
)]
async fn give_back(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Write,
) -> Result<Response, Problem> {
    let seller = request.session()?.user_id;
    let mut fields = request.fields()?;
    let amount = fields.optional_price("amount", Currency::FINEST);
    let units = fields.optional_integer("units", 0..=MAX_UNITS);
    let Some(reason) = fields.text("reason", REASON) else { return Err(fields.refusal().into()) };
    fields.check()?;
    let engine = api.kit.engine();
    let seen = queries::payment(engine, path_id(&id)?).await?.ok_or(Refusal::NotFound)?;
    let command = GiveBack {
        payment: seen.payment.id,
        order: seen.payment.order,
        seller: Some(seller),
        thousandths: amount.map(|amount| amount.minor),
        units: units.and_then(|units| u32::try_from(units).ok()).unwrap_or(0),
        reason,
    };
    let at = format!("/api/payments/{}", seen.payment.id);
    let render =
        move |refund: &Refund| Answer::created(&RefundView::of(refund)).with_location(at.clone());
    let answer = request.run(engine, command, render).await;
    api.works.resolver.ring();
    answer
}
