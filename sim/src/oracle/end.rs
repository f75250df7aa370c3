//! The judgement once everything has come to rest: what clients were told is so, and nothing else
//! is.

use std::collections::{BTreeMap, BTreeSet};

use common::events::{OrderStatus, PaymentStatus};
use common::id::{OrderId, TicketId, UserId};
use common::store::{Order as Sort, Query};
use payments::documents::LEDGER;
use payments::domain::{Account, Entry, EntryKind};

use super::{Oracle, answer, standing};
use crate::journal::Told;

/// A movement of money between the provider and a buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moved {
    Taken,
    /// All of it, or the part of that number.
    Returned(Option<u32>),
}

/// More than any history has of anything.
const ALL: usize = 1_000;

impl Oracle {
    /// Judges what is left at the end.
    pub fn judge(&self) {
        self.judge_tickets();
        self.judge_edits();
        self.judge_places();
        self.judge_cancels();
        self.judge_pays();
        self.judge_money();
        self.judge_refunds();
        self.judge_ledger();
        self.judge_set_aside();
    }

    /// I7, I8: tickets.
    fn judge_tickets(&self) {
        let journal = self.journal.open();
        let told: BTreeSet<TicketId> = journal
            .creates
            .iter()
            .filter_map(|asked| if let Told::Yes(id) = asked.told { Some(id) } else { None })
            .collect();
        let doubtful = journal.creates.iter().filter(|c| c.told == Told::Unknown).count();
        let state = self.state();
        let missing: Vec<_> = told.iter().filter(|id| !state.tickets.contains_key(id)).collect();
        let extra = state.tickets.keys().filter(|id| !told.contains(id)).count();
        let accusation = (!missing.is_empty() || extra > doubtful)
            .then(|| format!("I7, I8: tickets {missing:?} are lost, {extra} came from nowhere"));
        drop((journal, state));
        if let Some(accusation) = accusation {
            self.accuse(accusation);
        }
    }

    /// I7: what sellers were told of edits is so.
    fn judge_edits(&self) {
        let edits = self.journal.open().edits.clone();
        for edit in edits {
            let Told::Yes(version) = edit.told else { continue };
            let ticket = edit.ticket;
            let now = answer(tickets::queries::ticket(&self.readers.tickets, ticket)).flatten();
            match (edit.price, now) {
                (None, Some(_)) => {
                    self.accuse(format!("I7: ticket {ticket} was withdrawn, and is there"))
                }
                (Some(price), Some(now)) => {
                    if now.version < version {
                        self.accuse(format!("I7: edit {version} of ticket {ticket} is lost"));
                    }
                    if now.ticket.told == version && now.ticket.listing.price != price {
                        self.accuse(format!(
                            "I7: edit {version} of ticket {ticket} is not what it was"
                        ));
                    }
                }
                (_, None) => {}
            }
        }
    }

    /// I7, I8, I15: what buyers were told of orders is so, and there are no others.
    fn judge_places(&self) {
        let places = self.journal.open().places.clone();
        let mut buyers: BTreeMap<UserId, Vec<_>> = BTreeMap::new();
        for place in places {
            buyers.entry(place.buyer).or_default().push(place);
        }
        for (buyer, places) in buyers {
            let found =
                answer(orders::queries::orders_of(&self.readers.orders, buyer, false, None, ALL));
            let mut found: BTreeMap<OrderId, _> =
                found.unwrap_or_default().into_iter().map(|p| (p.order.id, p.order)).collect();
            let mut doubtful: BTreeMap<(TicketId, u32), usize> = BTreeMap::new();
            for place in &places {
                match place.told {
                    Told::No => {}
                    Told::Unknown => {
                        *doubtful.entry((place.ticket, place.quantity)).or_default() += 1
                    }
                    Told::Yes(id) => match found.remove(&id) {
                        None => self.accuse(format!("I7: order {id} is lost, or was told twice")),
                        Some(order) => {
                            let is_it =
                                (order.ticket.id, order.quantity) == (place.ticket, place.quantity);
                            if !is_it || place.seen.is_some_and(|seen| seen != order.ticket.price) {
                                self.accuse(format!(
                                    "I15: order {id} is not what its buyer asked for"
                                ));
                            }
                        }
                    },
                }
            }
            // What came in the place of an expired order was judged when it came.
            found.retain(|_, order| order.replaces.is_none());
            for (id, order) in found {
                let doubts = doubtful.entry((order.ticket.id, order.quantity)).or_default();
                match doubts.checked_sub(1) {
                    Some(left) => *doubts = left,
                    None => self.accuse(format!("I8: nobody was told of order {id}")),
                }
            }
        }
    }

    fn judge_cancels(&self) {
        let cancels = self.journal.open().cancels.clone();
        for cancel in cancels {
            let (order, status) = (cancel.order, self.status_of(cancel.order));
            let is_paid = self.state().is_paid(order);
            match cancel.told {
                Told::Yes(()) if is_paid || status != Some(OrderStatus::Cancelled) => {
                    self.accuse(format!(
                        "I7, I14: order {order} was cancelled, and is {status:?}, paid: {is_paid}"
                    ));
                }
                Told::No if !is_paid => {
                    self.accuse(format!(
                        "I8: order {order} was said to be paid, and is {status:?}"
                    ));
                }
                _ => {}
            }
        }
    }

    /// I3, I7, I8, I12: an order is complete exactly if somebody was told, or could not be told,
    /// that it is.
    fn judge_pays(&self) {
        let pays = self.journal.open().pays.clone();
        let mut paid: BTreeSet<OrderId> = BTreeSet::new();
        for pay in pays {
            let order = pay.order;
            match pay.told {
                Told::No => continue,
                Told::Unknown => {}
                Told::Yes(payment) => {
                    if !self.state().is_paid(order) {
                        self.accuse(format!(
                            "I7, I12: order {order} was paid, and is not complete"
                        ));
                    }
                    let state = self.state();
                    let is_kept = state.accounts.get(&payment).is_some_and(|a| !a.returned);
                    drop(state);
                    if !is_kept {
                        self.accuse(format!(
                            "I3: order {order} was paid by {payment}, which holds nothing"
                        ));
                    }
                }
            }
            paid.insert(order);
        }
        let state = self.state();
        let complete = state.orders.values().filter(|p| standing(p) == OrderStatus::Complete);
        let unasked: Vec<_> = (complete.map(|p| p.order.replaces.unwrap_or(p.order.id)))
            .filter(|id| !paid.contains(id))
            .collect();
        drop(state);
        if !unasked.is_empty() {
            self.accuse(format!("I8: orders {unasked:?} are complete, and everybody was refused"));
        }
    }

    /// I3, I4, I14: every capture is a complete order or a refund.
    fn judge_money(&self) {
        let state = self.state();
        let mut accusations = Vec::new();
        for placed in state.orders.values() {
            let (id, kept) = (placed.order.id, state.kept_for(placed.order.id));
            if placed.order.replaces.is_some() {
                continue;
            }
            let expected = usize::from(state.is_paid(id));
            if kept != expected {
                let status = standing(placed);
                accusations
                    .push(format!("I3, I4: {kept} captures are kept for order {id}, {status:?}"));
            }
        }
        drop(state);
        accusations.into_iter().for_each(|accusation| self.accuse(accusation));
    }

    /// I6: the books sum to zero, and are the provider's.
    fn judge_ledger(&self) {
        let query = Query {
            collection: &LEDGER,
            filters: vec![],
            order: Sort { field: None, descending: false },
            after: None,
            limit: ALL,
        };
        let found = answer(async { Ok(self.readers.payments.store().find(query).await?) });
        let mut booked = BTreeSet::new();
        let (mut earned, mut order_funds) = (BTreeMap::new(), 0);
        let mut accusations = Vec::new();
        for found in found.unwrap_or_default() {
            let Ok(entry) = serde_json::from_slice::<Entry>(&found.document.body) else { continue };
            if found.document.version != 0 {
                accusations.push(format!("I6: entry {} was changed", found.document.id));
            }
            let sum: i64 = entry.postings.iter().map(|posting| posting.amount.minor).sum();
            if sum != 0 {
                accusations.push(format!("I6: entry {} sums to {sum}", found.document.id));
            }
            order_funds += entry.posted(Account::OrderFunds);
            let moved = entry.postings.iter().map(|p| p.amount.minor).max().unwrap_or(0);
            let Some(payment) = entry.payment else { continue };
            match entry.kind {
                EntryKind::Captured => _ = booked.insert((payment, Moved::Taken, moved)),
                EntryKind::Refunded => {
                    _ = booked.insert((payment, Moved::Returned(entry.part), moved));
                }
                EntryKind::Earned => _ = earned.insert(payment, entry),
                EntryKind::RefundOwed
                | EntryKind::PaidOut
                | EntryKind::Disputed
                | EntryKind::Reinstated
                | EntryKind::DisputeFee => {}
            }
        }
        let state = self.state();
        let mut real = BTreeSet::new();
        for (payment, account) in &state.accounts {
            real.insert((*payment, Moved::Taken, account.taken.minor));
            if account.returned {
                real.insert((*payment, Moved::Returned(None), account.taken.minor));
            }
            for (part, minor) in &account.parts {
                real.insert((*payment, Moved::Returned(Some(*part)), *minor));
            }
        }
        let is_pending = |id: &common::id::PaymentId| {
            state.payments.get(id).is_some_and(|(_, status)| *status == PaymentStatus::Declined)
        };
        let differing: Vec<_> = real.symmetric_difference(&booked).collect();
        if !differing.is_empty() {
            let after_decline = differing.iter().any(|(id, _, _)| is_pending(id));
            accusations.push(format!(
                "I6: the books and the provider differ in {differing:?} (declined: {after_decline})"
            ));
        }
        accusations.extend(state.misearned(earned));
        if order_funds != 0 {
            accusations
                .push(format!("I6: {order_funds} are held for orders, which have all ended"));
        }
        drop(state);
        accusations.into_iter().for_each(|accusation| self.accuse(accusation));
    }

    /// I9: no event was found to be unreadable or impossible.
    fn judge_set_aside(&self) {
        for engine in [&self.readers.tickets, &self.readers.orders, &self.readers.payments] {
            let query = Query {
                collection: &common::inbox::SET_ASIDE,
                filters: vec![],
                order: Sort { field: None, descending: false },
                after: None,
                limit: ALL,
            };
            let found = answer(async { Ok(engine.store().find(query).await?) });
            for letter in found.unwrap_or_default() {
                let text = String::from_utf8_lossy(&letter.document.body).into_owned();
                self.accuse(format!("I9: an event was set aside: {text}"));
            }
        }
    }

    fn status_of(&self, order: OrderId) -> Option<OrderStatus> {
        let placed = answer(orders::queries::order(&self.readers.orders, order)).flatten();
        placed.as_ref().map(standing)
    }
}
