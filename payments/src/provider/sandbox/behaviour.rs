//! What each test token does.

use std::time::Duration;

use common::time::Timestamp;

use super::FINISHING;
use super::dispute::Dispute;
use super::ledger::{Charged, Outcome, Plan};
use crate::domain::{Decline, Standing, Token};
use crate::provider::ChargeRequest;

/// Cards that are good.
const GOOD: &[&str] = &[
    "tok_visa",
    "tok_visa_debit",
    "tok_mastercard",
    "tok_mastercard_debit",
    "tok_mastercard_prepaid",
    "tok_amex",
    "tok_discover",
    "tok_diners",
    "tok_jcb",
    "tok_unionpay",
];

/// Cards that are declined: token, code, and what the buyer is told.
const DECLINED: &[(&str, &str, &str)] = &[
    ("tok_chargeDeclined", "card_declined", "The card was declined"),
    (
        "tok_chargeDeclinedInsufficientFunds",
        "insufficient_funds",
        "The card was declined: it has insufficient funds",
    ),
    ("tok_chargeDeclinedExpiredCard", "expired_card", "The card was declined: it has expired"),
    (
        "tok_chargeDeclinedProcessingError",
        "processing_error",
        "The card was declined: an error occurred while processing it; try again",
    ),
    (
        "tok_chargeDeclinedIncorrectCvc",
        "incorrect_cvc",
        "The card was declined: its security code is incorrect",
    ),
    (
        "tok_chargeDeclinedFraudulent",
        "fraudulent",
        "The card was declined: the payment looks fraudulent",
    ),
    ("tok_chargeDeclinedLostCard", "lost_card", "The card was declined"),
    ("tok_chargeDeclinedStolenCard", "stolen_card", "The card was declined"),
];

/// How soon the usual webhook goes out: a caller that got an answer has recorded it by then.
const USUAL: Duration = Duration::from_millis(500);

/// How late the late webhook is.
const LATE: Duration = Duration::from_secs(4);

/// What the sandbox does with a card.
#[derive(Debug, Clone, Copy)]
pub(super) enum Behaviour {
    /// It takes the money; how it tells is another matter.
    Captures(Telling),
    /// It takes the money after a while.
    Slow,
    /// It takes the money and never answers.
    SilentAfterCapture,
    /// It fails the first time, having done nothing, and takes the money the second time.
    Fails,
    /// It takes the money, and the buyer's bank takes it back: for good, or not, or it does not
    /// decide.
    Disputed(Option<Standing>),
    /// It takes none, for a reason: code and message.
    Declines(&'static str, &'static str),
}

/// How the sandbox tells that it has taken the money.
#[derive(Debug, Clone, Copy)]
pub(super) enum Telling {
    /// In its answer, and by webhook.
    Usual,
    /// By webhook, so many times and so late; its answer is that it does not know yet.
    Webhook(u32, Duration),
}

impl Behaviour {
    /// What it does with this token; `None` where it does not know it.
    pub(super) fn of(token: &Token) -> Option<Self> {
        let token = token.reveal();
        if GOOD.contains(&token) {
            return Some(Self::Captures(Telling::Usual));
        }
        if let Some((_, code, message)) = DECLINED.iter().find(|(name, ..)| *name == token) {
            return Some(Self::Declines(code, message));
        }
        Some(match token {
            "tok_slow" => Self::Slow,
            "tok_timeoutAfterCapture" => Self::SilentAfterCapture,
            "tok_serverError" => Self::Fails,
            "tok_webhookTwice" => Self::Captures(Telling::Webhook(2, FINISHING)),
            "tok_webhookLate" => Self::Captures(Telling::Webhook(1, LATE)),
            "tok_webhookNever" => Self::Captures(Telling::Webhook(0, FINISHING)),
            "tok_createDispute" => Self::Disputed(None),
            "tok_createDisputeWon" => Self::Disputed(Some(Standing::Won)),
            "tok_createDisputeLost" => Self::Disputed(Some(Standing::Lost)),
            _ => return None,
        })
    }

    /// The charge as it is written when it is first asked for.
    pub(super) fn first(&self, request: &ChargeRequest, now: Timestamp) -> Charged {
        let usual = Plan { left: 1, at: now.plus(USUAL), dispute: None };
        let (outcome, plan) = match *self {
            Self::Captures(Telling::Usual)
            | Self::Slow
            | Self::SilentAfterCapture
            | Self::Disputed(_) => (Outcome::Captured { at: now }, Some(usual)),
            Self::Captures(Telling::Webhook(times, after)) => {
                let plan = Plan { left: times, at: now.plus(after), dispute: None };
                let outcome = Outcome::Pending { until: now.plus(FINISHING) };
                (outcome, (times > 0).then_some(plan))
            }
            Self::Fails => (Outcome::Pending { until: now }, None),
            Self::Declines(code, message) => {
                let (code, message) = (code.to_owned(), message.to_owned());
                (Outcome::Declined(Decline { code, message, field: None }), Some(usual))
            }
        };
        let (payment, order, amount) = (request.payment, request.order, request.amount);
        let dispute = match *self {
            Self::Disputed(ends) => Some(Dispute { ends, standing: None, amount: 0 }),
            Self::Captures(_)
            | Self::Slow
            | Self::SilentAfterCapture
            | Self::Fails
            | Self::Declines(..) => None,
        };
        Charged { payment, order: Some(order), amount, outcome, plan, returned: 0, dispute }
    }
}
