//! Payments.

use serde_json::{Value, json};

use super::{State, error};
use crate::call::Answer;
use crate::ledger::Kind;

/// A payment.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    name: String,
    pub(crate) status: &'static str,
    /// In minor units.
    pub(crate) amount: i64,
    /// In upper case.
    pub(crate) currency: String,
    pub(crate) metadata: Value,
    pub(crate) webhook: Option<String>,
    /// Whether it can be cancelled while nobody has paid.
    pub(super) is_cancelable: bool,
    failure: Option<&'static str>,
    pub(crate) refunded: i64,
}

impl Payment {
    fn is_open(&self) -> bool {
        self.status == "open"
    }

    /// How much of it can be given back, where any can.
    pub(super) fn left(&self, charged_back: i64) -> Option<i64> {
        (self.status == "paid").then(|| (self.amount - self.refunded - charged_back).max(0))
    }

    /// As it is shown while banks have so much of it.
    pub(super) fn json(&self, charged_back: i64) -> Value {
        let mut links = json!({"self": {"href": format!("…/v2/payments/{}", self.name)}});
        if self.is_open() {
            let page = format!("https://www.mollie.example/checkout/{}", self.name);
            links["checkout"] = json!({"href": page, "type": "text/html"});
        }
        let amount = |minor| json!({"currency": self.currency, "value": written(minor)});
        let left = self.left(charged_back);
        let details = self.failure.map(|reason| json!({"failureReason": reason}));
        json!({
            "resource": "payment",
            "id": self.name,
            "status": self.status,
            "amount": amount(self.amount),
            "amountRefunded": left.map(|_| amount(self.refunded)),
            "amountRemaining": left.map(amount),
            "isCancelable": self.is_open() && self.is_cancelable,
            "metadata": self.metadata,
            "details": details,
            "_links": links,
        })
    }
}

/// An amount as Mollie writes those with two decimals, the only ones of these tests.
pub(super) fn written(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// What an amount is in minor units; `None` where it is not written with two decimals.
pub(super) fn read(amount: &Value) -> Option<(i64, String)> {
    let (whole, part) = amount["value"].as_str()?.split_once('.')?;
    let minor = format!("{whole}{part}").parse().ok().filter(|_| part.len() == 2)?;
    Some((minor, amount["currency"].as_str()?.to_owned()))
}

impl State {
    pub(super) fn make_payment(&mut self, asked: &Value) -> Answer {
        let Some((amount, currency)) = read(&asked["amount"]) else {
            return error(422, Some("amount.value"));
        };
        // The least that any way to pay takes.
        if amount < 1 {
            return error(422, Some("amount"));
        }
        if !asked["redirectUrl"].is_string() || !asked["description"].is_string() {
            return error(422, Some("redirectUrl"));
        }
        if self.is_unreachable && asked["webhookUrl"].is_string() {
            return error(422, Some("webhookUrl"));
        }
        let payment = Payment {
            name: self.name("tr"),
            status: "open",
            amount,
            currency,
            metadata: asked["metadata"].clone(),
            webhook: asked["webhookUrl"].as_str().map(str::to_owned),
            is_cancelable: self.script.chance(500),
            failure: None,
            refunded: 0,
        };
        let answer = Answer::new(201, payment.json(0));
        self.payments.insert(payment.name.clone(), payment);
        answer
    }

    pub(super) fn show_payment(&mut self, name: &str) -> Answer {
        // A bank that took its time is done when somebody asks.
        let is_slow = self.payments.get(name).is_some_and(|payment| payment.status == "pending");
        if is_slow && self.script.chance(600) {
            self.paid(name);
        }
        let Some(payment) = self.payments.get(name) else { return error(404, None) };
        let shown = payment.json(self.charged_back(name));
        if payment.is_open() {
            self.shown.insert(name.to_owned());
        }
        Answer::new(200, shown)
    }

    pub(super) fn cancel_payment(&mut self, name: &str) -> Answer {
        match self.payments.get(name) {
            None => error(404, None),
            Some(payment) if !payment.is_open() || !payment.is_cancelable => error(422, None),
            Some(_) => {
                self.end(name, "canceled", None);
                self.show_payment(name)
            }
        }
    }

    /// The money is taken, once.
    pub(super) fn paid(&mut self, name: &str) {
        let Some(payment) = self.payments.get_mut(name) else { return };
        if !matches!(payment.status, "open" | "pending") {
            return;
        }
        payment.status = "paid";
        let amount = payment.amount;
        self.book(Kind::Captured, name, amount);
        self.tell(name);
    }

    /// It comes to an end without money.
    pub(super) fn end(&mut self, name: &str, status: &'static str, failure: Option<&'static str>) {
        if let Some(payment) = self.payments.get_mut(name) {
            payment.status = status;
            payment.failure = failure;
        }
        self.tell(name);
    }
}
