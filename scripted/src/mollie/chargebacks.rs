//! Chargebacks: the buyer's bank takes the money back, and may give it back again.

use serde_json::{Value, json};

use super::payments::written;
use super::{Mollie, State};
use crate::call::{Answer, Call};
use crate::ledger::Kind;

/// Chargebacks on one page of a list where nothing is said.
const PAGE: usize = 50;

/// A chargeback.
#[derive(Debug, Clone)]
pub(crate) struct Chargeback {
    name: String,
    /// In which order they were made: names do not sort by it.
    number: u64,
    payment: String,
    amount: i64,
    currency: String,
    created_at: String,
    reversed_at: Option<String>,
}

impl Chargeback {
    /// How much of that payment the bank has because of it.
    pub(super) fn taken(&self, payment: &str) -> i64 {
        let is_taken = self.payment == payment && self.reversed_at.is_none();
        if is_taken { self.amount } else { 0 }
    }

    fn json(&self) -> Value {
        json!({
            "resource": "chargeback",
            "id": self.name,
            "amount": {"currency": self.currency, "value": written(self.amount)},
            "reason": {"code": "AC01", "description": "…"},
            "paymentId": self.payment,
            "createdAt": self.created_at,
            "reversedAt": self.reversed_at,
            "_links": {},
        })
    }
}

impl State {
    /// How much of a payment is with a bank.
    pub(super) fn charged_back(&self, payment: &str) -> i64 {
        self.chargebacks.values().map(|chargeback| chargeback.taken(payment)).sum()
    }

    pub(super) fn list_chargebacks_of(&self, payment: &str) -> Answer {
        let of_it = self.chargebacks.values().filter(|known| known.payment == payment);
        let list: Vec<Value> = of_it.map(Chargeback::json).collect();
        Answer::new(200, json!({"count": list.len(), "_embedded": {"chargebacks": list}}))
    }

    /// All, newest first, in pages; the one that a page is asked to begin with is on it.
    pub(super) fn list_chargebacks(&self, call: &Call) -> Answer {
        let limit = call.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE);
        let from = call.query("from").and_then(|name| self.chargebacks.get(&name));
        let from = from.map_or(u64::MAX, |first| first.number);
        let mut found: Vec<_> =
            self.chargebacks.values().filter(|known| known.number <= from).collect();
        found.sort_by_key(|known| std::cmp::Reverse(known.number));
        let is_embedded = call.query("embed").as_deref() == Some("payment");
        let show = |chargeback: &&Chargeback| {
            let mut shown = chargeback.json();
            if let Some(payment) = self.payments.get(&chargeback.payment).filter(|_| is_embedded) {
                let taken = self.charged_back(&chargeback.payment);
                shown["_embedded"] = json!({"payment": payment.json(taken)});
            }
            shown
        };
        let list: Vec<Value> = found.iter().take(limit).map(show).collect();
        let next = found.get(limit).map(|next| {
            let embed = if is_embedded { "&embed=payment" } else { "" };
            let query = format!("from={}&limit={limit}{embed}", next.name);
            json!({"href": format!("https://api.mollie.example/v2/chargebacks?{query}")})
        });
        let (count, links) = (list.len(), json!({"next": next}));
        let body = json!({"count": count, "_embedded": {"chargebacks": list}, "_links": links});
        Answer::new(200, body)
    }
}

impl Mollie {
    /// The buyer's bank takes all back that is left of a payment, as of a time; the name of the
    /// chargeback.
    pub fn charge_back(&self, payment: &str, at: &str) -> Option<String> {
        let refunded = self.lock().payments.get(payment)?.refunded;
        self.charge_back_beside(payment, refunded, at)
    }

    /// The buyer's bank takes all of a payment back, also what was given back already.
    pub fn charge_all_back(&self, payment: &str, at: &str) -> Option<String> {
        self.charge_back_beside(payment, 0, at)
    }

    /// The buyer's bank takes a part of a payment back.
    pub fn charge_part_back(&self, payment: &str, part: i64, at: &str) -> Option<String> {
        let kept = self.lock().payments.get(payment)?.amount - part;
        self.charge_back_beside(payment, kept, at)
    }

    fn charge_back_beside(&self, payment: &str, refunded: i64, at: &str) -> Option<String> {
        let mut state = self.lock();
        let known = state.payments.get(payment).filter(|known| known.status == "paid")?;
        let currency = known.currency.clone();
        let amount = known.amount - refunded;
        // Who has some of it does not take more of it besides.
        if amount <= 0 || state.charged_back(payment) > 0 {
            return None;
        }
        let name = state.name("chb");
        let chargeback = Chargeback {
            name: name.clone(),
            number: state.made,
            payment: payment.to_owned(),
            amount,
            currency,
            created_at: at.to_owned(),
            reversed_at: None,
        };
        state.chargebacks.insert(name.clone(), chargeback);
        state.book(Kind::Disputed, payment, amount);
        state.tell(payment);
        Some(name)
    }

    /// The names of the chargebacks that are not reversed.
    pub fn chargebacks(&self) -> Vec<String> {
        let state = self.lock();
        let stand = state.chargebacks.values().filter(|known| known.reversed_at.is_none());
        stand.map(|known| known.name.clone()).collect()
    }

    /// The bank gives back what it took, as of a time.
    pub fn reverse(&self, chargeback: &str, at: &str) {
        let mut state = self.lock();
        let Some(known) = state.chargebacks.get_mut(chargeback) else { return };
        if known.reversed_at.is_some() {
            return;
        }
        known.reversed_at = Some(at.to_owned());
        let (payment, amount) = (known.payment.clone(), known.amount);
        state.book(Kind::DisputeWon, &payment, amount);
        state.tell(&payment);
    }
}
