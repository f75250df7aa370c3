//! Mollie, as far as our code speaks with it: payments, refunds, chargebacks, and webhooks that say
//! nothing but a name.

mod chargebacks;
mod pages;
mod payments;
mod refunds;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::call::{Answer, Call, Outcome};
use crate::ledger::{Kind, Ledger, Line};
use crate::script::{Fault, Outage, SILENCE, Script, outcome};

pub use pages::Visit;

/// The key that calls have to come with.
pub const API_KEY: &str = "test_scripted";

/// Mollie.
pub struct Mollie {
    state: Mutex<State>,
}

/// A webhook, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// What is sent, as a form.
    pub body: String,
}

/// All that it knows.
pub(crate) struct State {
    script: Script,
    made: u64,
    payments: BTreeMap<String, payments::Payment>,
    refunds: BTreeMap<String, refunds::Refund>,
    chargebacks: BTreeMap<String, chargebacks::Chargeback>,
    letters: Vec<Letter>,
    ledger: Ledger,
    /// What was answered under which key, in the last hour.
    answers: BTreeMap<String, (String, Answer)>,
    faults: BTreeMap<Fault, u64>,
    calls: u64,
    /// How many of each path.
    calls_of: BTreeMap<String, u64>,
    /// Payments whose pages somebody was told of.
    shown: BTreeSet<String>,
    /// Whether the address of our site leads nowhere, for Mollie.
    is_unreachable: bool,
    /// Whether money on its way back stays where it is.
    are_banks_slow: bool,
    /// What goes wrong with the next call of a method.
    planned: Option<(&'static str, Fault)>,
    outage: Option<Outage>,
    /// How the next call that would give money back is held up, and those that are.
    holds_up: Option<HeldUp>,
    under_way: Vec<(HeldUp, Call)>,
    /// Whether lists of refunds lack what was made.
    is_list_behind: bool,
}

/// Where a call is held up, of which its caller hears nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldUp {
    /// On its way: nothing is known of it there.
    OnItsWay,
    /// There: it is being worked on, under its key.
    Inside,
}

impl Mollie {
    /// In which things go wrong by `script`.
    pub fn new(script: Script) -> Self {
        Self {
            state: Mutex::new(State {
                script,
                made: 0,
                payments: BTreeMap::new(),
                refunds: BTreeMap::new(),
                chargebacks: BTreeMap::new(),
                letters: Vec::new(),
                ledger: Ledger::default(),
                answers: BTreeMap::new(),
                faults: BTreeMap::new(),
                calls: 0,
                calls_of: BTreeMap::new(),
                shown: BTreeSet::new(),
                is_unreachable: false,
                are_banks_slow: false,
                planned: None,
                outage: None,
                holds_up: None,
                under_way: Vec::new(),
                is_list_behind: false,
            }),
        }
    }

    /// Takes a call, and says what becomes of it.
    pub fn take(&self, call: &Call) -> Outcome {
        let mut state = self.lock();
        state.calls += 1;
        *state.calls_of.entry(call.path().to_owned()).or_default() += 1;
        if let Some(how) = state.holds_up.take_if(|_| is_refund(call)) {
            state.under_way.push((how, call.clone()));
            return Outcome::Silent(SILENCE);
        }
        let planned = state.planned.take_if(|(method, _)| *method == call.method);
        let fault = planned.map(|(_, fault)| fault).or_else(|| state.script.next_fault());
        if let Some(fault) = fault {
            *state.faults.entry(fault).or_default() += 1;
        }
        outcome(fault, error(429, None), |failure| state.answer(call, failure))
    }

    /// The webhooks of what happened since this was last asked for.
    pub fn letters(&self) -> Vec<Letter> {
        std::mem::take(&mut self.lock().letters)
    }

    /// The next call of this method goes wrong.
    pub fn spoil(&self, method: &'static str, fault: Fault) {
        self.lock().planned = Some((method, fault));
    }

    /// Our site cannot be reached from there.
    pub fn lose_sight_of_us(&self) {
        self.lock().is_unreachable = true;
    }

    /// An hour passes: what was answered under which key is forgotten.
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

    /// The next call that would give money back is held up.
    pub fn hold_up(&self, how: HeldUp) {
        self.lock().holds_up = Some(how);
    }

    /// Whatever was held up is so no longer.
    pub fn let_go(&self) {
        let mut state = self.lock();
        for (_, call) in std::mem::take(&mut state.under_way) {
            state.answer(&call, None);
        }
    }

    /// From now on lists of refunds lack what was made, or do not.
    pub fn list_late(&self, is_behind: bool) {
        self.lock().is_list_behind = is_behind;
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

    /// How many of them were of a path.
    pub fn calls_of(&self, path: &str) -> u64 {
        self.lock().calls_of.get(path).copied().unwrap_or_default()
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
        if call.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
            return error(401, None);
        }
        let key = match (call.method.as_str(), call.header("idempotency-key")) {
            ("POST", Some(key)) => Some(key.to_owned()),
            // Ours always sends one: a test that sees this fails.
            ("POST", None) => return error(400, Some("idempotency-key")),
            _ => None,
        };
        let fingerprint = format!("{} {}", call.path(), String::from_utf8_lossy(&call.body));
        if let Some((before, answer)) = key.as_ref().and_then(|key| self.answers.get(key)) {
            return if *before == fingerprint {
                Answer { is_replayed: true, ..answer.clone() }
            } else {
                error(400, Some("idempotency-key"))
            };
        }
        let is_same = |call: &Call| call.header("idempotency-key") == key.as_deref();
        let mut inside = self.under_way.iter().filter(|(how, _)| *how == HeldUp::Inside);
        if key.is_some() && inside.any(|(_, call)| is_same(call)) {
            return error(409, None);
        }
        let answer = match failure {
            Some(Fault::FailedBefore) => error(500, None),
            Some(Fault::FailedAfter) => {
                self.carry_out(call);
                error(500, None)
            }
            _ => self.carry_out(call),
        };
        if let Some(key) = key {
            self.answers.insert(key, (fingerprint, answer.clone()));
        }
        answer
    }

    fn carry_out(&mut self, call: &Call) -> Answer {
        let path: Vec<&str> = call.path().trim_matches('/').split('/').collect();
        let body = || serde_json::from_slice(&call.body).unwrap_or_default();
        match (call.method.as_str(), path.as_slice()) {
            ("POST", ["v2", "payments"]) => self.make_payment(&body()),
            ("GET", ["v2", "payments", name]) => self.show_payment(name),
            ("DELETE", ["v2", "payments", name]) => self.cancel_payment(name),
            ("POST", ["v2", "payments", name, "refunds"]) => match self.outage {
                Some(Outage::Fails) => error(500, None),
                Some(Outage::Refuses) => error(422, None),
                None => self.make_refund(name, &body()),
            },
            ("GET", ["v2", "payments", name, "refunds"]) => self.list_refunds(name),
            ("GET", ["v2", "payments", name, "chargebacks"]) => self.list_chargebacks_of(name),
            ("GET", ["v2", "chargebacks"]) => self.list_chargebacks(call),
            _ => error(404, None),
        }
    }

    /// The next name of a kind, as in `tr_7`.
    fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{}", self.made)
    }

    /// A webhook about a payment, where it has somewhere to go.
    fn tell(&mut self, name: &str) {
        let Some(url) = self.payments.get(name).and_then(|payment| payment.webhook.clone()) else {
            return;
        };
        self.letters.push(Letter { url, body: format!("id={name}") });
    }

    /// Books a movement of a payment's money.
    fn book(&mut self, kind: Kind, name: &str, amount: i64) {
        let Some(payment) = self.payments.get(name) else { return };
        let of = |key: &str| payment.metadata[key].as_str().unwrap_or_default().to_owned();
        let line = Line {
            kind,
            name: name.to_owned(),
            payment: of("payment"),
            order: of("order"),
            amount,
            currency: payment.currency.to_ascii_lowercase(),
        };
        self.ledger.add(line);
    }
}

fn is_refund(call: &Call) -> bool {
    call.method == "POST" && call.path().ends_with("/refunds")
}

/// An answer that is an error.
fn error(status: u16, field: Option<&str>) -> Answer {
    let mut body = json!({"status": status, "title": "…", "detail": "…", "_links": {}});
    if let Some(field) = field {
        body["field"] = field.into();
    }
    Answer::new(status, body)
}
