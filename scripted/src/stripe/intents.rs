//! PaymentIntents.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cards::{Verdict, verdict};
use super::{State, Stripe, error};
use crate::call::Answer;
use crate::ledger::Kind;

/// A form's fields.
pub(crate) type Form = BTreeMap<String, String>;

/// A PaymentIntent.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) last_error: Option<Value>,
    pub(crate) refunded: i64,
}

impl Intent {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.name,
            "object": "payment_intent",
            "status": self.status,
            "amount": self.amount,
            "currency": self.currency,
            "client_secret": format!("{}_secret_scripted", self.name),
            "metadata": self.metadata,
            "last_payment_error": self.last_error,
        })
    }
}

/// The metadata in a form, below `prefix`.
pub(crate) fn metadata(form: &Form, prefix: &str) -> BTreeMap<String, String> {
    let named = |key: &str| {
        let rest = key.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
        Some(rest.to_owned())
    };
    form.iter().filter_map(|(key, value)| Some((named(key)?, value.clone()))).collect()
}

impl State {
    pub(crate) fn make_intent(&mut self, form: &Form) -> Answer {
        let amount = form.get("amount").and_then(|amount| amount.parse::<i64>().ok());
        let (Some(amount), Some(currency)) = (amount, form.get("currency")) else {
            return error(400, "invalid_request_error", "parameter_missing", "amount");
        };
        if amount < 50 {
            return error(400, "invalid_request_error", "amount_too_small", "amount");
        }
        let currency = currency.clone();
        let intent = self.new_intent(amount, currency, metadata(form, "metadata"));
        Answer::new(200, intent.json())
    }

    pub(crate) fn new_intent(
        &mut self,
        amount: i64,
        currency: String,
        metadata: BTreeMap<String, String>,
    ) -> Intent {
        let intent = Intent {
            name: self.name("pi"),
            status: "requires_payment_method",
            amount,
            currency,
            metadata,
            last_error: None,
            refunded: 0,
        };
        self.intents.insert(intent.name.clone(), intent.clone());
        intent
    }

    pub(crate) fn show_intent(&mut self, name: &str) -> Answer {
        self.finish_slow(name);
        match self.intents.get(name) {
            Some(intent) => Answer::new(200, intent.json()),
            None => error(404, "invalid_request_error", "resource_missing", "intent"),
        }
    }

    /// A bank that took its time is done when somebody asks.
    pub(crate) fn finish_slow(&mut self, name: &str) {
        let is_slow = self.intents.get(name).is_some_and(|intent| intent.status == "processing");
        if is_slow && (self.script.is_over() || self.script.chance(600)) {
            self.succeed(name);
        }
    }

    pub(crate) fn confirm_intent(&mut self, name: &str, form: &Form) -> Answer {
        self.finish_slow(name);
        let Some(intent) = self.intents.get(name).cloned() else {
            return error(404, "invalid_request_error", "resource_missing", "intent");
        };
        if !matches!(intent.status, "requires_payment_method" | "requires_confirmation") {
            return unexpected(&intent);
        }
        let token = form.get("payment_method_data[card][token]");
        let given = token.or_else(|| form.get("payment_method"));
        let Some(verdict) = given.and_then(|given| verdict(given)) else {
            let param = "payment_method_data[card][token]";
            return error(400, "invalid_request_error", "resource_missing", param);
        };
        if let Some(token) = token {
            let uses = self.used_tokens.entry(token.clone()).or_default();
            *uses += 1;
            // The well-known tokens can be used again; those with a number are like real ones.
            if *uses > 1 && token.ends_with(|c: char| c.is_ascii_digit()) {
                let param = "payment_method_data[card][token]";
                return error(400, "invalid_request_error", "token_already_used", param);
            }
        }
        let is_alone = form.get("error_on_requires_action").is_some_and(|value| value == "true");
        self.charge(name, verdict, is_alone)
    }

    fn charge(&mut self, name: &str, verdict: Verdict, is_alone: bool) -> Answer {
        match verdict {
            Verdict::Pays => self.succeed(name),
            Verdict::PaysLater => self.set(name, "processing", None),
            Verdict::AsksOwner if !is_alone => self.set(name, "requires_action", None),
            Verdict::AsksOwner => return self.decline(name, "authentication_required", None),
            Verdict::Declines(code, reason) => return self.decline(name, code, reason),
        }
        self.show(name)
    }

    fn decline(&mut self, name: &str, code: &str, reason: Option<&str>) -> Answer {
        let mut fault = json!({"type": "card_error", "code": code, "decline_code": reason});
        self.set(name, "requires_payment_method", Some(fault.clone()));
        self.tell("payment_intent.payment_failed", name);
        let intent = self.intents.get(name).map(Intent::json);
        fault["payment_intent"] = intent.unwrap_or_default();
        Answer::new(402, json!({ "error": fault }))
    }

    pub(crate) fn cancel_intent(&mut self, name: &str) -> Answer {
        self.finish_slow(name);
        let Some(intent) = self.intents.get(name).cloned() else {
            return error(404, "invalid_request_error", "resource_missing", "intent");
        };
        if matches!(intent.status, "succeeded" | "canceled" | "processing") {
            return unexpected(&intent);
        }
        self.set(name, "canceled", intent.last_error);
        self.tell("payment_intent.canceled", name);
        self.show(name)
    }

    pub(crate) fn succeed(&mut self, name: &str) {
        let Some(intent) = self.intents.get(name).cloned() else { return };
        if matches!(intent.status, "succeeded" | "canceled") {
            return;
        }
        self.set(name, "succeeded", None);
        self.book(Kind::Captured, name, intent.amount);
        self.tell("payment_intent.succeeded", name);
    }

    fn set(&mut self, name: &str, status: &'static str, last_error: Option<Value>) {
        if let Some(intent) = self.intents.get_mut(name) {
            intent.status = status;
            intent.last_error = last_error;
        }
    }

    fn show(&self, name: &str) -> Answer {
        Answer::new(200, self.intents.get(name).map(Intent::json).unwrap_or_default())
    }
}

impl Stripe {
    /// The buyer confirms an intent in the browser with a card, as the Payment Element does it;
    /// whether the intent could be confirmed.
    pub fn confirm_in_browser(&self, name: &str, token: &str) -> bool {
        let form = Form::from([("payment_method".to_owned(), token.to_owned())]);
        self.lock().confirm_intent(name, &form).status == 200
    }

    /// The buyer passes 3-D Secure, or fails it.
    pub fn authenticate(&self, name: &str, is_passed: bool) {
        let mut state = self.lock();
        let is_asked = state.intents.get(name).is_some_and(|i| i.status == "requires_action");
        match (is_asked, is_passed) {
            (true, true) => state.succeed(name),
            (true, false) => {
                state.decline(name, "payment_intent_authentication_failure", None);
            }
            (false, _) => {}
        }
    }
}

fn unexpected(intent: &Intent) -> Answer {
    let error = json!({"error": {
        "type": "invalid_request_error",
        "code": "payment_intent_unexpected_state",
        "payment_intent": intent.json(),
    }});
    Answer::new(400, error)
}
