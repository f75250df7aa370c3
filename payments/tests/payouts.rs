//! Sellers are paid what is payable, once for each reference.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::sync::Arc;

use common::command::{Entity, Refusal};
use common::execute::Failure;
use common::id::UserId;
use common::money::{Currency, Money};
use common::store::{Action, Expect, Write};
use payments::domain::PaidTo;
use payments::payouts::record;
use payments::queries::{audit, sales};
use proptest::prelude::*;

use kit::{SELLER, World};

fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

async fn pay(world: &World, seller: UserId, minor: i64, reference: &str) -> Result<bool, String> {
    let reference = reference.parse().unwrap();
    match record(&world.engine, seller, usd(minor), &reference).await {
        Ok((entry, is_news)) => {
            assert!(entry.balances(), "I6: {entry:?}");
            Ok(is_news)
        }
        Err(Failure::Refused(Refusal::Conflict(why))) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

async fn payable(world: &World) -> i64 {
    sales::balances(&*world.store, SELLER).await.unwrap()["usd"].payable
}

/// A world in which the seller has sold for 41.00, and earned 39.67.
async fn sold() -> Arc<World> {
    let world = World::new();
    let order = world.place().await;
    world.pay(order.id, "tok_visa").await.unwrap();
    world.come_to_rest().await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_payout_is_booked_once_and_never_above_what_is_payable() {
    let world = sold().await;
    assert_eq!(payable(&world).await, 3_967);
    assert_eq!(
        pay(&world, SELLER, 3_968, "a").await.unwrap_err(),
        format!("only 39.67 USD is payable to {SELLER}")
    );
    assert_eq!(pay(&world, SELLER, 3_000, "a").await, Ok(true));
    assert_eq!(pay(&world, SELLER, 3_000, "a").await, Ok(false), "the same one again");
    let another = "the reference a is another payout's";
    assert_eq!(pay(&world, SELLER, 900, "a").await.unwrap_err(), another);
    assert_eq!(pay(&world, world.buyer, 3_000, "a").await.unwrap_err(), another);
    assert!(pay(&world, SELLER, 968, "b").await.unwrap_err().starts_with("only 9.67 USD"));
    assert!(pay(&world, world.buyer, 1, "b").await.unwrap_err().starts_with("only 0 USD"));
    assert_eq!(pay(&world, SELLER, 967, "b").await, Ok(true));
    assert_eq!(payable(&world).await, 0);
    let all = sales::of_everybody(&*world.store).await.unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), [&SELLER]);
    assert_eq!((all[&SELLER]["usd"].paid_out, all[&SELLER]["usd"].earned), (3_967, 4_100));
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn payouts_at_the_same_time_do_not_both_take_what_is_left() {
    let world = sold().await;
    let replica = World::restarted(&world);
    let (a, b, c, d) = tokio::join!(
        pay(&world, SELLER, 3_000, "a"),
        pay(&replica, SELLER, 3_000, "b"),
        pay(&world, SELLER, 3_000, "c"),
        pay(&replica, SELLER, 3_000, "a"),
    );
    let booked = [a, b, c, d].into_iter().filter(|paid| *paid == Ok(true)).count();
    assert_eq!((booked, payable(&world).await), (1, 967));
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i6_a_total_that_is_not_what_was_booked_is_found() {
    let world = sold().await;
    pay(&world, SELLER, 1_000, "a").await.unwrap();
    let total = |total| PaidTo { seller: SELLER, currency: Currency::USD, total };
    for (version, total, found) in
        [(0, Some(total(999)), 1), (1, Some(total(1_000)), 0), (2, None, 1)]
    {
        let action = match total {
            None => Action::Delete,
            Some(total) => {
                let body = serde_json::to_vec(&total).unwrap().into();
                Action::Put { version: version + 1, body, fields: vec![] }
            }
        };
        let id = PaidTo::id_of(SELLER, Currency::USD);
        let (collection, expect) = (PaidTo::COLLECTION, Expect::Version(version));
        world.store.commit_now(vec![Write { collection, id, expect, action }]).unwrap();
        let findings = audit::findings(&*world.store, &*world.sandbox_store).await.unwrap();
        assert_eq!(findings.len(), found, "{findings:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_asked_for_no_more_is_paid_than_was_earned(
        asked in prop::collection::vec((1_i64..5_000, 0_u8..6), 0..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let left = runtime.block_on(async {
            let (world, mut left) = (sold().await, 3_967);
            for (minor, reference) in asked {
                let paid = pay(&world, SELLER, minor, &reference.to_string()).await;
                left -= if paid == Ok(true) { minor } else { 0 };
                assert_eq!(payable(&world).await, left);
            }
            world.come_to_rest().await;
            left
        });
        prop_assert!(left >= 0);
    }
}
