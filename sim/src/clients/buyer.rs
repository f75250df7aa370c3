//! A buyer looks, orders, and then pays, cancels, or lets it be: early, late, twice, or both at
//! once.

use std::sync::Arc;
use std::time::Duration;

use common::id::TicketId;
use futures_util::future::join;

use super::order::{Bought, Wish};
use super::seller::Board;
use super::{Client, MAX_ATTEMPTS};
use crate::provider::{DECLINED, GOOD, PENDING};

/// A buyer's life.
pub(super) async fn live(client: Client, board: Arc<Board>, window: Duration, max_live: u32) {
    let executor = client.world.executor.clone();
    for number in 0..=executor.below(2) {
        executor.pause(Duration::from_secs(5)).await;
        let Some(ticket) = client.choose(&board).await else { return };
        let Some(wish) = client.wish(ticket, number, window, max_live).await else { continue };
        let is_double = executor.chance(15.0);
        let bought = if is_double {
            client.mark("client: double click");
            let (first, second) = join(client.place(&wish), client.place(&wish)).await;
            client.judge_double(&wish, first, second)
        } else {
            client.place(&wish).await
        };
        if let Some(bought) = bought {
            client.use_order(bought, number).await;
        }
    }
}

impl Client {
    async fn choose(&self, board: &Board) -> Option<TicketId> {
        for _ in 0..MAX_ATTEMPTS {
            let tickets = board.all();
            if !tickets.is_empty() {
                return Some(self.world.executor.one_of(&tickets));
            }
            self.wait_a_moment().await;
        }
        None
    }

    async fn wish(
        &self,
        ticket: TicketId,
        number: u64,
        window: Duration,
        max_live: u32,
    ) -> Option<Wish> {
        let executor = &self.world.executor;
        // Who does not look finds out by ordering.
        let seen = match executor.chance(70.0) {
            true => Some(self.see(ticket).await?),
            false => None,
        };
        executor.pause(Duration::from_secs(1)).await;
        Some(Wish {
            ticket,
            quantity: executor.one_of(&[1, 1, 1, 2, 3]),
            seen: seen.map(|seen| seen.ticket.listing.price),
            window,
            max_live,
            key: executor.chance(60.0).then(|| format!("{}-{number}", self.name)),
        })
    }

    /// Two clicks under one key are one order; without one they are two.
    fn judge_double(&self, wish: &Wish, a: Option<Bought>, b: Option<Bought>) -> Option<Bought> {
        if let (Some(_), Some(a), Some(b)) = (&wish.key, a, b) {
            let mut journal = self.world.oracle.journal.open();
            // One order, so it is told in one entry of the journal.
            let is_it = |told: &crate::journal::Told<_>| *told == crate::journal::Told::Yes(b.id);
            if let Some(entry) = journal.places.iter_mut().rfind(|place| is_it(&place.told)) {
                entry.told = crate::journal::Told::No;
            }
            drop(journal);
            if a.id != b.id {
                self.world.oracle.accuse(format!("I17: one key made orders {} and {}", a.id, b.id));
            }
        }
        a.or(b)
    }

    async fn use_order(&self, bought: Bought, number: u64) {
        let executor = &self.world.executor;
        let left = bought.expires_at.since(executor.now());
        let key = executor.chance(50.0).then(|| format!("{}-{number}-pay", self.name));
        match executor.below(9) {
            0 | 1 => {
                executor.pause(left).await;
                let token = executor.one_of(&[GOOD, GOOD, PENDING]);
                self.pay(bought, token, key).await;
            }
            2 => {
                let early = Duration::from_millis(executor.below(40));
                executor.sleep(left.saturating_sub(early)).await;
                self.mark("pay: in the last millisecond");
                self.pay(bought, GOOD, key).await;
            }
            3 => {
                executor.pause(left).await;
                self.cancel(bought).await;
            }
            4 => {
                // Lets it expire, and cancels when somebody else may have the units.
                if executor.chance(50.0) {
                    executor.sleep(left).await;
                    executor.pause(Duration::from_secs(8)).await;
                    self.cancel(bought).await;
                }
            }
            5 => {
                executor.pause(left).await;
                let pay = self.pay(bought, GOOD, key);
                let cancel = async {
                    executor.pause(Duration::from_millis(400)).await;
                    self.cancel(bought).await;
                };
                join(pay, cancel).await;
            }
            6 => {
                executor.pause(left / 2).await;
                self.mark("client: double click");
                let second = executor.chance(50.0).then(|| format!("{}-{number}-pay2", self.name));
                let second =
                    if key.is_some() && executor.chance(50.0) { key.clone() } else { second };
                join(self.pay(bought, GOOD, key), self.pay(bought, GOOD, second)).await;
            }
            7 => self.pay_at_second_attempt(bought, number).await,
            _ => {
                self.pay(bought, GOOD, key.clone()).await;
                executor.pause(Duration::from_secs(4)).await;
                self.cancel(bought).await;
            }
        }
    }

    async fn pay_at_second_attempt(&self, bought: Bought, number: u64) {
        let executor = &self.world.executor;
        executor.pause(Duration::from_secs(2)).await;
        let keys = executor.chance(50.0);
        let key = |attempt: u8| keys.then(|| format!("{}-{number}-pay-{attempt}", self.name));
        if self.pay(bought, DECLINED, key(1)).await {
            let order = bought.id;
            self.world
                .oracle
                .accuse(format!("I3: order {order} is paid with a card that is declined"));
        }
        executor.pause(Duration::from_secs(2)).await;
        if self.pay(bought, GOOD, key(2)).await {
            self.mark("pay: complete at the second attempt");
        }
    }
}
