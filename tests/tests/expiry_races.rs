//! Expiry races payment (I3, I12, I14): whoever wins, money and unit go together. Both winners must
//! occur.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tests::answer::instant;
use tests::market::{GOOD_CARD, Person};
use tests::poll::at;
use tests::{Server, Setup, text, until};

/// When to pay, relative to `expiresAt`.
const OFFSETS_MS: [i64; 7] = [-50, -5, -1, 0, 1, 5, 50];
const ROUNDS: usize = 12;
const BUYERS: usize = 6;
/// I3: every capture ends as a complete order or a full refund within this.
const SETTLED: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, Default)]
struct Winners {
    payment: usize,
    expiry: usize,
}

async fn race(buyer: &Person, ticket: &str, offset_ms: i64, token: &str) -> bool {
    let order = buyer.order(ticket).await;
    let id = text(&order, "id");
    let due = instant(&order, "expiresAt");
    at(due + SignedDuration::from_millis(offset_ms)).await;
    let answer = buyer.pay_until_definite(&id, token).await;
    let paid = match answer.status {
        201 => true,
        400 => false,
        _ => panic!("a success or a 400 that says so: {answer}"),
    };
    let end = until("the order has ended", SETTLED, || async {
        let shown = buyer.see_order(&id).await;
        let has_ended = shown["status"] == "complete" || shown["status"] == "cancelled";
        has_ended.then_some(shown)
    })
    .await;
    if end["status"] == "cancelled" {
        assert!(Timestamp::now() >= due, "I13: {end}");
    }
    // I14: money that came too late may have bought the units by an order in its place.
    let end = match end.get("replacedBy").and_then(Value::as_str) {
        None => end,
        Some(place) => {
            println!("{offset_ms} ms, {token}: replaced");
            let placed = buyer.see_order(place).await;
            assert_eq!((&placed["replaces"], &placed["total"]), (&end["id"], &end["total"]));
            placed
        }
    };
    assert_eq!(end["status"] == "complete", paid, "I3: {end}");
    paid
}

async fn stays(buyer: &Person, orders: &[(String, &'static str)]) {
    for (order, status) in orders {
        assert_eq!(buyer.see_order(order).await["status"], *status, "I2: a terminal state stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_races_payment_and_either_may_win_but_never_both() {
    let setup = Setup::new().flag("--order-window", "1s");
    let server = setup.flag("--max-live-orders-per-buyer", "1000").start().await;
    let seller = server.person("seller").await;
    let buyers = server.people("buyer", BUYERS).await;
    let mut by_offset = OFFSETS_MS.map(|offset| (offset, Winners::default()));
    let mut sold = 0;
    let units = (ROUNDS * BUYERS * OFFSETS_MS.len()) as u64;
    let ticket = seller.sell_units(units).await;
    for _ in 0..ROUNDS {
        let races = buyers.iter().flat_map(|buyer| {
            OFFSETS_MS.map(|offset| {
                let ticket = &ticket;
                async move { (offset, race(buyer, ticket, offset, GOOD_CARD).await) }
            })
        });
        for (offset, paid) in join_all(races).await {
            let slot = by_offset.iter_mut().find(|(known, _)| *known == offset);
            let winners = &mut slot.expect("an offset of the list").1;
            if paid {
                winners.payment += 1;
                sold += 1;
            } else {
                winners.expiry += 1;
            }
        }
    }
    println!("{by_offset:?}");
    let payments: usize = by_offset.iter().map(|(_, winners)| winners.payment).sum();
    let expiries: usize = by_offset.iter().map(|(_, winners)| winners.expiry).sum();
    assert!(
        payments > 0 && expiries > 0,
        "both must win: {payments} payments, {expiries} expiries"
    );
    seller.until_ticket(&ticket, |t| t["available"] == units - sold).await;
    for buyer in &buyers {
        let orders = buyer.client.walk("/api/orders").await;
        let ends: Vec<(String, &'static str)> = orders
            .iter()
            .map(|order| match order["status"].as_str() {
                Some("complete") => (text(order, "id"), "complete"),
                Some("cancelled") => (text(order, "id"), "cancelled"),
                _ => panic!("no race left undecided: {order}"),
            })
            .collect();
        stays(buyer, &ends).await;
    }
    finish(server).await;
}

/// Cards whose money arrives long after the click: some of it after the order is gone.
const LATE_CARDS: [&str; 4] =
    ["tok_slow", "tok_timeoutAfterCapture", "tok_webhookLate", "tok_serverError"];

#[tokio::test(flavor = "multi_thread")]
async fn slow_money_around_the_expiry_buys_the_unit_or_comes_back() {
    let setup = Setup::new().flag("--order-window", "1s");
    let server = setup.flag("--max-live-orders-per-buyer", "1000").start().await;
    let seller = server.person("seller").await;
    let buyers = server.people("buyer", 4).await;
    let ticket = seller.sell_units(500).await;
    let mut sold = 0;
    for _ in 0..2 {
        let races = buyers.iter().flat_map(|buyer| {
            LATE_CARDS
                .into_iter()
                .flat_map(move |card| [-200, -20, -1].map(move |offset| (buyer, card, offset)))
        });
        let ticket = &ticket;
        let outcomes =
            join_all(races.map(|(buyer, card, offset)| async move {
                race(buyer, ticket, offset, card).await
            }))
            .await;
        sold += outcomes.iter().filter(|paid| **paid).count() as u64;
    }
    println!("sold {sold} of 96");
    seller.until_ticket(&ticket, |t| t["available"] == 500 - sold).await;
    finish(server).await;
}

/// The money is taken after the buyer has cancelled: it must come back, and the unit stays free
/// (I5, I14).
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_while_money_is_under_way_wins_and_the_money_comes_back() {
    let server = Setup::new().flag("--max-live-orders-per-buyer", "1000").start().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    for card in ["tok_slow", "tok_timeoutAfterCapture"] {
        let ticket = seller.sell_units(1).await;
        let order = text(&buyer.order(&ticket).await, "id");
        let path = format!("/api/orders/{order}");
        let pay = buyer.pay_until_definite(&order, card);
        let cancel = async {
            buyer.until_order(&order, "awaiting:payment", SETTLED).await;
            buyer.client.delete(&path).await
        };
        let (payment, cancel) = tokio::join!(pay, cancel);
        cancel.is(204);
        payment.is(400);
        println!("{card}: {payment}");
        assert_eq!(buyer.see_order(&order).await["status"], "cancelled");
        let next = server.person("next").await;
        next.order(&ticket).await;
    }
    finish(server).await;
}

/// The ledger must agree with the ends of all orders: `ticketing check` compares it with the
/// provider's.
async fn finish(mut server: Server) {
    server.stop().await;
    server.check_clean().await;
}
