//! Who may do what: every route × nobody, somebody else, the owner. A route that the contract's own
//! description names and this list does not is a failure: add it here, with what each may do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::market::{GOOD_CARD, NOBODY, PASSWORD, Person};
use tests::{Client, Request, Server, text};

/// What the statuses of a refusal may be: 401 on core routes, 403 too on routes that are ours.
const NOT_YOURS: &[u16] = &[401];
const NOT_YOURS_HERE: &[u16] = &[401, 403];
const FINE: &[u16] = &[200, 201, 204];

/// One route and what each identity gets.
struct Row {
    method: &'static str,
    /// As the description writes it, with every parameter as `{}`.
    route: &'static str,
    path: String,
    body: Option<Value>,
    anonymous: &'static [u16],
    other: &'static [u16],
    owner: &'static [u16],
}

/// What the owner has.
struct Things {
    ticket: String,
    unwanted: String,
    order: String,
    to_cancel: String,
    paid: String,
    payment: String,
}

async fn things(owner: &Person) -> Things {
    let ticket = owner.sell_units(9).await;
    let order = text(&owner.order(&ticket).await, "id");
    let to_cancel = text(&owner.order(&ticket).await, "id");
    let paid = text(&owner.order(&ticket).await, "id");
    let payment = text(&owner.pay(&paid, GOOD_CARD).await.expect(201).json(), "id");
    owner.until_ticket(&ticket, |t| t["available"] == 6).await;
    Things { ticket, unwanted: owner.sell_units(1).await, order, to_cancel, paid, payment }
}

fn open(method: &'static str, route: &'static str, path: &str) -> Row {
    let path = path.to_owned();
    Row { method, route, path, body: None, anonymous: FINE, other: FINE, owner: FINE }
}

fn private(method: &'static str, route: &'static str, path: String) -> Row {
    let (anonymous, other) = (NOT_YOURS, NOT_YOURS);
    Row { method, route, path, body: None, anonymous, other, owner: FINE }
}

fn signed_in(method: &'static str, route: &'static str) -> Row {
    let path = route.to_owned();
    Row { method, route, path, body: None, anonymous: NOT_YOURS, other: FINE, owner: FINE }
}

impl Row {
    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    fn other(mut self, other: &'static [u16]) -> Self {
        self.other = other;
        self
    }

    fn ours(mut self) -> Self {
        self.other = NOT_YOURS_HERE;
        self
    }

    async fn ask(&self, client: &Client, who: &str, allowed: &[u16]) {
        let mut request = Request::new(self.method, self.path.as_str());
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        if self.route.ends_with("/live") && allowed == FINE {
            let response = client.open(&request).await;
            let status = response.map(|response| response.status().as_u16());
            assert_eq!(status, Ok(200), "{} {} as {who}", self.method, self.route);
            return;
        }
        let answer = client.send(&request).await;
        let right = allowed.contains(&answer.status);
        assert!(right, "as {who} expected one of {allowed:?}: {answer}");
    }
}

/// Reads, and writes that leave the other rows as they are.
fn rows(things: &Things) -> Vec<Row> {
    let Things { ticket, unwanted, order, to_cancel, paid, payment } = things;
    let edit = json!({"title": "Edited", "price": 30, "quantity": 9});
    let pay = json!({"orderId": order, "token": GOOD_CARD});
    vec![
        open("GET", "/api/users/currentuser", "/api/users/currentuser"),
        open("GET", "/api/users/jwks.json", "/api/users/jwks.json"),
        open("GET", "/api/tickets", "/api/tickets"),
        open("GET", "/api/tickets/{}", &format!("/api/tickets/{ticket}")),
        open("GET", "/api/tickets/{}/live", &format!("/api/tickets/{ticket}/live")),
        open("GET", "/api/payments/provider", "/api/payments/provider"),
        open("GET", "/api/openapi.json", "/api/openapi.json"),
        open("GET", "/api/health/live", "/api/health/live"),
        open("GET", "/api/health/ready", "/api/health/ready"),
        private("GET", "/api/orders/{}", format!("/api/orders/{paid}")),
        private("GET", "/api/orders/{}/live", format!("/api/orders/{paid}/live")).ours(),
        private("GET", "/api/payments/{}", format!("/api/payments/{payment}")).ours(),
        private("GET", "/api/payments/{}/live", format!("/api/payments/{payment}/live")).ours(),
        private("GET", "/api/payments/{}/receipt", format!("/api/payments/{payment}/receipt"))
            .ours(),
        private(
            "GET",
            "/api/payments/{}/receipt.pdf",
            format!("/api/payments/{payment}/receipt.pdf"),
        )
        .ours(),
        signed_in("GET", "/api/orders"),
        signed_in("GET", "/api/payments"),
        signed_in("GET", "/api/payments/balance"),
        signed_in("GET", "/api/payments/sales"),
        signed_in("GET", "/api/users/export"),
        signed_in("POST", "/api/tickets").body(json!({"title": "T", "price": 1})),
        signed_in("POST", "/api/orders").body(json!({"ticketId": ticket})),
        private("PUT", "/api/tickets/{}", format!("/api/tickets/{ticket}")).body(edit),
        private("DELETE", "/api/tickets/{}", format!("/api/tickets/{unwanted}")).ours(),
        private("DELETE", "/api/orders/{}", format!("/api/orders/{to_cancel}")),
        // The sandbox has no such page: whoever may ask is told so.
        Row {
            owner: &[409],
            ..private("POST", "/api/payments/checkouts", "/api/payments/checkouts".to_owned())
                .body(json!({"orderId": order}))
                .ours()
        },
        private("POST", "/api/payments", "/api/payments".to_owned()).body(pay),
        // Who bought from themselves is the seller too.
        Row {
            owner: &[201],
            ..private(
                "POST",
                "/api/payments/{}/refunds",
                format!("/api/payments/{payment}/refunds"),
            )
            .body(json!({"reason": "Rain", "amount": 1}))
            .ours()
        },
    ]
}

/// Writes that end or change the session that makes them; each identity acts on itself.
fn account_rows() -> Vec<Row> {
    let change = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD.to_owned() + "!"});
    let credentials = json!({"email": "free@example.com", "password": PASSWORD});
    vec![
        signed_in("POST", "/api/users/change-password").body(change),
        open("POST", "/api/users/signup", "/api/users/signup")
            .body(credentials.clone())
            .other(&[400]),
        open("POST", "/api/users/signin", "/api/users/signin").body(credentials),
        signed_in("POST", "/api/users/signout-everywhere"),
        open("POST", "/api/users/signout", "/api/users/signout"),
        signed_in("DELETE", "/api/users/me").body(json!({"password": PASSWORD})),
    ]
}

/// Routes whose rules are tested elsewhere, because no session decides about them.
const ELSEWHERE: &[(&str, &str)] = &[("POST", "/api/payments/webhooks/{}"), ("GET", "/api/docs")];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_or_changes_what_is_anothers() {
    let server = Server::usual().await;
    let owner = server.person("owner").await;
    let other = server.person("other").await;
    let things = things(&owner).await;
    for row in rows(&things) {
        row.ask(&server.client(), "nobody", row.anonymous).await;
        row.ask(&other.client, "somebody else", row.other).await;
        row.ask(&owner.client, "the owner", row.owner).await;
    }
    for row in account_rows() {
        row.ask(&server.client(), "nobody", row.anonymous).await;
        let other = server.person("other").await;
        row.ask(&other.client, "somebody", row.other).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_routes_is_complete() {
    let server = Server::usual().await;
    let document = server.client().get("/api/openapi.json").await.expect(200).json();
    let things = Things {
        ticket: NOBODY.into(),
        unwanted: NOBODY.into(),
        order: NOBODY.into(),
        to_cancel: NOBODY.into(),
        paid: NOBODY.into(),
        payment: NOBODY.into(),
    };
    let all: Vec<Row> = rows(&things).into_iter().chain(account_rows()).collect();
    let mut listed: BTreeSet<(String, String)> =
        all.iter().map(|row| (row.method.to_owned(), row.route.to_owned())).collect();
    listed.extend(ELSEWHERE.iter().map(|(m, r)| ((*m).to_owned(), (*r).to_owned())));
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if ["get", "post", "put", "delete", "patch"].contains(&method.as_str()) {
                described.insert((method.to_uppercase(), blank_parameters(path)));
            }
        }
    }
    let missing: Vec<_> = described.difference(&listed).collect();
    assert!(missing.is_empty(), "add these to the list above, with who may do what: {missing:?}");
    let undescribed: Vec<_> = listed
        .difference(&described)
        .filter(|(_, route)| !route.contains("health") && !route.contains("openapi"))
        .filter(|(_, route)| route != "/api/docs")
        .collect();
    assert!(undescribed.is_empty(), "served, but missing in openapi.json: {undescribed:?}");
}

fn blank_parameters(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
