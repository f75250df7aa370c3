//! What is ours beyond the core: units, descriptions and events, withdrawing, searching, and the
//! price that a buyer saw.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::market::{CROSSING, GOOD_CARD, NOBODY, Person};
use tests::{Server, Setup, ids, number, text};

fn concert(title: &str, price: &str, starts: &str) -> Value {
    json!({
        "title": title,
        "price": price,
        "description": format!("All about {title}"),
        "quantity": 3,
        "currency": "USD",
        "event": {"name": format!("{title} Night"), "venue": "Old Hall", "startsAt": starts},
    })
}

async fn found(server: &Server, query: &str) -> Vec<String> {
    let list = server.client().walk(&format!("/api/tickets?{query}")).await;
    list.iter().map(|ticket| text(ticket, "title")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_may_say_more_and_keeps_it() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let ticket = seller.sell(&concert("Jazz", "12.50", "2031-05-01T19:00:00.000Z")).await;
    assert_eq!(ticket["description"], "All about Jazz");
    assert_eq!((number(&ticket, "quantity"), number(&ticket, "available")), (3, 3));
    assert!(text(&ticket, "currency").eq_ignore_ascii_case("USD"), "{ticket}");
    assert_eq!(ticket["event"]["name"], "Jazz Night");
    assert_eq!(ticket["event"]["venue"], "Old Hall");
    assert_eq!(ticket["event"]["startsAt"], "2031-05-01T19:00:00.000Z");
    let off = jiff::Timestamp::now().duration_since(tests::answer::instant(&ticket, "createdAt"));
    assert!(off.abs().as_secs() < 60, "{ticket}");
    let offset = concert("Folk", "5", "2031-05-01T21:00:00+02:00");
    let folk = seller.sell(&offset).await;
    assert_eq!(folk["event"]["startsAt"], "2031-05-01T19:00:00.000Z", "times go out in UTC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_currency_decides_how_many_decimals_a_price_has() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let ask =
        |price: Value, currency: &str| json!({"title": "T", "price": price, "currency": currency});
    let yen = seller.sell(&ask(json!(500), "JPY")).await;
    assert_eq!(yen["price"], 500);
    assert!(text(&yen, "currency").eq_ignore_ascii_case("JPY"), "{yen}");
    seller.client.post("/api/tickets", &ask(json!(500.5), "JPY")).await.blames("price");
    let euro = seller.sell(&ask(json!("9.99"), "EUR")).await;
    assert_eq!(euro["price"], 9.99);
    seller.client.post("/api/tickets", &ask(json!(5), "XXQ")).await.blames("currency");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_searched_filtered_and_sorted() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let other = server.person("other").await;
    seller.sell(&concert("Jazz", "12.50", "2031-05-01T19:00:00.000Z")).await;
    seller.sell(&concert("Opera", "80", "2031-06-01T19:00:00.000Z")).await;
    seller.sell(&concert("Ballet", "40", "2031-07-01T19:00:00.000Z")).await;
    other.sell(&json!({"title": "Plain", "price": 3})).await;
    let cases = [
        ("q=jazz", vec!["Jazz"]),
        ("q=JAZZ%20night", vec!["Jazz"]),
        ("q=hall", vec!["Ballet", "Opera", "Jazz"]),
        ("q=about%20opera", vec!["Opera"]),
        ("q=nothing", vec![]),
        ("minPrice=12.50", vec!["Ballet", "Opera", "Jazz"]),
        ("maxPrice=12.49", vec!["Plain"]),
        ("minPrice=13&maxPrice=40", vec!["Ballet"]),
        ("sort=price", vec!["Plain", "Jazz", "Ballet", "Opera"]),
        ("sort=-price", vec!["Opera", "Ballet", "Jazz", "Plain"]),
        ("sort=createdAt", vec!["Jazz", "Opera", "Ballet", "Plain"]),
        ("from=2031-06-01T00:00:00Z", vec!["Ballet", "Opera"]),
        ("from=2031-05-15T00:00:00Z&to=2031-06-15T00:00:00Z", vec!["Opera"]),
        ("q=hall&sort=price", vec!["Jazz", "Ballet", "Opera"]),
        ("q=hall&sort=price&limit=1", vec!["Jazz", "Ballet", "Opera"]),
    ];
    for (query, wanted) in cases {
        assert_eq!(found(&server, query).await, wanted, "{query}");
    }
    let by_date = found(&server, "sort=startsAt&q=hall").await;
    assert_eq!(by_date, ["Jazz", "Opera", "Ballet"]);
    assert_eq!(found(&server, &format!("seller={}", other.id)).await, ["Plain"]);
    assert!(found(&server, &format!("seller={NOBODY}")).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sellers_see_their_sold_tickets_and_nobody_else_does() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let (sold, open) = (seller.sell_units(1).await, seller.sell_units(1).await);
    buyer.order(&sold).await;
    seller.until_ticket(&sold, |t| t["available"] == 0).await;
    let path = format!("/api/tickets?seller={}", seller.id);
    let own: BTreeSet<String> = ids(&seller.client.get(&path).await.json()).into_iter().collect();
    assert_eq!(own, BTreeSet::from([sold, open.clone()]));
    assert_eq!(ids(&buyer.client.get(&path).await.json()), [open]);
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_counted_down_and_never_below_zero() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(5).await;
    let want = |quantity: u64| json!({"ticketId": ticket, "quantity": quantity});
    let order = buyer.try_order(&want(3)).await.expect(201).json();
    assert_eq!(number(&order, "quantity"), 3);
    buyer.client.post("/api/orders", &want(3)).await.is(400);
    buyer.client.post("/api/orders", &want(2)).await.is(201);
    buyer.client.post("/api/orders", &want(1)).await.is(400);
    let full = buyer.until_ticket(&ticket, |t| t["available"] == 0).await;
    assert!(full.get("orderId").is_none_or(Value::is_null), "only of a single unit: {full}");
    buyer.pay(&text(&order, "id"), GOOD_CARD).await.is(201);
    assert_eq!(buyer.see_ticket(&ticket).await["available"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_many_units_is_edited_without_touching_orders() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(5).await;
    let body = json!({"ticketId": ticket, "quantity": 2});
    let order = text(&buyer.try_order(&body).await.expect(201).json(), "id");
    let path = format!("/api/tickets/{ticket}");
    seller.until_ticket(&ticket, |t| t["available"] == 3).await;
    let edit = |quantity: u64| json!({"title": "Dearer", "price": 35, "quantity": quantity});
    seller.client.put(&path, &edit(1)).await.is(400);
    seller.client.put(&path, &edit(4)).await.is(200);
    let kept = buyer.see_order(&order).await;
    assert_eq!(
        (&kept["ticket"]["price"], &kept["ticket"]["title"]),
        (&json!(20), &json!("A seat"))
    );
    seller.until_ticket(&ticket, |t| t["available"] == 2).await;
    let new = tests::until("the new price reaches orders", CROSSING, || async {
        let answer =
            buyer.client.post("/api/orders", &json!({"ticketId": ticket, "price": 35})).await;
        (answer.status != 409).then_some(answer)
    })
    .await;
    assert_eq!(new.expect(201).json()["ticket"]["price"], 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_other_than_the_buyer_saw_is_409_and_orders_nothing() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(3).await;
    let seen = |price: Value| json!({"ticketId": ticket, "price": price});
    for price in [json!(19.99), json!(20.01), json!("1")] {
        buyer.try_order(&seen(price)).await.is(409);
    }
    assert!(buyer.client.walk("/api/orders").await.is_empty(), "I15");
    for price in [json!(20), json!("20.00")] {
        buyer.try_order(&seen(price)).await.is(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_ticket_is_gone_and_a_taken_one_stays() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let (gone, taken) = (seller.sell_units(1).await, seller.sell_units(2).await);
    let order = text(&buyer.order(&taken).await, "id");
    seller.until_ticket(&taken, |t| t["available"] == 1).await;
    let delete = |person: &Person, ticket: &str| {
        let (client, path) = (person.client.clone(), format!("/api/tickets/{ticket}"));
        async move { client.delete(&path).await }
    };
    delete(&buyer, &gone).await.expect_any(&[401, 403]).faults();
    delete(&seller, &taken).await.expect_any(&[400, 409]).faults();
    delete(&seller, &gone).await.is(204);
    server.client().get(&format!("/api/tickets/{gone}")).await.is(404);
    delete(&seller, &gone).await.is(404);
    let refused = buyer.client.post("/api/orders", &json!({"ticketId": gone})).await;
    assert!([400, 404].contains(&refused.status), "I16: {refused}");
    buyer.client.delete(&format!("/api/orders/{order}")).await.is(204);
    tests::until("withdrawn once nothing is taken", CROSSING, || async {
        (delete(&seller, &taken).await.status == 204).then_some(())
    })
    .await;
    assert!(server.client().walk("/api/tickets").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_buyer_cannot_hold_more_live_orders_than_configured() {
    let server = Setup::new().flag("--max-live-orders-per-buyer", "2").start().await;
    let seller = server.person("seller").await;
    let (hoarder, other) = (server.person("hoarder").await, server.person("other").await);
    let ticket = seller.sell_units(10).await;
    let first = text(&hoarder.order(&ticket).await, "id");
    hoarder.order(&ticket).await;
    let refused = hoarder.client.post("/api/orders", &json!({"ticketId": ticket})).await;
    refused.is(400);
    other.order(&ticket).await;
    hoarder.client.delete(&format!("/api/orders/{first}")).await.is(204);
    hoarder.order(&ticket).await;
}
