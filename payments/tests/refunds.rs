//! Money of a complete order is given back when that is asked for: once, and never more than was
//! taken, whatever goes wrong (I5, I6).

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::sync::Arc;

use common::command::Refusal;
use common::events::{OrderStatus, PaymentState};
use common::execute::Failure;
use common::id::PaymentId;
use futures_util::future::join_all;
use payments::commands::GiveBack;
use payments::domain::{AskedBy, Payment, State};
use payments::queries;

use kit::World;
use kit::faulty::Fault;

/// What two seats cost here.
const ALL: i64 = 4_100;

/// A world with an order that is complete, and the payment that it is complete by.
async fn paid() -> (Arc<World>, PaymentId) {
    let world = World::new();
    let order = world.place().await;
    let id = world.pay(order.id, "tok_visa").await.unwrap();
    world.come_to_rest().await;
    (world, id)
}

async fn payment(world: &World, id: PaymentId) -> Payment {
    queries::payment(&world.engine, id).await.unwrap().unwrap().payment
}

fn field(failure: Failure) -> Option<String> {
    match failure {
        Failure::Refused(Refusal::Invalid(faults)) => faults[0].field.clone(),
        other => panic!("{other:?}"),
    }
}

fn is_conflict<T: std::fmt::Debug>(answer: &Result<T, Failure>) -> bool {
    matches!(answer, Err(Failure::Refused(Refusal::Conflict(_))))
}

#[tokio::test(start_paused = true)]
async fn parts_go_back_one_after_the_other_and_are_told_with_all_before_them() {
    let (world, id) = paid().await;
    let first = world.refund(id, Some(1_000), 0).await.unwrap();
    assert_eq!((first.number, first.amount.minor, first.by), (1, 1_000, AskedBy::Seller));
    assert!(first.done.is_none(), "it is certain before it is done");
    let rest = world.refund(id, None, 2).await.unwrap();
    assert_eq!((rest.number, rest.amount.minor), (2, ALL - 1_000));
    world.come_to_rest().await;
    let payment = payment(&world, id).await;
    assert!(matches!(payment.state, State::Captured { .. }), "its order stays complete");
    assert_eq!((payment.left().minor, payment.given_back().minor), (0, ALL));
    assert_eq!(world.net(payment.order).await, 0);
    let told: Vec<_> =
        world.outbox().into_iter().filter(|event| event.kind == "payment:returned").collect();
    let told: Vec<PaymentState> = told.iter().map(|event| event.data().unwrap()).collect();
    let said: Vec<_> = told.iter().map(|told| told.returned.clone().unwrap()).collect();
    let said: Vec<_> =
        said.iter().map(|s| (s.part, s.amount.minor, s.total.minor, s.units)).collect();
    assert_eq!(said, [(1, 1_000, 1_000, 0), (2, ALL - 1_000, ALL, 2)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_to_be_had_names_its_field_and_changes_nothing() {
    let (world, id) = paid().await;
    let refused = |answer: Result<_, _>| field(answer.err().unwrap());
    assert_eq!(refused(world.refund(id, Some(ALL + 1), 0).await).as_deref(), Some("amount"));
    assert_eq!(refused(world.refund(id, Some(1), 3).await).as_deref(), Some("units"));
    let order = payment(&world, id).await.order;
    let stranger = GiveBack {
        payment: id,
        order,
        seller: Some(world.buyer),
        thousandths: None,
        units: 0,
        reason: "Mine".into(),
    };
    let not_theirs = world.engine.run(stranger.clone(), "test").await;
    assert_eq!(not_theirs, Err(Failure::Refused(Refusal::NotYours)), "not even the buyer");
    let too_fine = GiveBack { seller: None, thousandths: Some(5), ..stranger.clone() };
    let too_fine = world.engine.run(too_fine, "test").await;
    assert_eq!(refused(too_fine).as_deref(), Some("amount"));
    assert_eq!(world.provider.calls().iter().filter(|call| **call == "refund").count(), 0);
    assert!(payment(&world, id).await.refunds.is_empty(), "I8");

    world.refund(id, Some(ALL - 1), 1).await.unwrap();
    assert_eq!(refused(world.refund(id, Some(2), 0).await).as_deref(), Some("amount"));
    assert_eq!(refused(world.refund(id, Some(1), 2).await).as_deref(), Some("units"));
    let by_operator = GiveBack { seller: None, ..stranger };
    let rest = world.engine.run(by_operator, "test").await.unwrap();
    assert_eq!((rest.amount.minor, rest.by), (1, AskedBy::Operator));
    assert!(is_conflict(&world.refund(id, None, 0).await), "nothing is left");
    world.works.resolver.ring();
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i5_only_what_a_complete_order_was_paid_with_is_given_back() {
    let world = World::new();
    world.orders_hear(false);
    let order = world.place().await;
    assert!(world.pay(order.id, "tok_visa").await.is_err(), "the order has not ended yet");
    let id = world.payments_of(order.id).await[0].id;
    assert!(is_conflict(&world.refund(id, None, 0).await));
    world.change(order.id, OrderStatus::Cancelled).await;
    assert!(is_conflict(&world.refund(id, None, 0).await));
    world.come_to_rest().await;
    assert!(is_conflict(&world.refund(id, None, 0).await), "all of it went back by itself");
    assert_eq!(world.told(id).last().unwrap(), "payment:refunded");
}

#[tokio::test(start_paused = true)]
async fn i5_of_sellers_that_click_at_once_no_more_is_given_back_than_was_taken() {
    let (world, id) = paid().await;
    let clicks = join_all((0..10).map(|_| world.refund(id, Some(1_000), 1))).await;
    let accepted = clicks.iter().filter(|click| click.is_ok()).count();
    assert_eq!(accepted, 2, "the order has two units: {clicks:?}");
    let clicks = join_all((0..10).map(|_| world.refund(id, Some(1_000), 0))).await;
    assert_eq!(clicks.iter().filter(|click| click.is_ok()).count(), 2, "{clicks:?}");
    world.come_to_rest().await;
    let order = payment(&world, id).await.order;
    assert_eq!(world.net(order).await, 100);
}

#[tokio::test(start_paused = true)]
async fn i5_a_part_is_given_back_once_whatever_becomes_of_the_call_or_the_process() {
    for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::Silent, Fault::Slow] {
        let (world, id) = paid().await;
        world.provider.script([fault, fault, Fault::AnswerLost]);
        world.refund(id, Some(1_000), 1).await.unwrap();
        world.refund(id, Some(1_000), 0).await.unwrap();
        world.come_to_rest().await;
        let order = payment(&world, id).await.order;
        assert_eq!(world.net(order).await, ALL - 2_000, "{fault:?}");
        let told = world.told(id).iter().filter(|kind| *kind == "payment:returned").count();
        assert_eq!(told, 2, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn news_of_the_order_does_not_let_go_of_what_is_still_owed() {
    let (world, id) = paid().await;
    world.provider.script([Fault::Silent; 3]);
    world.refund(id, Some(1_000), 0).await.unwrap();
    let mut order = world.order(payment(&world, id).await.order);
    order.version += 1;
    world.tell("order:updated", &order).await;
    assert!(payment(&world, id).await.due.is_some());
    world.come_to_rest().await;
    assert_eq!(payment(&world, id).await.given_back().minor, 1_000);
}

#[test]
fn what_was_stored_before_there_were_refunds_is_read() {
    let before = r#"{"id":"010101010101010101010101","provider":"sandbox",
        "order":"020202020202020202020202","buyer":"030303030303030303030303",
        "amount":{"minor":4100,"currency":"usd"},"created_at":"2026-11-18T11:06:40.123Z",
        "trace":"t","due":null,"looks":0,
        "state":{"status":"captured","reference":"ch_1",
        "captured_at":"2026-11-18T11:06:40.123Z"}}"#;
    let payment: Payment = serde_json::from_str(before).unwrap();
    assert!(payment.refunds.is_empty());
    assert!(!serde_json::to_string(&payment).unwrap().contains("refunds"));
}
