//! What stands for a card: a token of the provider's, never the card itself (I28).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest token, in characters: providers' are below 100.
const MAX_LENGTH: usize = 255;

/// How many digits a card number has.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// A provider's token for a card. It is kept only while its payment is unresolved, and never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Nothing there.
    #[error("must be given")]
    Missing,
    /// Too long, or not made of visible ASCII characters.
    #[error("is not a payment token")]
    Malformed,
    /// What must never reach us.
    #[error("must be a token from the payment provider, never a card number")]
    CardNumber,
}

impl Token {
    /// The token, for the provider alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, BadToken> {
        if text.is_empty() {
            return Err(BadToken::Missing);
        }
        if holds_card_number(text) {
            return Err(BadToken::CardNumber);
        }
        if text.len() > MAX_LENGTH || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadToken::Malformed);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Whether there is a card number in the text: 13 to 19 digits with a right check digit, between
/// which there may be spaces, dashes and the like. No provider's token has so many digits in a row.
fn holds_card_number(text: &str) -> bool {
    // Groups of digits with nothing but such between them, and not parts of groups: of the parts
    // of any long number, one would have a right check digit.
    text.split(char::is_alphabetic).any(|stretch| {
        let groups = stretch.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
        let groups: Vec<&str> = groups.collect();
        (0..groups.len()).any(|first| begins_with_card_number(&groups[first..]))
    })
}

/// Whether the first of these groups of digits are a card number.
fn begins_with_card_number(groups: &[&str]) -> bool {
    let mut number = String::new();
    for group in groups {
        number.push_str(group);
        if is_card_number(&number) {
            return true;
        }
        if number.len() > *CARD_DIGITS.end() {
            return false;
        }
    }
    false
}

/// Whether so many digits are a card number.
fn is_card_number(digits: &str) -> bool {
    let places = digits.bytes().rev().enumerate();
    let luhn: u32 = places.map(|(place, digit)| weigh(place, u32::from(digit - b'0'))).sum();
    CARD_DIGITS.contains(&digits.len()) && luhn.is_multiple_of(10)
}

fn weigh(place: usize, digit: u32) -> u32 {
    match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, doubled) if doubled > 9 => doubled - 9,
        (_, doubled) => doubled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i28_a_card_number_is_no_token() {
        for card in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "3782-822463-10005",
            "4242.4242.4242.4242",
            "tok_4242424242424242",
            "tok_visa4242_4242_4242_4242_12_30",
            "Karte 4242 4242 4242 4242, 12/30, 737",
        ] {
            assert_eq!(card.parse::<Token>(), Err(BadToken::CardNumber), "{card}");
        }
        for fine in [
            "tok_visa",
            "4242424242424241",
            "123456789012",
            "tok_42424242a42424242",
            "tok_1N3T00LkdIwHu7ixt44h1F8k",
        ] {
            assert!(fine.parse::<Token>().is_ok(), "{fine}");
        }
    }

    #[test]
    fn what_is_no_token_says_why() {
        assert_eq!("".parse::<Token>(), Err(BadToken::Missing));
        for bad in ["tok visa", "tok\0", "tök", &"x".repeat(256)] {
            assert_eq!(bad.parse::<Token>(), Err(BadToken::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn i28_a_token_is_not_shown() {
        let token: Token = "tok_visa".parse().unwrap();
        assert!(!format!("{token:?}").contains("visa"));
    }
}
