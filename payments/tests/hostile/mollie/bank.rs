//! Banks that take money back which was paid at Mollie, and may give it back again (I3, I6).

use std::sync::Arc;
use std::time::Duration;

use common::events::OrderStatus;
use common::id::OrderId;
use common::time::Clock;
use payments::domain::{Payment, Standing, State};
use payments::provider::mollie::UNDECIDED;
use scripted::mollie::Visit;
use scripted::{Fault, Kind, Script};

use super::history::bring;
use super::{LOOKED, Shop, at_the_page, calm};
use crate::bank::OVERLOOKED;
use crate::verdict::{self, Counts};

/// So soon after a notice a bank's step is known, of a payment at rest.
const KNOWN: Duration = Duration::from_secs(12);

fn now(shop: &Shop) -> String {
    shop.clock.now().to_string()
}

async fn paid(shop: &Shop) -> (OrderId, String) {
    let (order, _, name) = at_the_page(shop).await;
    assert!(shop.there.visit(&name, Visit::Pays));
    shop.clock.sleep(LOOKED).await;
    drop(shop.there.letters());
    (order, name)
}

async fn payment(shop: &Shop, order: OrderId) -> Payment {
    shop.payments_of(order).await.remove(0)
}

/// Brings every notice there is, and gives what is done about them its time.
async fn tell(shop: &Shop) {
    for letter in shop.there.letters() {
        bring(shop, &letter).await;
    }
    shop.clock.sleep(KNOWN).await;
}

/// Nobody is told anything.
async fn stay_silent(shop: &Shop) {
    drop(shop.there.letters());
    shop.clock.sleep(OVERLOOKED).await;
}

async fn last(shop: &Shop, order: OrderId) -> (Standing, i64) {
    let payment = payment(shop, order).await;
    (payment.disputes.last().unwrap().standing, payment.taken())
}

/// Nothing more comes of what a bank has taken by now.
async fn pass_months() {
    tokio::time::advance(UNDECIDED).await;
}

#[tokio::test(start_paused = true)]
async fn i6_what_a_bank_takes_and_gives_back_is_known_by_a_notice_and_without_one() {
    for is_told in [true, false] {
        let shop = calm(1);
        let hear = async || if is_told { tell(&shop).await } else { stay_silent(&shop).await };
        let (order, name) = paid(&shop).await;
        let all = payment(&shop, order).await.amount.minor;
        let chargeback = shop.there.charge_back(&name, &now(&shop)).unwrap();
        hear().await;
        assert_eq!(last(&shop, order).await, (Standing::Open, all));
        assert!(shop.refund(order, 300).await.unwrap().is_err(), "I5: a bank has it");
        verdict::of(&shop, 1, Counts::default()).await;
        shop.there.reverse(&chargeback, &now(&shop));
        hear().await;
        assert_eq!(last(&shop, order).await, (Standing::Won, 0));
        let counts = verdict::of(&shop, 1, Counts::default()).await;
        assert_eq!((counts.kept, counts.disputes), (1, 1));
        assert!(shop.refund(order, 300).await.unwrap().is_ok());
        verdict::of(&shop, 1, Counts::default()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_bank_keeps_is_lost_when_its_time_is_over() {
    let shop = calm(2);
    let (order, name) = paid(&shop).await;
    shop.there.charge_back(&name, &now(&shop)).unwrap();
    tell(&shop).await;
    pass_months().await;
    stay_silent(&shop).await;
    let all = payment(&shop, order).await.amount.minor;
    assert_eq!(last(&shop, order).await, (Standing::Lost, all));
    verdict::of(&shop, 2, Counts::default()).await;
}

/// All of an order that came to nothing, or a part of one that is complete: the bank is quicker,
/// and is never overtaken.
#[tokio::test(start_paused = true)]
async fn i3_what_is_owed_waits_for_the_bank_and_comes_to_an_end() {
    for part in [None, Some(300)] {
        for is_lost in [true, false] {
            let shop = calm(3);
            let (order, name) = if part.is_some() {
                paid(&shop).await
            } else {
                let (order, _, name) = at_the_page(&shop).await;
                shop.there.pick(&name, false);
                shop.change(order, OrderStatus::Cancelled).await;
                assert!(shop.there.visit(&name, Visit::Pays));
                (order, name)
            };
            let chargeback = shop.there.charge_back(&name, &now(&shop)).unwrap();
            drop(shop.there.letters());
            if let Some(part) = part {
                shop.refund(order, part).await.unwrap().unwrap();
            }
            shop.clock.sleep(LOOKED).await;
            let held = payment(&shop, order).await;
            assert!(held.is_held() && held.due.is_none(), "{held:?}");
            assert_eq!(held.given_back().minor, 0);
            if is_lost {
                pass_months().await;
            } else {
                shop.there.reverse(&chargeback, &now(&shop));
            }
            stay_silent(&shop).await;
            let counts = verdict::of(&shop, 3, Counts::default()).await;
            let over = payment(&shop, order).await;
            let all = over.amount.minor;
            assert_eq!(over.given_back().minor, part.unwrap_or(all));
            let by_us = if is_lost { 0 } else { part.unwrap_or(all) };
            assert_eq!((over.refunded_minor(), counts.difference), (by_us, 0));
        }
    }
}

/// A call that was not answered gave a part back, and then the bank took all: the buyer has that
/// part twice, and the books say so.
#[tokio::test(start_paused = true)]
async fn i6_what_was_given_back_besides_is_not_counted_as_given_back_by_the_bank() {
    let shop = calm(4);
    let (order, name) = paid(&shop).await;
    shop.there.spoil("POST", Fault::AnswerLost);
    shop.refund(order, 300).await.unwrap().unwrap();
    while !shop.there.with_ledger(|l| l.lines().iter().any(|line| line.kind == Kind::Refunded)) {
        shop.clock.sleep(Duration::from_millis(10)).await;
    }
    drop(shop.there.letters());
    shop.there.charge_all_back(&name, &now(&shop)).unwrap();
    for letter in shop.there.letters() {
        bring(&shop, &letter).await;
    }
    shop.there.forget_keys();
    pass_months().await;
    stay_silent(&shop).await;
    let counts = verdict::of(&shop, 4, Counts::default()).await;
    let over = payment(&shop, order).await;
    assert_eq!((over.refunded_minor(), over.lost()), (300, over.amount.minor));
    assert_eq!(counts.difference, 0);
}

/// A refund on its way that comes to nothing because a bank took the money is the bank's.
#[tokio::test(start_paused = true)]
async fn a_refund_that_came_to_nothing_beside_a_bank_is_the_banks() {
    let shop = calm(5);
    let (order, name) = paid(&shop).await;
    shop.refund(order, 300).await.unwrap().unwrap();
    shop.clock.sleep(Duration::from_millis(100)).await;
    assert!(shop.there.fail_refund(&name));
    shop.there.charge_back(&name, &now(&shop)).unwrap();
    stay_silent(&shop).await;
    pass_months().await;
    stay_silent(&shop).await;
    verdict::of(&shop, 5, Counts::default()).await;
    let over = payment(&shop, order).await;
    assert_eq!((over.given_back().minor, over.refunded_minor()), (300, 0));
}

/// A bank has a part of what was to go back as a whole: nobody gives that back by themselves, and
/// it is asked for ever less often.
#[tokio::test(start_paused = true)]
async fn a_whole_of_which_a_bank_has_a_part_is_asked_for_ever_less_often() {
    let shop = calm(8);
    let (order, _, name) = at_the_page(&shop).await;
    shop.there.pick(&name, false);
    assert!(shop.there.visit(&name, Visit::Pays));
    shop.there.charge_part_back(&name, 1_000, &now(&shop)).unwrap();
    shop.change(order, OrderStatus::Cancelled).await;
    stay_silent(&shop).await;
    pass_months().await;
    stay_silent(&shop).await;
    let calls = shop.there.calls();
    shop.clock.sleep(Duration::from_secs(600)).await;
    let asked = shop.there.calls() - calls;
    assert!((30..=300).contains(&asked), "{asked} calls in ten minutes");
    let over = payment(&shop, order).await;
    assert!(matches!(over.state, State::Refunding { .. }), "{over:?}");
    assert_eq!((over.lost(), over.refunded_minor()), (1_000, 0));
}

/// More of them than stand on a page, and some of nobody's.
#[tokio::test(start_paused = true)]
async fn chargebacks_that_no_notice_tells_of_are_found_in_the_list_page_by_page() {
    let shop = calm(6);
    let mut orders = Vec::new();
    for _ in 0..260 {
        let (order, _, name) = at_the_page(&shop).await;
        assert!(shop.there.visit(&name, Visit::Pays));
        orders.push((order, name));
    }
    shop.clock.sleep(LOOKED).await;
    for (_, name) in &orders {
        shop.there.charge_back(name, &now(&shop)).unwrap();
    }
    stay_silent(&shop).await;
    shop.clock.sleep(OVERLOOKED).await;
    let counts = verdict::of(&shop, 6, Counts::default()).await;
    assert_eq!(counts.disputes, 260);
}

/// Whoever knows both of a payment's names can make it be asked after, and keep nothing from being
/// known by that.
#[tokio::test(start_paused = true)]
async fn i27_a_flood_of_notices_about_a_payment_at_rest_costs_a_look_in_a_while_and_hides_nothing()
{
    let shop = calm(7);
    let (order, _, name) = {
        let (order, id, name) = at_the_page(&shop).await;
        assert!(shop.there.visit(&name, Visit::Pays));
        shop.clock.sleep(LOOKED).await;
        (order, id, name)
    };
    let letter = shop.there.letters().remove(0);
    let flood = async |many: u32| {
        for _ in 0..many {
            bring(&shop, &letter).await;
            shop.clock.sleep(Duration::from_millis(5)).await;
        }
    };
    let before = (shop.there.calls(), payment(&shop, order).await);
    flood(18_000).await;
    // A minute and a half of it.
    let asked = shop.there.calls() - before.0;
    assert!((7..=10).contains(&asked), "{asked} calls");
    let after = payment(&shop, order).await;
    assert_eq!((after.state, after.disputes), (before.1.state, before.1.disputes));
    shop.there.charge_back(&name, &now(&shop)).unwrap();
    flood(5_000).await;
    assert_eq!(last(&shop, order).await.0, Standing::Open);
}

/// Buyers of some payments go to their banks, some of which give the money back.
pub async fn act(shop: Arc<Shop>, mut dice: Script) {
    loop {
        if let Some(name) = shop.goes_to_the_bank(&mut dice).await {
            let at = now(&shop);
            drop(match dice.chance(300) {
                true => shop.there.charge_all_back(&name, &at),
                false => shop.there.charge_back(&name, &at),
            });
        }
        let stand = shop.there.chargebacks();
        if !stand.is_empty() && dice.chance(300) {
            let which = usize::try_from(dice.below(stand.len() as u64)).unwrap();
            shop.there.reverse(&stand[which], &now(&shop));
        }
    }
}

/// Some give the money back still, the others' time passes, and the last notice that was lost is
/// made up for.
pub async fn close(shop: &Shop, dice: &mut Script) {
    for name in shop.there.chargebacks() {
        if dice.chance(500) {
            shop.there.reverse(&name, &now(shop));
        }
    }
    shop.clock.sleep(OVERLOOKED).await;
    pass_months().await;
    shop.clock.sleep(OVERLOOKED).await;
}

/// One chargeback, with the process killed before and after every commit and every call.
#[test]
fn a_death_between_any_two_steps_of_a_chargeback_loses_nothing() {
    use crate::alone;
    for is_reversed in [true, false] {
        let (mut fatal, mut edges) = (1, 0);
        while alone(one_death(is_reversed, fatal)) {
            fatal += 1;
            edges += 1;
        }
        assert!(edges > 16, "it takes more steps than {edges}");
        println!("reversed: {is_reversed}: {edges} deaths");
    }
}

/// Whether the process got as far as to die.
async fn one_death(is_reversed: bool, fatal: u64) -> bool {
    use crate::line::Life;
    let shop: Arc<Shop> = Shop::new(Script::new(fatal, 0), Life::until(fatal));
    let act = async {
        let order = shop.place(Duration::from_secs(900)).await;
        let name = loop {
            let page = tokio::time::timeout(Duration::from_secs(5), shop.check_out(order));
            if let Ok(Ok((_, name))) = page.await {
                break name;
            }
            shop.clock.sleep(Duration::from_millis(300)).await;
        };
        assert!(shop.there.visit(&name, Visit::Pays));
        shop.clock.sleep(LOOKED).await;
        let chargeback = shop.there.charge_back(&name, &now(&shop)).unwrap();
        tell(&shop).await;
        if is_reversed {
            shop.there.reverse(&chargeback, &now(&shop));
            tell(&shop).await;
        } else {
            pass_months().await;
        }
        stay_silent(&shop).await;
        order
    };
    let (mut died, mut end) = (false, None);
    let killed = Arc::clone(&shop);
    {
        tokio::pin!(act);
        while end.is_none() {
            tokio::select! {
                biased;
                () = killed.death(), if !died => {
                    died = true;
                    killed.kill();
                    killed.there.forget_keys();
                    killed.start(Life::without_end());
                }
                order = &mut act => end = Some(order),
            }
        }
    }
    // What was lost with the process is made up for.
    stay_silent(&shop).await;
    shop.clock.sleep(OVERLOOKED).await;
    let wanted = if is_reversed { Standing::Won } else { Standing::Lost };
    let over = payment(&shop, end.unwrap()).await;
    assert!(matches!(over.state, State::Captured { .. }), "{fatal}: {over:?}");
    assert_eq!(over.disputes.len(), 1, "{fatal}: {over:?}");
    assert_eq!(over.disputes[0].standing, wanted, "{fatal}: {over:?}");
    verdict::of(&shop, fatal, Counts::default()).await;
    died
}
