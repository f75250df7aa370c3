//! I17: the same key and body get the first answer again, byte for byte, whatever happened
//! meanwhile.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::market::{CROSSING, GOOD_CARD};
use tests::{Answer, Client, Request, Server, text};

async fn same_again(client: &Client, request: &Request, first: &Answer) {
    let again = client.insist(request, CROSSING).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "{again} after {first}");
}

fn sell(key: &str, title: &str) -> Request {
    Request::new("POST", "/api/tickets").key(key).json(&json!({"title": title, "price": 5}))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_answers_a_retry_as_the_first_time_even_after_kill_9() {
    let mut server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(9).await;
    let spare = seller.sell_units(1).await;
    let (paid, given_up) =
        (text(&buyer.order(&ticket).await, "id"), text(&buyer.order(&ticket).await, "id"));
    seller.until_ticket(&ticket, |t| t["available"] == 7).await;
    let edit = json!({"title": "Edited", "price": 21, "quantity": 9});
    let order = json!({"ticketId": ticket, "quantity": 2});
    let payment = json!({"orderId": paid, "token": GOOD_CARD});
    let writes = [
        (&seller, sell("a", "By key")),
        (&seller, Request::new("PUT", format!("/api/tickets/{ticket}")).key("b").json(&edit)),
        (&seller, Request::new("DELETE", format!("/api/tickets/{spare}")).key("c")),
        (&buyer, Request::new("POST", "/api/orders").key("d").json(&order)),
        (&buyer, Request::new("DELETE", format!("/api/orders/{given_up}")).key("e")),
        (&buyer, Request::new("POST", "/api/payments").key("f").json(&payment)),
    ];
    let mut told = Vec::new();
    for (person, request) in &writes {
        let first = person.client.insist(request, CROSSING).await;
        assert!(first.succeeded(), "{first}");
        same_again(&person.client, request, &first).await;
        told.push(first);
    }
    server.kill_9().await;
    server.start().await;
    for ((person, request), first) in writes.iter().zip(&told) {
        same_again(&person.client, request, first).await;
    }
    let orders = buyer.client.walk("/api/orders").await;
    assert_eq!(orders.len(), 3, "nothing was done twice");
    let tickets = seller.client.walk(&format!("/api/tickets?seller={}", seller.id)).await;
    assert_eq!(tickets.len(), 2, "one sold twice over, one by key; the spare is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_later_edit_undoes_nothing() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let ticket = seller.sell_units(1).await;
    let path = format!("/api/tickets/{ticket}");
    let edit = |title: &str, key: &str| {
        Request::new("PUT", &*path).key(key).json(&json!({"title": title, "price": 20}))
    };
    let first = seller.client.send(&edit("One", "one")).await.expect(200);
    seller.client.send(&edit("Two", "two")).await.is(200);
    same_again(&seller.client, &edit("One", "one"), &first).await;
    assert_eq!(seller.see_ticket(&ticket).await["title"], "Two");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_with_another_body_is_422() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let first = seller.client.send(&sell("k", "One")).await.expect(201);
    seller.client.send(&sell("k", "Two")).await.is(422);
    let path = format!("/api/tickets/{}", text(&first.json(), "id"));
    let body = json!({"title": "One", "price": 5});
    let elsewhere = Request::new("PUT", path).key("k").json(&body);
    seller.client.send(&elsewhere).await.is(422);
    same_again(&seller.client, &sell("k", "One"), &first).await;
    assert_eq!(seller.client.walk("/api/tickets").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_user() {
    let server = Server::usual().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let adas = ada.client.send(&sell("k", "Same")).await.expect(201).json();
    let bobs = bob.client.send(&sell("k", "Same")).await.expect(201).json();
    assert_ne!(adas["id"], bobs["id"]);
    assert_eq!(bobs["userId"], bob.id.as_str(), "I26: nobody gets another's answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_at_the_same_time_do_it_once() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    for round in 0..10 {
        let key = format!("round {round}");
        let title = format!("Round {round}");
        let request = sell(&key, &title);
        let answers = join_all((0..20).map(|_| seller.client.send(&request))).await;
        let told: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 409).collect();
        assert!(!told.is_empty(), "one of them is answered");
        for answer in &told {
            answer.is(201);
            assert_eq!(answer.body, told[0].body, "all are told the same");
        }
        same_again(&seller.client, &request, told[0]).await;
    }
    let tickets = seller.client.walk("/api/tickets").await;
    assert_eq!(tickets.len(), 10, "one ticket per key");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_and_payments_retried_at_the_same_time_happen_once() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    let ticket = seller.sell_units(100).await;
    let probe = text(&buyer.order(&ticket).await, "id");
    let body = json!({"ticketId": ticket});
    let request = Request::new("POST", "/api/orders").key("order").json(&body);
    let limit = Duration::from_secs(30);
    let orders = join_all((0..20).map(|_| buyer.client.insist(&request, limit))).await;
    let order = orders[0].clone().expect(201);
    assert!(orders.iter().all(|answer| answer.body == order.body), "the same for all");
    assert_eq!(buyer.client.walk("/api/orders").await.len(), 2, "{probe} and one more");
    let body = json!({"orderId": text(&order.json(), "id"), "token": GOOD_CARD});
    let request = Request::new("POST", "/api/payments").key("pay").json(&body);
    let payments = join_all((0..20).map(|_| buyer.client.insist(&request, limit))).await;
    let payment = payments[0].clone().expect(201);
    let same: Vec<Value> = payments.iter().map(Answer::json).collect();
    assert!(same.iter().all(|answer| *answer == payment.json()), "{same:?}");
}
