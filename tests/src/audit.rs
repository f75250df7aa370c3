//! The audit: does the marketplace still say what clients were told?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::journal::{CONVERGENCE, Deed, Entry, Journal, Outcome};
use crate::market::Person;
use crate::{number, text};

impl Journal {
    /// The audit: with every outcome known, the marketplace holds what it acknowledged and nothing
    /// else (I7, I8, I10), orders are in the state that clients were told (I2), nothing is sold
    /// twice (I1), and the tickets' copies of that agree (I18). Orders must not have expired.
    ///
    /// # Panics
    /// If any of that does not hold.
    pub async fn audit(&self, people: &[Person]) -> Totals {
        let told = Told::from(&self.entries());
        let mut taken: BTreeMap<String, u64> = BTreeMap::new();
        for (who, person) in people.iter().enumerate() {
            let orders = person.client.walk("/api/orders?limit=100").await;
            let ids: BTreeSet<String> = orders.iter().map(|order| text(order, "id")).collect();
            told.same("orders", who, &ids, &told.orders);
            for order in &orders {
                let status = told.judge_order(order);
                if status != "cancelled" {
                    *taken.entry(text(&order["ticket"], "id")).or_default() += units(order);
                }
            }
        }
        for (who, person) in people.iter().enumerate() {
            let path = format!("/api/tickets?seller={}&limit=100", person.id);
            let tickets = person.client.walk(&path).await;
            let ids: BTreeSet<String> = tickets.iter().map(|ticket| text(ticket, "id")).collect();
            told.same("tickets", who, &ids, &told.tickets);
            for ticket in &tickets {
                told.judge_ticket(person, ticket, &taken).await;
            }
        }
        told.totals(&taken)
    }
}

/// How much a run did; a run that did too little of something has shown nothing.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    /// Tickets offered.
    pub tickets: usize,
    /// Orders placed.
    pub orders: usize,
    /// Orders paid.
    pub paid: usize,
    /// Orders cancelled.
    pub cancelled: usize,
    /// Orders refused because the ticket was taken.
    pub refused: usize,
    /// Tickets with every unit taken.
    pub sold_out: usize,
}

impl Totals {
    /// Holds a run to have done enough of everything to show something.
    ///
    /// # Panics
    /// If there is not more than `least` of something.
    pub fn are_more_than(&self, least: usize) {
        for (what, count) in [
            ("tickets", self.tickets),
            ("orders", self.orders),
            ("paid", self.paid),
            ("cancelled", self.cancelled),
            ("refused", self.refused),
            ("sold out", self.sold_out),
        ] {
            assert!(count > least, "too little of it to show anything: {what}: {count}");
        }
    }
}

/// The journal sorted by what it is about.
#[derive(Debug, Default)]
struct Told {
    tickets: BTreeMap<String, Entry>,
    orders: BTreeMap<String, Entry>,
    paid: BTreeMap<String, String>,
    cancelled: BTreeSet<String>,
    refused: usize,
}

impl From<&Vec<Entry>> for Told {
    fn from(entries: &Vec<Entry>) -> Self {
        let mut told = Self::default();
        for entry in entries {
            assert_ne!(entry.outcome, Outcome::Unknown, "an audit wants every outcome: {entry:?}");
            if !entry.outcome.succeeded() {
                told.refused += usize::from(matches!(entry.deed, Deed::Order { .. }));
                continue;
            }
            let id = entry.outcome.id();
            let twice = match (&entry.deed, id) {
                (Deed::Sell { .. }, Some(id)) => told.tickets.insert(id, entry.clone()).is_some(),
                (Deed::Order { .. }, Some(id)) => told.orders.insert(id, entry.clone()).is_some(),
                (Deed::Pay { order, .. }, Some(id)) => {
                    told.paid.insert(order.clone(), id).is_some()
                }
                (Deed::Cancel { order }, _) => {
                    told.cancelled.insert(order.clone());
                    false
                }
                (_, None) => panic!("a success without an id: {entry:?}"),
            };
            assert!(!twice, "told twice about one thing: {entry:?}");
        }
        told
    }
}

impl Told {
    fn same(
        &self,
        what: &str,
        who: usize,
        shown: &BTreeSet<String>,
        told: &BTreeMap<String, Entry>,
    ) {
        let told: BTreeSet<String> =
            told.iter().filter(|(_, entry)| entry.who == who).map(|(id, _)| id.clone()).collect();
        let lost: Vec<_> = told.difference(shown).collect();
        assert!(lost.is_empty(), "I7: {what} acknowledged and lost: {lost:?}");
        let phantom: Vec<_> = shown.difference(&told).collect();
        assert!(phantom.is_empty(), "I8: {what} that nobody was told of: {phantom:?}");
    }

    fn judge_order(&self, order: &Value) -> String {
        let id = text(order, "id");
        let status = text(order, "status");
        let paid = self.paid.contains_key(&id);
        let cancelled = self.cancelled.contains(&id);
        assert!(!(paid && cancelled), "I2: {id} was both paid and cancelled");
        let right = match status.as_str() {
            "complete" => paid,
            "cancelled" => cancelled,
            "created" | "awaiting:payment" => !paid && !cancelled,
            _ => false,
        };
        assert!(right, "I2: paid: {paid}, cancelled: {cancelled}, but {order}");
        status
    }

    async fn judge_ticket(&self, seller: &Person, shown: &Value, taken: &BTreeMap<String, u64>) {
        let id = text(shown, "id");
        let Some(Entry { deed: Deed::Sell { title, quantity }, .. }) = self.tickets.get(&id) else {
            panic!("a ticket that nobody offered: {shown}");
        };
        assert_eq!(&text(shown, "title"), title, "I7: {shown}");
        let taken = taken.get(&id).copied().unwrap_or_default();
        assert!(taken <= *quantity, "I1: {taken} of {quantity} units of {id} are in live orders");
        let free = quantity - taken;
        crate::until(&format!("I18: ticket {id} shows {free} free"), CONVERGENCE, || async {
            (number(&seller.see_ticket(&id).await, "available") == free).then_some(())
        })
        .await;
    }

    fn totals(&self, taken: &BTreeMap<String, u64>) -> Totals {
        let full = |(id, entry): &(&String, &Entry)| match entry.deed {
            Deed::Sell { quantity, .. } => taken.get(*id) == Some(&quantity),
            _ => false,
        };
        Totals {
            tickets: self.tickets.len(),
            orders: self.orders.len(),
            paid: self.paid.len(),
            cancelled: self.cancelled.len(),
            refused: self.refused,
            sold_out: self.tickets.iter().filter(full).count(),
        }
    }
}

/// The units of an order; one, where it does not say.
fn units(order: &Value) -> u64 {
    order.get("quantity").and_then(Value::as_u64).unwrap_or(1)
}
