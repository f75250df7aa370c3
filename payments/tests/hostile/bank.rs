//! Banks that take money back, for good or not, and whose decisions nobody may hear of.

use std::sync::Arc;
use std::time::Duration;

use common::events::OrderStatus;
use common::time::Clock;
use payments::domain::{Standing, State};
use scripted::{Fault, Kind, Ledger, Script};

use crate::line::Life;
use crate::shop::Shop;
use crate::verdict::{self, Counts};
use crate::{alone, tell};

/// Longer than it takes until the provider's list is looked through.
pub const OVERLOOKED: Duration = Duration::from_secs(620);

/// Buyers of some payments go to their banks, some of which decide.
pub async fn act(shop: Arc<Shop>, mut dice: Script) {
    let mut open = Vec::new();
    loop {
        if let Some(intent) = shop.goes_to_the_bank(&mut dice).await {
            open.extend(if dice.chance(300) {
                shop.there.open_dispute_of_all(&intent)
            } else {
                shop.there.open_dispute(&intent)
            });
        }
        if !open.is_empty() && dice.chance(500) {
            let which = usize::try_from(dice.below(open.len() as u64)).unwrap();
            shop.there.close_dispute(&open.swap_remove(which), dice.chance(500));
        }
    }
}

/// All of them decide, and the last of their notices that was lost is made up for.
pub async fn close(shop: &Shop, dice: &mut Script) {
    for name in shop.there.open_disputes() {
        shop.there.close_dispute(&name, dice.chance(500));
    }
    shop.clock.sleep(OVERLOOKED).await;
}

/// One dispute, with the process killed before and after every commit and every call.
#[test]
fn a_death_between_any_two_steps_of_a_dispute_loses_nothing() {
    for is_won in [true, false] {
        for part in [None, Some(500)] {
            let (mut fatal, mut edges) = (1, 0);
            while alone(one_death(is_won, part, fatal)) {
                fatal += 1;
                edges += 1;
            }
            assert!(edges > 16, "it takes more steps than {edges}");
            println!("won: {is_won}, a part of {part:?} given back: {edges} deaths");
        }
    }
}

/// Whether the process got as far as to die.
async fn one_death(is_won: bool, part: Option<i64>, fatal: u64) -> bool {
    let shop = Shop::new(Script::new(fatal, 0), Life::until(fatal));
    let killed = Arc::clone(&shop);
    let act = async {
        let order = shop.place(Duration::from_secs(900)).await;
        let patience = Duration::from_secs(30);
        drop(tokio::time::timeout(patience, shop.pay(order, "tok_visa_1")).await);
        shop.clock.sleep(patience).await;
        if let Some(part) = part {
            drop(tokio::time::timeout(patience, shop.refund(order, part)).await);
        }
        let paid = shop.payments_of(order).await;
        // Who died before the intent was committed has taken nothing.
        if paid.is_empty() {
            return order;
        }
        let State::Captured { reference, .. } = &paid[0].state else { panic!("{paid:?}") };
        let dispute = shop.there.open_dispute(reference).unwrap();
        tell(&shop).await;
        shop.clock.sleep(Duration::from_secs(20)).await;
        shop.there.close_dispute(&dispute, is_won);
        tell(&shop).await;
        shop.clock.sleep(Duration::from_secs(20)).await;
        order
    };
    let (mut died, mut end) = (false, None);
    {
        tokio::pin!(act);
        while end.is_none() {
            tokio::select! {
                biased;
                () = killed.death(), if !died => {
                    died = true;
                    killed.kill();
                    killed.start(Life::without_end());
                }
                order = &mut act => end = Some(order),
            }
        }
    }
    let standing = if is_won { Standing::Won } else { Standing::Lost };
    for paid in shop.payments_of(end.unwrap()).await {
        assert_eq!(paid.disputes.len(), 1, "{fatal}: {paid:?}");
        assert_eq!(paid.disputes[0].standing, standing, "{fatal}: {paid:?}");
    }
    verdict::of(&shop, fatal, Counts::default()).await;
    died
}

/// A dispute that no notice tells of is found in the provider's list, page by page.
#[test]
fn disputes_that_no_notice_tells_of_are_found_in_the_providers_list() {
    alone(async {
        let shop = Shop::new(Script::new(7, 0), Life::without_end());
        let mut orders = Vec::new();
        for number in 0..250 {
            let order = shop.place(Duration::from_secs(900)).await;
            shop.pay(order, &format!("tok_visa_{number}")).await.unwrap().unwrap();
            orders.push(order);
        }
        for order in &orders {
            let paid = &shop.payments_of(*order).await[0];
            let State::Captured { reference, .. } = &paid.state else { panic!("{paid:?}") };
            shop.there.open_dispute(reference).unwrap();
        }
        // The notices are lost.
        drop(shop.there.letters(0));
        close(&shop, &mut Script::new(8, 0)).await;
        shop.clock.sleep(OVERLOOKED).await;
        let counts = verdict::of(&shop, 7, Counts::default()).await;
        assert_eq!(counts.disputes, 250);
    });
}

/// What an order came to of which money was given back by a call that was not answered, before its
/// bank took all of it for good: the buyer has it twice, and that is what the books say (I6).
async fn given_back_besides(part: Option<i64>) -> payments::domain::Payment {
    let shop = Shop::new(Script::new(9, 0), Life::without_end());
    let order = shop.place(Duration::from_secs(900)).await;
    let (_, intent) = shop.check_out(order).await.unwrap();
    assert!(shop.there.confirm_in_browser(&intent, "tok_visa_1"));
    shop.there.spoil("/v1/refunds", Fault::AnswerLost);
    match part {
        Some(part) => {
            tell(&shop).await;
            shop.clock.sleep(Duration::from_secs(1)).await;
            shop.refund(order, part).await.unwrap().unwrap();
        }
        None => shop.change(order, OrderStatus::Cancelled).await,
    }
    let is_back = |ledger: &Ledger| ledger.lines().iter().any(|line| line.kind == Kind::Refunded);
    while !shop.there.with_ledger(is_back) {
        shop.clock.sleep(Duration::from_millis(10)).await;
    }
    // Nobody is told of that, and it is not asked for again before the bank is quicker.
    drop(shop.there.letters(0));
    let dispute = shop.there.open_dispute_of_all(&intent).unwrap();
    tell(&shop).await;
    // Months.
    shop.clock.sleep(Duration::from_secs(3_600)).await;
    shop.there.forget_keys();
    shop.there.close_dispute(&dispute, false);
    tell(&shop).await;
    let counts = verdict::of(&shop, 9, Counts::default()).await;
    assert_eq!(counts.difference, 0);
    shop.payments_of(order).await.remove(0)
}

#[test]
fn i6_what_was_given_back_besides_is_not_counted_as_given_back_by_the_bank() {
    alone(async {
        let part = given_back_besides(Some(1_000)).await;
        assert_eq!((part.refunded_minor(), part.taken()), (1_000, part.amount.minor));
        let all = given_back_besides(None).await;
        assert_eq!((all.refunded_minor(), all.taken()), (all.amount.minor, all.amount.minor));
    });
}
