//! Why a card was declined, in words for its owner.
//!
//! What a bank suspects is not for whoever holds the card: a card that is lost, stolen or thought
//! to be used in fraud is simply declined.

use super::objects::Fault;
use crate::domain::Decline;

/// Code and words.
const WORDS: &[(&str, &str)] = &[
    ("authentication_required", "The card was declined: its owner has to confirm the payment"),
    ("card_velocity_exceeded", "The card was declined: its limit is reached"),
    ("currency_not_supported", "The card was declined: it does not support this currency"),
    ("expired_card", "The card was declined: it has expired"),
    ("incorrect_cvc", "The card was declined: its security code is incorrect"),
    ("incorrect_number", "The card was declined: its number is incorrect"),
    ("incorrect_zip", "The card was declined: the postal code is incorrect"),
    ("insufficient_funds", "The card was declined: it has insufficient funds"),
    ("invalid_cvc", "The card was declined: its security code is incorrect"),
    ("invalid_expiry_month", "The card was declined: its expiry date is incorrect"),
    ("invalid_expiry_year", "The card was declined: its expiry date is incorrect"),
    ("invalid_number", "The card was declined: its number is incorrect"),
    ("withdrawal_count_limit_exceeded", "The card was declined: its limit is reached"),
    ("issuer_not_available", "The card was declined: its bank cannot be reached; try again"),
    ("processing_error", "The card was declined: an error occurred while processing it; try again"),
    (
        "payment_intent_authentication_failure",
        "The card was declined: its owner did not confirm the payment",
    ),
    ("try_again_later", "The card was declined; try again"),
];

/// Codes that say more than their owner may be told.
const SILENT: &[&str] = &[
    "fraudulent",
    "lost_card",
    "merchant_blacklist",
    "pickup_card",
    "restricted_card",
    "security_violation",
    "stolen_card",
];

/// Why no money was taken, from what Stripe says is wrong.
pub(super) fn decline(fault: &Fault) -> Decline {
    let codes = [fault.decline_code.as_deref(), fault.code.as_deref()];
    let known =
        codes.into_iter().flatten().find_map(|code| WORDS.iter().find(|(known, _)| *known == code));
    let is_silent = codes.into_iter().flatten().any(|code| SILENT.contains(&code));
    match known {
        Some((code, words)) if !is_silent => of(code, words),
        _ => of("card_declined", "The card was declined"),
    }
}

/// A payment of an order that ended before it was paid.
pub(super) fn abandoned() -> Decline {
    of("abandoned", "The order ended before it was paid; no money was taken")
}

/// A card whose owner would have to be asked, where nobody is there to be asked.
pub(super) fn needs_its_owner() -> Decline {
    of("authentication_required", WORDS[0].1)
}

/// An amount that Stripe does not move.
pub(super) fn amount(code: &str) -> Decline {
    let size = if code == "amount_too_small" { "small" } else { "large" };
    of(code, &format!("The amount is too {size} for the payment provider"))
}

/// A token that was used before.
pub(super) fn used_token() -> Decline {
    let message = "token was used already; ask for the card again".to_owned();
    Decline { code: "token_already_used".to_owned(), message, field: Some("token".to_owned()) }
}

fn of(code: &str, words: &str) -> Decline {
    Decline { code: code.to_owned(), message: words.to_owned(), field: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, decline_code: Option<&str>) -> Decline {
        decline(&Fault {
            code: Some(code.into()),
            decline_code: decline_code.map(Into::into),
            ..Fault::default()
        })
    }

    #[test]
    fn a_decline_says_why_unless_that_is_for_the_bank_alone() {
        let funds = said("card_declined", Some("insufficient_funds"));
        assert_eq!(funds.code, "insufficient_funds");
        assert!(funds.message.contains("insufficient funds"));
        assert!(said("expired_card", None).message.contains("expired"));
        for silent in SILENT {
            assert_eq!(said("card_declined", Some(silent)), said("card_declined", None));
        }
        assert_eq!(said("card_declined", Some("new_code")).message, "The card was declined");
    }
}
