//! Stripe, as far as our code speaks with it: PaymentIntents, Checkout Sessions, refunds, events.

mod cards;
mod disputes;
mod events;
mod intents;
mod refunds;
mod sessions;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::call::{Answer, Call, Outcome};
use crate::ledger::{Kind, Ledger, Line};
use crate::script::{Fault, Outage, Script, outcome};

pub use events::{Letter, signature};

/// The key that calls have to come with.
pub const SECRET_KEY: &str = "sk_test_scripted";

/// What webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_scripted";

/// Stripe.
pub struct Stripe {
    state: Mutex<State>,
}

/// All that it knows.
pub(crate) struct State {
    pub(crate) script: Script,
    pub(crate) made: u64,
    pub(crate) intents: BTreeMap<String, intents::Intent>,
    pub(crate) sessions: BTreeMap<String, sessions::Session>,
    pub(crate) refunds: BTreeMap<String, refunds::Refund>,
    pub(crate) disputes: BTreeMap<String, disputes::Dispute>,
    pub(crate) used_tokens: BTreeMap<String, u32>,
    pub(crate) events: Vec<Value>,
    pub(crate) ledger: Ledger,
    /// What was answered under which key.
    answers: BTreeMap<String, (String, Answer)>,
    /// How often each fault came.
    pub(crate) faults: BTreeMap<Fault, u64>,
    calls: u64,
    /// What goes wrong with the next call that makes something at a path.
    planned: Option<(&'static str, Fault)>,
    outage: Option<Outage>,
}

impl Stripe {
    /// In which things go wrong by `script`.
    pub fn new(script: Script) -> Self {
        Self {
            state: Mutex::new(State {
                script,
                made: 0,
                intents: BTreeMap::new(),
                sessions: BTreeMap::new(),
                refunds: BTreeMap::new(),
                disputes: BTreeMap::new(),
                used_tokens: BTreeMap::new(),
                events: Vec::new(),
                ledger: Ledger::default(),
                answers: BTreeMap::new(),
                faults: BTreeMap::new(),
                calls: 0,
                planned: None,
                outage: None,
            }),
        }
    }

    /// Takes a call, and says what becomes of it.
    pub fn take(&self, call: &Call) -> Outcome {
        let mut state = self.lock();
        state.calls += 1;
        let planned =
            state.planned.take_if(|(path, _)| call.method == "POST" && *path == call.path());
        let fault = planned.map(|(_, fault)| fault).or_else(|| state.script.next_fault());
        if let Some(fault) = fault {
            *state.faults.entry(fault).or_default() += 1;
        }
        let too_many = error(429, "invalid_request_error", "rate_limit", "");
        outcome(fault, too_many, |failure| state.answer(call, failure))
    }

    /// The next call that makes something at this path goes wrong.
    pub fn spoil(&self, path: &'static str, fault: Fault) {
        self.lock().planned = Some((path, fault));
    }

    /// A day passes: what was answered under which key is forgotten.
    pub fn forget_keys(&self) {
        self.lock().answers.clear();
    }

    /// From now on so many of a thousand calls go wrong.
    pub fn turn_hostile(&self, per_mille: u64) {
        self.lock().script.turn_hostile(per_mille);
    }

    /// From now on no money is given back, or it is again.
    pub fn give_nothing_back(&self, outage: Option<Outage>) {
        self.lock().outage = outage;
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        let mut state = self.lock();
        state.script.calm();
        state.outage = None;
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// How often each fault came.
    pub fn faults(&self) -> BTreeMap<Fault, u64> {
        self.lock().faults.clone()
    }

    /// A look at the books.
    pub fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.lock().ledger)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Carries a call out, once under its key.
    fn answer(&mut self, call: &Call, failure: Option<Fault>) -> Answer {
        if call.header("authorization") != Some(&format!("Bearer {SECRET_KEY}")) {
            return error(401, "invalid_request_error", "api_key_invalid", "");
        }
        let key = match (call.method.as_str(), call.header("idempotency-key")) {
            ("POST", Some(key)) => key.to_owned(),
            // Ours always sends one: a test that sees this fails.
            ("POST", None) => return error(400, "invalid_request_error", "no_idempotency_key", ""),
            _ => return self.carry_out(call),
        };
        let fingerprint = format!("{} {}", call.path(), String::from_utf8_lossy(&call.body));
        if let Some((before, answer)) = self.answers.get(&key) {
            if *before != fingerprint {
                return error(400, "idempotency_error", "idempotency_key_in_use", "");
            }
            return Answer { is_replayed: true, ..answer.clone() };
        }
        let answer = match failure {
            Some(Fault::FailedBefore) => error(500, "api_error", "", ""),
            Some(Fault::FailedAfter) => {
                self.carry_out(call);
                error(500, "api_error", "", "")
            }
            _ => self.carry_out(call),
        };
        self.answers.insert(key, (fingerprint, answer.clone()));
        answer
    }

    fn carry_out(&mut self, call: &Call) -> Answer {
        let path: Vec<&str> = call.path().trim_matches('/').split('/').collect();
        match (call.method.as_str(), path.as_slice()) {
            ("POST", ["v1", "payment_intents"]) => self.make_intent(&call.form()),
            ("GET", ["v1", "payment_intents", name]) => self.show_intent(name),
            ("POST", ["v1", "payment_intents", name, "confirm"]) => {
                self.confirm_intent(name, &call.form())
            }
            ("POST", ["v1", "payment_intents", name, "cancel"]) => self.cancel_intent(name),
            ("POST", ["v1", "checkout", "sessions"]) => self.make_session(&call.form()),
            ("GET", ["v1", "checkout", "sessions", name]) => self.show_session(name),
            ("POST", ["v1", "checkout", "sessions", name, "expire"]) => self.expire_session(name),
            ("POST", ["v1", "refunds"]) => match self.outage {
                Some(Outage::Fails) => error(500, "api_error", "", ""),
                Some(Outage::Refuses) => {
                    error(400, "invalid_request_error", "balance_insufficient", "")
                }
                None => self.make_refund(&call.form()),
            },
            ("GET", ["v1", "refunds", name]) => self.show_refund(name),
            ("GET", ["v1", "refunds"]) => {
                self.list_refunds(&call.query("payment_intent").unwrap_or_default())
            }
            ("GET", ["v1", "disputes"]) => self.list_disputes(call),
            _ => error(404, "invalid_request_error", "url_invalid", ""),
        }
    }

    /// The next name of a kind, as in `pi_7`.
    pub(crate) fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{}", self.made)
    }

    /// Books a movement of an intent's money.
    pub(crate) fn book(&mut self, kind: Kind, name: &str, amount: i64) {
        let Some(intent) = self.intents.get(name) else { return };
        let of = |key: &str| intent.metadata.get(key).cloned().unwrap_or_default();
        let line = Line {
            kind,
            name: name.to_owned(),
            payment: of("payment"),
            order: of("order"),
            amount,
            currency: intent.currency.clone(),
        };
        self.ledger.add(line);
    }
}

/// An answer that is an error.
pub(crate) fn error(status: u16, kind: &str, code: &str, param: &str) -> Answer {
    let error = json!({"error": {"type": kind, "code": code, "param": param, "message": "…"}});
    Answer::new(status, error)
}
