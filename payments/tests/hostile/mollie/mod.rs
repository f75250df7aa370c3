//! Mollie, which forgets idempotency keys, signs nothing, and cannot always cancel.

mod bank;
mod history;
mod prompts;
mod refunds;

use std::sync::Arc;
use std::time::Duration;

use common::events::OrderStatus;
use common::id::{OrderId, PaymentId};
use common::time::Clock;
use payments::domain::State;
use scripted::mollie::Visit;
use scripted::{Fault, Script};

use crate::line::Life;
use crate::shop::Market;
use crate::verdict::{self, Counts};

type Shop = Market<scripted::Mollie>;

const WINDOW: Duration = Duration::from_secs(900);

/// Within this a payment that a buyer is at is looked at again, also without a notice.
const LOOKED: Duration = Duration::from_secs(40);

/// A shop in which nothing goes wrong, unless a test says so.
fn calm(seed: u64) -> Arc<Shop> {
    Shop::new(Script::new(seed, 0), Life::without_end())
}

/// An order whose buyer is on Mollie's page.
async fn at_the_page(shop: &Shop) -> (OrderId, PaymentId, String) {
    let order = shop.place(WINDOW).await;
    let (id, name) = shop.check_out(order).await.unwrap();
    (order, id, name)
}

async fn state_of(shop: &Shop, order: OrderId) -> State {
    shop.payments_of(order).await.remove(0).state
}

#[tokio::test(start_paused = true)]
async fn a_payment_on_the_page_completes_its_order_with_no_webhook_at_all() {
    let shop = calm(1);
    let (order, id, name) = at_the_page(&shop).await;
    assert_eq!(shop.check_out(order).await.unwrap(), (id, name.clone()), "who asks again");
    assert!(shop.there.visit(&name, Visit::Leaves));
    shop.clock.sleep(LOOKED).await;
    assert!(matches!(state_of(&shop, order).await, State::Started { .. }));
    assert!(shop.there.visit(&name, Visit::PaysLater));
    let counts = verdict::of(&shop, 1, Counts::default()).await;
    assert_eq!((counts.kept, counts.payments), (1, 1));
    assert_eq!(shop.orders()[0].status, OrderStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_nothing_says_why_and_the_buyer_may_try_again() {
    let shop = calm(2);
    for (visit, words) in [
        (Visit::Fails("insufficient_funds"), "insufficient funds"),
        (Visit::Fails("possible_fraud"), "The payment was declined"),
        (Visit::Cancels, "cancelled"),
    ] {
        let (order, id, name) = at_the_page(&shop).await;
        assert!(shop.there.visit(&name, visit));
        shop.clock.sleep(LOOKED).await;
        let State::Declined { decline, .. } = state_of(&shop, order).await else { panic!() };
        assert!(decline.message.contains(words), "{visit:?}: {decline:?}");
        assert!(!decline.message.contains("fraud"));
        let (another, name) = shop.check_out(order).await.unwrap();
        assert!(another != id && shop.there.visit(&name, Visit::Pays));
    }
    let (order, ..) = at_the_page(&shop).await;
    shop.there.pass_time();
    shop.clock.sleep(LOOKED).await;
    let State::Declined { decline, .. } = state_of(&shop, order).await else { panic!() };
    assert!(decline.message.contains("in time"), "{decline:?}");
    let counts = verdict::of(&shop, 2, Counts::default()).await;
    assert_eq!((counts.kept, counts.declined), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_ends_takes_no_money_where_its_payment_can_be_cancelled() {
    let shop = calm(3);
    let (order, _, name) = at_the_page(&shop).await;
    shop.there.pick(&name, true);
    shop.change(order, OrderStatus::Cancelled).await;
    shop.clock.sleep(LOOKED).await;
    assert!(matches!(state_of(&shop, order).await, State::Declined { .. }));
    assert!(!shop.there.visit(&name, Visit::Pays), "the page is over");
    verdict::of(&shop, 3, Counts::default()).await;
}

/// Nothing is concluded from what is not known: only Mollie knows when a payment is over that
/// cannot be cancelled, and money that it still takes goes back.
#[tokio::test(start_paused = true)]
async fn i5_what_cannot_be_cancelled_is_waited_for_and_its_late_money_goes_back() {
    for pays in [false, true] {
        let shop = calm(4);
        let (order, _, name) = at_the_page(&shop).await;
        shop.there.pick(&name, false);
        shop.change(order, OrderStatus::Cancelled).await;
        shop.clock.sleep(10 * LOOKED).await;
        assert!(matches!(state_of(&shop, order).await, State::Started { .. }));
        if pays {
            assert!(shop.there.visit(&name, Visit::Pays));
        }
        let counts = verdict::of(&shop, 4, Counts::default()).await;
        let expected = if pays { (0, 1, 0) } else { (0, 0, 1) };
        assert_eq!((counts.kept, counts.refunded, counts.declined), expected);
    }
}

/// It can be cancelled when it is asked and not any more when it is told to: its buyer was quicker.
#[tokio::test(start_paused = true)]
async fn a_cancellation_that_is_lost_is_asked_after() {
    let shop = calm(5);
    for fault in [Fault::AnswerLost, Fault::FailedAfter, Fault::FailedBefore, Fault::RequestLost] {
        let (order, _, name) = at_the_page(&shop).await;
        shop.there.pick(&name, true);
        shop.there.spoil("DELETE", fault);
        shop.change(order, OrderStatus::Cancelled).await;
        shop.clock.sleep(LOOKED).await;
        assert!(matches!(state_of(&shop, order).await, State::Declined { .. }), "{fault:?}");
    }
    verdict::of(&shop, 5, Counts::default()).await;
}

/// The process is away for longer than Mollie remembers a key, between the call that makes a
/// payment and its record.
#[tokio::test(start_paused = true)]
async fn i4_a_payment_made_twice_because_its_key_was_forgotten_is_shown_once() {
    let shop = calm(6);
    let order = shop.place(WINDOW).await;
    // An answer takes twice as long.
    let patience = Duration::from_millis(20);
    assert!(tokio::time::timeout(patience, shop.check_out(order)).await.is_err());
    assert_eq!(shop.there.payments().len(), 1, "it was made");
    shop.kill();
    shop.there.forget_keys();
    shop.start(Life::without_end());
    let (_, name) = shop.check_out(order).await.unwrap();
    assert_eq!(shop.there.payments().len(), 2, "it was made again");
    assert_eq!(shop.there.shown(), [name.as_str()]);
    assert!(shop.there.visit(&name, Visit::Pays));
    let counts = verdict::of(&shop, 6, Counts::default()).await;
    assert_eq!((counts.kept, counts.payments), (1, 1));
    let stand: Vec<_> = shop.there.payments().into_iter().map(|(_, status)| status).collect();
    assert_eq!(stand, ["expired", "paid"]);
}

#[tokio::test(start_paused = true)]
async fn money_that_is_not_what_was_asked_for_is_not_believed() {
    let shop = calm(7);
    let (order, _, name) = at_the_page(&shop).await;
    shop.there.alter(&name, 1);
    assert!(shop.there.visit(&name, Visit::Pays));
    shop.clock.sleep(LOOKED).await;
    assert!(matches!(state_of(&shop, order).await, State::Started { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_site_that_mollie_cannot_reach_does_without_notices() {
    let shop = calm(8);
    shop.there.lose_sight_of_us();
    let (_, _, name) = at_the_page(&shop).await;
    assert!(shop.there.visit(&name, Visit::Pays));
    assert!(shop.there.letters().is_empty());
    let counts = verdict::of(&shop, 8, Counts::default()).await;
    assert_eq!((counts.kept, counts.payments), (1, 1));
}
