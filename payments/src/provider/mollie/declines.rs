//! Why a payment came to nothing, in words for whoever wanted to make it.
//!
//! What a bank suspects is not for whoever holds the card: a card that is thought to be used in
//! fraud is simply declined.

use super::objects::Payment;
use crate::domain::Decline;

/// Code and words.
const WORDS: &[(&str, &str)] = &[
    ("authentication_abandoned", "The payment was declined: its owner did not confirm it"),
    ("authentication_failed", "The payment was declined: its owner did not confirm it"),
    ("authentication_required", "The payment was declined: its owner has to confirm it"),
    (
        "authentication_unavailable_acs",
        "The payment was declined: its bank cannot be reached; try again",
    ),
    ("card_declined", "The card was declined"),
    ("card_expired", "The card was declined: it has expired"),
    ("inactive_card", "The card was declined: it is not active"),
    ("insufficient_funds", "The payment was declined: there are insufficient funds"),
    ("invalid_card_holder_name", "The card was declined: its owner's name is incorrect"),
    ("invalid_card_number", "The card was declined: its number is incorrect"),
    ("invalid_card_type", "The card was declined: cards of its kind are not taken"),
    ("invalid_cvv", "The card was declined: its security code is incorrect"),
    ("refused_by_issuer", "The card was declined by its bank"),
];

/// A payment that was tried, and failed for good.
pub(super) fn failed(payment: &Payment) -> Decline {
    let of_method = payment.details.as_ref().and_then(|details| details.failure_reason.as_deref());
    let of_status = payment.status_reason.as_ref().and_then(|reason| reason.code.as_deref());
    let codes = [of_method, of_status];
    let known =
        codes.into_iter().flatten().find_map(|code| WORDS.iter().find(|(known, _)| *known == code));
    match known {
        Some((code, words)) => of(code, words),
        None => of("payment_failed", "The payment was declined"),
    }
}

/// One that its buyer gave up, or that was cancelled because its order had ended.
pub(super) fn cancelled() -> Decline {
    of("cancelled", "The payment was cancelled; no money was taken")
}

/// One that was not made in time.
pub(super) fn expired() -> Decline {
    of("expired", "The payment was not made in time; no money was taken")
}

/// An amount that Mollie does not move.
pub(super) fn amount() -> Decline {
    of("amount_not_taken", "The payment provider does not take this amount in this currency")
}

fn of(code: &str, words: &str) -> Decline {
    Decline { code: code.to_owned(), message: words.to_owned(), field: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rest: &str) -> Decline {
        let amount = r#""amount":{"currency":"EUR","value":"1.00"}"#;
        let text = format!(r#"{{"id":"tr_1","status":"failed",{amount}{rest}}}"#);
        failed(&serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_decline_says_why_unless_that_is_for_the_bank_alone() {
        let funds = said(r#","details":{"failureReason":"insufficient_funds"}"#);
        assert_eq!(funds.code, "insufficient_funds");
        assert!(funds.message.contains("insufficient funds"));
        let expired = said(r#","statusReason":{"code":"card_expired","message":"…"}"#);
        assert!(expired.message.contains("expired"));
        let plain = said("");
        assert_eq!(plain.message, "The payment was declined");
        for silent in ["possible_fraud", "unknown_reason", "new_code"] {
            assert_eq!(said(&format!(r#","details":{{"failureReason":"{silent}"}}"#)), plain);
        }
    }
}
