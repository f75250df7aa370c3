//! A seller puts tickets up, changes their prices, withdraws some, and gives money back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::command::Refusal;
use common::id::TicketId;
use common::money::{Currency, Money};
use tickets::commands::{Create, EditTicket, Withdraw};
use tickets::domain::{Edit, Listing, Patch};

use super::{Client, MAX_ATTEMPTS, Reply};
use crate::journal::{CreateAsked, EditAsked, Told};
use crate::world::{Running, Which};

/// The tickets that buyers have heard of.
#[derive(Debug, Default)]
pub(super) struct Board {
    tickets: Mutex<Vec<TicketId>>,
}

impl Board {
    pub(super) fn all(&self) -> Vec<TicketId> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, ticket: TicketId) {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).push(ticket);
    }
}

/// A seller's life.
pub(super) async fn live(client: Client, board: Arc<Board>) {
    let executor = client.world.executor.clone();
    for number in 0..=executor.below(2) {
        executor.pause(Duration::from_secs(1)).await;
        let Some(ticket) = client.create(number).await else { continue };
        board.add(ticket);
    }
    for ticket in board.all() {
        for _ in 0..executor.below(3) {
            executor.pause(Duration::from_secs(8)).await;
            client.edit(ticket).await;
        }
        if executor.chance(25.0) {
            executor.pause(Duration::from_secs(8)).await;
            client.withdraw(ticket).await;
        }
    }
    client.refund_some().await;
}

fn money(major: u64) -> Money {
    let minor = i64::try_from(major * 100).unwrap_or(0);
    Money { minor, currency: Currency::USD }
}

impl Client {
    async fn create(&self, number: u64) -> Option<TicketId> {
        let executor = &self.world.executor;
        let quantity = executor.one_of(&[1, 1, 1, 2, 3, 10]);
        let price = money(10 + executor.below(90));
        for attempt in 0..MAX_ATTEMPTS {
            let title = format!("{} {number} {attempt}", self.name);
            let (entry, seller) = (self.about_to_create(&title), self.me);
            let listing = Listing { title, description: None, price, quantity, event: None };
            let command = Create { seller, listing };
            let act = |running: Running| async move { running.engine.run(command, "create").await };
            let told = match self.ask(Which::Tickets, act).await {
                Reply::Yes(made) => Told::Yes(made.ticket.id),
                Reply::No(_) | Reply::NotNow => Told::No,
                Reply::Unknown => Told::Unknown,
            };
            self.world.oracle.journal.open().creates[entry].told = told;
            match told {
                Told::Yes(id) => return Some(id),
                Told::No | Told::Unknown => self.wait_a_moment().await,
            }
        }
        None
    }

    fn about_to_create(&self, title: &str) -> usize {
        let mut journal = self.world.oracle.journal.open();
        let (seller, title, told) = (self.me, title.to_owned(), Told::Unknown);
        journal.creates.push(CreateAsked { seller, title, told });
        journal.creates.len() - 1
    }

    async fn edit(&self, ticket: TicketId) {
        let Some(seen) = self.see(ticket).await else { return };
        if seen.ticket.seller != self.me {
            return;
        }
        let executor = &self.world.executor;
        executor.pause(Duration::from_millis(500)).await;
        let price = money(10 + executor.below(90));
        // More units, never fewer: which of two services is asked first would decide otherwise.
        let quantity = executor.chance(20.0).then_some(seen.ticket.listing.quantity + 1);
        let command = EditTicket {
            id: ticket,
            seller: self.me,
            seen: executor.chance(30.0).then_some(seen.version),
            edit: Edit {
                title: seen.ticket.listing.title.clone(),
                price,
                description: Patch::Keep,
                quantity,
                event: Patch::Keep,
            },
        };
        let entry = self.about_to_edit(ticket, Some(price));
        let act = |running: Running| async move { running.engine.run(command, "edit").await };
        let told = match self.ask(Which::Tickets, act).await {
            Reply::Yes(edited) => {
                self.mark("ticket: edited");
                Told::Yes(edited.version)
            }
            Reply::No(Refusal::Stale) => {
                self.mark("ticket: edit refused, stale");
                Told::No
            }
            Reply::No(Refusal::State(_)) => {
                self.mark("ticket: edit refused, reserved");
                Told::No
            }
            Reply::No(_) | Reply::NotNow => Told::No,
            Reply::Unknown => Told::Unknown,
        };
        self.world.oracle.journal.open().edits[entry].told = told;
    }

    async fn withdraw(&self, ticket: TicketId) {
        let Some(seen) = self.see(ticket).await else { return };
        if seen.ticket.seller != self.me {
            return;
        }
        let entry = self.about_to_edit(ticket, None);
        let command = Withdraw { id: ticket, seller: self.me, seen: None };
        let act = |running: Running| async move { running.engine.run(command, "withdraw").await };
        let told = match self.ask(Which::Tickets, act).await {
            Reply::Yes(()) => {
                self.mark("ticket: withdrawn");
                Told::Yes(0)
            }
            Reply::No(refusal) => {
                if matches!(refusal, Refusal::Conflict(_)) {
                    self.mark("ticket: withdrawal refused, taken");
                }
                Told::No
            }
            Reply::NotNow => Told::No,
            Reply::Unknown => Told::Unknown,
        };
        self.world.oracle.journal.open().edits[entry].told = told;
    }

    fn about_to_edit(&self, ticket: TicketId, price: Option<Money>) -> usize {
        let mut journal = self.world.oracle.journal.open();
        journal.edits.push(EditAsked { ticket, price, told: Told::Unknown });
        journal.edits.len() - 1
    }
}
