//! I13: expiry is on time and honest, through restarts; the units are freed exactly once.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::answer::instant;
use tests::market::Person;
use tests::poll::{at, rest};
use tests::{Setup, number, text};

/// The promise: at most this after `expiresAt`.
const AT_MOST_AFTER: Duration = Duration::from_secs(5);

fn quick() -> Setup {
    Setup::new().flag("--order-window", "1s").flag("--max-live-orders-per-buyer", "1000")
}

/// Watches an order until it is cancelled; panics if that is seen too early or too late.
async fn expires_on_time(buyer: &Person, order: &Value) {
    let due = instant(order, "expiresAt");
    let id = text(order, "id");
    loop {
        let asked = Timestamp::now();
        let shown = buyer.see_order(&id).await;
        let answered = Timestamp::now();
        if shown["status"] == "cancelled" {
            assert!(answered >= due, "I13: cancelled before its expiresAt: {shown} at {answered}");
            return;
        }
        assert_eq!(instant(&shown, "expiresAt"), due, "the promise is not moved");
        assert!(asked <= due + AT_MOST_AFTER, "I13: not expired at {asked}: {shown}");
        rest(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_expire_on_time_and_free_their_units_once() {
    let server = quick().start().await;
    let seller = server.person("seller").await;
    let buyers = server.people("buyer", 10).await;
    let ticket = seller.sell_units(40).await;
    let mut watched = Vec::new();
    for buyer in &buyers {
        for quantity in [1, 3] {
            let body = json!({"ticketId": ticket, "quantity": quantity});
            let order = buyer.try_order(&body).await.expect(201).json();
            watched.push((buyer, order));
        }
    }
    join_all(watched.iter().map(|(buyer, order)| expires_on_time(buyer, order))).await;
    seller.until_ticket(&ticket, |t| t["available"] == 40).await;
    // A cancel that comes too late frees nothing a second time.
    for (buyer, order) in &watched {
        buyer.client.delete(&format!("/api/orders/{}", text(order, "id"))).await.written();
    }
    let body = json!({"ticketId": ticket, "quantity": 40});
    let all = buyers[0].client.post("/api/orders", &body).await.expect(201).json();
    buyers[1].client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    for (buyer, order) in &watched {
        buyer.client.delete(&format!("/api/orders/{}", text(order, "id"))).await.written();
    }
    buyers[1].client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    expires_on_time(&buyers[0], &all).await;
    let shown = seller.until_ticket(&ticket, |t| t["available"] == 40).await;
    assert_eq!(number(&shown, "quantity"), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_survives_a_restart_and_still_expires_on_time() {
    let mut server = quick().flag("--order-window", "2s").start().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    for gentle in [true, false] {
        let ticket = seller.sell_units(1).await;
        let order = buyer.order(&ticket).await;
        if gentle {
            server.stop().await;
        } else {
            server.kill_9().await;
        }
        server.start().await;
        expires_on_time(&buyer, &order).await;
        seller.until_ticket(&ticket, |t| t["available"] == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_that_ran_out_while_the_server_was_down_expires_at_the_start() {
    let mut server = quick().start().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(1).await;
    let order = buyer.order(&ticket).await;
    server.kill_9().await;
    at(instant(&order, "expiresAt") + Duration::from_millis(200)).await;
    server.start().await;
    let order = text(&order, "id");
    buyer.until_order(&order, "cancelled", AT_MOST_AFTER).await;
    assert_eq!(buyer.see_order(&order).await["cancelledBy"], "expiry");
    seller.until_ticket(&ticket, |t| t["available"] == 1).await;
    let next = server.person("next").await;
    next.order(&ticket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_window_changes_new_orders_only() {
    let mut server = quick().flag("--order-window", "10m").start().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(2).await;
    let long = buyer.order(&ticket).await;
    server.stop().await;
    server.change(|setup| setup.flag("--order-window", "1s"));
    server.start().await;
    let short = buyer.order(&ticket).await;
    expires_on_time(&buyer, &short).await;
    let shown = buyer.see_order(&text(&long, "id")).await;
    assert_eq!((&shown["status"], &shown["expiresAt"]), (&json!("created"), &long["expiresAt"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_expiries_at_once_stay_on_time() {
    let server = quick().start().await;
    let seller = server.person("seller").await;
    let buyers = server.people("buyer", 8).await;
    let mut tickets = Vec::new();
    for _ in 0..4 {
        tickets.push(seller.sell_units(1000).await);
    }
    let orders = join_all(buyers.iter().map(|buyer| async {
        let mut placed = Vec::new();
        for n in 0..60 {
            placed.push(buyer.order(&tickets[n % tickets.len()]).await);
        }
        placed
    }))
    .await;
    let watched = buyers
        .iter()
        .zip(&orders)
        .flat_map(|(buyer, placed)| placed.iter().map(move |order| expires_on_time(buyer, order)));
    join_all(watched).await;
    for ticket in &tickets {
        seller.until_ticket(ticket, |t| t["available"] == 1000).await;
    }
}
