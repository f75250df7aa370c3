//! What must hold of [`Facts`], by the numbers of docs/invariants.md. Pure: facts in, sentences
//! out.

use std::collections::BTreeMap;

use common::events::{OrderStatus, PaymentStatus};
use common::id::{OrderId, TicketId, UserId};
use orders::domain::{Order, State};
use payments::domain::asked::MAX_REFUNDS;

use super::facts::{Copied, Facts, OrderFacts, OrderTold, Taken};

/// The service whose word on sessions the others copy.
const AUTH: &str = "auth";

/// What is wrong with an order at `version`, which the expiry finds at `due`.
pub fn malformed(order: &Order, version: u64, due: Option<i64>) -> Vec<String> {
    let id = order.id;
    let mut found = Vec::new();
    // Each declined payment raised the version, and so did whatever led to the state.
    let steps = match order.state {
        State::Created | State::AwaitingAnother => 0,
        // Complete from its beginning, in the place of another.
        State::Complete { .. } if order.replaces.is_some() => 0,
        State::AwaitingPayment { .. } | State::Complete { .. } | State::Cancelled { .. } => 1,
    };
    let least = order.declined.len() as u64 + steps;
    if version < least {
        found.push(format!("order {id} cannot be where it is at version {version}"));
    }
    if order.state == State::AwaitingAnother && order.declined.is_empty() {
        found.push(format!("order {id} awaits another payment where there was none"));
    }
    match (order.due().map(|due| due.as_millis()), due) {
        (None, Some(_)) => found.push(format!("order {id} has ended and is still to expire")),
        (Some(_), None) => found.push(format!("order {id} is open and would never expire")),
        (Some(said), Some(indexed)) if said != indexed => {
            found.push(format!("order {id} would not expire when it says"));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    if order.quantity == 0 {
        found.push(format!("order {id} is for no units"));
    }
    if order.ticket.price.times(order.quantity) != Some(order.total) {
        found.push(format!("order {id} costs other than its units do"));
    }
    if order.expires_at < order.created_at {
        found.push(format!("order {id} expired before it was placed"));
    }
    found
}

/// I1: the units of a ticket in live orders never exceed its quantity.
pub fn units(facts: &Facts) -> Vec<String> {
    let mut found = facts.malformed_by("I1");
    let mut held: BTreeMap<TicketId, Held> = BTreeMap::new();
    let mut live: BTreeMap<(TicketId, UserId), u32> = BTreeMap::new();
    for order in facts.orders.values().filter(|order| order.is_live()) {
        held.entry(order.ticket).or_default().add(order);
        *live.entry((order.ticket, order.buyer)).or_default() += 1;
    }
    for (ticket, held) in &held {
        if !facts.stocks.contains_key(ticket) {
            let units = held.units;
            found.push(format!("ticket {ticket}: live orders hold {units} units of no stock"));
        }
    }
    for (id, stock) in &facts.stocks {
        let held = held.get(id).copied().unwrap_or_default();
        let Taken { units: taken, holder, .. } = stock.taken;
        if held.units != u64::from(taken) {
            let units = held.units;
            found.push(format!(
                "ticket {id}: live orders hold {units} units, its stock says {taken}"
            ));
        }
        // A seller may lower the quantity while units are being taken; but whoever ordered what
        // the stock offers now was given what there was.
        let is_current = held.newest.is_some_and(|version| version >= stock.listing.version);
        if taken > stock.quantity && is_current {
            let quantity = stock.quantity;
            found.push(format!("ticket {id}: {taken} of {quantity} units are taken"));
        }
        if let Some(holder) = holder.filter(|holder| !facts.holds(*holder, *id)) {
            found.push(format!("ticket {id}: order {holder} holds it and does not live"));
        }
    }
    for key in live.keys().chain(facts.allowances.keys().filter(|key| !live.contains_key(key))) {
        let (lives, counted) = (live.get(key), facts.allowances.get(key));
        if lives != counted {
            let (lives, counted) = (lives.unwrap_or(&0), counted.unwrap_or(&0));
            let (ticket, buyer) = key;
            found.push(format!(
                "ticket {ticket}: buyer {buyer} has {lives} live orders, of which {counted} count"
            ));
        }
    }
    found
}

/// What live orders hold of one ticket.
#[derive(Debug, Default, Clone, Copy)]
struct Held {
    units: u64,
    /// The newest version of the ticket that any of them is for.
    newest: Option<u64>,
}

impl Held {
    fn add(&mut self, order: &OrderFacts) {
        self.units += u64::from(order.held);
        self.newest = self.newest.max(Some(order.bought_version));
    }
}

/// I2: order states only move forward.
pub fn states(facts: &Facts) -> Vec<String> {
    let mut found = facts.malformed_by("I2");
    for (id, OrderTold { newest, status, ended }) in &facts.told.orders {
        let Some((ended, how)) = *ended else { continue };
        let order = facts.orders.get(id);
        let refunded = order.is_some_and(|order| order.refund.minor > 0);
        let disputed = order.is_some_and(|order| order.dispute.is_some());
        let most = match how {
            // It may still be given up, and say what becomes of money that came.
            OrderStatus::Cancelled => ended + 2,
            // It says each step of a dispute; there are few, and nobody knows how many.
            _ if disputed => u64::MAX,
            // It says what was given back of its money, as often as that was.
            _ if refunded => ended + MAX_REFUNDS as u64,
            _ => ended,
        };
        if *status != how || newest.version > most {
            let version = newest.version;
            found.push(format!("order {id} ended at version {ended} and went on to {version}"));
        }
    }
    found
}

/// I6, and what the audit says of I3 and I4: the books balance and are the provider's.
pub fn money(facts: &Facts) -> Vec<String> {
    let mut found = facts.malformed_by("I6");
    found.extend(facts.books.iter().map(|said| said.trim_start_matches("I6: ").to_owned()));
    found
}

/// I9: each change has its event.
pub fn events(facts: &Facts) -> Vec<String> {
    let mut found = facts.malformed_by("I9");
    let told = &facts.told;
    for (id, ticket) in &facts.tickets {
        told_is(&mut found, "ticket", id, ticket.listing, told.tickets.get(id).copied());
    }
    for (id, order) in &facts.orders {
        let newest = told.orders.get(id).map(|told| told.newest);
        told_is(&mut found, "order", id, order.told, newest);
    }
    for (id, status) in &facts.payments {
        match told.payments.get(id) {
            None => found.push(format!("payment {id} was never told")),
            Some((_, told)) if !leads_to(*told, *status) => {
                found.push(format!("payment {id} is {status:?} and was last told {told:?}"));
            }
            Some(_) => {}
        }
    }
    let (tickets, orders) = (&facts.tickets, &facts.orders);
    let strangers = (told.tickets.keys().filter(|id| !tickets.contains_key(id)))
        .map(|id| format!("ticket {id} was told and is not there"))
        .chain((told.orders.keys().filter(|id| !orders.contains_key(id))).map(not_there("order")))
        .chain(
            (told.payments.keys().filter(|id| !facts.payments.contains_key(id)))
                .map(not_there("payment")),
        );
    found.extend(strangers);
    found
}

fn not_there<I: std::fmt::Display>(what: &str) -> impl Fn(&I) -> String {
    move |id| format!("{what} {id} was told and is not there")
}

fn told_is(
    found: &mut Vec<String>,
    what: &str,
    id: &impl std::fmt::Display,
    original: Copied,
    told: Option<Copied>,
) {
    let version = original.version;
    match told {
        Some(told) if told == original => {}
        Some(told) if told.version == version => {
            found.push(format!("{what} {id}: version {version} was told otherwise than it is"));
        }
        Some(told) => {
            let told = told.version;
            found.push(format!(
                "{what} {id}: it is at version {version}, the newest told is {told}"
            ));
        }
        None => found.push(format!("{what} {id}: version {version} was never told")),
    }
}

/// Whether a payment may be `status` while `told` is the last that others heard. What leads to a
/// refund is the service's own affair: others hear of its end.
fn leads_to(told: PaymentStatus, status: PaymentStatus) -> bool {
    use PaymentStatus::{Captured, Declined, Refunding};
    told == status || (status == Refunding && matches!(told, Captured | Declined))
}

/// I18: copies equal the originals.
pub fn copies(facts: &Facts) -> Vec<String> {
    let mut found = facts.malformed_by("I18");
    let mut bought: BTreeMap<TicketId, u64> = BTreeMap::new();
    for order in facts.orders.values().filter(|order| order.status == OrderStatus::Complete) {
        *bought.entry(order.ticket).or_default() += u64::from(order.held);
    }
    for (id, ticket) in &facts.tickets {
        let stock = facts.stocks.get(id);
        let copy = stock.map(|stock| stock.listing);
        copy_is(&mut found, "orders' copy of ticket", id, Some(ticket.listing), copy);
        let (sold, bought) = (ticket.sold, bought.get(id).copied().unwrap_or(0));
        if u64::from(sold) != bought {
            found.push(format!("ticket {id}: {sold} units are sold, where {bought} are paid for"));
        }
        let Some(stock) = stock else { continue };
        let (known, actual) = (ticket.reservation, stock.taken);
        if (known.units, known.holder) != (actual.units, actual.holder) {
            let (known, actual) = (known.units, actual.units);
            found.push(format!(
                "tickets' copy of the stock of {id}: {known} units taken, where {actual} are"
            ));
        }
    }
    for id in facts.stocks.keys().filter(|id| !facts.tickets.contains_key(id)) {
        found.push(format!("orders' copy of ticket {id}: there is no such ticket"));
    }
    for (id, order) in &facts.orders {
        let copy = facts.payables.get(id).copied();
        copy_is(&mut found, "payments' copy of order", id, Some(order.told), copy);
        let given_back = facts.given_back.get(&order.paid_for).copied().unwrap_or_default();
        if order.status == OrderStatus::Complete && order.refund != given_back {
            let (said, given) = (order.refund.minor, given_back.minor);
            found.push(format!("order {id}: it says that {said} went back, payments {given}"));
        }
        let disputed = facts.disputes.get(&order.paid_for).copied();
        if order.status == OrderStatus::Complete && order.dispute != disputed {
            let said = order.dispute;
            found.push(format!("order {id}: it says {said:?} of a dispute, payments {disputed:?}"));
        }
    }
    for id in facts.payables.keys().filter(|id| !facts.orders.contains_key(id)) {
        found.push(format!("payments' copy of order {id}: there is no such order"));
    }
    let Some(originals) = facts.sessions.get(AUTH) else { return found };
    for (service, copies) in facts.sessions.iter().filter(|(service, _)| **service != AUTH) {
        let what = format!("in {service}, the sessions of");
        for (id, original) in originals {
            copy_is(&mut found, &what, id, Some(*original), copies.get(id).copied());
        }
    }
    found
}

/// I21: what the outboxes hold rebuilds the copies.
pub fn rebuilt(facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    let told = &facts.told;
    for (id, stock) in &facts.stocks {
        let rebuilt = told.tickets.get(id).copied();
        copy_is(&mut found, "orders' copy of ticket", id, rebuilt, Some(stock.listing));
    }
    for (id, ticket) in &facts.tickets {
        let nothing = Taken { version: None, units: 0, holder: None };
        let rebuilt = told.taken.get(id).copied().unwrap_or(nothing);
        if rebuilt != ticket.reservation {
            let (rebuilt, known) = (rebuilt.units, ticket.reservation.units);
            found.push(format!(
                "tickets' copy of the stock of {id}: {known} units taken, rebuilt {rebuilt}"
            ));
        }
    }
    for (id, payable) in &facts.payables {
        let rebuilt = told.orders.get(id).map(|told| told.newest);
        copy_is(&mut found, "payments' copy of order", id, rebuilt, Some(*payable));
    }
    for (service, copies) in &facts.sessions {
        let what = format!("in {service}, the sessions of");
        for (id, copy) in copies {
            copy_is(&mut found, &what, id, told.sessions.get(id).copied(), Some(*copy));
        }
    }
    found
}

fn copy_is(
    found: &mut Vec<String>,
    what: &str,
    id: &impl std::fmt::Display,
    original: Option<Copied>,
    copy: Option<Copied>,
) {
    let fault = match (original, copy) {
        (Some(original), Some(copy)) if original == copy => return,
        (None, None) => return,
        (Some(original), Some(copy)) if original.version == copy.version => {
            format!("version {} differs from the original", copy.version)
        }
        (Some(original), Some(copy)) => {
            format!("version {}, where the original is at {}", copy.version, original.version)
        }
        (Some(_), None) => "missing".to_owned(),
        (None, Some(_)) => "of nothing that is there".to_owned(),
    };
    found.push(format!("{what} {id}: {fault}"));
}

impl Facts {
    fn malformed_by(&self, rule: &str) -> Vec<String> {
        let broken = self.malformed.iter().filter(|(known, _)| *known == rule);
        broken.map(|(_, sentence)| sentence.clone()).collect()
    }

    fn holds(&self, order: OrderId, ticket: TicketId) -> bool {
        let order = self.orders.get(&order);
        order.is_some_and(|order| order.is_live() && order.ticket == ticket)
    }

    /// How many orders stand where.
    pub fn orders_that_are(&self, is: impl Fn(OrderStatus) -> bool) -> usize {
        self.orders.values().filter(|order| is(order.status)).count()
    }
}
