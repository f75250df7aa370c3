//! What becomes of a card, by its test token.

/// What a bank says of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It pays.
    Pays,
    /// It pays in a while: the bank takes its time.
    PaysLater,
    /// Its owner has to confirm.
    AsksOwner,
    /// It does not pay: code, and what the bank says besides.
    Declines(&'static str, Option<&'static str>),
}

/// Tokens of declined cards, with what is said.
pub(crate) const DECLINED: &[(&str, &str, Option<&str>)] = &[
    ("tok_chargeDeclined", "card_declined", Some("generic_decline")),
    ("tok_chargeDeclinedInsufficientFunds", "card_declined", Some("insufficient_funds")),
    ("tok_chargeDeclinedLostCard", "card_declined", Some("lost_card")),
    ("tok_chargeDeclinedStolenCard", "card_declined", Some("stolen_card")),
    ("tok_chargeDeclinedFraudulent", "card_declined", Some("fraudulent")),
    ("tok_chargeDeclinedExpiredCard", "expired_card", None),
    ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ("tok_chargeDeclinedProcessingError", "processing_error", None),
];

/// What becomes of the card behind a token; `None` where there is none.
pub(crate) fn verdict(token: &str) -> Option<Verdict> {
    // A script of many payments gives each a token of its own: `tok_visa_17` is `tok_visa`.
    let name = token.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    if let Some((_, code, reason)) = DECLINED.iter().find(|(known, ..)| *known == name) {
        return Some(Verdict::Declines(code, *reason));
    }
    match name {
        "tok_visa" | "tok_mastercard" | "pm_card_visa" => Some(Verdict::Pays),
        "tok_slowBank" => Some(Verdict::PaysLater),
        "tok_threeDSecureRequired" | "pm_card_threeDSecureRequired" => Some(Verdict::AsksOwner),
        _ => None,
    }
}
