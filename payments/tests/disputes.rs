//! Money that a buyer's bank takes back, for good or not: it is booked once, whoever tells of it
//! and whatever goes wrong, and what is owed besides comes to an end (I3, I6, I27).

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use common::command::Refusal;
use common::events::{DisputeStatus, OrderStatus, PaymentState};
use common::execute::Failure;
use common::id::PaymentId;
use common::scan::all;
use common::time::Clock;
use hmac::{Hmac, KeyInit, Mac};
use payments::commands::{Doubt, RecordDisputes};
use payments::domain::balance::Balance;
use payments::domain::{Account, Entry, EntryKind, Payment, Standing, State, Told};
use payments::provider::Letter;
use payments::provider::sandbox::signature::HEADER;
use payments::queries::{self, audit, sales};
use payments::webhook::NotTaken;
use sha2::Sha256;

use kit::{SELLER, World};

/// What two seats cost here, and what the platform keeps of it.
const ALL: i64 = 4_100;
const FEE: i64 = 133;

/// The cards whose bank takes the money back: for good, not for good, and without a decision.
const LOST: &str = "tok_createDisputeLost";
const WON: &str = "tok_createDisputeWon";
const OPEN: &str = "tok_createDispute";

/// A world with an order that is complete, paid with a card, and the payment.
async fn paid(token: &str) -> (Arc<World>, PaymentId) {
    let world = World::new();
    let order = world.place().await;
    let id = world.pay(order.id, token).await.unwrap();
    (world, id)
}

async fn payment(world: &World, id: PaymentId) -> Payment {
    queries::payment(&world.engine, id).await.unwrap().unwrap().payment
}

async fn version(world: &World, id: PaymentId) -> u64 {
    queries::payment(&world.engine, id).await.unwrap().unwrap().version
}

/// Waits until a dispute stands so.
async fn until(world: &World, id: PaymentId, standing: Standing) -> Payment {
    for _ in 0..600 {
        let payment = payment(world, id).await;
        if payment.disputes.last().is_some_and(|dispute| dispute.standing == standing) {
            return payment;
        }
        world.clock.sleep(Duration::from_millis(100)).await;
    }
    panic!("never {standing:?}: {:?}", payment(world, id).await);
}

async fn findings(world: &World) -> Vec<String> {
    audit::findings(&*world.store, &*world.sandbox_store).await.unwrap()
}

async fn balance(world: &World) -> Balance {
    sales::balances(&*world.store, SELLER).await.unwrap()["usd"]
}

/// The kinds of a payment's entries, by their ids.
async fn booked(world: &World, id: PaymentId) -> Vec<EntryKind> {
    let entries = all::<Entry>(&*world.store).await.unwrap();
    entries.iter().filter(|entry| entry.payment == Some(id)).map(|entry| entry.kind).collect()
}

/// What is on an account.
async fn on(world: &World, account: Account) -> i64 {
    all::<Entry>(&*world.store).await.unwrap().iter().map(|entry| entry.posted(account)).sum()
}

#[tokio::test(start_paused = true)]
async fn i6_what_a_bank_takes_is_its_sellers_and_the_platforms_and_comes_back_to_them() {
    let (world, id) = paid(WON).await;
    world.come_to_rest().await;
    let before = balance(&world).await;
    assert_eq!((before.payable, before.fees), (ALL - FEE, FEE));
    let disputed = until(&world, id, Standing::Open).await;
    assert_eq!((disputed.taken(), disputed.is_held(), disputed.due), (ALL, true, None));
    let during = balance(&world).await;
    assert_eq!((during.payable, during.fees, during.disputed), (0, 0, ALL));
    assert_eq!(on(&world, Account::ProviderClearing).await, 0);
    assert_eq!(findings(&world).await, Vec::<String>::new());
    let won = until(&world, id, Standing::Won).await;
    assert_eq!((won.taken(), won.disputes[0].moves.len()), (0, 2));
    assert!(won.disputes[0].closed_at.is_some());
    assert_eq!(balance(&world).await, before);
    let kinds = booked(&world, id).await;
    let wanted =
        [EntryKind::Captured, EntryKind::Disputed, EntryKind::Earned, EntryKind::Reinstated];
    assert_eq!(kinds, wanted, "by their ids");
    let told: Vec<PaymentState> = world.outbox().iter().filter_map(|e| e.data().ok()).collect();
    let told = told.into_iter().filter_map(|payment| Some(payment.dispute?.status));
    assert_eq!(told.collect::<Vec<_>>(), [DisputeStatus::Open, DisputeStatus::Won]);
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i6_what_is_lost_stays_with_the_bank_and_a_seller_may_owe_it() {
    let (world, id) = paid(LOST).await;
    world.come_to_rest().await;
    let reference = "week 1".parse().unwrap();
    let payable = balance(&world).await.money(ALL - FEE);
    payments::payouts::record(&world.engine, SELLER, payable, &reference).await.unwrap();
    until(&world, id, Standing::Lost).await;
    let after = balance(&world).await;
    assert_eq!((after.payable, after.disputed, after.paid_out), (FEE - ALL, ALL, ALL - FEE));
    assert_eq!(after.payable, after.earned - after.fees - after.disputed - after.paid_out);
    let more = "week 2".parse().unwrap();
    let cent = after.money(1);
    assert!(payments::payouts::record(&world.engine, SELLER, cent, &more).await.is_err());
    world.come_to_rest().await;
    assert_eq!(world.net(payment(&world, id).await.order).await, 0);
}

#[tokio::test(start_paused = true)]
async fn i5_a_seller_gives_nothing_back_that_a_bank_has() {
    for (token, end) in [(WON, Standing::Won), (LOST, Standing::Lost)] {
        let (world, id) = paid(token).await;
        until(&world, id, Standing::Open).await;
        let Err(Failure::Refused(Refusal::Conflict(why))) = world.refund(id, Some(100), 0).await
        else {
            panic!("a bank has it")
        };
        assert!(why.to_string().contains("dispute is not decided"), "{why}");
        until(&world, id, end).await;
        let again = world.refund(id, Some(100), 0).await;
        assert_eq!(again.is_ok(), end == Standing::Won, "{again:?}");
        world.come_to_rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn i3_a_refund_on_its_way_waits_for_the_bank_and_comes_to_an_end() {
    for (token, end) in [(WON, Standing::Won), (LOST, Standing::Lost)] {
        let (world, id) = paid(token).await;
        world.come_to_rest().await;
        world.provider.lose(Some("refund"));
        world.refund(id, Some(1_000), 1).await.unwrap();
        let disputed = until(&world, id, Standing::Open).await;
        world.provider.lose(None);
        assert!(disputed.refunds[0].done.is_none() && disputed.due.is_none(), "{disputed:?}");
        assert_eq!(findings(&world).await, Vec::<String>::new());
        until(&world, id, end).await;
        world.come_to_rest().await;
        let over = payment(&world, id).await;
        let done = over.refunds[0].done.as_ref().unwrap();
        assert_eq!(over.is_by_dispute(&done.reference), end == Standing::Lost, "{done:?}");
        assert_eq!(over.refunded_minor(), if end == Standing::Won { 1_000 } else { 0 });
        assert_eq!(on(&world, Account::BuyerRefunds).await, 0);
        assert_eq!(world.told(id).last().unwrap(), "payment:returned", "its units are free");
        let after = balance(&world).await;
        let gone = if end == Standing::Won { 1_000 } else { ALL };
        assert_eq!(after.refunded + after.disputed, gone);
        assert_eq!(after.fees, FEE - over.fee_share(gone));
    }
}

#[tokio::test(start_paused = true)]
async fn i3_all_of_an_order_that_came_to_nothing_is_back_by_its_bank_or_by_us() {
    for (token, end) in [(WON, Standing::Won), (LOST, Standing::Lost)] {
        let (world, id) = {
            let world = World::new();
            world.orders_hear(false);
            let order = world.place().await;
            let soon = Duration::from_millis(50);
            let gone = tokio::time::timeout(soon, world.pay(order.id, token)).await;
            assert!(gone.is_err(), "the order has not ended yet");
            let id = world.payments_of(order.id).await[0].id;
            world.provider.lose(Some("refund"));
            world.change(order.id, OrderStatus::Cancelled).await;
            (world, id)
        };
        let disputed = until(&world, id, Standing::Open).await;
        world.provider.lose(None);
        assert!(matches!(disputed.state, State::Refunding { .. }), "{disputed:?}");
        assert_eq!(on(&world, Account::DisputeCosts).await, ALL);
        until(&world, id, end).await;
        world.come_to_rest().await;
        let over = payment(&world, id).await;
        assert!(matches!(over.state, State::Refunded { .. }), "{over:?}");
        assert_eq!(world.net(over.order).await, 0);
        for account in [Account::DisputeCosts, Account::BuyerRefunds, Account::ProviderClearing] {
            assert_eq!(on(&world, account).await, 0, "{token}: {account:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_a_provider_refuses_makes_one_ask_for_the_dispute() {
    let (world, id) = paid(OPEN).await;
    world.come_to_rest().await;
    world.provider.mute();
    let until_open = Duration::from_secs(5);
    world.clock.sleep(until_open).await;
    assert!(payment(&world, id).await.disputes.is_empty(), "no notice came");
    world.refund(id, Some(100), 0).await.unwrap();
    let disputed = until(&world, id, Standing::Open).await;
    assert_eq!(disputed.taken(), ALL);
    assert_eq!(findings(&world).await, Vec::<String>::new());
}

/// A notice, signed with the sandbox's secret where all of its entropy is sevens.
fn signed(world: &World, body: &str, secret: u8) -> HeaderMap {
    let seconds = world.clock.now().as_millis() / 1_000;
    let mut mac = Hmac::<Sha256>::new_from_slice(&[secret; 32]).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let value = HeaderValue::try_from(format!("t={seconds},v1={digits}")).unwrap();
    HeaderMap::from_iter([(HEADER, value)])
}

async fn notify(world: &World, id: PaymentId, name: &str, secret: u8) -> Result<(), NotTaken> {
    let at = world.clock.now();
    let body = format!(r#"{{"id":"{name}","type":"dispute.lost","key":"{id}","created":"{at}"}}"#);
    let headers = signed(world, &body, secret);
    let letter = Letter { headers: &headers, query: None, body: body.as_bytes() };
    world.works.webhook.receive("sandbox", letter, "test").await
}

fn asked(world: &World) -> usize {
    world.provider.calls().iter().filter(|call| **call == "disputes").count()
}

#[tokio::test(start_paused = true)]
async fn i27_a_notice_makes_one_ask_once_and_is_never_believed() {
    let (world, id) = paid("tok_visa").await;
    world.come_to_rest().await;
    let before = version(&world, id).await;
    assert!(notify(&world, id, "evt_f", 8).await.is_err());
    world.come_to_rest().await;
    assert_eq!((asked(&world), version(&world, id).await), (0, before), "forged");
    for _ in 0..3 {
        notify(&world, id, "evt_d", 7).await.unwrap();
        world.come_to_rest().await;
    }
    assert_eq!(asked(&world), 1, "told three times");
    let after = payment(&world, id).await;
    assert!(after.disputes.is_empty() && !after.doubts.are_open(), "the provider knows of none");
    assert_eq!(booked(&world, id).await, [EntryKind::Captured, EntryKind::Earned]);
}

#[tokio::test(start_paused = true)]
async fn i7_a_notice_that_was_taken_is_looked_into_once_the_provider_is_back() {
    let (world, id) = paid(OPEN).await;
    world.come_to_rest().await;
    world.provider.lose(Some("disputes"));
    world.clock.sleep(Duration::from_secs(60)).await;
    let before = payment(&world, id).await;
    assert!(before.disputes.is_empty() && before.doubts.are_open(), "{before:?}");
    assert!(before.due.is_some_and(|due| due.since(world.clock.now()) <= Duration::from_secs(10)));
    world.provider.lose(None);
    until(&world, id, Standing::Open).await;
    assert_eq!(findings(&world).await, Vec::<String>::new());
}

fn told(standing: Standing, taken: i64, amount: common::money::Money) -> Told {
    let (reference, reason) = ("dp_1".to_owned(), "fraudulent".to_owned());
    let fee = Some(common::money::Money { minor: 1_500, ..amount });
    Told { reference, amount, reason, standing, taken, fee }
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_something_else_is_not_taken_for_the_truth() {
    let (world, id) = paid("tok_visa").await;
    world.come_to_rest().await;
    let Payment { order, amount, .. } = payment(&world, id).await;
    let doubt = Doubt { provider: "sandbox", payment: id, told: told(Standing::Open, ALL, amount) };
    assert!(world.engine.run(doubt.clone(), "test").await.unwrap());
    let asked_at = payment(&world, id).await.doubts;
    let record = |doubts, standing, taken| RecordDisputes {
        payment: id,
        order,
        doubts,
        told: vec![told(standing, taken, amount)],
    };
    let won = record(asked_at, Standing::Won, 0);
    assert_eq!(world.engine.run(won, "test").await.unwrap().won, 1);
    let late = record(asked_at, Standing::Open, ALL);
    assert_eq!(world.engine.run(late, "test").await.unwrap().opened, 0);
    assert_eq!(payment(&world, id).await.taken(), 0);
    assert_eq!(on(&world, Account::DisputeCosts).await, 1_500, "the provider's fee");
    // The list says something else than what was recorded: that is asked about.
    assert!(world.engine.run(doubt.clone(), "test").await.unwrap());
    assert!(!world.engine.run(doubt.clone(), "test").await.unwrap(), "once");
    let other = Doubt { provider: "stripe", ..doubt };
    assert!(!world.engine.run(other, "test").await.unwrap(), "of another provider's payment");
    // What was answered to the first question says nothing to the second.
    let late = record(asked_at, Standing::Open, ALL);
    assert_eq!(world.engine.run(late, "test").await.unwrap().opened, 0);
    assert_eq!(payment(&world, id).await.taken(), 0);
}

#[test]
fn what_was_stored_before_there_were_disputes_is_read() {
    let notice = r#"{"id":"evt_1","payment":"010101010101010101010101","kind":"charge.captured"}"#;
    let notice: payments::domain::Notice = serde_json::from_str(notice).unwrap();
    assert_eq!(notice.about, payments::domain::About::Charge);
}
