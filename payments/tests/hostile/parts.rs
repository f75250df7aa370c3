//! Refunds in parts at Stripe: told apart by our name for them, and by nothing else (I5).

use std::time::Duration;

use common::id::OrderId;
use common::time::Clock;
use payments::domain::State;
use scripted::{Kind, Script};

use crate::line::Life;
use crate::shop::Shop;
use crate::verdict::{self, Counts};

const WINDOW: Duration = Duration::from_secs(900);

/// What was given back at the provider, in minor units.
fn returned(shop: &Shop) -> Vec<i64> {
    shop.there.with_ledger(|ledger| {
        let lines = ledger.lines().iter().filter(|line| line.kind == Kind::Refunded);
        lines.map(|line| line.amount).collect()
    })
}

async fn paid(shop: &Shop) -> (OrderId, String) {
    let order = shop.place(WINDOW).await;
    shop.pay(order, "tok_visa").await.unwrap().unwrap();
    let payment = shop.payments_of(order).await.remove(0);
    let State::Captured { reference, .. } = payment.state else { panic!("{payment:?}") };
    (order, reference)
}

#[tokio::test(start_paused = true)]
async fn parts_of_one_amount_go_back_once_each_whatever_becomes_of_the_calls() {
    for seed in 1..=40 {
        let shop = Shop::new(Script::new(seed, 0), Life::without_end());
        let (order, _) = paid(&shop).await;
        shop.there.turn_hostile(500);
        for _ in 0..5 {
            shop.refund(order, 300).await.unwrap().unwrap();
        }
        shop.clock.sleep(Duration::from_secs(20)).await;
        shop.there.calm();
        verdict::of(&shop, seed, Counts::default()).await;
        assert_eq!(returned(&shop), [300; 5], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_somebody_made_by_hand_is_not_taken_for_ours() {
    let shop = Shop::new(Script::new(1, 0), Life::without_end());
    let (order, intent) = paid(&shop).await;
    assert!(shop.there.refund_by_hand(&intent, 300));
    shop.refund(order, 300).await.unwrap().unwrap();
    shop.clock.sleep(Duration::from_secs(20)).await;
    assert_eq!(returned(&shop), [300, 300]);
    let payment = shop.payments_of(order).await.remove(0);
    assert_eq!((payment.given_back().minor, payment.due), (300, None));
}
