//! Judges a history by the invariants, from other data than the code under test writes for itself:
//! what clients asked and were told, what the provider's ledger says, and what the services' own
//! queries answer.
//!
//! It looks at every document through its public query at the instant at which a commit lands
//! ([`Oracle::landed`]), so that what must hold "at any instant" is judged at every instant; at
//! every movement of money; and once more when everything has come to rest ([`end`]).

mod copies;
mod end;
mod money;
mod refunds;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::events::{OrderStatus, PaymentStatus};
use common::execute::{Engine, Failure, Ports};
use common::id::{Ids, OrderId, PaymentId, TicketId};
use common::outbox::Outbox;
use common::store::memory::MemoryStore;
use common::time::Timestamp;
use futures_util::FutureExt as _;
use orders::commands::Placed;
use orders::domain::{Ended, State as Standing};
use tickets::commands::Versioned;
use tickets::domain::Ticket;

use crate::executor::{Executor, NOBODY, Tasks};
use crate::faults::Marks;
use crate::journal::Journal;
use money::Account;

/// Most that an expiry may be late (I13).
const LATE: Duration = Duration::from_secs(5);

/// How long a service may need to come back from a death.
const RESTART: Duration = Duration::from_secs(3);

/// Reads what is public, past all faults.
pub struct Readers {
    tickets: Arc<Engine>,
    orders: Arc<Engine>,
    payments: Arc<Engine>,
}

impl Readers {
    /// Readers of the memories of tickets, orders and payments.
    pub fn new(executor: &Executor, memories: [&Arc<MemoryStore>; 3]) -> Self {
        let [tickets, orders, payments] = memories.map(|memory| {
            let ids = Arc::new(Ids::new(0));
            let outbox = Arc::new(Outbox::new(ids.next(executor.now())));
            let ports = Ports {
                store: Arc::clone(memory) as _,
                clock: Arc::new(executor.clone()),
                ids,
                tasks: Arc::new(Tasks { executor: executor.clone(), owner: NOBODY }),
            };
            Engine::new(ports, outbox)
        });
        Self { tickets, orders, payments }
    }
}

/// The answer of a query on memory, which has it at once.
fn answer<T>(query: impl Future<Output = Result<T, Failure>>) -> Option<T> {
    query.now_or_never().and_then(Result::ok)
}

/// The judge of one history.
pub struct Oracle {
    /// What clients asked and were told.
    pub journal: Journal,
    executor: Executor,
    marks: Marks,
    readers: Readers,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    violations: Vec<String>,
    orders: BTreeMap<OrderId, Placed>,
    tickets: BTreeMap<TicketId, TicketSeen>,
    payments: BTreeMap<PaymentId, (u64, PaymentStatus)>,
    payables: BTreeMap<OrderId, u64>,
    /// Units in live orders.
    live: BTreeMap<TicketId, u32>,
    accounts: BTreeMap<PaymentId, Account>,
    calm_since: Option<Timestamp>,
}

struct TicketSeen {
    /// `None` once it is withdrawn.
    now: Option<Versioned>,
    /// The most units that it ever had.
    most: u32,
}

impl Oracle {
    /// A judge who has seen nothing yet.
    pub fn new(executor: Executor, marks: Marks, readers: Readers) -> Self {
        Self { journal: Journal::default(), executor, marks, readers, state: Mutex::default() }
    }

    /// Something must not be so.
    pub fn accuse(&self, what: String) {
        self.executor.note(b"violation", || format!("VIOLATION {what}"));
        self.state().violations.push(what);
    }

    /// What must not have been so.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Nothing goes wrong from now on.
    pub fn calm(&self) {
        self.state().calm_since = Some(self.executor.now());
    }

    /// Every ticket that there is or was.
    pub fn tickets(&self) -> Vec<TicketId> {
        self.state().tickets.keys().copied().collect()
    }

    /// Looks at what has just been committed.
    pub fn landed(&self, service: &'static str, changed: &[(&'static str, String)]) {
        for (collection, id) in changed {
            match (service, *collection) {
                ("orders", "orders") => self.order_landed(id),
                ("tickets", "tickets") => self.ticket_landed(id),
                ("payments", "payments") => self.payment_landed(id),
                ("payments", "payables") => self.payable_landed(id),
                _ => {}
            }
        }
    }

    fn order_landed(&self, id: &str) {
        let Ok(id) = id.parse::<OrderId>() else { return };
        let Some(Some(now)) = answer(orders::queries::order(&self.readers.orders, id)) else {
            return self.accuse(format!("I7: order {id} is gone"));
        };
        let before = self.state().orders.insert(id, now.clone());
        match &before {
            None => self.order_made(&now),
            Some(before) => self.order_moved(before, &now),
        }
        let change = units(Some(&now)) - units(before.as_ref());
        let mut state = self.state();
        let live = state.live.entry(now.order.ticket.id).or_default();
        *live = u32::try_from(i64::from(*live) + change).unwrap_or(0);
        let (live, ticket) = (*live, now.order.ticket.id);
        let most = state.tickets.get(&ticket).map_or(0, |seen| seen.most);
        drop(state);
        if live > most {
            self.accuse(format!(
                "I1: {live} units of ticket {ticket} are in live orders, of {most}"
            ));
        }
    }

    fn order_made(&self, now: &Placed) {
        let (order, id) = (&now.order, now.order.id);
        if let Some(expired) = order.replaces {
            return self.order_replaced(now, expired);
        }
        if now.version != 0 || standing(now) != OrderStatus::Created {
            self.accuse(format!("I2: order {id} begins as {:?} at {}", standing(now), now.version));
        }
        if order.total.minor != order.ticket.price.minor * i64::from(order.quantity) {
            self.accuse(format!("I15: order {id} costs {}", order.total.minor));
        }
    }

    fn order_moved(&self, before: &Placed, now: &Placed) {
        let (id, from, to) = (now.order.id, standing(before), standing(now));
        // Commands on one ticket are committed together: its expiry, and its buyer's giving it up.
        let is_both = !from.is_terminal() && ended_by(&now.order) == Some(Ended::Buyer);
        let most = before.version + 1 + u64::from(is_both);
        if now.version <= before.version || now.version > most {
            self.accuse(format!(
                "I2: order {id} goes from version {} to {}",
                before.version, now.version
            ));
        }
        let facts = |placed: &Placed| {
            let order = placed.order.clone();
            (order.buyer, order.ticket, order.quantity, order.total, order.expires_at)
        };
        if facts(before) != facts(now) {
            self.accuse(format!("I16: order {id} is not what its buyer ordered any more"));
        }
        use OrderStatus::{AwaitingPayment, Cancelled, Complete, Created};
        match (from, to) {
            (Cancelled, Cancelled) => self.order_ended_further(before, now),
            (Complete, Complete) => self.order_refunded(before, now),
            (Complete | Cancelled, _) => {
                self.accuse(format!("I2: order {id} goes from {from:?} to {to:?}"));
            }
            (_, Complete) => self.order_completed(now),
            (_, Cancelled) => self.order_cancelled(before, now),
            (Created | AwaitingPayment, Created) => {
                self.accuse(format!("I2: order {id} goes back from {from:?} to {to:?}"));
            }
            // A declined payment leaves it waiting for another one.
            (Created | AwaitingPayment, AwaitingPayment) => {}
        }
    }

    /// I14: what comes in the place of an expired order is what its buyer ordered, at the price
    /// that was paid.
    fn order_replaced(&self, now: &Placed, expired: OrderId) {
        let id = now.order.id;
        self.marks.hit("late money: completed in its place");
        let facts = |order: &orders::domain::Order| {
            (order.buyer, order.ticket.clone(), order.quantity, order.total)
        };
        let before = answer(orders::queries::order(&self.readers.orders, expired)).flatten();
        let is_it = before.is_some_and(|before| {
            let order = &before.order;
            let is_decided = order.late.is_some_and(|late| late.replaced_by == Some(id));
            let has_expired = ended_by(order) == Some(Ended::Expiry);
            is_decided && has_expired && facts(order) == facts(&now.order)
        });
        if !is_it || now.version != 0 || standing(now) != OrderStatus::Complete {
            self.accuse(format!("I14: order {id} is not what came too late for {expired}"));
        }
        self.order_completed(now);
    }

    /// I2: an order that is cancelled may be given up by its buyer, and say once what becomes of
    /// money that came.
    fn order_ended_further(&self, before: &Placed, now: &Placed) {
        let (id, was, is) = (now.order.id, &before.order, &now.order);
        let by = ended_by;
        let is_given_up = (by(was), by(is)) == (Some(Ended::Expiry), Some(Ended::Buyer));
        let is_decided = was.late.is_none() && is.late.is_some();
        match (is_given_up, is_decided) {
            (true, false) if was.late == is.late => self.marks.hit("late money: given up before"),
            (false, true) if by(was) == by(is) => {
                if is.late.is_some_and(|late| late.replaced_by.is_none()) {
                    self.marks.hit(match by(is) {
                        Some(Ended::Buyer) => "late money: after its buyer had cancelled",
                        _ => "late money: its units were gone",
                    });
                }
            }
            _ => self.accuse(format!("I2: order {id} goes on after its end")),
        }
    }

    fn order_completed(&self, now: &Placed) {
        let id = now.order.id;
        if self.state().kept_for(now.order.replaces.unwrap_or(id)) != 1 {
            self.accuse(format!(
                "I3: order {id} is complete, and the provider holds no money for it"
            ));
        }
        if self.executor.now() > now.order.expires_at {
            self.marks.hit("expiry: held off by a payment");
            self.marks.hit("expiry: raced a payment and lost");
        }
    }

    fn order_cancelled(&self, before: &Placed, now: &Placed) {
        let (id, at) = (now.order.id, self.executor.now());
        let is_asked_for = self.journal.open().cancels.iter().any(|asked| asked.order == id);
        if is_asked_for {
            if standing(before) == OrderStatus::AwaitingPayment {
                self.marks.hit("cancel: while a payment is on its way");
            }
            return;
        }
        self.marks.hit("expiry: freed the units");
        if at < now.order.expires_at {
            let early = now.order.expires_at.since(at);
            self.accuse(format!("I13: order {id} expired {early:?} before the time its buyer saw"));
        }
        let is_paid_for = self.journal.open().pays.iter().any(|asked| asked.order == id);
        if is_paid_for {
            self.marks.hit("expiry: raced a payment and won");
        } else if let Some(calm) = self.state().calm_since {
            let late = at.since(now.order.expires_at.max(calm.plus(RESTART)));
            if late > LATE {
                self.accuse(format!("I13: order {id} expired {late:?} late"));
            }
        }
    }

    fn ticket_landed(&self, id: &str) {
        let Ok(id) = id.parse::<TicketId>() else { return };
        let Some(now) = answer(tickets::queries::ticket(&self.readers.tickets, id)) else { return };
        let mut state = self.state();
        let Some(seen) = state.tickets.get_mut(&id) else {
            let most = now.as_ref().map_or(0, |now| now.ticket.listing.quantity);
            state.tickets.insert(id, TicketSeen { now, most });
            return;
        };
        seen.most = seen.most.max(now.as_ref().map_or(0, |now| now.ticket.listing.quantity));
        let before = std::mem::replace(&mut seen.now, now.clone());
        drop(state);
        let Some(before) = before else { return };
        let (was, taken) = (&before.ticket, before.ticket.reservation.taken);
        match &now {
            // What its units became may have been heard first within the same commit; then the
            // withdrawal is not the first version after the one seen before.
            None if taken > 0 && self.withdrawn_at(id) == Some(before.version + 1) => {
                self.accuse(format!("I16: ticket {id} is withdrawn with {taken} units taken"));
            }
            None => {}
            Some(now) => {
                let is_edited = now.ticket.listing != was.listing;
                // News of its units may have come first within one commit; each change raises the
                // version.
                let is_one_change = now.version == before.version + 1;
                if is_edited && is_one_change && was.listing.quantity == 1 && taken > 0 {
                    self.accuse(format!("I16: ticket {id} is edited while it is reserved"));
                }
                if now.version <= before.version {
                    self.accuse(format!("I11: ticket {id} goes back to version {}", now.version));
                }
                let heard = (was.reservation.stock_version, now.ticket.reservation.stock_version);
                if heard.1 < heard.0 {
                    self.accuse(format!("I11: ticket {id} takes over older news of its units"));
                }
            }
        }
    }

    /// The version at which a ticket was withdrawn.
    fn withdrawn_at(&self, id: TicketId) -> Option<u64> {
        let ticket = copies::export::<Ticket>(&self.readers.tickets, &id.to_string())?;
        (!ticket.is_offered()).then_some(ticket.told)
    }

    fn payment_landed(&self, id: &str) {
        use PaymentStatus::{Captured, Declined, Refunded, Refunding, Started};
        let Ok(id) = id.parse::<PaymentId>() else { return };
        let Some(Some(seen)) = answer(payments::queries::payment(&self.readers.payments, id))
        else {
            return self.accuse(format!("I7: payment {id} is gone"));
        };
        let status = payments::commands::status(&seen.payment.state);
        let before = self.state().payments.insert(id, (seen.version, status));
        let Some((version, from)) = before else { return };
        let is_allowed = matches!(
            (from, status),
            (Started, Started | Captured | Declined)
                | (Captured, Captured | Refunding)
                | (Declined, Refunding)
                | (Refunding, Refunding | Refunded)
        );
        if !is_allowed || seen.version <= version {
            self.accuse(format!("I2: payment {id} goes from {from:?} to {status:?}"));
        }
    }

    fn payable_landed(&self, id: &str) {
        let Ok(id) = id.parse::<OrderId>() else { return };
        let Some(Some(now)) = answer(payments::queries::payable(&self.readers.payments, id)) else {
            return;
        };
        let before = self.state().payables.insert(id, now.version);
        if before.is_some_and(|before| before > now.version) {
            self.accuse(format!("I11: payments takes over older news of order {id}"));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An order's public status.
fn standing(placed: &Placed) -> OrderStatus {
    orders::commands::status(&placed.order.state)
}

/// Who ended an order.
fn ended_by(order: &orders::domain::Order) -> Option<Ended> {
    match order.state {
        Standing::Cancelled { by, .. } => Some(by),
        _ => None,
    }
}

/// The units that an order holds.
fn units(placed: Option<&Placed>) -> i64 {
    let Some(placed) = placed else { return 0 };
    // Counted here, and not by the code that is judged.
    let returned = placed.order.refund.as_ref().map_or(0, |refund| refund.units);
    match standing(placed) {
        OrderStatus::Cancelled => 0,
        _ => i64::from(placed.order.quantity) - i64::from(returned),
    }
}
