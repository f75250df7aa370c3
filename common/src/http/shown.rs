//! What of a request stands in logs: its id, its method and its path, as far as none can be a
//! secret (I28).
//!
//! All three are whatever the client likes, also what somebody has pasted into the wrong field: so
//! what is shown is what looks like one of ours, and not what does not look like a secret.

use std::fmt;
use std::ops::RangeInclusive;

use http::Method;

use crate::id::Id;

/// Longest id that is taken over from a client.
const MAX_ID_BYTES: usize = 64;

/// How many digits a card number has.
const CARD_DIGITS: RangeInclusive<usize> = 13..=19;

/// Longest word in a path.
const MAX_WORD_BYTES: usize = 32;

/// Stands for what is not shown.
const ELLIPSIS: &str = "…";

/// Whether a client's own id for its request can stand in logs and events as it is: plain, not too
/// long, and not a number that a card could have.
pub(super) fn may_be_id(id: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let digits = id.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_number = !id.iter().any(u8::is_ascii_alphabetic);
    (1..=MAX_ID_BYTES).contains(&id.len())
        && id.iter().all(is_plain)
        && !(is_number && CARD_DIGITS.contains(&digits))
}

/// A method: one that has a name, or any other.
pub(super) fn method(method: &Method) -> &str {
    let is_known = matches!(
        *method,
        Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::OPTIONS
    );
    if is_known { method.as_str() } else { ELLIPSIS }
}

/// A path, of which words and ids are shown.
pub(super) struct Path<'a>(pub(super) &'a str);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.split('/').enumerate() {
            if place > 0 {
                f.write_str("/")?;
            }
            f.write_str(if is_word(part) || is_id(part) { part } else { ELLIPSIS })?;
        }
        Ok(())
    }
}

fn is_id(part: &str) -> bool {
    part.parse::<Id>().is_ok()
}

/// Whether it could be part of a route or the name of a file.
fn is_word(part: &str) -> bool {
    let letters = part.strip_prefix('_').unwrap_or(part);
    part.len() <= MAX_WORD_BYTES
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i28_words_and_ids_of_a_path_are_shown_and_nothing_else() {
        for same in [
            "/",
            "/api/tickets",
            "/api/users/change-password",
            "/api/payments/0123456789abcdef01234567/receipt.pdf",
            "/_next/static/app.js",
        ] {
            assert_eq!(Path(same).to_string(), same);
        }
        for (whole, left) in [
            ("/api/payments/4242424242424242", "/api/payments/…"),
            ("/api/payments/4242%204242%204242%204242/live", "/api/payments/…/live"),
            ("/sk_live_x/a", "/…/a"),
            ("/eyJhbGciOiJub25lIn0.e30.c2ln", "/…"),
            ("/abcdefghijklmnopqrstuvwxyzabcdefghi", "/…"),
            ("/api/tickets/0123456789ABCDEF01234567", "/api/tickets/…"),
        ] {
            assert_eq!(Path(whole).to_string(), left);
        }
    }

    #[test]
    fn i28_a_method_that_nobody_knows_is_not_shown() {
        assert_eq!(method(&Method::PATCH), "PATCH");
        assert_eq!(method(&"4242424242424242".parse().unwrap()), "…");
    }

    #[test]
    fn i28_a_number_that_a_card_could_have_is_nobodys_id() {
        for fine in ["a", "7", "0123456789abcdef", "1-2.3_4", "20261127", "4242424242424242x"] {
            assert!(may_be_id(fine.as_bytes()), "{fine}");
        }
        let long = "x".repeat(65);
        for bad in ["", "a b", "4242424242424242", "3782-822463-10005", "4242.4242.42424", &long] {
            assert!(!may_be_id(bad.as_bytes()), "{bad}");
        }
    }
}
