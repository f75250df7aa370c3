//! Money on its way back at Mollie: once, though keys are forgotten before it has arrived (I5).

use std::time::Duration;

use common::id::OrderId;
use common::time::Clock;
use payments::domain::State;
use scripted::Fault;
use scripted::mollie::{HeldUp, Visit};

use super::history::bring;
use super::{LOOKED, Shop, at_the_page, calm};
use crate::line::Life;
use crate::outages::returned;
use crate::verdict::{self, Counts};

async fn paid(shop: &Shop) -> (OrderId, String) {
    let (order, _, name) = at_the_page(shop).await;
    assert!(shop.there.visit(&name, Visit::Pays));
    shop.clock.sleep(LOOKED).await;
    (order, name)
}

#[tokio::test(start_paused = true)]
async fn a_refund_whose_key_was_forgotten_is_found_and_not_made_again() {
    for fault in [Fault::AnswerLost, Fault::Silent, Fault::FailedAfter] {
        let shop = calm(1);
        let (order, _) = paid(&shop).await;
        shop.there.spoil("POST", fault);
        shop.refund(order, 300).await.unwrap().unwrap();
        shop.clock.sleep(Duration::from_millis(150)).await;
        shop.kill();
        shop.there.forget_keys();
        shop.start(Life::without_end());
        verdict::of(&shop, 1, Counts::default()).await;
        assert_eq!(returned(&shop), [300], "{fault:?}");
    }
}

/// A call that nobody answers may land at any time: on its way it is overtaken by the one that
/// repeats it, and does nothing; where Mollie is at it already, that one is told so and waits.
#[tokio::test(start_paused = true)]
async fn i5_a_call_that_lands_late_gives_nothing_back_besides() {
    for (how, is_overtaken) in [(HeldUp::OnItsWay, true), (HeldUp::Inside, false)] {
        let shop = calm(1);
        let (order, _) = paid(&shop).await;
        shop.there.hold_up(how);
        shop.refund(order, 300).await.unwrap().unwrap();
        shop.clock.sleep(Duration::from_secs(60)).await;
        assert_eq!(returned(&shop).len(), usize::from(is_overtaken), "{how:?}");
        shop.there.let_go();
        verdict::of(&shop, 1, Counts::default()).await;
        assert_eq!(returned(&shop), [300], "{how:?}");
    }
}

/// One that failed after it had done its work, which Mollie's list does not show for a while: the
/// payment itself does.
#[tokio::test(start_paused = true)]
async fn i5_what_the_list_of_refunds_does_not_show_yet_is_not_given_back_again() {
    let shop = calm(1);
    let (order, _) = paid(&shop).await;
    shop.there.list_late(true);
    shop.there.spoil("POST", Fault::FailedAfter);
    shop.refund(order, 300).await.unwrap().unwrap();
    shop.clock.sleep(Duration::from_secs(120)).await;
    assert_eq!(shop.payments_of(order).await[0].given_back().minor, 0, "it is not known yet");
    shop.there.list_late(false);
    verdict::of(&shop, 1, Counts::default()).await;
    assert_eq!(returned(&shop), [300]);
}

#[tokio::test(start_paused = true)]
async fn parts_of_one_amount_go_back_once_each_whatever_becomes_of_the_calls() {
    for seed in 1..=20 {
        let shop = calm(seed);
        let (order, _) = paid(&shop).await;
        shop.there.turn_hostile(500);
        for _ in 0..5 {
            shop.refund(order, 300).await.unwrap().unwrap();
        }
        for _ in 0..20 {
            shop.clock.sleep(Duration::from_secs(1)).await;
            shop.there.forget_keys();
        }
        shop.there.calm();
        verdict::of(&shop, seed, Counts::default()).await;
        assert_eq!(returned(&shop), [300; 5], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_somebody_made_by_hand_is_not_taken_for_ours() {
    let shop = calm(2);
    let (order, name) = paid(&shop).await;
    assert!(shop.there.refund_by_hand(&name, 300));
    shop.refund(order, 300).await.unwrap().unwrap();
    shop.clock.sleep(Duration::from_secs(20)).await;
    assert_eq!(returned(&shop), [300, 300]);
    let payment = shop.payments_of(order).await.remove(0);
    assert_eq!((payment.given_back().minor, payment.due), (300, None));
}

/// Who gave all of it back by hand has done what was to be done.
#[tokio::test(start_paused = true)]
async fn late_money_that_was_given_back_by_hand_is_not_given_back_again() {
    let shop = calm(3);
    let (order, _, name) = at_the_page(&shop).await;
    shop.there.pick(&name, false);
    assert!(shop.there.visit(&name, Visit::Pays));
    let all = shop.orders()[0].total.minor;
    assert!(shop.there.refund_by_hand(&name, all));
    shop.change(order, common::events::OrderStatus::Cancelled).await;
    let counts = verdict::of(&shop, 3, Counts::default()).await;
    assert_eq!((counts.refunded, returned(&shop)), (1, vec![all]));
}

/// It is told apart from one that is done: the money is with us again, and somebody must look.
#[tokio::test(start_paused = true)]
async fn a_refund_that_comes_to_nothing_is_not_called_given_back() {
    let shop = calm(4);
    let (order, name) = paid(&shop).await;
    shop.refund(order, 300).await.unwrap().unwrap();
    shop.clock.sleep(Duration::from_millis(100)).await;
    assert!(shop.there.fail_refund(&name));
    shop.clock.sleep(LOOKED).await;
    let payment = shop.payments_of(order).await.remove(0);
    assert!(matches!(payment.state, State::Captured { .. }));
    assert_eq!((payment.given_back().minor, payment.owed().is_some()), (0, true));
    assert_eq!(returned(&shop), [300, -300], "and it is not made again by itself");
}

/// Money on its way back takes days. Mollie is asked ever less often, and at once where it says
/// that there is news.
#[tokio::test(start_paused = true)]
async fn money_that_takes_days_is_asked_after_once_in_an_hour_and_at_once_when_there_is_news() {
    const HOUR: Duration = Duration::from_secs(3_600);
    for is_told in [true, false] {
        let shop = calm(6);
        let (order, name) = paid(&shop).await;
        shop.there.slow_banks(true);
        shop.refund(order, 300).await.unwrap().unwrap();
        shop.clock.sleep(3 * HOUR).await;
        let of_list = || shop.there.calls_of("/v2/chargebacks");
        let (calls, lists) = (shop.there.calls(), of_list());
        shop.clock.sleep(24 * HOUR).await;
        let asked = shop.there.calls() - calls - (of_list() - lists);
        assert!((22..=25).contains(&asked), "{asked} calls in a day");
        assert_eq!(shop.payments_of(order).await[0].given_back().minor, 0);
        drop(shop.there.letters());
        shop.there.arrive();
        if is_told {
            for letter in shop.there.letters() {
                bring(&shop, &letter).await;
            }
            shop.clock.sleep(Duration::from_secs(5)).await;
        } else {
            shop.clock.sleep(HOUR + Duration::from_secs(5)).await;
        }
        let payment = shop.payments_of(order).await.remove(0);
        assert_eq!((payment.given_back().minor, payment.due), (300, None), "told: {is_told}");
        assert_eq!(returned(&shop), [300], "{name}");
    }
}
