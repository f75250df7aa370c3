//! Ordering and cancelling, with and without an idempotency key.

use std::time::Duration;

use common::command::Refusal;
use common::id::{OrderId, TicketId};
use common::money::Money;
use common::replies::{Answer, Once, RequestKey};
use common::time::Timestamp;
use orders::commands::{Cancel, Place, Placed, SeenPrice};

use super::{Client, MAX_ATTEMPTS, Reply};
use crate::journal::{CancelAsked, PlaceAsked, Told};
use crate::world::{Running, Which};

/// How often a buyer asks again for a ticket of which orders has not heard yet.
const UNHEARD: u32 = 3;

/// An order as its buyer was told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bought {
    pub(super) id: OrderId,
    pub(super) ticket: TicketId,
    pub(super) expires_at: Timestamp,
}

/// What a buyer wants.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) ticket: TicketId,
    pub(super) quantity: u32,
    pub(super) seen: Option<Money>,
    pub(super) window: Duration,
    pub(super) max_live: u32,
    /// With which key, if with one.
    pub(super) key: Option<String>,
}

impl Client {
    /// Orders, and asks again until it is known what came of it, or gives up.
    pub(super) async fn place(&self, wish: &Wish) -> Option<Bought> {
        let entry = self.about_to_place(wish);
        let (mut doubts, mut unheard) = (0, 0);
        for _ in 0..MAX_ATTEMPTS {
            match self.try_to_place(wish).await {
                Reply::Yes(answer)
                    if answer.status == 404 && unheard < UNHEARD && wish.key.is_none() =>
                {
                    unheard += 1;
                    self.wait_a_moment().await;
                }
                Reply::Yes(answer) => {
                    if doubts > 0 {
                        self.mark("client: in doubt, and then known");
                    }
                    return self.placed(wish, entry, &answer).await;
                }
                Reply::No(refusal) => {
                    self.world
                        .oracle
                        .accuse(format!("I17: a repeated order is refused: {refusal}"));
                    return None;
                }
                Reply::NotNow => self.wait_a_moment().await,
                Reply::Unknown if wish.key.is_none() || self.chance(10.0) => return None,
                Reply::Unknown => {
                    doubts += 1;
                    self.wait_a_moment().await;
                }
            }
        }
        None
    }

    async fn placed(&self, wish: &Wish, entry: usize, answer: &Answer) -> Option<Bought> {
        self.mark(match answer.status {
            201 => "place: accepted",
            400 => "place: nothing left",
            404 => "place: withdrawn ticket",
            409 => "place: price has changed",
            _ => "place: too many by one buyer",
        });
        let bought = read(answer, wish.ticket);
        let told = bought.map_or(Told::No, |bought| Told::Yes(bought.id));
        self.world.oracle.journal.open().places[entry].told = told;
        if wish.key.is_some() && self.chance(20.0) {
            self.ask_again(wish, answer).await;
        }
        bought
    }

    /// The same key again must give the same answer, and another request under it none (I17).
    async fn ask_again(&self, wish: &Wish, answer: &Answer) {
        let mut again = wish.clone();
        let is_other = self.chance(20.0);
        again.quantity += u32::from(is_other);
        match self.try_to_place(&again).await {
            Reply::Yes(second) if !is_other && second == *answer => {
                self.mark("client: told twice the same under one key");
            }
            Reply::No(Refusal::KeyReused) if is_other => {
                self.mark("client: key used for something else");
            }
            Reply::NotNow | Reply::Unknown => {}
            other => self.world.oracle.accuse(format!("I17: {answer:?}, and then {other:?}")),
        }
    }

    async fn try_to_place(&self, wish: &Wish) -> Reply<Answer> {
        let (ticket, quantity, window) = (wish.ticket, wish.quantity, wish.window);
        let seen = wish.seen.map(|price| SeenPrice { thousandths: price.minor * 10 });
        let command =
            Place { buyer: self.me, ticket, quantity, seen, window, max_live: wish.max_live };
        let key = wish
            .key
            .as_ref()
            .map(|key| RequestKey { id: key.clone(), fingerprint: format!("{ticket} {quantity}") });
        let act = |Running { engine, .. }: Running| async move {
            match key {
                Some(key) => engine.run(Once { command, key, render }, "place").await,
                None => match engine.run(command, "place").await {
                    Ok(placed) => Ok(render(Ok(&placed))),
                    Err(common::execute::Failure::Refused(refusal)) => Ok(render(Err(&refusal))),
                    Err(failure) => Err(failure),
                },
            }
        };
        self.ask(Which::Orders, act).await
    }

    fn about_to_place(&self, wish: &Wish) -> usize {
        let (buyer, ticket, quantity, seen) = (self.me, wish.ticket, wish.quantity, wish.seen);
        let mut journal = self.world.oracle.journal.open();
        journal.places.push(PlaceAsked { buyer, ticket, quantity, seen, told: Told::Unknown });
        journal.places.len() - 1
    }

    fn about_to_cancel(&self, order: OrderId) -> usize {
        let mut journal = self.world.oracle.journal.open();
        journal.cancels.push(CancelAsked { order, told: Told::Unknown });
        journal.cancels.len() - 1
    }

    /// Cancels, and asks again until it is known what came of it.
    pub(super) async fn cancel(&self, bought: Bought) {
        let Bought { id: order, ticket, expires_at } = bought;
        let entry = self.about_to_cancel(order);
        if self.world.executor.now() > expires_at {
            self.mark("cancel: after expiry");
        }
        for _ in 0..MAX_ATTEMPTS {
            let command = Cancel { order, ticket, buyer: self.me };
            let act = |running: Running| async move { running.engine.run(command, "cancel").await };
            let told = match self.ask(Which::Orders, act).await {
                Reply::Yes(()) => {
                    self.mark("cancel: accepted");
                    Told::Yes(())
                }
                Reply::No(Refusal::State(_)) => {
                    self.mark("cancel: of a paid order");
                    Told::No
                }
                Reply::No(refusal) => {
                    self.world.oracle.accuse(format!("I7: cancelling {order} says {refusal}"));
                    Told::Unknown
                }
                Reply::NotNow | Reply::Unknown => {
                    self.wait_a_moment().await;
                    continue;
                }
            };
            self.world.oracle.journal.open().cancels[entry].told = told;
            return;
        }
    }
}

/// What HTTP would make of it.
fn render(result: Result<&Placed, &Refusal>) -> Answer {
    let (status, body) = match result {
        Ok(placed) => {
            let (order, version) = (&placed.order, placed.version);
            let expires = order.expires_at.as_millis();
            (201, format!("{} {version} {} {expires}", order.id, order.total.minor))
        }
        Err(refusal @ Refusal::NotFound) => (404, refusal.to_string()),
        Err(refusal @ Refusal::Conflict(_)) => (409, refusal.to_string()),
        Err(refusal) if refusal.to_string().starts_with("One buyer") => (429, refusal.to_string()),
        Err(refusal) => (400, refusal.to_string()),
    };
    Answer { status, headers: Vec::new(), body }
}

fn read(answer: &Answer, ticket: TicketId) -> Option<Bought> {
    if answer.status != 201 {
        return None;
    }
    let mut words = answer.body.split(' ');
    let id = words.next()?.parse().ok()?;
    let expires = words.nth(2)?.parse().ok()?;
    Some(Bought { id, ticket, expires_at: Timestamp::from_millis(expires) })
}
