//! Mollie's notices, which anybody can write: they are believed nothing (I27), and cost little.

use std::time::Duration;

use axum::http::HeaderMap;
use common::store::{Order as Sort, Query};
use common::time::Clock;
use payments::documents::NOTICES;
use payments::domain::State;
use scripted::mollie::Visit;

use super::{Shop, at_the_page, calm, state_of};
use crate::verdict::{self, Counts};

/// So soon after a notice the payment is looked at.
const SOON: Duration = Duration::from_secs(3);

async fn say(shop: &Shop, query: &str, name: &str) {
    let body = format!("id={name}");
    let taken = shop.receive_with(HeaderMap::new(), Some(query), &body).await;
    assert_eq!(taken, Some(Ok(())), "nothing can be learnt: {query} {body}");
}

fn kept(shop: &Shop) -> usize {
    let order = Sort { field: None, descending: false };
    let query =
        Query { collection: &NOTICES, filters: vec![], order, after: None, limit: usize::MAX };
    shop.store.find_now(&query).len()
}

#[tokio::test(start_paused = true)]
async fn a_notice_makes_the_truth_known_soon() {
    let shop = calm(1);
    let (order, ..) = at_the_page(&shop).await;
    // By now it is looked at every half minute.
    shop.clock.sleep(Duration::from_secs(125)).await;
    let (id, name) = shop.check_out(order).await.unwrap();
    assert!(shop.there.visit(&name, Visit::Pays));
    let letters = shop.there.letters();
    assert_eq!(letters.len(), 1);
    let (address, query) = letters[0].url.split_once('?').unwrap();
    assert_eq!(address, "https://tickets.example/api/payments/webhooks/mollie");
    assert_eq!(query, format!("payment={id}"));
    say(&shop, query, &name).await;
    shop.clock.sleep(SOON).await;
    assert!(matches!(state_of(&shop, order).await, State::Captured { .. }));
    assert_eq!(kept(&shop), 0);
    verdict::of(&shop, 1, Counts::default()).await;
}

#[tokio::test(start_paused = true)]
async fn i27_whoever_says_that_it_is_paid_makes_it_be_asked_after_and_no_more() {
    let shop = calm(2);
    let (order, id, name) = at_the_page(&shop).await;
    say(&shop, &format!("payment={id}&status=paid"), &format!("{name}&status=paid")).await;
    shop.clock.sleep(SOON).await;
    assert!(matches!(state_of(&shop, order).await, State::Started { .. }));
}

#[tokio::test(start_paused = true)]
async fn i27_names_that_are_not_ours_make_nobody_be_asked() {
    let shop = calm(3);
    let (order, id, name) = at_the_page(&shop).await;
    let (_, other, of_other) = at_the_page(&shop).await;
    shop.clock.sleep(Duration::from_secs(125)).await;
    let look = |shop: &Shop| (shop.there.calls(), shop.store.find_now(&every()).len());
    let before = (look(&shop), shop.payments_of(order).await);
    for number in 0..200 {
        say(&shop, &format!("payment={id}"), &format!("tr_guessed{number}")).await;
        say(&shop, &format!("payment={number:024x}"), &name).await;
    }
    say(&shop, &format!("payment={other}"), &name).await;
    say(&shop, &format!("payment={id}"), &of_other).await;
    say(&shop, "", &name).await;
    say(&shop, &format!("payment={id}"), "tr_1/refunds").await;
    assert_eq!((look(&shop), shop.payments_of(order).await), before);
    assert_eq!(kept(&shop), 0);
}

fn every() -> Query {
    let order = Sort { field: None, descending: false };
    Query { collection: &NOTICES, filters: vec![], order, after: None, limit: usize::MAX }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_notices_about_a_payment_costs_a_look_in_a_while() {
    let shop = calm(4);
    let (order, id, name) = at_the_page(&shop).await;
    shop.clock.sleep(Duration::from_secs(125)).await;
    let calls = shop.there.calls();
    let versions = || async { shop.payments_of(order).await[0].looks };
    let looks = versions().await;
    for _ in 0..2_000 {
        say(&shop, &format!("payment={id}"), &name).await;
        shop.clock.sleep(Duration::from_millis(5)).await;
    }
    // Ten seconds of it: a look in every two, and no more.
    let asked = shop.there.calls() - calls;
    assert!((4..=6).contains(&asked), "{asked} calls");
    assert_eq!(u64::from(versions().await - looks), asked);
    // About what is at rest it is asked less often still, and only what banks do.
    assert!(shop.there.visit(&name, Visit::Pays));
    verdict::of(&shop, 4, Counts::default()).await;
    let calls = shop.there.calls();
    for _ in 0..20 {
        say(&shop, &format!("payment={id}"), &name).await;
        shop.clock.sleep(SOON).await;
    }
    let asked = shop.there.calls() - calls;
    assert!((4..=7).contains(&asked), "{asked} calls in a minute");
    assert_eq!(kept(&shop), 0);
}
