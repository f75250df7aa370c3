//! A thousand buyers at once on one ticket: exactly as many orders as units (I1), told to exactly
//! as many buyers.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::market::Person;
use tests::{Answer, Request, Server, Setup, number, text};
use tokio::sync::Barrier;

const BUYERS: usize = 1_000;
const ROUNDS: u64 = 4;
/// Refusals for load (429, 503) are retried; this bounds how long.
const DEFINITE: Duration = Duration::from_secs(60);

/// Everybody orders one unit at the same instant; the definite answers.
async fn rush(buyers: &[Person], ticket: &str) -> Vec<(usize, Answer)> {
    let barrier = Arc::new(Barrier::new(buyers.len()));
    let rushes = buyers.iter().enumerate().map(|(n, buyer)| {
        let (client, barrier) = (buyer.client.clone(), barrier.clone());
        let request = Request::new("POST", "/api/orders").json(&json!({"ticketId": ticket}));
        tokio::spawn(async move {
            // A connection that is open already, so that all arrive together.
            client.get("/api/users/currentuser").await.is(200);
            barrier.wait().await;
            (n, client.insist(&request, DEFINITE).await)
        })
    });
    join_all(rushes).await.into_iter().map(|done| done.expect("a buyer's task")).collect()
}

async fn one_round(server: &Server, seller: &Person, buyers: &[Person], units: u64) {
    let ticket = seller.sell_units(units).await;
    // Wait until it can be ordered at all: a unit is taken and given back.
    let probe = seller.order(&ticket).await;
    seller.client.delete(&format!("/api/orders/{}", text(&probe, "id"))).await.is(204);
    let answers = rush(buyers, &ticket).await;
    let mut won = BTreeSet::new();
    for (n, answer) in &answers {
        match answer.status {
            201 => assert!(won.insert((text(&answer.json(), "id"), *n)), "an id told twice"),
            400 => {}
            _ => panic!("an order or a refusal: {answer}"),
        }
    }
    assert_eq!(won.len() as u64, units, "I1: exactly {units} of {BUYERS} buyers get a unit");
    for (order, n) in &won {
        let shown = buyers[*n].see_order(order).await;
        assert_eq!((&shown["status"], &shown["ticket"]["id"]), (&json!("created"), &json!(ticket)));
    }
    let shown = seller.until_ticket(&ticket, |t| t["available"] == 0).await;
    assert_eq!(number(&shown, "quantity"), units);
    if units == 1 {
        let (winner, _) = won.first().expect("one winner");
        assert_eq!(text(&shown, "orderId"), *winner, "the ticket shows who has it");
    }
    let on_sale = server.client().walk("/api/tickets").await;
    assert!(on_sale.iter().all(|other| text(other, "id") != ticket), "sold out is not on sale");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_buyers_get_exactly_as_many_units_as_there_are() {
    let mut server = Setup::new().flag("--max-live-orders-per-buyer", "100").start().await;
    let seller = server.person("seller").await;
    let buyers = server.people("buyer", BUYERS).await;
    for round in 0..ROUNDS {
        for units in [1, 100] {
            one_round(&server, &seller, &buyers, units).await;
        }
        println!("round {round} done");
    }
    let mut listed = 0;
    for buyer in &buyers {
        listed += buyer.client.walk("/api/orders").await.len();
    }
    let sold = usize::try_from(ROUNDS * 101).expect("small");
    assert_eq!(listed, sold, "the buyers' lists hold what was sold, no more, no less");
    server.stop().await;
    // A fleet has no data folder that could be checked.
    if tests::setup::fleet().is_none() {
        server.check_clean().await;
    }
}
