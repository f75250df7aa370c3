//! Live streams: what happens to a ticket or an order is told to whoever watches, without polling.

use std::time::Duration;

use serde_json::json;
use tests::market::{GOOD_CARD, NOBODY};
use tests::stream::Stream;
use tests::{Server, Setup, number, text, until};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_of_an_order_sees_it_paid() {
    let server = Server::usual().await;
    let buyer = server.person("buyer").await;
    let order = buyer.order(&buyer.sell_units(1).await).await;
    let id = text(&order, "id");
    let mut stream = Stream::open(&buyer.client, &format!("/api/orders/{id}/live")).await;
    let first = stream.next(SOON).await.expect("the order as it is, at once");
    assert_eq!((first.kind.as_str(), &first.data["id"]), ("order", &order["id"]));
    assert_eq!(first.data["status"], "created");
    buyer.pay(&id, GOOD_CARD).await.is(201);
    let last = stream.until(SOON, |order| order["status"] == "complete").await;
    assert_eq!(last.data["ticket"], order["ticket"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_of_a_payment_sees_what_becomes_of_it() {
    let server = Server::usual().await;
    let buyer = server.person("buyer").await;
    let order = text(&buyer.order(&buyer.sell_units(1).await).await, "id");
    let late = tokio::spawn({
        let (client, order) = (buyer.client.clone(), order.clone());
        async move {
            let pay = json!({"orderId": order, "token": "tok_webhookLate"});
            client.post("/api/payments", &pay).await
        }
    });
    let path = format!("/api/payments?orderId={order}");
    let begun = until("the payment has begun", SOON, || async {
        buyer.client.walk(&path).await.first().map(|payment| text(payment, "id"))
    })
    .await;
    let mut stream = Stream::open(&buyer.client, &format!("/api/payments/{begun}/live")).await;
    let first = stream.next(SOON).await.expect("the payment as it is, at once");
    assert_eq!((first.kind.as_str(), text(&first.data, "status")), ("payment", "started".into()));
    stream.until(SOON, |payment| payment["status"] == "captured").await;
    late.await.unwrap().is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_of_an_order_sees_it_expire() {
    let server = Setup::new().flag("--order-window", "1s").start().await;
    let buyer = server.person("buyer").await;
    let id = text(&buyer.order(&buyer.sell_units(1).await).await, "id");
    let mut stream = Stream::open(&buyer.client, &format!("/api/orders/{id}/live")).await;
    stream.until(SOON, |order| order["status"] == "cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_of_a_ticket_see_units_go_and_come_back_and_never_go_back_in_time() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(5).await;
    let path = format!("/api/tickets/{ticket}/live");
    let mut watchers = Vec::new();
    for _ in 0..20 {
        watchers.push(Stream::open(&server.client(), &path).await);
    }
    let first = text(&buyer.order(&ticket).await, "id");
    let three = json!({"ticketId": ticket, "quantity": 3});
    buyer.client.post("/api/orders", &three).await.is(201);
    buyer.client.delete(&format!("/api/orders/{first}")).await.is(204);
    for stream in &mut watchers {
        let start = stream.next(SOON).await.expect("the ticket as it is, at once");
        assert_eq!((start.kind.as_str(), &start.data["available"]), ("ticket", &json!(5)));
        let mut version = number(&start.data, "version");
        let mut seen = vec![5];
        // 5 → 4 → 1 → 2: some may be skipped, the last one not.
        while seen.last() != Some(&2) {
            let event = stream.next(SOON).await.unwrap_or_else(|| panic!("no end after {seen:?}"));
            assert!(number(&event.data, "version") >= version, "back in time after {seen:?}");
            version = number(&event.data, "version");
            seen.push(number(&event.data, "available"));
        }
        let mut steps = [5, 4, 1, 2].iter();
        assert!(seen.iter().all(|count| steps.any(|step| step == count)), "in order: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_for_those_who_may_read() {
    let server = Server::usual().await;
    let buyer = server.person("buyer").await;
    let other = server.person("other").await;
    let order = text(&buyer.order(&buyer.sell_units(1).await).await, "id");
    let path = format!("/api/orders/{order}/live");
    server.client().get(&path).await.is(401);
    other.client.get(&path).await.expect_any(&[401, 403]).faults();
    buyer.client.get(&format!("/api/orders/{NOBODY}/live")).await.is(404);
    server.client().get(&format!("/api/tickets/{NOBODY}/live")).await.is(404);
    server.client().get("/api/tickets/nonsense/live").await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_streams_and_does_not_wait_for_their_watchers() {
    let mut server = Server::usual().await;
    let seller = server.person("seller").await;
    let ticket = seller.sell_units(1).await;
    let path = format!("/api/tickets/{ticket}/live");
    let mut stream = Stream::open(&server.client(), &path).await;
    stream.next(SOON).await.expect("the ticket as it is");
    server.ask_to_stop();
    while stream.next(SOON).await.is_some() {}
    let status = server.ended(SOON).await;
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_watchers_who_leave_without_a_word_cost_nothing_that_stays() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let ticket = seller.sell_units(5).await;
    let path = format!("/api/tickets/{ticket}/live");
    for _ in 0..10 {
        let mut streams = Vec::new();
        for _ in 0..100 {
            streams.push(Stream::open(&server.client(), &path).await);
        }
        drop(streams);
        seller.order(&ticket).await;
        let orders = seller.client.walk("/api/orders").await;
        let newest = text(orders.last().expect("the order just placed"), "id");
        seller.client.delete(&format!("/api/orders/{newest}")).await.is(204);
    }
    seller.until_ticket(&ticket, |t| t["available"] == 5).await;
}
