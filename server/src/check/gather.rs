//! From stores to [`Facts`], page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::command::Entity;
use common::events::{Envelope, NotUnderstood, ORDERS, PAYMENTS, PaymentState, TICKETS, USERS};
use common::id::UserId;
use common::inbox::SET_ASIDE;
use common::outbox::{OUTBOX, is_void};
use common::session::RevocationCopy;
use common::store::{
    Collection, Document, Filter, Found, MAX_PAGE, Order as Sort, Query, Store, Unavailable, Value,
};
use orders::documents::ORDERS as EVERY_ORDER;
use orders::domain::{Allowance, Order, Stock};
use payments::domain::{Payable, Payment};
use payments::queries::audit;
use serde::Deserialize;
use tickets::domain::Ticket;

use super::facts::{Copied, Facts, OrderFacts, StockFacts, TicketFacts, Told};
use super::rules::malformed;

/// Where everything is.
pub struct Stores {
    /// Each service's store, by name.
    pub services: Vec<(&'static str, Arc<dyn Store>)>,
    /// The sandbox provider's own ledger.
    pub provider_ledger: Arc<dyn Store>,
}

/// What the stores say.
///
/// # Errors
/// When a store cannot serve.
pub async fn facts(stores: &Stores) -> Result<Facts, Unavailable> {
    let mut facts = Facts::default();
    // Who is copied from is read after the copies are, so that what is written meanwhile looks
    // late and never early.
    payments(stores.of("payments")?, &mut facts).await?;
    tickets(stores.of("tickets")?, &mut facts).await?;
    orders(stores.of("orders")?, &mut facts).await?;
    for (name, store) in &stores.services {
        let sessions = sessions(&**store, &mut facts).await?;
        facts.sessions.insert(name, sessions);
        outbox(&**store, &mut facts).await?;
        set_aside(name, &**store, &mut facts).await?;
    }
    Ok(facts)
}

/// What is wrong with the money, as the payments service judges it.
pub async fn books(stores: &Stores) -> Result<Vec<String>, Unavailable> {
    let found = audit::findings(stores.of("payments")?, &*stores.provider_ledger).await;
    // It reads all documents as what they should be; one that is not is a finding, and no failure.
    Ok(found
        .unwrap_or_else(|Unavailable(why)| vec![format!("I6: the books cannot be read: {why}")]))
}

impl Stores {
    fn of(&self, name: &str) -> Result<&dyn Store, Unavailable> {
        let found = self.services.iter().find(|(known, _)| *known == name);
        let (_, store) = found.ok_or_else(|| Unavailable(format!("no service {name}")))?;
        Ok(&**store)
    }
}

async fn tickets(store: &dyn Store, facts: &mut Facts) -> Result<(), Unavailable> {
    each::<Ticket>(store, "I9", facts, |facts, ticket, _| {
        facts.tickets.insert(ticket.id, TicketFacts::of(&ticket));
    })
    .await
}

async fn orders(store: &dyn Store, facts: &mut Facts) -> Result<(), Unavailable> {
    each::<Allowance>(store, "I1", facts, |facts, allowance, _| {
        facts.allowances.insert((allowance.ticket, allowance.buyer), allowance.live);
    })
    .await?;
    let due = due(store).await?;
    each::<Order>(store, "I2", facts, |facts, order, document| {
        let due = due.get(&document.id).copied();
        let found = malformed(&order, document.version, due);
        facts.malformed.extend(found.into_iter().map(|sentence| ("I2", sentence)));
        facts.orders.insert(order.id, OrderFacts::of(&order, document.version));
    })
    .await?;
    each::<Stock>(store, "I1", facts, |facts, stock, document| {
        facts.stocks.insert(stock.listing.id, StockFacts::of(&stock, document.version));
    })
    .await
}

/// The orders that the expiry would find, and when they are due.
async fn due(store: &dyn Store) -> Result<BTreeMap<String, i64>, Unavailable> {
    let mut due = BTreeMap::new();
    let all = Filter::AtLeast("due", Value::Integer(i64::MIN));
    pages(store, &EVERY_ORDER, vec![all], Some("due"), |found| {
        if let Value::Integer(at) = found.position.value {
            due.insert(found.document.id, at);
        }
    })
    .await?;
    Ok(due)
}

async fn payments(store: &dyn Store, facts: &mut Facts) -> Result<(), Unavailable> {
    each::<Payable>(store, "I18", facts, |facts, payable, _| {
        facts.payables.insert(payable.order, Copied::order(&payable));
    })
    .await?;
    each::<Payment>(store, "I6", facts, |facts, payment, _| {
        facts.payments.insert(payment.id, payments::commands::status(&payment.state));
        let given_back = facts.given_back.entry(payment.order).or_default();
        for (refund, _) in payment.done() {
            given_back.minor += refund.amount.minor;
            given_back.units += refund.units;
        }
        let is_kept = matches!(payment.state, payments::domain::State::Captured { .. });
        if let Some(dispute) = payment.disputes.last().filter(|_| is_kept) {
            let standing = payments::commands::standing(dispute.standing);
            facts.disputes.insert(payment.order, standing);
        }
    })
    .await
}

async fn sessions(
    store: &dyn Store,
    facts: &mut Facts,
) -> Result<BTreeMap<UserId, Copied>, Unavailable> {
    let mut known = BTreeMap::new();
    each::<RevocationCopy>(store, "I18", facts, |_, RevocationCopy(revocation), _| {
        known.insert(revocation.user_id, Copied::sessions(&revocation));
    })
    .await?;
    Ok(known)
}

async fn outbox(store: &dyn Store, facts: &mut Facts) -> Result<(), Unavailable> {
    pages(store, &OUTBOX, vec![], None, |found| {
        let document = found.document;
        if is_void(&document) {
            return;
        }
        facts.told.events += 1;
        if let Err(error) = hear(&document, &mut facts.told) {
            facts.malformed.push(("I9", format!("event {} cannot be read: {error}", document.id)));
        }
    })
    .await
}

fn hear(document: &Document, told: &mut Told) -> Result<(), NotUnderstood> {
    let envelope = Envelope::read(&document.body)?;
    match envelope.subject.as_str() {
        TICKETS => told.ticket(&envelope.data()?),
        ORDERS => told.order(&envelope.data()?),
        PAYMENTS => {
            let payment: PaymentState = envelope.data()?;
            told.payment(payment.id, payment.version, payment.status);
        }
        // The signing keys are told as users are; they are not about anybody.
        USERS if envelope.kind.starts_with("user:") => told.sessions(&envelope.data()?),
        USERS => {}
        _ => return Err(NotUnderstood::UnknownKind(envelope.kind)),
    }
    Ok(())
}

/// What is shown of an event that was set aside.
#[derive(Deserialize)]
struct Letter {
    reason: String,
}

async fn set_aside(service: &str, store: &dyn Store, facts: &mut Facts) -> Result<(), Unavailable> {
    pages(store, &SET_ASIDE, vec![], None, |found| {
        let Document { id, body, .. } = found.document;
        let reason = match serde_json::from_slice::<Letter>(&body) {
            Ok(letter) => letter.reason,
            Err(error) => format!("and cannot be read: {error}"),
        };
        facts.set_aside.push(format!("{service} has set event {id} aside: {reason}"));
    })
    .await
}

/// Hands every document of a type to `take`. One that cannot be read breaks `rule`.
async fn each<E: Entity>(
    store: &dyn Store,
    rule: &'static str,
    facts: &mut Facts,
    mut take: impl FnMut(&mut Facts, E, &Document),
) -> Result<(), Unavailable> {
    let collection = E::COLLECTION;
    pages(store, collection, vec![], None, |found| {
        let document = found.document;
        let (name, id) = (collection.name, &document.id);
        match serde_json::from_slice::<E>(&document.body) {
            Ok(entity) if entity.id() == *id => take(facts, entity, &document),
            Ok(entity) => {
                let said = entity.id();
                facts.malformed.push((rule, format!("{name}/{id} says that it is {said}")));
            }
            Err(error) => {
                facts.malformed.push((rule, format!("{name}/{id} cannot be read: {error}")));
            }
        }
    })
    .await
}

async fn pages(
    store: &dyn Store,
    collection: &'static Collection,
    filters: Vec<Filter>,
    by: Option<&'static str>,
    mut take: impl FnMut(Found),
) -> Result<(), Unavailable> {
    let mut after = None;
    loop {
        let query = Query {
            collection,
            filters: filters.clone(),
            order: Sort { field: by, descending: false },
            after,
            limit: MAX_PAGE,
        };
        let page = store.find(query).await?;
        let is_last = page.len() < MAX_PAGE;
        after = page.last().map(|last| last.position.clone());
        page.into_iter().for_each(&mut take);
        if is_last {
            return Ok(());
        }
    }
}
