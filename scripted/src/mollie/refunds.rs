//! Refunds, by us and by others.

use serde_json::{Value, json};

use super::payments::{read, written};
use super::{Mollie, State, error};
use crate::call::Answer;
use crate::ledger::Kind;

/// The way of a refund. Its last state is not left.
const WAY: [&str; 4] = ["queued", "pending", "processing", "refunded"];

/// A refund.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    name: String,
    payment: String,
    status: &'static str,
    amount: i64,
    currency: String,
    metadata: Value,
}

impl Refund {
    fn json(&self) -> Value {
        let amount = json!({"currency": self.currency, "value": written(self.amount)});
        json!({
            "resource": "refund",
            "id": self.name,
            "paymentId": self.payment,
            "status": self.status,
            "amount": amount,
            "metadata": self.metadata,
        })
    }
}

impl State {
    pub(super) fn make_refund(&mut self, payment: &str, asked: &Value) -> Answer {
        let Some(known) = self.payments.get(payment) else { return error(404, None) };
        let left = known.left(self.charged_back(payment)).unwrap_or(0);
        let amount = read(&asked["amount"])
            .filter(|(minor, currency)| (1..=left).contains(minor) && *currency == known.currency);
        let Some((amount, currency)) = amount else {
            return error(422, Some("amount"));
        };
        let status = WAY[usize::try_from(self.script.below(3)).unwrap_or(0)];
        let refund = Refund {
            name: self.name("re"),
            payment: payment.to_owned(),
            status,
            amount,
            currency,
            metadata: asked["metadata"].clone(),
        };
        if let Some(known) = self.payments.get_mut(payment) {
            known.refunded += amount;
        }
        self.book(Kind::Refunded, payment, amount);
        let answer = Answer::new(201, refund.json());
        self.refunds.insert(refund.name.clone(), refund);
        answer
    }

    pub(super) fn list_refunds(&mut self, payment: &str) -> Answer {
        if self.is_list_behind {
            return Answer::new(200, json!({"count": 0, "_embedded": {"refunds": []}}));
        }
        let is_slow = self.are_banks_slow;
        let of_it = self.refunds.values_mut().filter(|refund| refund.payment == payment);
        let mut moved = false;
        let list: Vec<Value> = of_it
            .map(|refund| {
                let shown = refund.json();
                // What was on its way is a step further when somebody asks again.
                if !is_slow
                    && let Some(place) = WAY.iter().position(|status| *status == refund.status)
                    && let Some(next) = WAY.get(place + 1)
                {
                    refund.status = next;
                    moved = true;
                }
                shown
            })
            .collect();
        if moved {
            self.tell(payment);
        }
        Answer::new(200, json!({"count": list.len(), "_embedded": {"refunds": list}}))
    }
}

impl Mollie {
    /// Somebody gives money back by hand, in the dashboard.
    pub fn refund_by_hand(&self, payment: &str, amount: i64) -> bool {
        let mut state = self.lock();
        let Some(currency) = state.payments.get(payment).map(|known| known.currency.clone()) else {
            return false;
        };
        let asked = json!({"amount": {"currency": currency, "value": written(amount)}});
        state.make_refund(payment, &asked).status == 201
    }

    /// From now on money on its way back is, or is not, where it was when somebody asks again.
    pub fn slow_banks(&self, are_slow: bool) {
        self.lock().are_banks_slow = are_slow;
    }

    /// All money on its way back has arrived.
    pub fn arrive(&self) {
        let mut state = self.lock();
        let mut arrived = Vec::new();
        for refund in state.refunds.values_mut().filter(|refund| WAY[..3].contains(&refund.status))
        {
            refund.status = WAY[3];
            arrived.push(refund.payment.clone());
        }
        for payment in arrived {
            state.tell(&payment);
        }
    }

    /// The refund of a payment comes to nothing, and its money is the payment's again.
    pub fn fail_refund(&self, payment: &str) -> bool {
        let mut state = self.lock();
        let of_it = state.refunds.values_mut().filter(|refund| refund.payment == payment);
        let Some(refund) = of_it.last() else { return false };
        refund.status = "failed";
        let amount = refund.amount;
        if let Some(known) = state.payments.get_mut(payment) {
            known.refunded -= amount;
        }
        state.book(Kind::Refunded, payment, -amount);
        state.tell(payment);
        true
    }
}
