//! Refunds, by us and by others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::intents::{Form, metadata};
use super::{State, Stripe, error};
use crate::call::Answer;
use crate::ledger::Kind;

/// A refund.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    name: String,
    intent: String,
    status: &'static str,
    amount: i64,
    metadata: BTreeMap<String, String>,
}

impl Refund {
    fn json(&self) -> Value {
        json!({
            "id": self.name,
            "object": "refund",
            "status": self.status,
            "amount": self.amount,
            "payment_intent": self.intent,
            "metadata": self.metadata,
        })
    }
}

impl State {
    pub(crate) fn make_refund(&mut self, form: &Form) -> Answer {
        let name = form.get("payment_intent").cloned().unwrap_or_default();
        let Some(intent) = self.intents.get(&name) else {
            return error(404, "invalid_request_error", "resource_missing", "payment_intent");
        };
        if self.disputes.values().any(|dispute| dispute.bars(&name)) {
            return error(400, "invalid_request_error", "charge_disputed", "");
        }
        let left = if intent.status == "succeeded" { intent.amount - intent.refunded } else { 0 };
        let amount = form.get("amount").and_then(|amount| amount.parse().ok()).unwrap_or(left);
        if left == 0 {
            return error(400, "invalid_request_error", "charge_already_refunded", "");
        }
        if amount > left || amount <= 0 {
            return error(400, "invalid_request_error", "amount_too_large", "amount");
        }
        let status = if self.script.chance(200) { "pending" } else { "succeeded" };
        let metadata = metadata(form, "metadata");
        let refund =
            Refund { name: self.name("re"), intent: name.clone(), status, amount, metadata };
        if let Some(intent) = self.intents.get_mut(&name) {
            intent.refunded += amount;
        }
        self.book(Kind::Refunded, &name, amount);
        self.tell("charge.refunded", &name);
        let answer = Answer::new(200, refund.json());
        self.refunds.insert(refund.name.clone(), refund);
        answer
    }

    pub(crate) fn show_refund(&mut self, name: &str) -> Answer {
        match self.refunds.get_mut(name) {
            Some(refund) => {
                // What was on its way has arrived when somebody asks.
                refund.status = "succeeded";
                Answer::new(200, refund.json())
            }
            None => error(404, "invalid_request_error", "resource_missing", "refund"),
        }
    }

    pub(crate) fn list_refunds(&mut self, intent: &str) -> Answer {
        let of_it = self.refunds.values_mut().filter(|refund| refund.intent == intent);
        let list: Vec<Value> = of_it
            .map(|refund| {
                let shown = refund.json();
                refund.status = "succeeded";
                shown
            })
            .collect();
        Answer::new(200, json!({"object": "list", "data": list, "has_more": false}))
    }
}

impl Stripe {
    /// Somebody gives money back by hand, in the dashboard.
    pub fn refund_by_hand(&self, intent: &str, amount: i64) -> bool {
        let form = Form::from([
            ("payment_intent".to_owned(), intent.to_owned()),
            ("amount".to_owned(), amount.to_string()),
        ]);
        self.lock().make_refund(&form).status == 200
    }
}
