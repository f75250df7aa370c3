//! Requests to pay: every token of the sandbox, second clicks, retries, and orders that cannot be
//! paid.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::time::Duration;

use common::command::Refusal;
use common::events::OrderStatus;
use common::execute::Failure;
use common::id::{Id, OrderId, UserId};
use common::time::Clock;
use futures_util::future::join_all;
use payments::domain::{RequestKey, State};
use payments::pay::{PayRequest, Unpaid};

use kit::World;
use kit::faulty::Fault;

fn refusal(unpaid: Unpaid) -> Refusal {
    match unpaid {
        Unpaid::Failed(Failure::Refused(refusal)) => refusal,
        other => panic!("not refused but {other:?}"),
    }
}

fn keyed(request: PayRequest, key: &str, fingerprint: &str) -> PayRequest {
    let key = RequestKey { id: key.to_owned(), fingerprint: fingerprint.to_owned() };
    PayRequest { request: Some(key), ..request }
}

#[tokio::test(start_paused = true)]
async fn good_cards_complete_the_order_however_the_provider_tells() {
    let world = World::new();
    let tokens = [
        "tok_visa",
        "tok_visa_debit",
        "tok_mastercard",
        "tok_amex",
        "tok_discover",
        "tok_slow",
        "tok_timeoutAfterCapture",
        "tok_serverError",
        "tok_webhookTwice",
        "tok_webhookLate",
        "tok_webhookNever",
    ];
    for token in tokens {
        let order = world.place().await;
        let payment = world.pay(order.id, token).await.expect(token);
        assert_eq!(world.order(order.id).status, OrderStatus::Complete, "{token}: I12");
        assert_eq!(world.told(payment), ["payment:started", "payment:captured"], "{token}");
        assert_eq!(world.net(order.id).await, order.total.minor, "{token}: I15");
        let again = refusal(world.pay(order.id, token).await.unwrap_err());
        assert_eq!(again, Refusal::state("The order has already been paid"), "{token}");
    }
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_declined_card_says_why_and_another_may_follow() {
    let world = World::new();
    let order = world.place().await;
    for token in ["tok_chargeDeclined", "tok_chargeDeclinedInsufficientFunds"] {
        let Refusal::Invalid(faults) = refusal(world.pay(order.id, token).await.unwrap_err())
        else {
            panic!("a declined card is a fault")
        };
        assert!(faults[0].message.contains("declined"), "{faults:?}");
        assert!(!faults[0].message.contains("tok_"));
    }
    world.pay(order.id, "tok_visa").await.unwrap();
    assert_eq!(world.payments_of(order.id).await.len(), 3);
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i4_double_clicks_charge_once() {
    let world = World::new();
    for token in ["tok_visa", "tok_slow", "tok_timeoutAfterCapture", "tok_webhookTwice"] {
        let order = world.place().await;
        let clicks = join_all((0..8).map(|_| world.pay(order.id, token))).await;
        let told: Vec<_> = clicks.iter().flatten().collect();
        assert!(!told.is_empty(), "{token}");
        assert!(told.iter().all(|payment| **payment == *told[0]), "{token}: {told:?}");
        assert_eq!(world.payments_of(order.id).await.len(), 1, "{token}");
    }
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn another_card_while_a_payment_runs_is_refused() {
    let world = World::new();
    let order = world.place().await;
    let (first, second) = tokio::join!(world.pay(order.id, "tok_slow"), async {
        world.clock.sleep(Duration::from_millis(300)).await;
        world.pay(order.id, "tok_visa").await
    });
    first.unwrap();
    let said = Refusal::state("A payment for this order is already in progress");
    assert_eq!(refusal(second.unwrap_err()), said);
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i17_a_key_gives_the_first_answer_again() {
    let world = World::new();
    let order = world.place().await;
    let request = keyed(world.request(order.id, "tok_slow"), "k1", "slow");
    let clicks = join_all((0..4).map(|_| world.works.pay.pay(request.clone()))).await;
    let first = clicks[0].clone().unwrap();
    assert!(clicks.iter().all(|answer| *answer == Ok(first)), "all join: {clicks:?}");
    assert_eq!(world.works.pay.pay(request.clone()).await, Ok(first), "and long after it");
    let other = keyed(world.request(order.id, "tok_visa"), "k1", "visa");
    assert_eq!(refusal(world.works.pay.pay(other).await.unwrap_err()), Refusal::KeyReused);
    let later = keyed(world.request(order.id, "tok_visa"), "k2", "visa");
    let paid = refusal(world.works.pay.pay(later).await.unwrap_err());
    assert_eq!(paid, Refusal::state("The order has already been paid"));

    let declined = world.place().await;
    let request = keyed(world.request(declined.id, "tok_chargeDeclined"), "k3", "declined");
    let said = world.works.pay.pay(request.clone()).await.unwrap_err();
    world.pay(declined.id, "tok_visa").await.unwrap();
    assert_eq!(world.works.pay.pay(request).await.unwrap_err(), said, "whatever came after it");
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_under_a_key_stays_refused() {
    let world = World::new();
    let order = world.place().await;
    world.change(order.id, OrderStatus::Cancelled).await;
    let request = keyed(world.request(order.id, "tok_visa"), "k", "f");
    let said = world.works.pay.pay(request.clone()).await.unwrap_err();
    world.clock.sleep(kit::WINDOW).await;
    assert_eq!(world.works.pay.pay(request).await.unwrap_err(), said);
    let expired = refusal(world.pay(order.id, "tok_visa").await.unwrap_err());
    assert_eq!(expired, Refusal::state("The order has expired"));
}

#[tokio::test(start_paused = true)]
async fn what_is_ended_expired_unknown_or_anothers_is_refused_and_changes_nothing() {
    let world = World::new();
    let cancelled = world.place().await;
    world.change(cancelled.id, OrderStatus::Cancelled).await;
    let said = refusal(world.pay(cancelled.id, "tok_visa").await.unwrap_err());
    assert_eq!(said, Refusal::state("The order has been cancelled"));

    let nobody = OrderId(Id::from_bytes([1; 12]));
    assert_eq!(refusal(world.pay(nobody, "tok_visa").await.unwrap_err()), Refusal::NotFound);

    let order = world.place().await;
    let stranger = UserId(Id::from_bytes([8; 12]));
    let request = PayRequest { buyer: stranger, ..world.request(order.id, "tok_visa") };
    let said = refusal(world.works.pay.pay(request).await.unwrap_err());
    assert_eq!(said, Refusal::NotYours);

    world.clock.sleep(kit::WINDOW).await;
    let said = refusal(world.pay(order.id, "tok_visa").await.unwrap_err());
    assert_eq!(said, Refusal::state("The order has expired"));
    assert!(world.outbox().is_empty() && world.statement().await.is_empty(), "I8");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_just_placed_is_waited_for() {
    let world = World::new();
    let order = world.unheard();
    let (paid, ()) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(400)).await;
        world.tell("order:created", &order).await;
    });
    paid.unwrap();
    let never = world.unheard();
    assert_eq!(refusal(world.pay(never.id, "tok_visa").await.unwrap_err()), Refusal::NotFound);
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_buyer_who_goes_away_stops_nothing() {
    let world = World::new();
    let order = world.place().await;
    let gone = tokio::time::timeout(Duration::from_millis(100), world.pay(order.id, "tok_slow"));
    assert!(gone.await.is_err(), "the page was closed before the answer");
    world.come_to_rest().await;
    assert_eq!(world.order(order.id).status, OrderStatus::Complete);
    assert_eq!(world.provider.calls(), ["charge"], "nobody had to ask again");
}

#[tokio::test(start_paused = true)]
async fn i12_nobody_is_told_of_success_before_the_order_is_complete() {
    let world = World::new();
    world.orders_hear(false);
    let order = world.place().await;
    let answer = world.pay(order.id, "tok_visa").await;
    assert_eq!(answer, Err(Unpaid::Unresolved), "captured is not complete");
    assert_eq!(world.net(order.id).await, order.total.minor);
    world.orders_hear(true);
    let payment = world.pay(order.id, "tok_visa").await.expect("who asks again joins");
    assert_eq!(world.payments_of(order.id).await[0].id, payment);
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_who_asks_again_gets_the_outcome() {
    let before = World::new();
    let order = before.place().await;
    let request = keyed(before.request(order.id, "tok_visa"), "k", "f");
    before.provider.script([Fault::Silent, Fault::Silent, Fault::Silent, Fault::Silent]);
    let gone =
        tokio::time::timeout(Duration::from_millis(100), before.works.pay.pay(request.clone()));
    assert!(gone.await.is_err());
    before.orders_hear(false);
    let after = before.restarted();
    let payment = after.works.pay.pay(request).await.unwrap();
    assert_eq!(after.payments_of(order.id).await[0].id, payment);
    after.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i28_the_token_is_gone_when_the_payment_is_resolved() {
    let world = World::new();
    for token in ["tok_visa", "tok_chargeDeclined"] {
        let order = world.place().await;
        drop(world.pay(order.id, token).await);
        let payment = &world.payments_of(order.id).await[0];
        assert!(!matches!(payment.state, State::Started { .. }));
        let kept = serde_json::to_string(payment).unwrap();
        assert!(!kept.contains("tok_"), "{kept}");
    }
    let told = serde_json::to_string(&world.outbox()).unwrap();
    assert!(!told.contains("tok_"), "{told}");
    world.come_to_rest().await;
}
