//! The sandbox keeps a provider's promises: once per key, whatever is asked and in whichever order.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::sync::Arc;
use std::time::Duration;

use common::id::{Id, OrderId, PaymentId};
use common::money::{Currency, Money};
use futures_util::future::join_all;
use payments::domain::Means;
use payments::provider::sandbox::ledger::statement;
use payments::provider::{Charge, ChargeRequest, Provider, ProviderError, Refund, RefundRequest};

use kit::World;

const KEY: PaymentId = PaymentId(Id::from_bytes([1; 12]));
const AMOUNT: Money = Money { minor: 4_100, currency: Currency::USD };

fn charge(token: &str) -> ChargeRequest {
    let order = OrderId(Id::from_bytes([2; 12]));
    let means = Means::Token(token.parse().unwrap());
    ChargeRequest { payment: KEY, order, amount: AMOUNT, means, opened: None }
}

async fn taken(world: &Arc<World>) -> usize {
    statement(&*world.sandbox_store).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn i4_a_key_takes_money_once() {
    for token in ["tok_visa", "tok_slow"] {
        let world = World::new();
        let request = charge(token);
        let charges = join_all((0..8).map(|_| world.provider.charge(&request))).await;
        assert!(charges.iter().all(|charge| *charge == charges[0]), "{charges:?}");
        assert!(matches!(charges[0], Ok(Charge::Captured { .. })));
        assert_eq!(taken(&world).await, 1);
        let more = Money { minor: 1, ..AMOUNT };
        let other = ChargeRequest { amount: more, ..request };
        let refused = world.provider.charge(&other).await;
        assert!(matches!(refused, Err(ProviderError::Rejected(_))), "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_abandoned_is_never_taken_and_what_was_taken_is_not_abandoned() {
    let world = World::new();
    assert!(matches!(world.provider.abandon(&charge("tok_visa")).await, Ok(Charge::Declined(_))));
    assert!(matches!(world.provider.charge(&charge("tok_visa")).await, Ok(Charge::Declined(_))));
    assert_eq!(taken(&world).await, 0);

    let world = World::new();
    let request = charge("tok_slow");
    let (charged, abandoned) = tokio::join!(world.provider.charge(&request), async {
        tokio::time::timeout(Duration::from_secs(9), world.provider.abandon(&charge("tok_visa")))
            .await
            .unwrap()
    });
    assert_eq!(charged, abandoned, "one of them was first");
    assert_eq!(taken(&world).await, 0);

    let world = World::new();
    world.provider.charge(&charge("tok_visa")).await.unwrap();
    assert!(matches!(
        world.provider.abandon(&charge("tok_visa")).await,
        Ok(Charge::Captured { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn i5_a_refund_happens_once_and_only_for_what_was_taken() {
    let world = World::new();
    let reference = format!("ch_{KEY}");
    let refund = RefundRequest { payment: KEY, part: None, reference, amount: AMOUNT, burnt: 0 };
    let early = world.provider.refund(&refund).await;
    assert!(matches!(early, Err(ProviderError::Rejected(_))), "{early:?}");
    world.provider.charge(&charge("tok_visa")).await.unwrap();
    let more = RefundRequest { amount: Money { minor: 9_999, ..AMOUNT }, ..refund.clone() };
    let refused = world.provider.refund(&more).await;
    assert!(matches!(refused, Err(ProviderError::Rejected(_))), "{refused:?}");
    let refunds = join_all((0..8).map(|_| world.provider.refund(&refund))).await;
    assert!(matches!(refunds[0], Ok(Refund::Done { .. })));
    assert!(refunds.iter().all(|refund| *refund == refunds[0]));
    let lines = statement(&*world.sandbox_store).await.unwrap();
    assert!(lines[&KEY].is_refunded());
}

#[tokio::test(start_paused = true)]
async fn a_failing_call_does_nothing_the_first_time() {
    let world = World::new();
    let first = world.provider.charge(&charge("tok_serverError")).await;
    assert!(matches!(first, Err(ProviderError::Unknown(_))), "{first:?}");
    assert_eq!(taken(&world).await, 0);
    let second = world.provider.charge(&charge("tok_serverError")).await;
    assert!(matches!(second, Ok(Charge::Captured { .. })), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn i5_parts_are_refunded_once_each_and_never_more_than_was_taken() {
    let world = World::new();
    world.provider.charge(&charge("tok_visa")).await.unwrap();
    let part = |part, minor| RefundRequest {
        payment: KEY,
        part: Some(part),
        reference: format!("ch_{KEY}"),
        amount: Money { minor, ..AMOUNT },
        burnt: 0,
    };
    let three = [part(1, 2_000), part(2, 2_000), part(3, 2_000)];
    let asked = three.iter().flat_map(|part| [part, part]).map(|part| world.provider.refund(part));
    let answers = join_all(asked).await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(done, 4, "two parts fit into what was taken: {answers:?}");
    let all = RefundRequest { part: None, amount: AMOUNT, ..part(1, 1) };
    let refused = world.provider.refund(&all).await;
    assert!(matches!(refused, Err(ProviderError::Rejected(_))), "{refused:?}");
    assert!(world.provider.refund(&part(4, 100)).await.is_ok());
    let lines = statement(&*world.sandbox_store).await.unwrap();
    assert_eq!(lines[&KEY].kept(), 0);
}
