//! Wire types ↔ requests, commands and queries. No rules are decided here.

use axum::extract::{FromRef, Path, RawQuery, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use common::command::{Fault, Refusal};
use common::execute::{Engine, Failure};
use common::http::{Errors, Fields, Kit, Owned, Problem, Read, Resource, Write, own, path_id};
use common::id::{OrderId, PaymentId, UserId};
use common::replies::Answer;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Works;
use crate::checkout::{Checkout, Mover, NewCheckout};
use crate::domain::{Payment, Place, RequestKey, Token};
use crate::pay::{CheckoutRequest, PayRequest, Unpaid};
use crate::provider::{BadNotice, Letter, Provider};
use crate::queries::{self, Seen};
use crate::receipt::{self, Facts, Issuer};
use crate::receipts;
use crate::refunds;
use crate::selling;
use crate::views::{NewPayment, Paid, PaymentView, ReceiptView};
use crate::webhook::NotTaken;

/// Longest token that is looked at, in characters.
const MAX_TOKEN: usize = 255;

/// Longest name of a place, in characters.
const MAX_PLACE: usize = 20;

/// What a receipt is printed as.
const PDF: HeaderValue = HeaderValue::from_static("application/pdf");

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    /// What every service's handlers share.
    pub kit: Kit,
    /// What carries requests out.
    pub works: Works,
    /// Who gives the receipts.
    pub issuer: Issuer,
}

impl FromRef<Api> for Kit {
    fn from_ref(api: &Api) -> Self {
        api.kit.clone()
    }
}

/// This service's routes.
pub fn routes(api: Api) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, pay))
        .routes(routes!(check_out))
        .routes(routes!(mover))
        .merge(selling::routes())
        .routes(routes!(show_receipt))
        .routes(routes!(print_receipt))
        .routes(routes!(notice))
        .merge(refunds::routes())
        .with_state(api)
}

/// Pay for an order
///
/// Answers when the order is complete. Where that is not known in time the answer is 503; who asks
/// again joins the same payment, which is made once however often it is asked for.
#[utoipa::path(
    operation_id = "payOrder",
    post, path = "/api/payments", tag = "payments", request_body = NewPayment,
    security(("session" = [])),
    responses(
        (status = 201, description = "The order is paid", body = Paid),
        (status = 400, description = "The card is declined, or the order has ended", body = Errors),
        (status = 404, description = "There is no such order", body = Errors),
        (status = 503, description = "The outcome is not known yet: ask again", body = Errors),
    )
)]
async fn pay(State(api): State<Api>, request: Write) -> Result<Response, Problem> {
    let buyer = request.session()?.user_id;
    let mut fields = request.fields()?;
    let order: Option<OrderId> = fields.id("orderId");
    let token = token_in(&mut fields, api.works.resolver.providers().chosen().as_ref());
    let (Some(order), Some(token)) = (order, token) else {
        return Err(fields.refusal().into());
    };
    fields.check()?;
    let key = request
        .request_key()?
        .map(|key| RequestKey { id: key.id.clone(), fingerprint: key.fingerprint.clone() });
    let trace = request.trace().to_owned();
    let asked = PayRequest { order, buyer, token, request: key, trace };
    let id = api.works.pay.pay(asked).await.map_err(unpaid)?;
    let paid = Answer::created(&Paid { id }).with_location(format!("/api/payments/{id}"));
    Ok(paid.into_response())
}

/// Pay for an order where the payment provider asks for the card
///
/// Begins a payment and says where its buyer makes it: on a page of the provider's, or with the
/// provider's script in the browser, as `place` asks for. Who asks again is shown the same payment,
/// as long as it is not made. Who has begun on a page is shown that, whatever is asked for now; who
/// has begun with the script and asks for a page begins anew there, and the first takes no money
/// any more. What came of it is seen with `GET /api/payments/{id}/live`.
#[utoipa::path(
    operation_id = "checkOut",
    post, path = "/api/payments/checkouts", tag = "payments", request_body = NewCheckout,
    security(("session" = [])),
    responses(
        (status = 201, description = "Where to pay", body = Checkout),
        (status = 400, description = "The body is not as it must be", body = Errors),
        (status = 404, description = "There is no such order", body = Errors),
        (
            status = 409, body = Errors,
            description = "The order has ended or is being paid, or the provider has no such place",
        ),
        (status = 503, description = "Where is not known yet: ask again", body = Errors),
    )
)]
async fn check_out(State(api): State<Api>, request: Write) -> Result<Response, Problem> {
    let buyer = request.session()?.user_id;
    let mut fields = request.fields()?;
    let (order, place) = (fields.id::<OrderId>("orderId"), place_in(&mut fields));
    let Some(order) = order else {
        return Err(fields.refusal().into());
    };
    fields.check()?;
    let key = request
        .request_key()?
        .map(|key| RequestKey { id: key.id.clone(), fingerprint: key.fingerprint.clone() });
    let back = format!("{}/orders/{order}", site(&request));
    let trace = request.trace().to_owned();
    let asked = CheckoutRequest { order, buyer, back, place, request: key, trace };
    let (id, door) = api.works.pay.check_out(asked).await.map_err(unpaid)?;
    let provider = api.works.resolver.providers().chosen().name();
    let checkout = Checkout::of(id, provider, door);
    Ok(Answer::created(&checkout).with_location(format!("/api/payments/{id}")).into_response())
}

/// Show who moves the money
///
/// Of payments that begin now. Where there are pages to pay on, `POST /api/payments/checkouts` says
/// which; otherwise a token is needed. Where a part of one's own page can be filled instead, it is
/// said with what.
#[utoipa::path(
    operation_id = "showProvider",
    get, path = "/api/payments/provider", tag = "payments",
    responses((status = 200, description = "The payment provider", body = Mover))
)]
async fn mover(State(api): State<Api>, request: Read) -> Response {
    let provider = api.works.resolver.providers().chosen();
    request.answer_unversioned(&Mover::of(provider.as_ref()))
}

/// List one's own payments
///
/// Every attempt to pay, also those that were declined or given back: by the age of their orders,
/// and those of one order by their own, oldest first. Orders of other people, and orders that do
/// not exist, have no payments that could be listed.
#[utoipa::path(
    operation_id = "listPayments",
    get, path = "/api/payments", tag = "payments",
    security(("session" = [])),
    params(
        (
            "orderId" = Option<String>, Query, pattern = "^[0-9a-f]{24}$",
            description = "Payments of this order alone",
        ),
        (
            "limit" = Option<u32>, Query, minimum = 1, maximum = 100,
            description = "Most payments to return; 50 by default",
        ),
        (
            "cursor" = Option<String>, Query,
            description = "Where to go on, from the `Link` header of the page before",
        ),
    ),
    responses((status = 200, description = "One page of payments", body = Vec<PaymentView>))
)]
async fn list(State(api): State<Api>, request: Read) -> Result<Response, Problem> {
    let buyer = request.session()?.user_id;
    let mut params = request.query();
    let order: Option<OrderId> = params.id("orderId");
    let page = params.page("orders", Some(queries::ORDERED_BY));
    params.check()?;
    let (engine, after) = (api.kit.engine(), page.after.clone());
    let found = queries::payments_of(engine, buyer, order, after, page.fetch()).await?;
    let (found, next) = page.cut(found, |(_, position)| position.clone());
    let views: Vec<_> = found.iter().map(|(seen, _)| PaymentView::of(seen)).collect();
    Ok(request.page(&views, next))
}

/// Show the receipt for one of one's own payments
///
/// There is one from when the payment has completed its order. Its number is given once, and the
/// numbers of a year have no gaps.
#[utoipa::path(
    operation_id = "showReceipt",
    get, path = "/api/payments/{id}/receipt", tag = "payments",
    security(("session" = [])),
    params(("id" = String, Path, description = "The payment's id")),
    responses(
        (status = 200, description = "The receipt", body = ReceiptView),
        (
            status = 404, body = Errors,
            description = "There is no such payment, or it has not completed an order",
        ),
    )
)]
async fn show_receipt(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Read,
) -> Result<Response, Problem> {
    let facts = facts(&api, &id, &request).await?;
    Ok(request.answer_unversioned(&ReceiptView::of(&facts)))
}

/// Print the receipt for one of one's own payments
///
/// One page of PDF, tagged so that it can be read out.
#[utoipa::path(
    operation_id = "printReceipt",
    get, path = "/api/payments/{id}/receipt.pdf", tag = "payments",
    security(("session" = [])),
    params(("id" = String, Path, description = "The payment's id")),
    responses(
        (
            status = 200, body = String, content_type = "application/pdf",
            description = "The receipt",
        ),
        (
            status = 404, body = Errors,
            description = "There is no such payment, or it has not completed an order",
        ),
    )
)]
async fn print_receipt(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Read,
) -> Result<Response, Problem> {
    let facts = facts(&api, &id, &request).await?;
    let pdf = receipt::pdf(&facts).map_err(|error| Failure::Broken(error.to_string()))?;
    let name = format!("receipt-{}.pdf", facts.number);
    Ok(request.answer_file(&name, PDF, pdf.into()))
}

/// What the receipt says for the payment that a path names, if it is the caller's.
async fn facts(api: &Api, id: &str, request: &Read) -> Result<Facts, Problem> {
    let session = request.session()?;
    let engine = api.kit.engine();
    let seen: Seen = own(engine, session, path_id(id)?).await?;
    let (payable, issued) =
        receipts::issued(engine, &seen.payment).await?.ok_or(Refusal::NotFound)?;
    Ok(Facts::of(&seen.payment, payable, issued, &session.email, &api.issuer))
}

/// Take a payment provider's notice
///
/// It must be signed by the provider, not long ago; one of a provider that signs nothing is only a
/// hint. It makes the provider be asked for the truth, and nothing else.
#[utoipa::path(
    operation_id = "receiveNotice",
    post, path = "/api/payments/webhooks/{provider}", tag = "payments",
    params(("provider" = String, Path, description = "The provider, such as `sandbox`")),
    request_body(content = Object, description = "As the provider writes it"),
    responses(
        (status = 200, description = "As 204, where the provider expects this one"),
        (status = 204, description = "The notice is taken"),
        (status = 400, description = "The signature is not good", body = Errors),
        (status = 404, description = "There is no such provider", body = Errors),
    )
)]
async fn notice(
    State(api): State<Api>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    request: Write,
) -> Result<Response, Problem> {
    let letter =
        Letter { headers: request.headers(), query: query.as_deref(), body: request.any_body()? };
    let taken = api.works.webhook.receive(&provider, letter, request.trace()).await;
    taken.map_err(not_taken)?;
    let thanks = api.works.resolver.providers().named(&provider).map(|known| known.thanks());
    Ok(Answer::empty(thanks.unwrap_or(204)).into_response())
}

impl Resource for Seen {
    type Id = PaymentId;
    type Document = Payment;

    const EVENT: &'static str = "payment";

    async fn find(engine: &Engine, id: PaymentId) -> Result<Option<Self>, Failure> {
        queries::payment(engine, id).await
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn view(&self) -> impl Serialize {
        PaymentView::of(self)
    }
}

impl Owned for Seen {
    fn owner(&self) -> UserId {
        self.payment.buyer
    }
}

/// Where the buyer came from and goes back to. Where the operator has not said it, it is what the
/// buyer's own request says: nobody else is sent there.
fn site(request: &Write) -> String {
    if let Some(url) = &request.kit().settings().public_url {
        return url.to_string();
    }
    let named = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = named("x-forwarded-host").or_else(|| named("host")).unwrap_or("localhost");
    let is_https = named("x-forwarded-proto").is_some_and(|p| p.eq_ignore_ascii_case("https"));
    format!("{}://{host}", if is_https { "https" } else { "http" })
}

/// The field `token`. What was sent is never repeated in a fault: it may be a card number.
fn token_in(fields: &mut Fields, provider: &dyn Provider) -> Option<Token> {
    let text = fields.text("token", 1..=MAX_TOKEN)?;
    match text.parse::<Token>() {
        Ok(token) if provider.accepts(&token) => return Some(token),
        Ok(_) if !provider.takes_tokens() => fields.fault(
            "token",
            "is not taken by the payment provider: pay where POST /api/payments/checkouts says",
        ),
        Ok(_) => fields.fault("token", "is not known to the payment provider"),
        Err(bad) => fields.fault("token", bad.to_string()),
    }
    None
}

/// The field `place`.
fn place_in(fields: &mut Fields) -> Option<Place> {
    let name = fields.optional_text("place", 1..=MAX_PLACE)?;
    let place = Place::ALL.into_iter().find(|place| place.name() == name);
    if place.is_none() {
        fields.fault("place", "must be page or element");
    }
    place
}

fn unpaid(unpaid: Unpaid) -> Problem {
    match unpaid {
        Unpaid::Failed(failure) => failure.into(),
        Unpaid::Unresolved => Failure::InDoubt(unpaid.to_string()).into(),
    }
}

fn not_taken(not_taken: NotTaken) -> Problem {
    match not_taken {
        NotTaken::Failed(failure) => failure.into(),
        NotTaken::NoProvider => Refusal::NotFound.into(),
        // Busy is what the sender has to know: it sends the notice again.
        NotTaken::Bad(BadNotice::Unavailable(_)) => Failure::Overloaded.into(),
        NotTaken::Bad(BadNotice::Signature(_) | BadNotice::Unreadable(_)) => {
            let message = "The notice is not one of the provider's".to_owned();
            Refusal::Invalid(vec![Fault { message, field: None }]).into()
        }
    }
}
