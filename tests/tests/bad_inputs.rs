//! A table of bad inputs on every route that takes a body: each is a 400 in the error shape, and
//! changes nothing.

use serde_json::{Value, json};
use tests::market::{GOOD_CARD, PASSWORD, Person};
use tests::{Answer, Request, Server, ids, text};

/// A route that takes a body, with a body that it would take.
struct Route {
    method: &'static str,
    path: String,
    good: Value,
    /// Fields that must be there, as strings.
    strings: &'static [&'static str],
    /// Fields that may be missing, and a value of a wrong kind for each.
    optional: &'static [(&'static str, &'static str)],
}

impl Route {
    fn request(&self, body: impl Into<bytes::Bytes>) -> Request {
        Request::new(self.method, self.path.as_str())
            .header("content-type", "application/json")
            .bytes(body)
    }

    fn with(&self, field: &str, value: Value) -> Request {
        let mut body = self.good.clone();
        body[field] = value;
        self.request(body.to_string())
    }

    fn without(&self, field: &str) -> Request {
        let mut body = self.good.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove(field);
        }
        self.request(body.to_string())
    }
}

const TICKET_OPTIONS: &[(&str, &str)] = &[
    ("description", "5"),
    ("description", "[]"),
    ("event", "\"tonight\""),
    ("event", "{\"name\":5}"),
    ("event", "{\"name\":\"N\",\"startsAt\":\"tomorrow\"}"),
    ("event", "{\"name\":\"N\",\"startsAt\":5}"),
    ("event", "{\"name\":\"N\",\"timeZone\":\"Middle-earth/Shire\"}"),
    ("event", "{\"name\":\"N\",\"timeZone\":2}"),
    ("quantity", "0"),
    ("quantity", "-1"),
    ("quantity", "1.5"),
    ("quantity", "100001"),
    ("quantity", "99999999999999999999"),
    ("quantity", "1e400"),
    ("quantity", "true"),
    ("quantity", "{}"),
    ("currency", "5"),
    ("currency", "\"dollars\""),
    ("currency", "\"\""),
];

/// Every route that takes a body, on things that the person owns.
fn routes(ticket: &str, order: &str) -> Vec<Route> {
    let route = |method, path: &str, good, strings, optional| Route {
        method,
        path: path.to_owned(),
        good,
        strings,
        optional,
    };
    let ticket_body = json!({"title": "Changed", "price": 99});
    let ticket_path = format!("/api/tickets/{ticket}");
    let change = json!({"currentPassword": PASSWORD, "newPassword": "a new password"});
    let order_options: &[(&str, &str)] = &[
        ("quantity", "0"),
        ("quantity", "-1"),
        ("quantity", "1.5"),
        ("quantity", "1e400"),
        ("quantity", "[]"),
        ("quantity", "100001"),
        ("price", "\"free\""),
        ("price", "-1"),
        ("price", "{}"),
        ("price", "1e400"),
    ];
    vec![
        route(
            "POST",
            "/api/users/signup",
            json!({"email": "new@example.com", "password": PASSWORD}),
            &["email", "password"],
            &[],
        ),
        route(
            "POST",
            "/api/users/signin",
            json!({"email": "a@example.com", "password": PASSWORD}),
            &["email", "password"],
            &[],
        ),
        route(
            "POST",
            "/api/users/change-password",
            change,
            &["currentPassword", "newPassword"],
            &[],
        ),
        route("DELETE", "/api/users/me", json!({"password": PASSWORD}), &["password"], &[]),
        route("POST", "/api/tickets", ticket_body.clone(), &["title"], TICKET_OPTIONS),
        route("PUT", &ticket_path, ticket_body, &["title"], TICKET_OPTIONS),
        route("POST", "/api/orders", json!({"ticketId": ticket}), &["ticketId"], order_options),
        route(
            "POST",
            "/api/payments",
            json!({"orderId": order, "token": GOOD_CARD}),
            &["orderId", "token"],
            &[],
        ),
        route(
            "POST",
            "/api/payments/checkouts",
            json!({"orderId": order, "place": "page"}),
            &["orderId"],
            &[("place", "\"shop\""), ("place", "1"), ("place", "[\"page\"]")],
        ),
        // A body is looked at before what a path names is looked for.
        route(
            "POST",
            &format!("/api/payments/{order}/refunds"),
            json!({"reason": "Rain", "amount": 1, "units": 1}),
            &["reason"],
            &[
                ("amount", "0"),
                ("amount", "-1"),
                ("amount", "\"all\""),
                ("amount", "1e400"),
                ("units", "-1"),
                ("units", "1.5"),
                ("units", "100001"),
                ("units", "{}"),
            ],
        ),
    ]
}

/// Bodies that are no JSON object whatever the route.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str, levels: usize| {
        format!("{}1{}", open.repeat(levels), close.repeat(levels)).into_bytes()
    };
    vec![
        ("empty", Vec::new()),
        ("cut off", b"{\"title\": \"T\", ".to_vec()),
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a string", b"\"title\"".to_vec()),
        ("a number", b"5".to_vec()),
        ("two objects", b"{}{}".to_vec()),
        ("single quotes", b"{'title': 'T'}".to_vec()),
        ("a trailing comma", b"{\"title\": \"T\",}".to_vec()),
        ("a form", b"title=T&price=5".to_vec()),
        ("invalid UTF-8", b"{\"title\": \"\xff\xfe\", \"email\": \"\xc3\x28\"}".to_vec()),
        ("overlong UTF-8", b"{\"title\": \"\xc0\xaf\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"title\": \"\xed\xa0\x80\"}".to_vec()),
        ("a raw NUL", b"{\"title\": \"\0\"}".to_vec()),
        ("only NULs", vec![0; 64]),
        ("NaN", b"{\"price\": NaN}".to_vec()),
        ("Infinity", b"{\"price\": -Infinity}".to_vec()),
        ("hexadecimal", b"{\"price\": 0x10}".to_vec()),
        ("deep arrays", deep("[", "]", 10_000)),
        ("deep objects", deep("{\"a\":", "}", 8_000)),
        ("deep and open", b"[".repeat(30_000)),
    ]
}

async fn owner(server: &Server) -> (Person, String, String) {
    let owner = server.person("owner").await;
    let ticket = owner.sell_units(5).await;
    let order = text(&owner.order(&ticket).await, "id");
    owner.until_ticket(&ticket, |t| t["available"] == 4).await;
    (owner, ticket, order)
}

/// What an observer sees of the owner's things.
async fn snapshot(owner: &Person) -> (Value, Value, Value) {
    let tickets = owner.client.get("/api/tickets").await.expect(200).json();
    let orders = owner.client.get("/api/orders").await.expect(200).json();
    let me = owner.client.get("/api/users/currentuser").await.expect(200).json();
    (tickets, orders, me)
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_object_are_400_on_every_route() {
    let server = Server::usual().await;
    let (owner, ticket, order) = owner(&server).await;
    let before = snapshot(&owner).await;
    for route in routes(&ticket, &order) {
        for (what, body) in broken() {
            let answer = owner.client.send(&route.request(body)).await;
            assert_eq!(answer.status, 400, "{what}: {answer}");
        }
    }
    assert_eq!(snapshot(&owner).await, before, "I8: refusals changed nothing");
    owner.sign_in_elsewhere().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_kinds_and_missing_fields_are_400_on_their_field() {
    let server = Server::usual().await;
    let (owner, ticket, order) = owner(&server).await;
    let before = snapshot(&owner).await;
    for route in routes(&ticket, &order) {
        for field in route.strings {
            owner.client.send(&route.without(field)).await.blames(field);
            for wrong in [json!(null), json!(true), json!(5), json!([]), json!({}), json!(["x"])] {
                owner.client.send(&route.with(field, wrong)).await.blames(field);
            }
        }
        for (field, wrong) in route.optional {
            // Not through a JSON value, which could not hold 1e400.
            let good = route.good.to_string();
            let open = good.strip_suffix('}').unwrap_or(&good);
            let body = format!("{open},\"{field}\":{wrong}}}");
            let answer = owner.client.send(&route.request(body)).await;
            assert_eq!(answer.status, 400, "{field}: {wrong}: {answer}");
            let blamed = |name: &str| name == *field || name.starts_with(&format!("{field}."));
            let fields = answer.faults().into_iter().filter_map(|fault| fault.field);
            assert!(fields.into_iter().any(|name| blamed(&name)), "{field}: {wrong}: {answer}");
        }
    }
    assert_eq!(snapshot(&owner).await, before, "I8: refusals changed nothing");
    owner.sign_in_elsewhere().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_body_is_told_at_once() {
    let server = Server::usual().await;
    let (owner, ticket, order) = owner(&server).await;
    for route in routes(&ticket, &order) {
        let answer = owner.client.send(&route.request("{}")).await.expect(400);
        let faults = answer.faults();
        for field in route.strings {
            let count = faults.iter().filter(|f| f.field.as_deref() == Some(field)).count();
            assert_eq!(count, 1, "{field} is blamed once: {answer}");
        }
    }
}

/// Strings that break careless code, as JSON text.
fn odd_strings() -> Vec<(&'static str, String)> {
    vec![
        ("a lone surrogate", "\"\\ud800\"".to_owned()),
        ("a lone low surrogate", "\"\\udfff tail\"".to_owned()),
        ("an escaped NUL", "\"a\\u0000b\"".to_owned()),
        ("right-to-left", "\"\\u202etxet\\u202c مرحبا\"".to_owned()),
        ("combining", format!("\"e{}\"", "\\u0301".repeat(90))),
        ("emoji", "\"👩‍👩‍👧‍👦🏳️‍🌈\"".to_owned()),
        ("control", "\"\\u0001\\u001b[31m\"".to_owned()),
        ("markup", "\"<script>alert(1)</script>\"".to_owned()),
        ("quotes", "\"'; DROP TABLE tickets; --\"".to_owned()),
        ("60 KiB", format!("\"{}\"", "x".repeat(60 * 1024))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_strings_are_refused_or_kept_exactly() {
    let server = Server::usual().await;
    let (owner, ticket, order) = owner(&server).await;
    for (what, odd) in odd_strings() {
        let sell = Request::new("POST", "/api/tickets")
            .header("content-type", "application/json")
            .bytes(format!("{{\"title\": {odd}, \"price\": 5}}"));
        let answer = owner.client.send(&sell).await.expect_any(&[201, 400]);
        let parsed: Option<String> = serde_json::from_str(&odd).ok();
        match (answer.status, parsed) {
            (201, Some(given)) => {
                let shown = owner.see_ticket(&text(&answer.json(), "id")).await;
                assert_eq!(text(&shown, "title"), given, "{what} is kept as it came");
            }
            (201, None) => panic!("{what} is no text and cannot be kept: {answer}"),
            _ => answer.blames_title_or_body(),
        }
        for route in routes(&ticket, &order) {
            for field in ["ticketId", "orderId", "token", "email"] {
                if !route.strings.contains(&field) {
                    continue;
                }
                let marked = route.with_text(field, &odd);
                let answer = owner.client.send(&marked).await;
                assert_eq!(answer.status, 400, "{what} as {field}: {answer}");
            }
        }
    }
}

impl Route {
    fn with_text(&self, field: &str, raw: &str) -> Request {
        let mut body = self.good.clone();
        body[field] = json!("@@@");
        self.request(body.to_string().replace("\"@@@\"", raw))
    }
}

/// What a refusal of an odd title looks like.
trait Refusal {
    fn blames_title_or_body(&self);
}

impl Refusal for Answer {
    fn blames_title_or_body(&self) {
        let fields: Vec<_> = self.faults().into_iter().map(|fault| fault.field).collect();
        let right = fields.iter().all(|field| field.as_deref().is_none_or(|f| f == "title"));
        assert!(right, "the title or the whole body is at fault: {self}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicate_keys_are_refused_or_the_last_one_counts() {
    let server = Server::usual().await;
    let (owner, ..) = owner(&server).await;
    let before = ids(&owner.client.get("/api/tickets").await.json()).len();
    let request = Request::new("POST", "/api/tickets")
        .header("content-type", "application/json")
        .bytes("{\"title\": \"First\", \"price\": 1, \"title\": \"Second\", \"price\": 2}");
    let answer = owner.client.send(&request).await.expect_any(&[201, 400]);
    let after = ids(&owner.client.get("/api/tickets").await.json()).len();
    if answer.status == 201 {
        let ticket = answer.json();
        assert_eq!((&ticket["title"], &ticket["price"]), (&json!("Second"), &json!(2)));
    }
    assert_eq!(after - before, usize::from(answer.status == 201));
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_ids_are_400_in_a_body_and_404_in_a_path() {
    let server = Server::usual().await;
    let (owner, ..) = owner(&server).await;
    let malformed = ["", "1", "0123456789ABCDEF01234567", "0123456789abcdef0123456g", "../../etc"];
    for id in malformed {
        let order = json!({"ticketId": id});
        owner.client.post("/api/orders", &order).await.blames("ticketId");
        let payment = json!({"orderId": id, "token": GOOD_CARD});
        owner.client.post("/api/payments", &payment).await.blames("orderId");
    }
    let good = json!({"title": "T", "price": 1});
    for id in ["1", "0123456789ABCDEF01234567", "0123456789abcdef0123456g", "%2e%2e%2f", "%ff"] {
        owner.client.get(&format!("/api/tickets/{id}")).await.is(404);
        owner.client.put(&format!("/api/tickets/{id}"), &good).await.is(404);
        owner.client.delete(&format!("/api/tickets/{id}")).await.is(404);
        owner.client.get(&format!("/api/orders/{id}")).await.is(404);
        owner.client.delete(&format!("/api/orders/{id}")).await.is(404);
        owner.client.get(&format!("/api/payments/{id}")).await.is(404);
        owner.client.get(&format!("/api/payments/{id}/receipt")).await.is(404);
        let refund = json!({"reason": "Rain"});
        owner.client.post(&format!("/api/payments/{id}/refunds"), &refund).await.is(404);
        owner.client.get(&format!("/api/payments/{id}/receipt.pdf")).await.is(404);
    }
}
