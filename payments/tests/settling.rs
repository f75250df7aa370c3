//! Whatever goes wrong with the provider, every payment comes to its one end (I3–I6).

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::time::Duration;

use common::events::OrderStatus;
use common::time::Clock;
use payments::domain::State;
use payments::pay::Unpaid;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use kit::World;
use kit::faulty::Fault;

#[tokio::test(start_paused = true)]
async fn i3_an_order_cancelled_while_the_money_is_taken_is_refunded_in_full() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::AnswerLost]);
    let (paid, _) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(20)).await;
        world.change(order.id, OrderStatus::Cancelled).await
    });
    let Err(Unpaid::Failed(failure)) = paid else { panic!("{paid:?}") };
    assert!(failure.to_string().contains("returned in full"), "{failure}");
    world.come_to_rest().await;
    let payment = &world.payments_of(order.id).await[0];
    assert!(failure.to_string().contains(&payment.id.to_string()), "{failure}");
    assert!(matches!(payment.state, State::Refunded { .. }), "{payment:?}");
    let told = ["payment:started", "payment:captured", "payment:refunded"];
    assert_eq!(world.told(payment.id), told);
}

#[tokio::test(start_paused = true)]
async fn i14_money_that_comes_after_the_expiry_is_kept_for_an_order_in_its_place() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::AnswerLost]);
    let (paid, _) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(20)).await;
        world.expire(order.id).await
    });
    world.come_to_rest().await;
    let payment = &world.payments_of(order.id).await[0];
    assert_eq!(paid, Ok(payment.id));
    assert!(matches!(payment.state, State::Captured { .. }), "{payment:?}");
    assert_eq!(world.net(order.id).await, order.total.minor);
}

#[tokio::test(start_paused = true)]
async fn i14_money_that_comes_after_the_expiry_goes_back_where_the_units_are_gone() {
    let world = World::new();
    world.units_are_free(false);
    let order = world.place().await;
    world.provider.script([Fault::AnswerLost]);
    let (paid, _) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(20)).await;
        world.expire(order.id).await
    });
    let Err(Unpaid::Failed(failure)) = paid else { panic!("{paid:?}") };
    assert!(failure.to_string().contains("returned in full"), "{failure}");
    world.come_to_rest().await;
    assert_eq!(world.net(order.id).await, 0);
}

#[tokio::test(start_paused = true)]
async fn i14_orders_that_heard_nothing_of_late_money_is_told_again() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::AnswerLost]);
    world.orders_forget(true);
    let (_, _) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(20)).await;
        world.expire(order.id).await
    });
    world.orders_forget(false);
    world.come_to_rest().await;
    let payment = &world.payments_of(order.id).await[0];
    let captured = world.told(payment.id).iter().filter(|kind| *kind == "payment:captured").count();
    assert!(captured > 1, "{captured}");
    assert_eq!(world.net(order.id).await, order.total.minor);
}

#[tokio::test(start_paused = true)]
async fn no_money_is_taken_for_an_order_that_has_ended() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::RequestLost]);
    let (paid, _) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(20)).await;
        world.change(order.id, OrderStatus::Cancelled).await
    });
    let Err(Unpaid::Failed(failure)) = paid else { panic!("{paid:?}") };
    assert!(failure.to_string().contains("no money was taken"), "{failure}");
    assert_eq!(world.provider.calls(), ["charge", "abandon"]);
    world.come_to_rest().await;
    assert!(world.statement().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn i5_a_refund_whose_answer_is_lost_happens_once() {
    let world = World::new();
    let order = world.place().await;
    world.orders_hear(false);
    let faults = [Fault::AnswerLost, Fault::Silent, Fault::RequestLost, Fault::AnswerLost];
    let (_, _) = tokio::join!(world.pay(order.id, "tok_visa"), async {
        world.clock.sleep(Duration::from_millis(50)).await;
        world.provider.script(faults);
        world.change(order.id, OrderStatus::Cancelled).await
    });
    world.come_to_rest().await;
    let refunds = world.provider.calls().iter().filter(|call| **call == "refund").count();
    assert!(refunds >= faults.len(), "it was asked for again: {refunds}");
    assert_eq!(world.net(order.id).await, 0);
}

#[tokio::test(start_paused = true)]
async fn i3_a_provider_that_was_away_for_long_is_asked_within_a_minute() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::RequestLost; 110]);
    let answer = world.pay(order.id, "tok_visa").await;
    assert_eq!(answer, Err(Unpaid::Unresolved));
    while world.provider.calls().len() < 110 {
        world.clock.sleep(Duration::from_secs(10)).await;
    }
    assert!(world.clock.now().since(order.expires_at) > Duration::ZERO, "it took its time");
    world.come_to_rest().await;
    assert_eq!(world.order(order.id).status, OrderStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn i24_a_clock_set_back_holds_nothing_up() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::AnswerLost]);
    let (paid, ()) = tokio::join!(world.pay(order.id, "tok_webhookTwice"), async {
        world.clock.sleep(Duration::from_millis(50)).await;
        world.clock.set_back(Duration::from_secs(86_400));
    });
    paid.unwrap();
    world.come_to_rest().await;
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::None),
        2 => Just(Fault::RequestLost),
        2 => Just(Fault::AnswerLost),
        1 => Just(Fault::Silent),
        1 => Just(Fault::Slow),
    ]
}

/// What one history came to.
#[derive(Default, Debug)]
struct Ends {
    kept: u32,
    refunded: u32,
    declined: u32,
}

/// Random faults, tokens, cancellations and crashes; the ends are held against the invariants.
#[test]
fn i3_i4_i6_every_history_comes_to_one_end() {
    let tokens = prop::sample::select(vec![
        "tok_visa",
        "tok_chargeDeclined",
        "tok_timeoutAfterCapture",
        "tok_serverError",
        "tok_slow",
        "tok_webhookTwice",
        "tok_webhookLate",
        "tok_webhookNever",
    ]);
    let order = (prop::collection::vec(tokens, 1..4), prop::option::of(0_u64..6_000));
    let history = (
        prop::collection::vec(order, 1..4),
        prop::collection::vec(fault(), 0..12),
        prop::option::of(0_u64..6_000),
    );
    let ends = std::sync::Mutex::new(Ends::default());
    let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
    let outcome = runner.run(&history, |(orders, faults, crash)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(orders, faults, crash, &ends));
        Ok(())
    });
    outcome.unwrap();
    let ends = ends.into_inner().unwrap();
    println!("{ends:?}");
    assert!(ends.kept > 0 && ends.refunded > 0 && ends.declined > 0, "it must reach: {ends:?}");
}

type Orders = Vec<(Vec<&'static str>, Option<u64>)>;

async fn play(
    orders: Orders,
    faults: Vec<Fault>,
    crash: Option<u64>,
    ends: &std::sync::Mutex<Ends>,
) {
    let world = World::new();
    world.provider.script(faults);
    let mut placed = Vec::new();
    let mut clients = Vec::new();
    for (tokens, cancel) in orders {
        let order = world.place().await.id;
        placed.push(order);
        for token in tokens {
            let world = &world;
            clients.push(Box::pin(async move {
                drop(world.pay(order, token).await);
            }) as std::pin::Pin<Box<dyn Future<Output = ()>>>);
        }
        if let Some(after) = cancel {
            let world = &world;
            clients.push(Box::pin(async move {
                world.clock.sleep(Duration::from_millis(after)).await;
                world.change(order, OrderStatus::Cancelled).await;
            }));
        }
    }
    let all = futures_util::future::join_all(clients);
    match crash {
        None => drop(all.await),
        // Clients vanish; what goes on by itself goes on, and another process joins it.
        Some(after) => drop(tokio::time::timeout(Duration::from_millis(after), all).await),
    }
    let world = if crash.is_some() {
        world.orders_hear(false);
        world.restarted()
    } else {
        world
    };
    world.come_to_rest().await;
    for order in placed {
        for payment in world.payments_of(order).await {
            let mut ends = ends.lock().unwrap();
            match payment.state {
                State::Captured { .. } => ends.kept += 1,
                State::Refunded { .. } => ends.refunded += 1,
                State::Declined { .. } => ends.declined += 1,
                State::Started { .. } | State::Refunding { .. } => panic!("{payment:?}"),
            }
        }
    }
}
