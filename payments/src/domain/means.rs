//! With what a buyer pays.

use serde::{Deserialize, Serialize};

use super::token::Token;

/// With what a buyer pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// A card that the provider gave a token for. Whoever holds the token asks for the money.
    Token(Token),
    /// Whatever the buyer picks on a page of the provider's, or in the part of ours that the
    /// provider fills. The money is asked for there; this service hears of it.
    Page {
        /// Where the buyer comes back to afterwards.
        back: String,
        /// Which of the two it is. Payments from before one could choose do not say: theirs is
        /// whichever their provider offers first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
    },
}

/// Where a provider asks for the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// On a page of its own.
    Page,
    /// In a part of ours that its script fills.
    Element,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Page, Self::Element];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Element => "element",
        }
    }
}

impl Means {
    /// The token, where there is one.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Page { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::State;

    #[test]
    fn what_earlier_versions_stored_is_still_read() {
        let stored = r#"{"status":"started","token":"tok_visa"}"#;
        let state: State = serde_json::from_str(stored).unwrap();
        let means = Means::Token("tok_visa".parse().unwrap());
        assert_eq!(state, State::Started { means, opened: None });
        assert_eq!(serde_json::to_string(&state).unwrap(), stored);
    }

    #[test]
    fn a_payment_from_before_one_could_choose_where_is_still_read() {
        let stored = r#"{"status":"started","page":{"back":"https://tickets.example/orders/1"}}"#;
        let state: State = serde_json::from_str(stored).unwrap();
        let means = Means::Page { back: "https://tickets.example/orders/1".into(), place: None };
        assert_eq!(state, State::Started { means, opened: None });
        assert_eq!(serde_json::to_string(&state).unwrap(), stored);
    }

    #[test]
    fn places_are_stored_by_their_names() {
        for place in Place::ALL {
            assert_eq!(serde_json::to_string(&place).unwrap(), format!("{:?}", place.name()));
        }
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let back = "https://tickets.example/orders/1".into();
        let means = Means::Page { back, place: Some(Place::Element) };
        let state = State::Started { means, opened: Some("pi_1".into()) };
        let stored = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&stored).unwrap(), state, "{stored}");
    }
}
