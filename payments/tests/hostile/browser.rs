//! Buyers who pay in the browser: the provider asks for the card, and for 3-D Secure.

use std::time::Duration;

use common::command::Refusal;
use common::events::OrderStatus;
use common::execute::Failure;
use common::id::{OrderId, PaymentId};
use common::time::Clock;
use payments::domain::{Place, State};
use payments::pay::Unpaid;
use payments::provider::Door;
use scripted::Script;

use crate::line::Life;
use crate::shop::Shop;
use crate::verdict::{self, Counts};

const WINDOW: Duration = Duration::from_secs(900);

/// What a buyer does in a browser: goes from one place to another, with a card or without.
#[derive(Debug, Clone)]
pub struct Walk(Vec<(Place, Option<&'static str>)>);

impl Walk {
    /// From the form, which is left, to the page.
    pub fn from_form_to_page() -> Self {
        Self(vec![(Place::Element, None), (Place::Page, Some("pm_card_visa"))])
    }

    /// Any.
    pub fn by(dice: &mut Script) -> Self {
        let steps = 1 + dice.below(4);
        let step = |_| {
            let place = if dice.chance(500) { Place::Page } else { Place::Element };
            let cards = [
                None,
                Some("pm_card_visa"),
                Some("pm_card_visa"),
                Some("tok_slowBank"),
                Some("tok_chargeDeclined"),
                Some("pm_card_threeDSecureRequired"),
            ];
            (place, cards[usize::try_from(dice.below(cards.len() as u64)).unwrap()])
        };
        Self((0..steps).map(step).collect())
    }

    /// Does it. A process that is killed answers nobody: then it is the next step.
    pub async fn act(&self, shop: &Shop, order: OrderId) {
        for (place, card) in &self.0 {
            let patience = Duration::from_secs(25);
            let led = tokio::time::timeout(patience, shop.check_out_at(order, Some(*place))).await;
            shop.clock.sleep(Duration::from_millis(300)).await;
            let (Ok(Ok((_, door))), Some(card)) = (led, card) else { continue };
            let is_form = door.place() == Place::Element;
            let name = behind(door);
            if is_form {
                shop.there.confirm_in_browser(&name, card);
                shop.there.authenticate(&name, true);
            } else {
                shop.there.pay_on_page(&name, card);
            }
        }
    }
}

/// What the provider calls what is behind a door.
fn behind(door: Door) -> String {
    match door {
        Door::Page { url } => url.rsplit('/').next().unwrap().to_owned(),
        Door::Element { client_secret, .. } => {
            client_secret.split_once("_secret_").unwrap().0.to_owned()
        }
    }
}

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

/// The payment, and the provider's name for it, behind a door that leads to this place.
async fn at(shop: &Shop, order: OrderId, wanted: Place, led_to: Place) -> (PaymentId, String) {
    let (id, door) = shop.check_out_at(order, Some(wanted)).await.unwrap();
    assert_eq!(door.place(), led_to);
    (id, behind(door))
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Unpaid>) -> String {
    match answer {
        Err(Unpaid::Failed(Failure::Refused(Refusal::Conflict(why)))) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_cannot_use_the_form_pays_on_a_page_and_the_form_takes_no_money_any_more() {
    let shop = Shop::new(Script::new(4, 0), Life::without_end());
    let order = shop.place(WINDOW).await;
    let (first, intent) = at(&shop, order, Place::Element, Place::Element).await;
    let (second, session) = at(&shop, order, Place::Page, Place::Page).await;
    assert_ne!(first, second);
    assert!(!shop.there.confirm_in_browser(&intent, "pm_card_visa"), "there is one way to pay");
    // A page is good for everybody, whatever is asked for now.
    for wanted in Place::ALL {
        assert_eq!(at(&shop, order, wanted, Place::Page).await, (second, session.clone()));
    }
    assert!(shop.there.pay_on_page(&session, "pm_card_visa"));
    let counts = verdict::of(&shop, 4, Counts::default()).await;
    assert_eq!((counts.kept, counts.declined, counts.payments), (1, 1, 2));
    let State::Declined { decline, .. } = &shop.payments_of(order).await[0].state else {
        panic!("the first is left");
    };
    assert_eq!(decline.code, "moved");
}

#[tokio::test(start_paused = true)]
async fn who_has_paid_in_the_form_is_led_to_no_page() {
    let shop = Shop::new(Script::new(5, 0), Life::without_end());
    let order = shop.place(WINDOW).await;
    let (_, intent) = at(&shop, order, Place::Element, Place::Element).await;
    assert!(shop.there.confirm_in_browser(&intent, "pm_card_visa"));
    refusal(shop.check_out_at(order, Some(Place::Page)).await);
    let counts = verdict::of(&shop, 5, Counts::default()).await;
    assert_eq!((counts.kept, counts.payments), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_the_bank_is_at_is_not_left_for_a_page() {
    let shop = Shop::new(Script::new(6, 0), Life::without_end());
    let order = shop.place(WINDOW).await;
    let (_, intent) = at(&shop, order, Place::Element, Place::Element).await;
    assert!(shop.there.confirm_in_browser(&intent, "tok_slowBank"));
    let why = refusal(shop.check_out_at(order, Some(Place::Page)).await);
    assert_eq!(why, "The payment is under way");
    let counts = verdict::of(&shop, 6, Counts::default()).await;
    assert_eq!((counts.kept, counts.payments), (1, 1));
}
