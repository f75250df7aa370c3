//! Many payments against scripted providers at their most hostile, Stripe and, in [`mollie`], one
//! of another make: it captures and keeps silent, fails before and after the fact, refuses the
//! hurried, dawdles, declines, gives nothing back for a while; its webhooks come late, twice, in
//! any order, forged, or never; the process is killed; buyers click twice and cancel. In the end
//! all the money is where it belongs (I3–I6, I27).

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod bank;
mod browser;
mod letters;
mod line;
mod make;
mod mollie;
#[path = "../kit/order.rs"]
mod order;
mod outages;
mod parts;
mod run;
mod shop;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use common::events::OrderStatus;
use common::time::Clock;
use scripted::Script;

use browser::Walk;
use line::Life;
use make::Make;
use shop::{Market, Shop};
use verdict::Counts;

/// Payments in one history.
const ORDERS: u64 = 250;

/// How many of a thousand calls go wrong.
const HOSTILITY: u64 = 350;

const TOKENS: [&str; 14] = [
    "tok_visa",
    "tok_visa",
    "tok_visa",
    "tok_visa",
    "tok_mastercard",
    "tok_slowBank",
    "tok_slowBank",
    "tok_threeDSecureRequired",
    "tok_chargeDeclined",
    "tok_chargeDeclinedInsufficientFunds",
    "tok_chargeDeclinedExpiredCard",
    "tok_chargeDeclinedFraudulent",
    "tok_chargeDeclinedProcessingError",
    "tok_nobodyKnows",
];

fn alone<T>(history: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(history)
}

#[test]
fn i3_i4_i6_every_capture_at_stripe_is_a_complete_order_or_a_full_refund() {
    let counts = run::many("i3_i4_i6_every_capture_at_stripe", 75, |seed| alone(history(seed)));
    if let Some(counts) = counts {
        counts.must_have_met_everything();
    }
}

async fn history(seed: u64) -> Counts {
    let mut dice = Script::new(seed ^ 0xD1CE, 0);
    let shop = Shop::new(Script::new(seed, HOSTILITY), Life::without_end());
    let mut clients: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for number in 0..ORDERS {
        let client = Client::by(&mut dice, seed * ORDERS + number);
        clients.push(Box::pin(client.act(Arc::clone(&shop))));
    }
    let courier = courier(Arc::clone(&shop), Script::new(seed ^ 0xC0DE, 0));
    let bank = bank::act(Arc::clone(&shop), Script::new(seed ^ 0xBA4C, 0));
    let killer = killer(Arc::clone(&shop), Script::new(seed ^ 0xDEAD, 0));
    let outages = outages::come_and_go(Arc::clone(&shop), Script::new(seed ^ 0x0CA5, 0));
    let all = futures_util::future::join_all(clients);
    let counts = tokio::select! {
        _ = all => Counts::default(),
        () = killer => unreachable!("it never ends"),
        () = bank => unreachable!("it never ends"),
        () = outages => unreachable!("it never ends"),
        forged = courier => forged,
    };
    shop.there.calm();
    shop.kill();
    shop.start(Life::without_end());
    bank::close(&shop, &mut dice).await;
    verdict::of(&shop, seed, counts).await
}

/// What a buyer does, decided beforehand.
struct Client {
    begins: Duration,
    window: Duration,
    token: String,
    clicks: u64,
    tries_again: bool,
    cancels_after: Option<Duration>,
    /// Pays in a browser instead of with the token.
    walk: Option<Walk>,
    /// What the seller gives back, in minor units, one after the other.
    parts: Vec<i64>,
}

impl Client {
    fn by(dice: &mut Script, number: u64) -> Self {
        let name = TOKENS[usize::try_from(dice.below(TOKENS.len() as u64)).unwrap()];
        let ms = Duration::from_millis;
        Self {
            begins: ms(dice.below(20_000)),
            window: if dice.chance(200) { ms(1_000 + dice.below(3_000)) } else { ms(900_000) },
            token: format!("{name}_{number}"),
            clicks: 1 + u64::from(dice.chance(150)),
            tries_again: dice.chance(500),
            cancels_after: dice.chance(250).then(|| ms(dice.below(4_000))),
            walk: dice.chance(250).then(|| Walk::by(dice)),
            parts: (0..dice.below(4)).map(|_| 500 * (1 + dice.below(4).cast_signed())).collect(),
        }
    }

    async fn act(self, shop: Arc<Shop>) {
        shop.clock.sleep(self.begins).await;
        let order = shop.place(self.window).await;
        let paying = async {
            let patience = Duration::from_secs(25);
            if let Some(walk) = &self.walk {
                walk.act(&shop, order).await;
                // Who has not paid by now never does, and the window closes.
                shop.clock.sleep(Duration::from_secs(15)).await;
                shop.expire(order).await;
            } else {
                let clicks = (0..self.clicks).map(|_| shop.pay(order, &self.token));
                // A process that is killed answers nobody.
                let all = futures_util::future::join_all(clicks);
                drop(tokio::time::timeout(patience, all).await);
            }
            if self.tries_again {
                let other = format!("tok_mastercard_9{}", self.token.rsplit('_').next().unwrap());
                drop(tokio::time::timeout(patience, shop.pay(order, &other)).await);
            }
            // Also of what is not complete, or not so much: then the seller is told so.
            for part in &self.parts {
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

/// Brings webhooks, badly; returns where one that was forged was taken.
async fn courier(shop: Arc<Shop>, mut dice: Script) -> Counts {
    let mut late: Vec<scripted::stripe::Letter> = Vec::new();
    loop {
        shop.clock.sleep(Duration::from_millis(100)).await;
        let seconds = shop.clock.now().as_millis() / 1_000;
        let mut letters = shop.there.letters(seconds);
        letters.append(&mut late);
        while !letters.is_empty() {
            let which = usize::try_from(dice.below(letters.len() as u64)).unwrap();
            let letter = letters.swap_remove(which);
            match dice.below(10) {
                0 | 1 => {}
                2 => late.push(letter),
                3 | 4 => {
                    drop(shop.receive(&letter.signature, &letter.body).await);
                    drop(shop.receive(&letter.signature, &letter.body).await);
                }
                5 => {
                    let forged = letter.body.replace("payment_failed", "succeeded") + " ";
                    let taken = shop.receive(&letter.signature, &forged).await;
                    assert!(!matches!(taken, Some(Ok(()))), "I27: {forged}");
                }
                _ => drop(shop.receive(&letter.signature, &letter.body).await),
            }
        }
    }
}

/// Brings every webhook that there is, until it is taken.
async fn tell(shop: &Shop) {
    for letter in shop.there.letters(shop.clock.now().as_millis() / 1_000) {
        let patience = Duration::from_secs(5);
        loop {
            let taken = shop.receive(&letter.signature, &letter.body);
            if matches!(tokio::time::timeout(patience, taken).await, Ok(Some(Ok(())))) {
                break;
            }
            shop.clock.sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Kills the process now and then, and starts another.
async fn killer<M: Make>(shop: Arc<Market<M>>, mut dice: Script) {
    loop {
        shop.clock.sleep(Duration::from_millis(3_000 + dice.below(9_000))).await;
        shop.kill();
        shop.clock.sleep(Duration::from_millis(200)).await;
        shop.start(Life::without_end());
    }
}

/// One payment, with the process killed before and after every commit and every call that it makes.
#[test]
fn a_death_between_any_two_steps_loses_nothing() {
    let tokens = ["tok_visa_1", "tok_slowBank_1", "tok_chargeDeclined_1"].map(Some);
    // Without a token the buyer leaves the provider's form for its page.
    for token in tokens.into_iter().chain([None]) {
        for cancels in [false, true] {
            let mut fatal = 1;
            let mut edges = 0;
            while alone(one_death(token, cancels, fatal)) {
                fatal += 1;
                edges += 1;
            }
            assert!(edges > 8, "{token:?}: it takes more steps than {edges}");
            println!("{token:?}, cancelled: {cancels}: {edges} deaths");
        }
    }
}

/// Whether the process got as far as to die.
async fn one_death(token: Option<&str>, cancels: bool, fatal: u64) -> bool {
    let shop = Shop::new(Script::new(fatal, 0), Life::until(fatal));
    let buyer = Arc::clone(&shop);
    let act = async move {
        let order = buyer.place(Duration::from_secs(900)).await;
        let paying = async {
            match token {
                Some(token) => drop(buyer.pay(order, token).await),
                None => Walk::from_form_to_page().act(&buyer, order).await,
            }
        };
        let cancelling = async {
            if cancels {
                buyer.clock.sleep(Duration::from_millis(60)).await;
                buyer.change(order, OrderStatus::Cancelled).await;
            }
        };
        tokio::join!(paying, cancelling);
        // What goes on by itself may still be on its way.
        buyer.clock.sleep(Duration::from_secs(30)).await;
        buyer.expire(order).await;
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
