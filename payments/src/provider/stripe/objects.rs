//! What Stripe's API answers with, as far as it is looked at.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A payment as Stripe has it.
#[derive(Clone, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) status: IntentStatus,
    pub(super) amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) client_secret: Option<String>,
    #[serde(default)]
    pub(super) last_payment_error: Option<Fault>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
}

/// Where a payment stands at Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
}

/// A visit to Stripe's own page.
#[derive(Clone, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    /// Absent once it is over.
    #[serde(default)]
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) status: Option<SessionStatus>,
    /// Made when the buyer pays.
    #[serde(default)]
    pub(super) payment_intent: Option<Intent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

/// Money on its way back.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Returned {
    pub(super) id: String,
    pub(super) status: RefundStatus,
    pub(super) amount: i64,
    #[serde(default)]
    pub(super) failure_reason: Option<String>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    RequiresAction,
    Succeeded,
    Failed,
    Canceled,
}

/// Money that the buyer's bank has taken back, or wants to know about.
#[derive(Deserialize)]
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) reason: String,
    /// There are more of them from time to time.
    pub(super) status: String,
    /// Money taken because of it, and given back: one of each at most.
    #[serde(default)]
    pub(super) balance_transactions: Vec<Movement>,
    /// Asked for with the list of all; a name elsewhere.
    #[serde(default)]
    pub(super) payment_intent: Option<Named>,
}

/// A movement on the account, in the account's own currency.
#[derive(Deserialize)]
pub(super) struct Movement {
    /// Less than nothing where it was taken.
    pub(super) amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) fee: i64,
}

/// A payment, or its name.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Named {
    Intent(Box<Intent>),
    Name(#[expect(dead_code, reason = "where it is a name, it is known")] String),
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// What is wrong with a call, or with a card.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Fault {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) decline_code: Option<String>,
    #[serde(default)]
    pub(super) param: Option<String>,
    /// The payment as it is, where it is not as the call needs it.
    #[serde(default)]
    pub(super) payment_intent: Option<Box<Intent>>,
}

impl Fault {
    /// It, without the payment as it was then: it may have moved since.
    pub(super) fn of_then(self) -> Self {
        Self { payment_intent: None, ..self }
    }
}

/// The body of an answer that is an error.
#[derive(Deserialize)]
pub(super) struct Failed {
    pub(super) error: Fault,
}

/// A webhook's body.
#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) data: EventData,
}

#[derive(Deserialize)]
pub(super) struct EventData {
    pub(super) object: Subject,
}

/// What an event is about, in as far as it leads to a payment of ours.
#[derive(Deserialize)]
pub(super) struct Subject {
    #[serde(default)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) payment_intent: Option<String>,
}
