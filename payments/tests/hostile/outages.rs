//! A provider that gives nothing back for a while, and remembers each answer under its key: the
//! money is back with the first look after that is over, once (I3, I5).

use std::sync::Arc;
use std::time::Duration;

use common::events::OrderStatus;
use common::id::OrderId;
use common::time::Clock;
use scripted::mollie::Visit;
use scripted::{Kind, Outage, Script};

use crate::line::Life;
use crate::make::Make;
use crate::shop::Market;
use crate::verdict::{self, Counts};
use crate::{alone, tell};

const WINDOW: Duration = Duration::from_secs(900);

/// Longer than it takes to burn more keys than anybody would count up to in advance.
const OUTAGE: Duration = Duration::from_secs(600);

/// Two looks at what is unresolved are no further apart, with the calls that they make.
const NEXT_LOOK: Duration = Duration::from_secs(12);

/// What was given back, in minor units.
pub fn returned<M: Make>(shop: &Market<M>) -> Vec<i64> {
    shop.there.with_ledger(|ledger| {
        let lines = ledger.lines().iter().filter(|line| line.kind == Kind::Refunded);
        lines.map(|line| line.amount).collect()
    })
}

/// An order that was paid; it is complete by that, unless its buyer gives it up in time.
async fn paid_at_stripe(shop: &Market<scripted::Stripe>, is_given_up: bool) -> OrderId {
    let order = shop.place(WINDOW).await;
    let (_, intent) = shop.check_out(order).await.unwrap();
    assert!(shop.there.confirm_in_browser(&intent, "tok_visa_1"));
    give_up(shop, order, is_given_up).await;
    tell(shop).await;
    shop.clock.sleep(Duration::from_secs(1)).await;
    order
}

async fn paid_at_mollie(shop: &Market<scripted::Mollie>, is_given_up: bool) -> OrderId {
    let order = shop.place(WINDOW).await;
    let (_, name) = shop.check_out(order).await.unwrap();
    shop.there.pick(&name, false);
    assert!(shop.there.visit(&name, Visit::Pays));
    give_up(shop, order, is_given_up).await;
    shop.clock.sleep(Duration::from_secs(40)).await;
    order
}

async fn give_up<M: Make>(shop: &Market<M>, order: OrderId, is_given_up: bool) {
    if is_given_up {
        shop.change(order, OrderStatus::Cancelled).await;
    }
}

fn calm<M: Make>(seed: u64) -> Arc<Market<M>> {
    Market::new(Script::new(seed, 0), Life::without_end())
}

/// What is owed of the order is asked for in vain, over deaths of the process too where there are
/// any, and then not.
async fn outlasts<M: Make>(shop: &Market<M>, order: OrderId, part: Option<i64>, are_deaths: bool) {
    if let Some(part) = part {
        shop.refund(order, part).await.unwrap().unwrap();
    }
    for _ in 0..12 {
        shop.clock.sleep(OUTAGE / 12).await;
        if are_deaths {
            shop.kill();
            shop.start(Life::without_end());
        }
    }
    assert_eq!(returned(shop), [0; 0], "nothing can be given back yet");
    shop.there.give_nothing_back(None);
    shop.clock.sleep(NEXT_LOOK).await;
    let wanted = part.unwrap_or_else(|| shop.orders()[0].total.minor);
    assert_eq!(returned(shop), [wanted], "I3: by the first look after the outage");
    verdict::of(shop, 1, Counts::default()).await;
    assert_eq!(returned(shop), [wanted], "I5");
}

const OUTAGES: [Outage; 2] = [Outage::Fails, Outage::Refuses];
const PARTS: [Option<i64>; 2] = [None, Some(300)];

#[tokio::test(start_paused = true)]
async fn i3_a_refund_outlasts_what_stripe_remembers() {
    for outage in OUTAGES {
        for part in PARTS {
            let shop = calm::<scripted::Stripe>(1);
            shop.there.give_nothing_back(Some(outage));
            let order = paid_at_stripe(&shop, part.is_none()).await;
            outlasts(&shop, order, part, outage == Outage::Fails).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn i3_a_refund_outlasts_what_mollie_remembers() {
    for outage in OUTAGES {
        for part in PARTS {
            let shop = calm::<scripted::Mollie>(1);
            shop.there.give_nothing_back(Some(outage));
            let order = paid_at_mollie(&shop, part.is_none()).await;
            outlasts(&shop, order, part, outage == Outage::Fails).await;
        }
    }
}

/// A refund in an outage, with the process killed before and after every commit and every call.
#[test]
fn a_death_between_any_two_steps_of_an_outage_gives_back_once() {
    let mut fatal = 1;
    while alone(one_death(fatal)) {
        fatal += 1;
    }
    println!("{} deaths", fatal - 1);
    assert!(fatal > 60, "it takes more steps than {fatal}");
}

/// Whether the process got as far as to die.
async fn one_death(fatal: u64) -> bool {
    let shop: Arc<Market<scripted::Mollie>> = calm(fatal);
    let order = paid_at_mollie(&shop, false).await;
    shop.kill();
    shop.start(Life::until(fatal));
    shop.there.give_nothing_back(Some(Outage::Fails));
    let asked = tokio::time::timeout(Duration::from_secs(5), shop.refund(order, 300));
    let act = async {
        drop(asked.await);
        shop.clock.sleep(Duration::from_secs(20)).await;
        shop.there.give_nothing_back(None);
        shop.clock.sleep(NEXT_LOOK).await;
    };
    let died = {
        tokio::pin!(act);
        let is_over = tokio::select! {
            biased;
            () = shop.death() => true,
            () = &mut act => false,
        };
        shop.kill();
        shop.start(Life::without_end());
        if is_over {
            act.await;
        }
        is_over
    };
    let owed = shop.payments_of(order).await[0].asked_back().minor;
    verdict::of(&shop, fatal, Counts::default()).await;
    assert_eq!(returned(&shop).iter().sum::<i64>(), owed, "I5: {fatal}");
    died
}

/// Now and then a provider gives nothing back for a while, which may be for as long as anybody
/// buys.
pub async fn come_and_go<M: Make>(shop: Arc<Market<M>>, mut dice: Script) {
    loop {
        shop.clock.sleep(Duration::from_millis(2_000 + dice.below(10_000))).await;
        let which = usize::try_from(dice.below(2)).unwrap();
        shop.there.give_nothing_back(Some(OUTAGES[which]));
        let most_ms = if dice.chance(300) { 300_000 } else { 30_000 };
        shop.clock.sleep(Duration::from_millis(2_000 + dice.below(most_ms))).await;
        shop.there.give_nothing_back(None);
    }
}
