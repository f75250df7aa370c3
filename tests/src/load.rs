//! Workers who sell, order, pay and cancel at random, and write down what they were told, while
//! somebody breaks things under them.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::journal::{CONVERGENCE, Entry};
use crate::market::{GOOD_CARD, Person};
use crate::poll::rest;
use crate::{Deed, Journal, Outcome, Seed, Server, text};

/// How many recent tickets the workers fight over.
const ON_SALE: usize = 12;

/// How long the load runs on after a fault.
const AFTER: Duration = Duration::from_millis(300);

/// What all workers share.
#[derive(Clone, Debug)]
pub struct Market {
    /// What was asked and told.
    pub journal: Arc<Journal>,
    /// Who is here.
    pub people: Arc<Vec<Person>>,
    /// Recent tickets.
    on_sale: Arc<Mutex<VecDeque<String>>>,
    /// Whether anybody begins anything new.
    pub running: Arc<AtomicBool>,
}

impl Market {
    /// An empty market with `count` people, and a worker for each.
    pub async fn open(server: &Server, count: usize, seed: &mut Seed) -> (Self, Vec<Worker>) {
        let people = Arc::new(server.people("worker", count).await);
        Self::of(people, Journal::default(), seed)
    }

    /// The same people where `told` is all that they were told; nobody has anything in hand.
    pub fn as_of(&self, told: Vec<Entry>, seed: &mut Seed) -> (Self, Vec<Worker>) {
        Self::of(Arc::clone(&self.people), Journal::of(told), seed)
    }

    fn of(people: Arc<Vec<Person>>, journal: Journal, seed: &mut Seed) -> (Self, Vec<Worker>) {
        let worker = |who| Worker {
            who,
            seed: seed.branch(),
            live: Vec::new(),
            unknown: Vec::new(),
            answered: Vec::new(),
        };
        let workers = (0..people.len()).map(worker).collect();
        let (on_sale, running) = (Arc::default(), Arc::default());
        (Self { journal: Arc::new(journal), people, on_sale, running }, workers)
    }

    /// Lets everybody work while `fault` happens, and a little longer. Returns what it came to.
    ///
    /// # Panics
    /// If a worker does.
    pub async fn work_through<T>(
        &self,
        workers: Vec<Worker>,
        fault: impl Future<Output = T>,
    ) -> (Vec<Worker>, T) {
        self.running.store(true, Ordering::Relaxed);
        let tasks: Vec<_> =
            workers.into_iter().map(|worker| tokio::spawn(worker.work(self.clone()))).collect();
        let came_to = fault.await;
        rest(AFTER).await;
        self.running.store(false, Ordering::Relaxed);
        let done = join_all(tasks).await;
        (done.into_iter().map(|worker| worker.expect("a worker's task")).collect(), came_to)
    }

    /// Waits until every order that somebody paid for is complete, which crosses services. All
    /// together have as long as I18 gives each, so begin when the last fault is over.
    ///
    /// # Panics
    /// If one is not in time.
    pub async fn converge(&self) {
        let begun = Instant::now();
        for entry in self.journal.entries() {
            let Deed::Pay { order, .. } = &entry.deed else { continue };
            if !entry.outcome.succeeded() {
                continue;
            }
            let person = &self.people[entry.who];
            let left = CONVERGENCE.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
            crate::until(
                &format!("I18: order {order}, which is paid, is complete"),
                left,
                || async {
                    let order = person.see_order(order).await;
                    (text(&order, "status") == "complete").then_some(())
                },
            )
            .await;
        }
        println!("every paid order is complete {:?} after the last fault", begun.elapsed());
    }
}

/// What one worker knows of its own.
#[derive(Debug)]
pub struct Worker {
    who: usize,
    seed: Seed,
    /// Orders of its own that are neither paid nor cancelled, as far as it was told.
    live: Vec<String>,
    /// What it does not know the outcome of.
    pub unknown: Vec<usize>,
    answered: Vec<usize>,
}

impl Worker {
    /// Works until the market closes: first makes known what the last kill left open, then goes on
    /// at random.
    ///
    /// # Panics
    /// If a promise is broken.
    pub async fn work(mut self, market: Market) -> Self {
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
