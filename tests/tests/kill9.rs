//! I7, I8, I17 and I1 under kill -9 at random instants with clients at work: what was acknowledged
//! is there afterwards, what was lost on the way becomes known under its key, nothing happens
//! twice, nothing is sold twice.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test panics on purpose")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tests::market::{GOOD_CARD, Person};
use tests::poll::rest;
use tests::{Deed, Journal, Outcome, Seed, Server, Setup};

const KILLS: u32 = 200;
const WORKERS: usize = 8;
/// The promise: from the start of the process to the first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(2);
/// How many recent tickets the workers fight over.
const ON_SALE: usize = 12;
/// How long the load runs before a kill, at most.
const LOAD_MS: u64 = 260;

/// The slowest start so far, from process to first answer.
static SLOWEST_START_MS: AtomicU64 = AtomicU64::new(0);

/// What all workers share.
#[derive(Clone)]
struct Market {
    journal: Arc<Journal>,
    people: Arc<Vec<Person>>,
    on_sale: Arc<Mutex<VecDeque<String>>>,
    running: Arc<AtomicBool>,
}

/// What one worker knows of its own.
struct Worker {
    who: usize,
    seed: Seed,
    /// Orders of its own that are neither paid nor cancelled, as far as it was told.
    live: Vec<String>,
    unknown: Vec<usize>,
    answered: Vec<usize>,
}

impl Worker {
    /// Works until the market closes: first makes known what the last kill left open, then goes on
    /// at random.
    async fn work(mut self, market: Market) -> Self {
        for index in std::mem::take(&mut self.unknown) {
            let entry = market.journal.entry(index);
            let outcome = market.journal.resolve(index, &market.people[self.who]).await;
            self.learn(&market, index, &entry.deed, &outcome);
        }
        while market.running.load(Ordering::Relaxed) {
            if self.seed.chance(4) && self.replay(&market).await {
                continue;
            }
            let deed = self.choose(&market);
            let person = &market.people[self.who];
            let (index, outcome) = market.journal.perform(self.who, person, deed.clone()).await;
            if outcome == Outcome::Unknown {
                self.unknown.push(index);
                if !market.running.load(Ordering::Relaxed) {
                    break;
                }
                // The server is alive and said to come back, or has just been killed: a moment,
                // then on.
                rest(Duration::from_millis(2)).await;
            } else {
                self.learn(&market, index, &deed, &outcome);
            }
        }
        self
    }

    /// Repeats something that succeeded long ago; the answer is compared when all is over if the
    /// server dies now.
    async fn replay(&mut self, market: &Market) -> bool {
        let Some(index) = self.seed.pick(&self.answered).copied() else { return false };
        let person = &market.people[self.who];
        let again = market.journal.attempt_again(index, person).await;
        if let Some(again) = again {
            let first = market.journal.entry(index).outcome;
            assert_eq!(again, first, "I17: line {index} is answered as the first time");
        }
        true
    }

    fn choose(&mut self, market: &Market) -> Deed {
        let on_sale: Vec<String> = market.on_sale.lock().unwrap().iter().cloned().collect();
        let mine = self.seed.below(self.live.len().max(1) as u64) as usize;
        match self.seed.below(100) {
            0..=14 => {}
            15..=64 => {
                if let Some(ticket) = self.seed.pick(&on_sale).cloned() {
                    return Deed::Order { ticket, quantity: 1 + self.seed.below(2) };
                }
            }
            65..=84 if mine < self.live.len() => {
                let order = self.live.swap_remove(mine);
                return Deed::Pay { order, token: GOOD_CARD.to_owned() };
            }
            _ if mine < self.live.len() => {
                return Deed::Cancel { order: self.live.swap_remove(mine) };
            }
            _ => {}
        }
        let title = format!("By {} {}", self.who, self.seed.draw());
        Deed::Sell { title, quantity: 1 + self.seed.below(3) }
    }

    fn learn(&mut self, market: &Market, index: usize, deed: &Deed, outcome: &Outcome) {
        if outcome.succeeded() {
            self.answered.push(index);
        }
        match (deed, outcome.id()) {
            (Deed::Sell { .. }, Some(id)) => {
                let mut on_sale = market.on_sale.lock().unwrap();
                on_sale.push_back(id);
                if on_sale.len() > ON_SALE {
                    on_sale.pop_front();
                }
            }
            (Deed::Order { .. }, Some(id)) => self.live.push(id),
            // Not payable yet: the order is still there to be paid or cancelled later.
            (Deed::Pay { order, .. }, None) => self.live.push(order.clone()),
            (Deed::Cancel { order }, _) if !outcome.succeeded() => self.live.push(order.clone()),
            _ => {}
        }
    }
}

/// Starts the server and waits for its first answer, which must come in time.
async fn first_answer(server: &mut Server) {
    let started = Instant::now();
    server.start().await;
    server.client().get("/api/tickets?limit=1").await.is(200);
    let took = started.elapsed();
    assert!(took <= FIRST_ANSWER, "the first answer after kill -9 took {took:?}");
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    SLOWEST_START_MS.fetch_max(millis, Ordering::Relaxed);
}

/// Lets everybody work until the server is killed under them; returns the workers.
async fn until_killed(
    server: &mut Server,
    market: &Market,
    workers: Vec<Worker>,
    after: Duration,
) -> Vec<Worker> {
    market.running.store(true, Ordering::Relaxed);
    let tasks: Vec<_> =
        workers.into_iter().map(|worker| tokio::spawn(worker.work(market.clone()))).collect();
    rest(after).await;
    market.running.store(false, Ordering::Relaxed);
    server.kill_9().await;
    // Whoever is making an old outcome known goes on until the next start; the rest end now.
    first_answer(server).await;
    let done = join_all(tasks).await;
    done.into_iter().map(|worker| worker.expect("a worker's task")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_any_instant_loses_nothing_and_doubles_nothing() {
    let mut seed = Seed::of("kill_9_at_any_instant");
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let mut server = setup.start().await;
    let market = Market {
        journal: Arc::default(),
        people: Arc::new(server.people("worker", WORKERS).await),
        on_sale: Arc::default(),
        running: Arc::default(),
    };
    server.change(|setup| setup.within(FIRST_ANSWER));
    let mut workers: Vec<Worker> = (0..WORKERS)
        .map(|who| Worker {
            who,
            seed: seed.branch(),
            live: Vec::new(),
            unknown: Vec::new(),
            answered: Vec::new(),
        })
        .collect();
    let mut lost_on_the_way = 0;
    for kill in 0..KILLS {
        if seed.chance(10) {
            // During recovery too: before anybody was served.
            server.kill_9().await;
            let lines = server.spawn();
            rest(Duration::from_millis(seed.below(60))).await;
            server.kill_9().await;
            drop(lines);
            first_answer(&mut server).await;
        }
        let from = market.journal.len();
        let after = Duration::from_millis(seed.below(LOAD_MS));
        workers = until_killed(&mut server, &market, workers, after).await;
        lost_on_the_way += workers.iter().map(|worker| worker.unknown.len()).sum::<usize>();
        let recent = from.max(market.journal.len().saturating_sub(40));
        market.journal.spot_check(recent, &market.people).await;
        if kill % 50 == 49 {
            println!("{} kills, {} requests so far", kill + 1, market.journal.len());
        }
    }
    let resolved = market.journal.resolve_all(&market.people).await;
    println!("{lost_on_the_way} outcomes lost on the way, {resolved} made known in the end");
    assert!(lost_on_the_way > 50, "the kills must hit requests in flight");
    finish(server, &market).await;
}

async fn finish(mut server: Server, market: &Market) {
    let totals = market.journal.audit(&market.people).await;
    println!("{totals:?}");
    println!("slowest start to first answer: {} ms", SLOWEST_START_MS.load(Ordering::Relaxed));
    for (what, count) in [
        ("tickets", totals.tickets),
        ("orders", totals.orders),
        ("paid", totals.paid),
        ("cancelled", totals.cancelled),
        ("refused", totals.refused),
        ("sold out", totals.sold_out),
    ] {
        assert!(count > 50, "too little of it to show anything: {what}: {count}");
    }
    server.stop().await;
    server.check_clean().await;
}
