//! Checkout Sessions: visits to Stripe's own page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::intents::{Form, metadata};
use super::{State, Stripe, error};
use crate::call::Answer;

/// A Checkout Session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    name: String,
    status: &'static str,
    amount: i64,
    currency: String,
    metadata: BTreeMap<String, String>,
    intent: Option<String>,
}

impl State {
    pub(crate) fn make_session(&mut self, form: &Form) -> Answer {
        let amount = form.get("line_items[0][price_data][unit_amount]");
        let currency = form.get("line_items[0][price_data][currency]").cloned();
        let (Some(amount), Some(currency)) =
            (amount.and_then(|amount| amount.parse::<i64>().ok()), currency)
        else {
            return error(400, "invalid_request_error", "parameter_missing", "line_items");
        };
        let session = Session {
            name: self.name("cs_test"),
            status: "open",
            amount,
            currency,
            metadata: metadata(form, "payment_intent_data[metadata]"),
            intent: None,
        };
        let name = session.name.clone();
        self.sessions.insert(name.clone(), session);
        self.show_session(&name)
    }

    pub(crate) fn show_session(&mut self, name: &str) -> Answer {
        let intent = self.sessions.get(name).and_then(|session| session.intent.clone());
        if let Some(intent) = intent {
            self.finish_slow(&intent);
        }
        let Some(session) = self.sessions.get(name) else {
            return error(404, "invalid_request_error", "resource_missing", "session");
        };
        let intent = session.intent.as_ref().and_then(|intent| self.intents.get(intent));
        let is_open = session.status == "open";
        let url = is_open.then(|| format!("https://checkout.stripe.example/{name}"));
        let body = json!({
            "id": session.name,
            "object": "checkout.session",
            "status": session.status,
            "url": url,
            "metadata": session.metadata,
            "payment_intent": intent.map_or(Value::Null, super::intents::Intent::json),
        });
        Answer::new(200, body)
    }

    pub(crate) fn expire_session(&mut self, name: &str) -> Answer {
        match self.sessions.get_mut(name) {
            Some(session) if session.status == "open" => {
                session.status = "expired";
                let intent = session.intent.clone();
                if let Some(intent) = intent {
                    self.cancel_intent(&intent);
                }
                self.show_session(name)
            }
            Some(_) => error(400, "invalid_request_error", "session_not_open", ""),
            None => error(404, "invalid_request_error", "resource_missing", "session"),
        }
    }
}

impl Stripe {
    /// The buyer pays on Stripe's page with a card; whether that worked.
    pub fn pay_on_page(&self, name: &str, token: &str) -> bool {
        let mut state = self.lock();
        let Some(session) = state.sessions.get(name).cloned() else { return false };
        if session.status != "open" {
            return false;
        }
        let intent = match &session.intent {
            Some(intent) => intent.clone(),
            None => state.new_intent(session.amount, session.currency, session.metadata).name,
        };
        let form = Form::from([("payment_method".to_owned(), token.to_owned())]);
        state.confirm_intent(&intent, &form);
        let is_taken = state
            .intents
            .get(&intent)
            .is_some_and(|intent| matches!(intent.status, "succeeded" | "processing"));
        if let Some(session) = state.sessions.get_mut(name) {
            session.intent = Some(intent);
            if is_taken {
                session.status = "complete";
            }
        }
        is_taken
    }
}
