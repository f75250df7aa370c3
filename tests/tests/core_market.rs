//! The core contract of tickets, orders and payments, as api.md words it.

use serde_json::{Value, json};
use tests::answer::instant;
use tests::market::{CROSSING, GOOD_CARD, NOBODY};
use tests::{Server, ids, number, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_created_shown_and_listed() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let body = json!({"title": "Concert", "price": 20, "unknown": [1, {}], "userId": NOBODY});
    let ticket = seller.sell(&body).await;
    assert_eq!(ticket["title"], "Concert");
    assert_eq!(ticket["price"], json!(20), "a whole price goes out as a whole number");
    assert_eq!(ticket["userId"], seller.id.as_str(), "the session says whose it is, no body");
    assert!(ticket["version"].is_u64(), "{ticket}");
    assert!(ticket.get("orderId").is_none_or(Value::is_null), "nobody ordered it: {ticket}");
    let anyone = server.client();
    let id = text(&ticket, "id");
    let shown = anyone.get(&format!("/api/tickets/{id}")).await.expect(200).json();
    assert_eq!(shown, ticket, "a ticket reads as it was answered");
    let list = anyone.get("/api/tickets").await.expect(200).json();
    assert_eq!(list, json!([ticket]), "a list is a bare array");
    anyone.get(&format!("/api/tickets/{NOBODY}")).await.is(404);
    for malformed in ["1", "zzzzzzzzzzzzzzzzzzzzzzzz", "%00", "0123456789abcdef012345678"] {
        anyone.get(&format!("/api/tickets/{malformed}")).await.is(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_is_exact_money() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let fine = [
        (json!(20), json!(20)),
        (json!(20.5), json!(20.5)),
        (json!("10.50"), json!(10.5)),
        (json!("7"), json!(7)),
        (json!(0.01), json!(0.01)),
        (json!(19.99), json!(19.99)),
        (json!(4.35), json!(4.35)),
        (json!(999_999.99), json!(999_999.99)),
        (json!(1_000_000), json!(1_000_000)),
    ];
    for (given, shown) in fine {
        let ticket = seller.sell(&json!({"title": "T", "price": given})).await;
        assert_eq!(ticket["price"], shown, "given {given}");
    }
    let bad = [
        json!(0),
        json!(-1),
        json!(-0.01),
        json!(10.555),
        json!("10.555"),
        json!(1_000_000.01),
        json!(1_000_001),
        json!("abc"),
        json!(""),
        json!(" 5"),
        json!("5,00"),
        json!("NaN"),
        json!("Infinity"),
        json!("0x10"),
        json!("-5"),
        json!("0"),
        json!(true),
        json!([]),
        json!({}),
        json!(null),
        json!([5]),
        json!(1e300),
        json!(0.001),
        json!("+5"),
    ];
    for price in bad {
        let body = json!({"title": "T", "price": price});
        seller.client.post("/api/tickets", &body).await.blames("price");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_needs_a_title_and_a_price() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    for title in [json!(""), json!("   "), json!(5), json!(null), json!([]), json!({})] {
        let body = json!({"title": title, "price": 10});
        seller.client.post("/api/tickets", &body).await.blames("title");
    }
    let neither = seller.client.post("/api/tickets", &json!({})).await;
    neither.blames("title");
    neither.blames("price");
    assert_eq!(seller.client.get("/api/tickets").await.json(), json!([]), "nothing was created");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_what_is_on_sale_newest_first() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let mut made = Vec::new();
    for price in 1..=4 {
        made.push(text(&seller.sell(&json!({"title": "T", "price": price})).await, "id"));
    }
    let order = buyer.order(&made[1]).await;
    buyer.until_ticket(&made[1], |ticket| ticket["orderId"] == order["id"]).await;
    let list = server.client().get("/api/tickets").await.expect(200).json();
    assert_eq!(ids(&list), [made[3].clone(), made[2].clone(), made[0].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_edits_a_ticket_that_is_not_reserved() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell(&json!({"title": "Old", "price": 10})).await;
    let path = format!("/api/tickets/{}", text(&ticket, "id"));
    let new = json!({"title": "New", "price": "12.50"});
    let edited = seller.client.put(&path, &new).await.expect(200).json();
    assert_eq!((&edited["title"], &edited["price"]), (&json!("New"), &json!(12.5)));
    assert_eq!(number(&edited, "version"), number(&ticket, "version") + 1);
    assert_eq!(buyer.client.get(&path).await.expect(200).json(), edited, "seen at once (I19)");
    buyer.client.put(&path, &new).await.is(401);
    server.client().put(&path, &new).await.is(401);
    seller.client.put(&format!("/api/tickets/{NOBODY}"), &new).await.is(404);
    let order = buyer.order(&text(&ticket, "id")).await;
    buyer.until_ticket(&text(&ticket, "id"), |t| t["orderId"] == order["id"]).await;
    seller.client.put(&path, &new).await.is(400);
    assert_eq!(seller.client.get(&path).await.json()["price"], 12.5, "I16: nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_come_in_their_order() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let anyone = server.client();
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    buyer.until_ticket(&ticket, |t| t["orderId"] == order.as_str()).await;
    let bad = json!({"title": "", "price": -1});
    let good = json!({"title": "T", "price": 1});
    let nobody = format!("/api/tickets/{NOBODY}");
    let mine = format!("/api/tickets/{ticket}");
    // signed in → body → exists → owner → state
    anyone.put(&nobody, &bad).await.is(401);
    buyer.client.put(&nobody, &bad).await.is(400);
    buyer.client.put(&nobody, &good).await.is(404);
    buyer.client.put(&mine, &bad).await.is(400);
    buyer.client.put(&mine, &good).await.is(401);
    seller.client.put(&mine, &good).await.is(400);
    anyone.post("/api/tickets", &bad).await.is(401);
    anyone.post("/api/orders", &json!({})).await.is(401);
    seller.client.post("/api/orders", &json!({"ticketId": "1"})).await.blames("ticketId");
    seller.client.post("/api/orders", &json!({"ticketId": NOBODY})).await.is(404);
    seller.client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    anyone.delete(&format!("/api/orders/{NOBODY}")).await.is(401);
    seller.client.delete(&format!("/api/orders/{NOBODY}")).await.is(404);
    seller.client.delete(&format!("/api/orders/{order}")).await.is(401);
    anyone.post("/api/payments", &json!({})).await.is(401);
    let pay = |order: &str, token: &str| json!({"orderId": order, "token": token});
    seller.client.post("/api/payments", &pay("1", GOOD_CARD)).await.blames("orderId");
    seller.client.post("/api/payments", &json!({"orderId": NOBODY})).await.blames("token");
    seller.client.post("/api/payments", &pay(NOBODY, GOOD_CARD)).await.is(404);
    seller.client.post("/api/payments", &pay(&order, GOOD_CARD)).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_reserves_the_ticket_and_says_until_when() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = text(&seller.sell(&json!({"title": "Gig", "price": 15.5})).await, "id");
    let before = jiff::Timestamp::now();
    let order = buyer.order(&ticket).await;
    assert_eq!(order["status"], "created");
    assert_eq!(order["userId"], buyer.id.as_str());
    assert_eq!(order["ticket"]["id"], ticket.as_str());
    assert_eq!(order["ticket"]["title"], "Gig");
    assert_eq!(order["ticket"]["price"], 15.5);
    assert!(order["version"].is_u64(), "{order}");
    let window = instant(&order, "expiresAt").duration_since(before);
    assert!((14 * 60..=16 * 60).contains(&window.as_secs()), "15 minutes by default: {window:?}");
    let path = format!("/api/orders/{}", text(&order, "id"));
    assert_eq!(buyer.client.get(&path).await.expect(200).json()["expiresAt"], order["expiresAt"]);
    seller.client.get(&path).await.is(401);
    server.client().get(&path).await.is(401);
    buyer.client.get(&format!("/api/orders/{NOBODY}")).await.is(404);
    buyer.client.get("/api/orders/nonsense").await.is(404);
    for person in [&buyer, &seller] {
        person.client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    }
    let reserved = buyer.until_ticket(&ticket, |t| t["orderId"] == order["id"]).await;
    assert_eq!(server.client().get("/api/tickets").await.json(), json!([]), "{reserved}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_puts_the_ticket_on_sale_again() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    let path = format!("/api/orders/{order}");
    buyer.client.delete(&path).await.is(204);
    let seen = buyer.see_order(&order).await;
    assert_eq!(seen["status"], "cancelled", "seen at once (I19)");
    assert_eq!(seen["cancelledBy"], "buyer");
    let free = |t: &Value| t.get("orderId").is_none_or(Value::is_null) && t["available"] == 1;
    buyer.until_ticket(&ticket, free).await;
    let on_sale = server.client().get("/api/tickets").await.json();
    assert_eq!(ids(&on_sale), [ticket.as_str()]);
    let next = server.person("next").await;
    let second = next.order(&ticket).await;
    // A cancel that comes late must not free somebody else's reservation (I13).
    let late = buyer.client.delete(&path).await.expect_any(&[204, 400]);
    assert_eq!(next.see_order(&text(&second, "id")).await["status"], "created", "{late}");
    server.client().delete(&path).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_oldest_first_and_only_ones_own() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let other = server.person("other").await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(text(&buyer.order(&seller.sell_units(1).await).await, "id"));
    }
    let theirs = text(&other.order(&seller.sell_units(1).await).await, "id");
    let mine = buyer.client.get("/api/orders").await.expect(200).json();
    assert_eq!(ids(&mine), placed);
    placed.reverse();
    let turned = buyer.client.get("/api/orders?sort=-createdAt").await.expect(200).json();
    assert_eq!(ids(&turned), placed);
    assert_eq!(ids(&other.client.get("/api/orders").await.json()), [theirs]);
    server.client().get("/api/orders").await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn paying_completes_the_order() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    let paid = buyer.pay(&order, GOOD_CARD).await.expect(201).json();
    assert_eq!(text(&paid, "id").len(), 24, "{paid}");
    assert_eq!(buyer.see_order(&order).await["status"], "complete", "when paying is answered");
    buyer.client.delete(&format!("/api/orders/{order}")).await.is(400);
    let sold = buyer.until_ticket(&ticket, |t| t["orderId"] == order.as_str()).await;
    assert_eq!(sold["available"], 0);
    buyer.client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
}

/// The flow of the web client that came with the original: plain JSON, cookies, the fields that it
/// reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_original_works_unchanged() {
    let server = Server::usual().await;
    let credentials = json!({"email": "test@test.com", "password": "password"});
    let client = server.client();
    client.post("/api/users/signup", &credentials).await.is(201);
    client.post("/api/users/signout", &json!({})).await.is(200);
    client.post("/api/users/signin", &credentials).await.is(200);
    let me = client.get("/api/users/currentuser").await.expect(200).json();
    assert_eq!(me["currentUser"]["email"], "test@test.com");
    let form = json!({"title": "Concert", "price": "20.00"});
    let ticket = client.post("/api/tickets", &form).await.expect(201).json();
    let listed = client.get("/api/tickets").await.expect(200).json();
    assert_eq!((&listed[0]["title"], &listed[0]["price"]), (&json!("Concert"), &json!(20)));
    let path = format!("/api/tickets/{}", text(&ticket, "id"));
    let id = text(&client.get(&path).await.expect(200).json(), "id");
    let order = tests::until("the ticket is orderable", CROSSING, || async {
        let answer = client.post("/api/orders", &json!({"ticketId": id})).await;
        (answer.status == 201).then(|| answer.json())
    })
    .await;
    let order_id = text(&order, "id");
    let shown = client.get(&format!("/api/orders/{order_id}")).await.expect(200).json();
    assert!(instant(&shown, "expiresAt") > jiff::Timestamp::now());
    assert_eq!(shown["ticket"]["price"], 20);
    let charge = json!({"orderId": order_id, "token": GOOD_CARD});
    tests::until("the order is payable", CROSSING, || async {
        let answer = client.post("/api/payments", &charge).await;
        (answer.status == 201).then_some(())
    })
    .await;
    let orders = client.get("/api/orders").await.expect(200).json();
    assert_eq!(orders[0]["ticket"]["title"], "Concert");
    assert_eq!(orders[0]["status"], "complete");
}
