//! Many payments at Mollie at its most hostile; and one, with the process killed at every edge of
//! every step for longer than keys are remembered.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use common::events::OrderStatus;
use common::id::OrderId;
use common::time::Clock;
use scripted::Script;
use scripted::mollie::{Letter, Visit};

use super::{Shop, bank};
use crate::line::Life;
use crate::verdict::{self, Counts};
use crate::{HOSTILITY, ORDERS, alone, killer, outages, run};

const VISITS: [Visit; 8] = [
    Visit::Pays,
    Visit::Pays,
    Visit::Pays,
    Visit::PaysLater,
    Visit::Fails("card_declined"),
    Visit::Fails("possible_fraud"),
    Visit::Cancels,
    Visit::Leaves,
];

#[test]
fn i3_i4_i6_every_capture_at_mollie_is_a_complete_order_or_a_full_refund() {
    let counts = run::many("i3_i4_i6_every_capture_at_mollie", 25, |seed| alone(history(seed)));
    if let Some(counts) = counts {
        counts.must_have_met_everything();
    }
}

async fn history(seed: u64) -> Counts {
    let mut dice = Script::new(seed ^ 0xD1CE, 0);
    let shop = Shop::new(Script::new(seed, HOSTILITY), Life::without_end());
    let mut clients: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for _ in 0..ORDERS {
        let client = Client::by(&mut dice);
        clients.push(Box::pin(client.act(Arc::clone(&shop))));
    }
    let courier = courier(Arc::clone(&shop), Script::new(seed ^ 0xC0DE, 0));
    let bank = bank::act(Arc::clone(&shop), Script::new(seed ^ 0xBA4C, 0));
    let killer = killer(Arc::clone(&shop), Script::new(seed ^ 0xDEAD, 0));
    let outages = outages::come_and_go(Arc::clone(&shop), Script::new(seed ^ 0x0CA5, 0));
    let all = futures_util::future::join_all(clients);
    tokio::select! {
        _ = all => {}
        () = killer => unreachable!("it never ends"),
        () = bank => unreachable!("it never ends"),
        () = outages => unreachable!("it never ends"),
        () = courier => unreachable!("it never ends"),
    }
    shop.there.calm();
    shop.kill();
    shop.start(Life::without_end());
    bank::close(&shop, &mut dice).await;
    verdict::of(&shop, seed, Counts::default()).await
}

/// What a buyer does, decided beforehand.
struct Client {
    begins: Duration,
    window: Duration,
    visits: Vec<Visit>,
    clicks: u64,
    cancels_after: Option<Duration>,
    /// What the seller gives back, in minor units, one after the other.
    parts: Vec<i64>,
}

impl Client {
    fn by(dice: &mut Script) -> Self {
        let ms = Duration::from_millis;
        let mut visit = || VISITS[usize::try_from(dice.below(VISITS.len() as u64)).unwrap()];
        let visits = vec![visit(), visit(), visit()];
        Self {
            begins: ms(dice.below(20_000)),
            window: if dice.chance(200) { ms(1_000 + dice.below(3_000)) } else { ms(900_000) },
            visits,
            clicks: 1 + u64::from(dice.chance(150)),
            cancels_after: dice.chance(250).then(|| ms(dice.below(6_000))),
            parts: (0..dice.below(4)).map(|_| 500 * (1 + dice.below(4).cast_signed())).collect(),
        }
    }

    async fn act(self, shop: Arc<Shop>) {
        shop.clock.sleep(self.begins).await;
        let order = shop.place(self.window).await;
        let paying = async {
            for visit in &self.visits {
                let clicks = (0..self.clicks).map(|_| click(&shop, order, *visit));
                futures_util::future::join_all(clicks).await;
                shop.clock.sleep(Duration::from_secs(5)).await;
            }
            // Also of what is not complete, or not so much: then the seller is told so.
            for part in &self.parts {
                let patience = Duration::from_secs(25);
                drop(tokio::time::timeout(patience, shop.refund(order, *part)).await);
            }
        };
        let cancelling = async {
            if let Some(after) = self.cancels_after {
                shop.clock.sleep(after).await;
                shop.change(order, OrderStatus::Cancelled).await;
            }
        };
        let expiring = async {
            if self.window < Duration::from_secs(60) {
                shop.clock.sleep(self.window).await;
                shop.expire(order).await;
            }
        };
        tokio::join!(paying, cancelling, expiring);
    }
}

/// Goes to the page, if there is one, and does something there.
async fn click(shop: &Shop, order: OrderId, visit: Visit) {
    // A process that is killed answers nobody.
    let page = tokio::time::timeout(Duration::from_secs(25), shop.check_out(order)).await;
    if let Ok(Ok((_, name))) = page {
        shop.clock.sleep(Duration::from_millis(700)).await;
        shop.there.visit(&name, visit);
    }
}

/// Brings webhooks, badly.
async fn courier(shop: Arc<Shop>, mut dice: Script) {
    let mut late: Vec<Letter> = Vec::new();
    loop {
        shop.clock.sleep(Duration::from_millis(100)).await;
        let mut letters = shop.there.letters();
        letters.append(&mut late);
        while !letters.is_empty() {
            let which = usize::try_from(dice.below(letters.len() as u64)).unwrap();
            let letter = letters.swap_remove(which);
            match dice.below(10) {
                0 | 1 => {}
                2 => late.push(letter),
                3 | 4 => {
                    bring(&shop, &letter).await;
                    bring(&shop, &letter).await;
                }
                5 => {
                    // Forged: about a payment that is none, or another one.
                    let body = format!("id=tr_{}", dice.below(500));
                    bring(&shop, &Letter { body, ..letter }).await;
                }
                _ => bring(&shop, &letter).await,
            }
        }
    }
}

pub async fn bring(shop: &Shop, letter: &Letter) {
    let (_, query) = letter.url.split_once('?').unwrap();
    let taken = shop.receive_with(HeaderMap::new(), Some(query), &letter.body);
    drop(tokio::time::timeout(Duration::from_secs(5), taken).await);
}

/// One payment and a part of it given back, with the process killed before and after every commit
/// and every call that they make, and every key forgotten meanwhile.
#[test]
fn a_death_between_any_two_steps_that_outlasts_every_key_loses_nothing() {
    for visit in [Visit::Pays, Visit::PaysLater, Visit::Fails("card_declined")] {
        for cancels in [false, true] {
            let mut fatal = 1;
            while alone(one_death(visit, cancels, fatal)) {
                fatal += 1;
            }
            println!("{visit:?}, cancelled: {cancels}: {} deaths", fatal - 1);
            assert!(fatal > 9, "{visit:?}: it takes more steps than {fatal}");
        }
    }
}

/// Whether the process got as far as to die.
async fn one_death(visit: Visit, cancels: bool, fatal: u64) -> bool {
    let shop = Shop::new(Script::new(fatal, 0), Life::until(fatal));
    let buyer = Arc::clone(&shop);
    let act = async move {
        let order = buyer.place(Duration::from_secs(900)).await;
        let paying = async {
            let mut tries = 0;
            while tries < 3 {
                let page = tokio::time::timeout(Duration::from_secs(5), buyer.check_out(order));
                if let Ok(Ok((_, name))) = page.await {
                    buyer.there.visit(&name, visit);
                    break;
                }
                tries += 1;
                buyer.clock.sleep(Duration::from_millis(300)).await;
            }
        };
        let cancelling = async {
            if cancels {
                buyer.clock.sleep(Duration::from_millis(60)).await;
                buyer.change(order, OrderStatus::Cancelled).await;
            }
        };
        tokio::join!(paying, cancelling);
        buyer.clock.sleep(Duration::from_secs(40)).await;
        drop(tokio::time::timeout(Duration::from_secs(5), buyer.refund(order, 300)).await);
        // What goes on by itself may still be on its way.
        buyer.clock.sleep(Duration::from_secs(30)).await;
    };
    let act = tokio::time::timeout(Duration::from_secs(120), act);
    let died = {
        tokio::pin!(act);
        let is_over = tokio::select! {
            biased;
            () = shop.death() => true,
            _ = &mut act => false,
        };
        if is_over {
            shop.kill();
            shop.there.forget_keys();
            shop.clock.sleep(Duration::from_millis(500)).await;
            shop.start(Life::without_end());
            // Whoever asked goes on waiting, and events that were not taken come again.
            drop(act.await);
        }
        is_over
    };
    let counts = verdict::of(&shop, fatal, Counts::default()).await;
    assert!(!cancels || counts.kept <= 1);
    died
}
