//! An e-mail address in the one form in which it is stored, compared and shown.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Most characters of an address: what SMTP can carry.
const MAX_CHARACTERS: usize = 254;

/// Most characters before the `@`.
const MAX_LOCAL: usize = 64;

/// Most characters between two dots of a domain.
const MAX_LABEL: usize = 63;

/// An e-mail address: without blanks around it, in lower case, its letters composed. Two that
/// differ in these alone are the same person's.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Email must be valid")]
pub struct NotAnEmail;

impl Email {
    /// The address that `text` means.
    ///
    /// # Errors
    /// When mail could not be sent to it: the shape alone is judged, not whether it exists.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        // Bounded before anything that takes time in its length; composing never makes an address
        // much shorter.
        if text.len() > 8 * MAX_CHARACTERS {
            return Err(NotAnEmail);
        }
        let address: String = text.trim().nfc().flat_map(char::to_lowercase).nfc().collect();
        let (local, domain) = address.split_once('@').ok_or(NotAnEmail)?;
        let fits = address.chars().count() <= MAX_CHARACTERS;
        if !fits || !is_local(local) || !is_domain(domain) {
            return Err(NotAnEmail);
        }
        Ok(Self(address))
    }

    /// As it is stored, compared and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// It says nothing about the person, because what is written with it ends up in logs.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

fn is_local(local: &str) -> bool {
    const SYMBOLS: &str = "!#$%&'*+-/=?^_`{|}~.";
    let allowed = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || SYMBOLS.contains(c),
        false => is_visible(c),
    };
    (1..=MAX_LOCAL).contains(&local.chars().count())
        && local.chars().all(allowed)
        && local.split('.').all(|part| !part.is_empty())
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let has_top = labels.last().is_some_and(|top| {
        top.chars().count() >= 2 && !top.bytes().all(|digit| digit.is_ascii_digit())
    });
    labels.len() >= 2 && has_top && labels.iter().all(|label| is_label(label))
}

fn is_label(label: &str) -> bool {
    let allowed = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '-',
        false => is_visible(c),
    };
    (1..=MAX_LABEL).contains(&label.chars().count())
        && label.chars().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a character beyond ASCII shows: one that does not would let two addresses look alike.
fn is_visible(c: char) -> bool {
    let is_format = matches!(c, '\u{ad}' | '\u{200b}'..='\u{206f}' | '\u{fff0}'..='\u{fffb}');
    let is_mark_or_private = matches!(c, '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..);
    !c.is_whitespace() && !c.is_control() && !is_format && !is_mark_or_private
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_form_of_an_address() {
        for (text, form) in [
            ("ada@example.com", "ada@example.com"),
            ("  ADA@Example.COM\n", "ada@example.com"),
            ("Ame\u{301}lie@example.com", "am\u{e9}lie@example.com"),
            ("AM\u{c9}LIE@example.com", "am\u{e9}lie@example.com"),
            ("ada.l+tickets_1@mail.example.co.uk", "ada.l+tickets_1@mail.example.co.uk"),
            ("анна@пример.рф", "анна@пример.рф"),
        ] {
            assert_eq!(Email::parse(text).map(|email| email.to_string()), Ok(form.to_owned()));
        }
    }

    #[test]
    fn what_mail_cannot_be_sent_to_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long = format!("a@{}com", "bbbbbbbbb.".repeat(26));
        let huge = "@".repeat(60_000);
        for text in [
            "",
            " ",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "a@b@c.com",
            "ada@localhost",
            "ada@.com",
            "ada@example.",
            "ada@exa mple.com",
            "ada@-example.com",
            "ada@example-.com",
            "ada@example..com",
            ".ada@example.com",
            "ada.@example.com",
            "a..da@example.com",
            "ada@127.0.0.1",
            "ada@example.c",
            "a,da@example.com",
            "\"ada\"@example.com",
            "a\0@example.com",
            "a\u{200b}da@example.com",
            "a\u{202e}da@example.com",
            "<ada@example.com>",
            &long_local,
            &long_label,
            &long,
            &huge,
        ] {
            assert_eq!(Email::parse(text), Err(NotAnEmail), "{text:?}");
        }
    }

    #[test]
    fn its_debug_form_tells_nobody_who_it_is() {
        let email = Email::parse("ada@example.com").unwrap();
        assert!(!format!("{email:?}").contains("ada"));
    }
}
