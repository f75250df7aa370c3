//! Buyers who pay in the browser: the provider asks for the card, and for 3-D Secure.

use std::time::Duration;

use common::events::OrderStatus;
use common::time::Clock;
use payments::domain::State;
use scripted::Script;

use crate::line::Life;
use crate::shop::Shop;
use crate::verdict::{self, Counts};

const WINDOW: Duration = Duration::from_secs(900);

#[tokio::test(start_paused = true)]
async fn a_payment_in_the_browser_completes_its_order_with_no_webhook_at_all() {
    let shop = Shop::new(Script::new(1, 0), Life::without_end());
    let order = shop.place(WINDOW).await;
    let (id, name) = shop.check_out(order).await.unwrap();
    assert_eq!(shop.check_out(order).await.unwrap(), (id, name.clone()), "who asks again");
    // A card that is declined there is not the end of it.
    assert!(!shop.there.confirm_in_browser(&name, "tok_chargeDeclined"));
    shop.clock.sleep(Duration::from_secs(40)).await;
    assert!(matches!(shop.payments_of(order).await[0].state, State::Started { .. }));
    assert!(shop.there.confirm_in_browser(&name, "pm_card_threeDSecureRequired"));
    shop.clock.sleep(Duration::from_secs(40)).await;
    assert!(matches!(shop.payments_of(order).await[0].state, State::Started { .. }));
    shop.there.authenticate(&name, true);
    let counts = verdict::of(&shop, 1, Counts::default()).await;
    assert_eq!((counts.kept, counts.payments), (1, 1));
    assert_eq!(shop.orders()[0].status, OrderStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_ends_while_its_buyer_is_at_it_takes_no_money() {
    let shop = Shop::new(Script::new(2, 0), Life::without_end());
    let order = shop.place(WINDOW).await;
    let (_, name) = shop.check_out(order).await.unwrap();
    assert!(shop.there.confirm_in_browser(&name, "pm_card_threeDSecureRequired"));
    shop.change(order, OrderStatus::Cancelled).await;
    let counts = verdict::of(&shop, 2, Counts::default()).await;
    assert_eq!((counts.declined, counts.kept), (1, 0));
    // It is too late then, whatever the browser does.
    shop.there.authenticate(&name, true);
    assert!(!shop.there.confirm_in_browser(&name, "pm_card_visa"));
    assert!(shop.there.with_ledger(|ledger| ledger.lines().is_empty()));
}

#[tokio::test(start_paused = true)]
async fn money_taken_in_the_instant_in_which_the_order_ends_is_given_back() {
    let shop = Shop::new(Script::new(3, 0), Life::without_end());
    let order = shop.place(WINDOW).await;
    let (_, name) = shop.check_out(order).await.unwrap();
    assert!(shop.there.confirm_in_browser(&name, "pm_card_visa"));
    shop.change(order, OrderStatus::Cancelled).await;
    let counts = verdict::of(&shop, 3, Counts::default()).await;
    assert_eq!((counts.refunded, counts.kept), (1, 0));
}
