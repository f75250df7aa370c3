//! I28: card numbers and secrets that somebody puts where they do not belong are kept nowhere. They
//! are planted in every input that a client has; then everything that a marketplace writes is
//! searched for them: what it answers, what it logs at its most talkative, what it shows to whoever
//! watches it, and each byte that it keeps: of its data folder, or of a fleet the streams of NATS,
//! the documents of MongoDB and all that was ever written to them.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

#[path = "canaries/search.rs"]
mod search;

use std::time::Duration;

use scripted::Script;
use serde_json::{Value, json};
use tests::market::{GOOD_CARD, PASSWORD, Person, fresh_email};
use tests::raw::Raw;
use tests::{Answer, Client, Provider, Request, Server, Setup, text};

use search::{encode, find, metrics, nowhere, search};

const SOON: Duration = Duration::from_secs(20);

/// Card numbers that providers give for tests, as people write them.
const CARDS: [&str; 12] = [
    "4242424242424242",
    "4000056655665556",
    "4000 0000 0000 3220",
    "4000-0025-0000-3155",
    "5555 5555 5555 4444",
    "5105-1051-0510-5100",
    "2223003122003222",
    "378282246310005",
    "3714 496353 98431",
    "6011-1111-1111-1117",
    "30569309025904",
    "6205500000000000004",
];

/// Other things that are nobody's business. None is of a form that the marketplace gives to what
/// it keeps.
const SECRETS: [&str; 6] = [
    "cvc 7373 canary",
    "sk_live_51CanaryAlphaQ8x2",
    "rk_live_51CanaryBravoT7y3",
    "whsec_CanaryCharlieJ4k9",
    "hunter2 Canary-Delta! 84",
    "eyJhbGciOiJub25lIn0.CanaryEcho55.c2lnbmF0dXJl",
];

/// What is kept, and must be found: a search that finds nothing shows nothing otherwise.
const TITLE: &str = "A seat beside Canary Row";
const REQUEST: &str = "request-of-Canary-Row";

/// Who takes the money, and how log lines are written.
#[derive(Debug, Clone, Copy)]
enum With {
    StripeInJson,
    SandboxInText,
}

#[tokio::test(flavor = "multi_thread")]
async fn i28_canaries_are_kept_nowhere_with_stripe() {
    nothing_is_kept(With::StripeInJson).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i28_canaries_are_kept_nowhere_in_the_sandbox() {
    nothing_is_kept(With::SandboxInText).await;
}

async fn nothing_is_kept(with: With) {
    let provider = Provider::start(Script::new(1, 0)).await;
    let setup = Setup::new()
        .flag("--log-level", "trace")
        .flag("--metrics-listen", "127.0.0.1:0")
        .env("NO_COLOR", "1");
    let setup = match with {
        With::StripeInJson => provider.under(setup).flag("--log-format", "json"),
        With::SandboxInText => setup.flag("--log-format", "text"),
    };
    let mut server = setup.start().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let mut planted = 0;
    for canary in CARDS.iter().chain(&SECRETS) {
        let ticket = text(&seller.sell(&json!({"title": TITLE, "price": 20})).await, "id");
        let order = text(&buyer.order(&ticket).await, "id");
        for request in inputs(canary, &ticket, &order) {
            planted += 1;
            let answer = buyer.client.send(&request).await;
            if answer.status >= 400 {
                let found = find(&answer.written(), canary);
                assert_eq!(found, None, "an error repeats what was sent: {answer}");
            }
        }
        refused_as_token(&buyer, &order, canary).await;
        raw(&server, canary).await;
        on_the_way_of_a_purchase(&seller, &buyer, (&ticket, &order), canary).await;
        buyer.until_order(&order, "complete", SOON).await;
    }
    notices(&provider, &buyer.client).await;
    let tokens = one_time_tokens(&provider, with, &seller, &buyer).await;
    println!("{planted} inputs, and those of purchases");
    for watched in metrics(&server).await {
        nowhere("what is shown to whoever watches", watched.as_bytes(), &CARDS);
        nowhere("what is shown to whoever watches", watched.as_bytes(), &SECRETS);
    }
    // Killed, so that nothing is tidied up; what was is searched besides.
    server.kill_9().await;
    let never = [&CARDS[..], &SECRETS].concat();
    search(&server, &never, &[]).await;
    server.start().await;
    server.stop().await;
    let session = buyer.client.session().expect("a session");
    let kept = [scripted::stripe::SECRET_KEY, scripted::stripe::WEBHOOK_SECRET, PASSWORD, &session];
    search(&server, &[&never[..], &kept].concat(), &tokens).await;
    if tests::setup::fleet().is_none() {
        server.check_clean().await;
    }
}

/// Requests with the canary in every place that has nothing to do with paying; most are refused.
fn inputs(canary: &str, ticket: &str, order: &str) -> Vec<Request> {
    let encoded = encode(canary);
    let mut all = Vec::new();
    for path in ["/api/tickets", "/api/orders", "/api/payments", "/api/users/currentuser"] {
        for name in ["search", "cursor", "limit", "orderId", "card", &encoded] {
            all.push(Request::new("GET", format!("{path}?{name}={encoded}")));
        }
        all.push(Request::new("GET", format!("{path}?{encoded}=1&{encoded}=2")));
        all.push(Request::new("GET", format!("{path}/{encoded}")));
        all.push(Request::new("DELETE", format!("{path}/{encoded}")));
        all.push(Request::new("GET", format!("/{encoded}{path}/{encoded}/live")));
        for header in HEADERS {
            all.push(Request::new("GET", path).header(header, canary));
        }
        all.push(Request::new("GET", path).header("authorization", &format!("Bearer {canary}")));
        all.push(Request::new("GET", path).header("authorization", &format!("Basic {canary}")));
        all.push(Request::new("GET", path).header("cookie", &format!("session={encoded}; a=b")));
        all.push(Request::new("GET", path).header("cookie", &format!("{encoded}=1")));
    }
    for path in ["/api/tickets", "/api/orders", "/api/payments", "/api/payments/checkouts"]
        .map(str::to_owned)
        .into_iter()
        .chain(
            ["/api/users/signup", "/api/users/signin", "/api/users/change-password"]
                .map(str::to_owned),
        )
        .chain([
            format!("/api/payments/{order}/refunds"),
            "/api/payments/webhooks/sandbox".to_owned(),
        ])
        .chain([
            "/api/payments/webhooks/stripe".to_owned(),
            format!("/api/payments/webhooks/{encoded}"),
        ])
    {
        let post = |body: String| {
            let head = Request::new("POST", path.as_str()).key(canary);
            head.header("content-type", "application/json").bytes(body)
        };
        for body in bodies(canary) {
            all.push(post(body));
        }
        let plain = Request::new("POST", path.as_str()).header("content-type", "text/plain");
        all.push(plain.bytes(canary.to_owned()));
        for header in HEADERS {
            all.push(post("{}".to_owned()).header(header, canary));
        }
    }
    // An edit that is refused, and one that is not.
    let edit = format!("/api/tickets/{ticket}");
    all.push(Request::new("PUT", edit.as_str()).json(&json!({"title": 1, "price": canary})));
    all
}

/// Headers that a client may fill as it likes. Ids of requests are given by clients so that they
/// find them in logs: the one thing that is looked at there is whether it could be a card.
const HEADERS: [&str; 12] = [
    "accept",
    "accept-language",
    "if-match",
    "if-none-match",
    "last-event-id",
    "origin",
    "referer",
    "stripe-signature",
    "traceparent",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
];

/// Bodies that no route takes.
fn bodies(canary: &str) -> Vec<String> {
    let card = json!({"number": canary, "exp_month": 12, "cvc": "7373-cvc"});
    let twice = format!("{{{0}: 1, {0}: 2}}", Value::from(canary));
    let mut all = vec![
        Value::from(canary).to_string(),
        json!([canary]).to_string(),
        json!({"card": card, canary: canary}).to_string(),
        json!({"token": {"card": card}}).to_string(),
        format!("{{\"token\": \"{canary}"),
        format!("{canary}{{}}"),
        twice,
    ];
    let fields = [
        "token",
        "orderId",
        "ticketId",
        "price",
        "quantity",
        "currency",
        "event",
        "amount",
        "units",
        "email",
        "password",
        "currentPassword",
        "newPassword",
        "id",
        "type",
        "created",
    ];
    all.extend(fields.map(|field| json!({ field: canary, "title": 7 }).to_string()));
    all
}

/// The field for what stands for a card is where cards are put by mistake.
async fn refused_as_token(buyer: &Person, order: &str, canary: &str) {
    let is_card = CARDS.contains(&canary);
    let mut wrapped =
        vec![canary.to_owned(), format!(" {canary} "), format!("card {canary}, 12/30, cvc 737")];
    if is_card {
        // What else has the form of a token is one, as far as anybody here can tell.
        wrapped.extend([
            format!("tok_{canary}"),
            format!("pm_{}", canary.replace([' ', '-'], "_")),
            format!("tok_visa_{canary}_12_30"),
            canary.replace([' ', '-'], "."),
        ]);
    }
    for token in &wrapped {
        let answer = buyer.pay(order, token).await;
        answer.blames("token");
        assert_eq!(find(&answer.written(), canary), None, "{answer}");
        let says_so = answer.faults().iter().any(|fault| fault.message.contains("card number"));
        assert_eq!(says_so, is_card, "{token}: {answer}");
    }
}

/// What no decent client sends.
async fn raw(server: &Server, canary: &str) {
    let encoded = encode(canary);
    for bytes in [
        format!("GET /{canary} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
        format!("GET /api/tickets HTTP/1.1\r\nhost: {encoded}\r\nconnection: close\r\n\r\n"),
        format!("{canary} /api/tickets HTTP/1.1\r\n\r\n"),
        format!("GET /api/tickets HTTP/1.1\r\n{canary}\r\n\r\n"),
        format!("POST /api/payments HTTP/1.1\r\nhost: a\r\ncontent-length: {canary}\r\n\r\n"),
        format!("POST /api/payments HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{canary}"),
    ] {
        let mut raw = Raw::connect(server.address()).await;
        raw.write(bytes.as_bytes()).await;
        let answer = raw.some(Duration::from_millis(50)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(find(&answer, canary), None, "{answer}");
    }
}

/// What is asked for is done, and the canaries beside it are not kept.
async fn on_the_way_of_a_purchase(
    seller: &Person,
    buyer: &Person,
    (ticket, order): (&str, &str),
    canary: &str,
) {
    let beside = |mut body: Value| {
        body[canary] = canary.into();
        body["card"] = json!({"number": canary, "cvc": canary});
        body
    };
    let send = async |person: &Person, method: &str, path: &str, body: Value| -> Answer {
        let body_length = body.to_string().len();
        let request = Request::new(method, format!("{path}?card={}", encode(canary)))
            .json(&beside(body))
            .key(&format!("{path} {canary} {}", body_length))
            .header("user-agent", canary)
            .header("referer", &format!("https://shop.example/?card={}", encode(canary)))
            .header("x-request-id", if CARDS.contains(&canary) { canary } else { REQUEST });
        person.client.send(&request).await
    };
    let credentials = json!({"email": fresh_email("canary"), "password": format!("{canary}!")});
    let somebody = Person {
        client: buyer.client.stranger(),
        id: String::new(),
        email: text(&credentials, "email"),
    };
    send(&somebody, "POST", "/api/users/signup", credentials.clone()).await.is(201);
    let mut wrong = credentials.clone();
    wrong["password"] = canary.into();
    send(&somebody, "POST", "/api/users/signin", wrong).await.is(400);
    send(&somebody, "POST", "/api/users/signin", credentials).await.is(200);
    send(seller, "POST", "/api/tickets", json!({"title": TITLE, "price": 20})).await.is(201);
    send(buyer, "POST", "/api/orders", json!({"ticketId": ticket})).await.is(400);
    let unknown = json!({"orderId": order, "token": "tok_unknown"});
    send(buyer, "POST", "/api/payments", unknown).await.is(400);
    let pay = Request::new("POST", format!("/api/payments?card={}", encode(canary)))
        .json(&beside(json!({"orderId": order, "token": GOOD_CARD})))
        .key(&format!("pay {canary}"))
        .header("x-request-id", if CARDS.contains(&canary) { canary } else { REQUEST });
    let paid = buyer.client.send(&pay).await.expect(201).json();
    let refunds = format!("/api/payments/{}/refunds", text(&paid, "id"));
    let part = json!({"reason": "It rained", "amount": 1});
    send(seller, "POST", &refunds, part).await.is(201);
}

/// A provider's notices, and what is no notice of one.
async fn notices(provider: &Provider, client: &Client) {
    for canary in CARDS.iter().chain(&SECRETS) {
        let card = json!({"number": canary, "cvc": canary});
        let object = json!({"id": "pi_0", "payment_method_details": {"card": card}});
        for body in [
            json!({"id": "evt_1", "type": "charge.succeeded", "data": {"object": object}}),
            json!({"id": 1, "type": [canary], "data": canary}),
            json!({"id": "evt_2", "type": "charge.refunded", "data": {"object": canary}}),
            Value::from(*canary),
        ] {
            let (body, now) = (body.to_string(), jiff::Timestamp::now().as_second());
            let signed = scripted::stripe::signature(scripted::stripe::WEBHOOK_SECRET, now, &body);
            for signature in [signed, format!("t={now},v1={canary}"), (*canary).to_owned()] {
                let notice = Request::new("POST", "/api/payments/webhooks/stripe")
                    .header("content-type", "application/json")
                    .header("stripe-signature", &signature)
                    .header("webhook-signature", &signature)
                    .bytes(body.clone());
                let answer = client.send(&notice).await.written();
                assert_eq!(find(&answer, canary), None, "{answer}");
            }
        }
    }
    provider.bring_webhooks(client).await;
}

/// Tokens that stand for one card once: they are kept until the payment's end is known, and no
/// longer.
async fn one_time_tokens(
    provider: &Provider,
    with: With,
    seller: &Person,
    buyer: &Person,
) -> Vec<&'static str> {
    if matches!(with, With::SandboxInText) {
        // It knows a handful of tokens that stand for nobody's card.
        return Vec::new();
    }
    let tokens =
        ["tok_visa_730141", "tok_chargeDeclined_730142", "tok_slowBank_730143", "tok_none_730144"];
    for token in tokens {
        let ticket = seller.sell_units(1).await;
        let order = text(&buyer.order(&ticket).await, "id");
        let answer = buyer.pay_until_definite(&order, token).await;
        assert_eq!(find(&answer.written(), token), None, "{answer}");
        provider.bring_webhooks(&buyer.client).await;
    }
    tokens.to_vec()
}
