//! The routes as the site serves them.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use bytes::Bytes;
use common::config::Secret;
use common::events::{KeysEvent, OrderStatus};
use common::http::{Kit, Settings, openapi};
use common::id::{Id, Ids, UserId};
use common::session::copies::HearKeys;
use common::session::{Session, SessionView, Signer};
use common::time::Clock;
use futures_util::StreamExt as _;
use payments::http::{Api, routes};
use payments::provider::mollie::{self, Mollie};
use payments::provider::{Provider, ProviderError, Wire};
use payments::receipt::Issuer;
use payments::{Timing, Works};
use serde_json::{Value, json};
use tower::ServiceExt;

use kit::{SELLER, World};

const STRANGER: UserId = UserId(Id::from_bytes([8; 12]));
const NOBODYS: &str = "0123456789abcdef01234567";

struct Site {
    world: Arc<World>,
    router: Router,
    signer: Signer,
}

#[derive(Debug)]
struct Reply {
    status: u16,
    text: String,
    etag: String,
    /// The next page, of a list that has one.
    next: Option<String>,
}

impl Reply {
    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    }

    /// The fields that are told to be at fault.
    fn blamed(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().unwrap();
        errors.iter().filter_map(|e| e["field"].as_str().map(str::to_owned)).collect()
    }
}

/// No provider answers.
struct Deaf;

#[async_trait]
impl Wire for Deaf {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, ProviderError> {
        Err(ProviderError::Unknown("nobody answers".to_owned()))
    }
}

impl Site {
    async fn new() -> Self {
        Self::with(|world| world.works.clone()).await
    }

    /// One whose provider is Mollie, which does not answer at the moment.
    async fn at_mollie() -> Self {
        let api_key = Secret::new("test_k3y");
        let account = mollie::Account { api_key, pages: mollie::PAGES.to_owned() };
        let mollie = Arc::new(Mollie::new(account, Arc::new(Deaf))) as Arc<dyn Provider>;
        let fee = "0".parse().unwrap();
        Self::with(|world| Works::new(Arc::clone(&world.engine), mollie, Timing::default(), fee))
            .await
    }

    async fn with(works: impl FnOnce(&World) -> Works) -> Self {
        let world = World::new();
        let signer = Signer::new("test", &[7; 32]);
        let keys = KeysEvent { version: 0, keys: vec![signer.public_key()] };
        world.engine.run(HearKeys { keys }, "test").await.unwrap();
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let settings = Settings::new(clock, Arc::new(Ids::new(60)));
        let sessions = SessionView::new(Arc::clone(&world.engine));
        let kit = Kit::new(Arc::clone(&world.engine), sessions, settings.clone());
        let (router, _) = openapi::assemble([routes(Api {
            kit,
            works: works(&world),
            issuer: Issuer::default(),
        })]);
        let router = common::http::app(router, settings);
        Self { world, router, signer }
    }

    fn request(&self, who: Option<UserId>, method: &str, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(path);
        let Some(user) = who else { return request };
        let session_id = Id::from_bytes([5; 12]);
        let now = self.world.clock.now();
        let session = Session::begin(user, "a@example.com".into(), session_id, 0, now);
        let token = self.signer.sign(&session).unwrap();
        request.header("authorization", format!("Bearer {token}"))
    }

    async fn send(&self, request: Builder, body: String) -> Reply {
        self.send_as("application/json", request, body).await
    }

    async fn send_as(&self, kind: &str, request: Builder, body: String) -> Reply {
        let request = request.header("content-type", kind);
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        let next = response.headers().get("link").map(|link| {
            let link = link.to_str().unwrap();
            link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned()
        });
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status, text, etag: etag.unwrap_or_default(), next }
    }

    async fn pay(&self, body: &Value) -> Reply {
        let request = self.request(Some(self.world.buyer), "POST", "/api/payments");
        self.send(request, body.to_string()).await
    }

    async fn check_out(&self, body: &Value) -> Reply {
        let request = self.request(Some(self.world.buyer), "POST", "/api/payments/checkouts");
        self.send(request, body.to_string()).await
    }

    async fn get(&self, who: Option<UserId>, path: &str) -> Reply {
        self.send(self.request(who, "GET", path), String::new()).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_answered_and_shown_to_its_buyer_alone() {
    let site = Site::new().await;
    let order = site.world.place().await;
    let paid = site.pay(&json!({"orderId": order.id, "token": "tok_visa", "x": 1})).await.is(201);
    let id = paid.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(paid.json(), json!({"id": id}));
    let path = format!("/api/payments/{id}");
    let shown = site.get(Some(site.world.buyer), &path).await.is(200);
    let json = shown.json();
    assert_eq!(json["orderId"], json!(order.id));
    assert_eq!((&json["amount"], &json["currency"]), (&json!(41), &json!("usd")));
    assert_eq!((&json["status"], json["version"].as_u64()), (&json!("captured"), Some(2)));
    assert!(json["createdAt"].is_string() && json["capturedAt"].is_string(), "{json}");
    assert!(json.get("refundedAt").is_none() && !shown.text.contains("tok_"), "{json}");
    let known = site.request(Some(site.world.buyer), "GET", &path);
    site.send(known.header("if-none-match", shown.etag), String::new()).await.is(304);
    site.get(None, &path).await.is(401);
    site.get(Some(STRANGER), &path).await.is(401);
    site.get(Some(site.world.buyer), &format!("/api/payments/{NOBODYS}")).await.is(404);
    site.get(Some(site.world.buyer), "/api/payments/1").await.is(404);
    site.world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn ones_own_payments_are_listed_by_order_oldest_first() {
    let site = Site::new().await;
    let buyer = Some(site.world.buyer);
    let (first, second) = (site.world.place().await, site.world.place().await);
    let cards = [("tok_visa", 201), ("tok_chargeDeclined", 400), ("tok_amex", 201)];
    for (order, (token, status)) in [&second, &first, &first].into_iter().zip(cards) {
        site.pay(&json!({"orderId": order.id, "token": token})).await.is(status);
    }
    let of_first = format!("/api/payments?orderId={}", first.id);
    let listed = site.get(buyer, &of_first).await.is(200);
    let payments = listed.json();
    let told: Vec<_> = payments.as_array().unwrap().iter().map(|p| &p["status"]).collect();
    assert_eq!(told, ["declined", "captured"]);
    for payment in payments.as_array().unwrap() {
        assert_eq!(payment["orderId"], json!(first.id));
        let path = format!("/api/payments/{}", payment["id"].as_str().unwrap());
        assert_eq!(site.get(buyer, &path).await.is(200).json(), *payment);
    }
    let known = site.request(buyer, "GET", &of_first).header("if-none-match", listed.etag);
    site.send(known, String::new()).await.is(304);

    let mut walked = Vec::new();
    let mut next = Some("/api/payments?limit=1".to_owned());
    while let Some(path) = next {
        let page = site.get(buyer, &path).await.is(200);
        walked.extend(page.json().as_array().unwrap().iter().map(|p| p["orderId"].clone()));
        next = page.next;
    }
    assert_eq!(walked, [json!(first.id), json!(first.id), json!(second.id)]);
    site.world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i26_nobody_learns_from_a_list_whose_order_has_payments() {
    let site = Site::new().await;
    let order = site.world.place().await;
    site.pay(&json!({"orderId": order.id, "token": "tok_visa"})).await.is(201);
    let path = format!("/api/payments?orderId={}", order.id);
    site.get(None, &path).await.is(401);
    let unknown = format!("/api/payments?orderId={NOBODYS}");
    for (who, path) in [(STRANGER, &path), (STRANGER, &unknown), (site.world.buyer, &unknown)] {
        assert_eq!(site.get(Some(who), path).await.is(200).text, "[]");
    }
    assert_eq!(site.get(Some(STRANGER), "/api/payments").await.is(200).text, "[]");
    let wrong = site.get(Some(STRANGER), "/api/payments?orderId=1&limit=0").await.is(400);
    assert_eq!(wrong.blamed(), ["orderId", "limit"]);
    site.world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_watched_by_its_buyer_alone_until_it_has_gone_back() {
    let site = Site::new().await;
    let order = site.world.place().await;
    site.world.orders_hear(false);
    site.pay(&json!({"orderId": order.id, "token": "tok_visa"})).await.is(503);
    let id = site.world.payments_of(order.id).await[0].id;
    let path = format!("/api/payments/{id}/live");
    site.get(None, &path).await.is(401);
    site.get(Some(STRANGER), &path).await.is(401);
    site.get(Some(site.world.buyer), &format!("/api/payments/{NOBODYS}/live")).await.is(404);

    let request = site.request(Some(site.world.buyer), "GET", &path).body(Body::empty()).unwrap();
    let response = site.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut told = String::new();
    let mut pieces = response.into_body().into_data_stream();
    site.world.change(order.id, OrderStatus::Cancelled).await;
    while !told.contains(r#""status":"refunded""#) {
        told += std::str::from_utf8(&pieces.next().await.unwrap().unwrap()).unwrap();
    }
    assert!(told.starts_with("event: payment\nid: "), "{told}");
    site.world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn sellers_see_their_balance_and_their_sales_newest_first_and_nobody_elses() {
    let site = Site::new().await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = site.world.place().await;
        site.pay(&json!({"orderId": order.id, "token": "tok_visa"})).await.is(201);
        orders.push(order);
    }
    let lost = site.world.place().await;
    site.world.orders_hear(false);
    site.pay(&json!({"orderId": lost.id, "token": "tok_visa"})).await.is(503);
    site.world.change(lost.id, OrderStatus::Cancelled).await;
    site.world.come_to_rest().await;
    let balance = site.get(Some(SELLER), "/api/payments/balance").await.is(200);
    let wanted = json!([{"currency": "usd", "earned": 123, "fees": 3.99, "refunded": 0,
        "disputed": 0,
        "paidOut": 0, "payable": 119.01}]);
    assert_eq!(balance.json(), wanted, "what went back was never earned");
    let (mut walked, mut next) = (Vec::new(), Some("/api/payments/sales?limit=2".to_owned()));
    while let Some(path) = next {
        let page = site.get(Some(SELLER), &path).await.is(200);
        walked.extend(page.json().as_array().unwrap().clone());
        next = page.next;
    }
    let newest = |sale: &Value| sale["orderId"].clone();
    let wanted: Vec<Value> = orders.iter().rev().map(|order| json!(order.id)).collect();
    assert_eq!(walked.iter().map(newest).collect::<Vec<_>>(), wanted);
    let last = &orders[2];
    let payment = site.world.payments_of(last.id).await.remove(0).id;
    let (sold_at, told) = (walked[0]["soldAt"].clone(), walked.remove(0));
    let wanted = json!({"paymentId": payment, "orderId": last.id, "ticketId": last.ticket.id,
        "title": "A seat", "quantity": 2, "total": 41, "fee": 1.33, "net": 39.67,
        "refunded": 0, "disputed": 0,
        "currency": "usd", "soldAt": sold_at});
    assert_eq!(told, wanted);
    for path in ["/api/payments/balance", "/api/payments/sales"] {
        site.get(None, path).await.is(401);
        assert_eq!(site.get(Some(STRANGER), path).await.is(200).text, "[]", "I26");
        assert_eq!(site.get(Some(site.world.buyer), path).await.is(200).text, "[]", "I26");
    }
    let wrong = site.get(Some(SELLER), "/api/payments/sales?limit=0&cursor=x").await.is(400);
    assert_eq!(wrong.blamed(), ["limit", "cursor"]);
}

#[tokio::test(start_paused = true)]
async fn anybody_is_told_who_moves_the_money() {
    let site = Site::new().await;
    for who in [None, Some(STRANGER)] {
        let answer = site.get(who, "/api/payments/provider").await.is(200);
        assert_eq!(answer.json(), json!({"name": "sandbox"}));
    }
}

#[tokio::test(start_paused = true)]
async fn checks_come_in_the_order_of_the_contract() {
    let site = Site::new().await;
    let order = site.world.place().await;
    let good = json!({"orderId": order.id, "token": "tok_visa"}).to_string();
    site.send(site.request(None, "POST", "/api/payments"), "{".into()).await.is(401);
    let both = site.pay(&json!({"orderId": "1", "token": "tok_unknown"})).await.is(400);
    assert_eq!(both.blamed(), ["orderId", "token"]);
    assert_eq!(site.pay(&json!({})).await.is(400).blamed(), ["orderId", "token"]);
    assert_eq!(site.pay(&json!({"orderId": NOBODYS})).await.is(400).blamed(), ["token"]);
    site.pay(&json!({"orderId": NOBODYS, "token": "tok_visa"})).await.is(404);
    let stranger = site.request(Some(STRANGER), "POST", "/api/payments");
    site.world.change(order.id, OrderStatus::Cancelled).await;
    site.send(stranger, good.clone()).await.is(401);
    let cancelled = site.pay(&json!({"orderId": order.id, "token": "tok_visa"})).await.is(400);
    assert_eq!(cancelled.message(), "The order has been cancelled");
    assert!(site.world.outbox().is_empty(), "I8");
}

#[tokio::test(start_paused = true)]
async fn i28_what_is_no_token_is_blamed_and_never_repeated() {
    let site = Site::new().await;
    let order = site.world.place().await;
    let long = "x".repeat(300);
    for bad in ["", "tok_VISA", "4242424242424242", "4242 4242 4242 4242", "tok\u{0}", &long] {
        let answer = site.pay(&json!({"orderId": order.id, "token": bad})).await.is(400);
        assert_eq!(answer.blamed(), ["token"], "{bad:?}");
        assert!(bad.is_empty() || !answer.text.contains(bad), "{}", answer.text);
    }
    for bad in [json!(7), json!(null), json!(["tok_visa"])] {
        let answer = site.pay(&json!({"orderId": order.id, "token": bad})).await.is(400);
        assert_eq!(answer.blamed(), ["token"], "{bad}");
    }
    assert!(site.world.payments_of(order.id).await.is_empty(), "I8");
}

#[tokio::test(start_paused = true)]
async fn i17_a_key_gives_the_first_answer_again_byte_for_byte() {
    let site = Site::new().await;
    for token in ["tok_visa", "tok_chargeDeclined", "tok_timeoutAfterCapture"] {
        let order = site.world.place().await;
        let body = json!({"orderId": order.id, "token": token}).to_string();
        let request = || {
            let request = site.request(Some(site.world.buyer), "POST", "/api/payments");
            request.header("idempotency-key", token)
        };
        let first = site.send(request(), body.clone()).await;
        assert!(matches!(first.status, 201 | 400), "{first:?}");
        let again = site.send(request(), body).await.is(first.status);
        assert_eq!(again.text, first.text);
        let other = json!({"orderId": order.id, "token": "tok_amex"}).to_string();
        site.send(request(), other).await.is(422);
    }
    site.world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i12_what_is_not_known_in_time_is_503_and_who_asks_again_joins() {
    let site = Site::new().await;
    let order = site.world.place().await;
    site.world.orders_hear(false);
    let body = json!({"orderId": order.id, "token": "tok_visa"});
    site.pay(&body).await.is(503);
    site.world.orders_hear(true);
    site.pay(&body).await.is(201);
    assert_eq!(site.world.payments_of(order.id).await.len(), 1);
    site.world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i27_webhooks_come_in_only_when_signed() {
    let site = Site::new().await;
    let path = "/api/payments/webhooks/sandbox";
    for signature in ["", "t=1,v1=00", "forged"] {
        let request = site.request(None, "POST", path).header("webhook-signature", signature);
        let answer = site.send(request, json!({"id": "evt"}).to_string()).await.is(400);
        assert_eq!(answer.message(), "The notice is not one of the provider's");
    }
    let elsewhere = site.request(None, "POST", "/api/payments/webhooks/nobody");
    site.send(elsewhere, "{}".into()).await.is(404);
}

#[tokio::test(start_paused = true)]
async fn i27_a_form_that_names_a_payment_is_taken_and_tells_nothing() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let site = Site::at_mollie().await;
    let of = |query: &str| format!("/api/payments/webhooks/mollie{query}");
    let say = async |path: String, body: &str| {
        site.send_as(FORM, site.request(None, "POST", &path), body.to_owned()).await
    };
    for query in [format!("?payment={NOBODYS}"), "?payment=x".to_owned(), String::new()] {
        let told = say(of(&query), "id=tr_7UhSN1zuXS").await.is(200);
        assert_eq!(told.text, "", "{query}");
    }
    say(of(""), "nonsense").await.is(400);
    // Elsewhere a form is none of the things that are taken.
    say("/api/payments".to_owned(), "id=tr_7UhSN1zuXS").await.is(401);
    let pay = site.request(Some(site.world.buyer), "POST", "/api/payments");
    site.send_as(FORM, pay.header("idempotency-key", "x".repeat(999)), "a=b".into()).await.is(415);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_takes_no_tokens_says_where_to_pay() {
    let site = Site::at_mollie().await;
    let order = site.world.place().await;
    let refused = site.pay(&json!({"orderId": order.id, "token": "tok_visa"})).await.is(400);
    assert_eq!(refused.blamed(), ["token"]);
    assert!(refused.message().contains("POST /api/payments/checkouts"), "{}", refused.text);
    assert!(site.world.payments_of(order.id).await.is_empty());
    let card = site.pay(&json!({"orderId": order.id, "token": "4242424242424242"})).await.is(400);
    assert!(card.message().contains("never a card number"), "I28: {}", card.text);
    let mover = site.get(None, "/api/payments/provider").await.is(200).json();
    assert_eq!(mover, json!({"name": "mollie", "pages": "https://www.mollie.com"}));
}

#[tokio::test(start_paused = true)]
async fn where_a_provider_asks_for_no_cards_no_payment_begins() {
    for (site, place, why) in [
        (Site::at_mollie().await, json!("element"), "in that place"),
        (Site::new().await, json!("page"), "pay with a token"),
        (Site::new().await, json!(null), "pay with a token"),
    ] {
        let order = site.world.place().await;
        let body = json!({"orderId": order.id, "place": place});
        let refused = site.check_out(&body).await.is(409);
        assert!(refused.message().contains(why), "{}", refused.text);
        assert!(site.world.payments_of(order.id).await.is_empty());
    }
    let site = Site::at_mollie().await;
    let order = site.world.place().await;
    for place in [json!("shop"), json!(1), json!(["page"])] {
        let refused = site.check_out(&json!({"orderId": order.id, "place": place})).await.is(400);
        assert_eq!(refused.blamed(), ["place"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_asked_for_by_the_seller_alone_and_shown_to_both() {
    let site = Site::new().await;
    let order = site.world.place().await;
    let seller = order.ticket.user_id;
    let paid = site.pay(&json!({"orderId": order.id, "token": "tok_visa"})).await.is(201);
    let path = format!("/api/payments/{}", paid.json()["id"].as_str().unwrap());
    let refunds = format!("{path}/refunds");
    let ask = async |who, body: &Value| {
        site.send(site.request(who, "POST", &refunds), body.to_string()).await
    };
    let good = json!({"reason": " The second act is cancelled ", "amount": "10.50", "units": 1});
    ask(None, &good).await.is(401);
    for nobody in [STRANGER, site.world.buyer] {
        ask(Some(nobody), &good).await.is(401);
    }
    let bad = ask(seller, &json!({"amount": -1, "units": 0.5})).await.is(400);
    assert_eq!(bad.blamed(), ["amount", "units", "reason"]);
    for (field, body) in [
        ("amount", json!({"reason": "x", "amount": 41.01})),
        ("amount", json!({"reason": "x", "amount": 1.001})),
        ("units", json!({"reason": "x", "units": 3})),
        ("reason", json!({"reason": "x".repeat(501)})),
    ] {
        assert_eq!(ask(seller, &body).await.is(400).blamed(), [field], "{body}");
    }
    let missing = site.request(seller, "POST", &format!("/api/payments/{NOBODYS}/refunds"));
    site.send(missing, good.to_string()).await.is(404);

    let asked = ask(seller, &good).await.is(201).json();
    assert_eq!(
        (&asked["number"], &asked["amount"], &asked["units"]),
        (&json!(1), &json!(10.5), &json!(1))
    );
    assert_eq!(asked["reason"], "The second act is cancelled");
    assert_eq!((&asked["by"], &asked["status"]), (&json!("seller"), &json!("refunding")));
    site.world.come_to_rest().await;
    let shown = site.get(Some(site.world.buyer), &path).await.is(200).json();
    let sale = site.get(seller, &path).await.is(200).json();
    assert_eq!((&shown["refunds"], &shown["item"]), (&sale["refunds"], &Value::Null));
    assert_eq!((&shown["status"], &shown["refunded"]), (&json!("captured"), &json!(10.5)));
    assert_eq!(shown["refunds"][0]["status"], "refunded");
    assert_eq!((&sale["item"]["quantity"], &sale["sellerId"]), (&json!(2), &json!(seller)));
    site.get(seller, &format!("{path}/receipt")).await.is(401);

    // A key asks once, however often it is sent (I17).
    let again = async || {
        let request = site.request(seller, "POST", &refunds).header("idempotency-key", "rest");
        site.send(request, json!({"reason": "Rain"}).to_string()).await.is(201)
    };
    assert_eq!(again().await.text, again().await.text);
    site.world.come_to_rest().await;
    let gone = ask(seller, &json!({"reason": "Rain"})).await.is(409);
    assert_eq!(gone.message(), "All that was paid has been given back");
    let receipt = site.get(Some(site.world.buyer), &format!("{path}/receipt")).await.is(200).json();
    assert_eq!((&receipt["total"], &receipt["refunded"]), (&json!(41), &json!(41)));
}
