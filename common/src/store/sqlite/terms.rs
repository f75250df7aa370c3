//! Sets of words: how a row keeps them, and how one of them is looked for.
//!
//! A `Terms` field is kept twice. A side table of (word, document) finds documents by a word. A
//! column of the row holds the words themselves, so that an update writes only the words that
//! changed, and so that a document found by another way can be asked for a word without a second
//! look-up ([`has_word`]).

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Error, Result};

/// The column's form of `words`: each with its length in bytes before it, since a word may hold any
/// character.
pub(super) fn encode(words: &[String]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(words.iter().map(|word| word.len() + 4).sum());
    for word in words {
        let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes
}

/// The words in a column's value.
pub(super) fn decode(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (word, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        Some(word)
    })
}

/// The smallest text above every text that starts with `prefix`; `None` where no text is.
pub(super) fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // Texts compare by their UTF-8 bytes, which is the order of their characters; surrogates
        // are none.
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// Teaches a connection `has_word(column, word, prefix)`.
pub(super) fn define(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("has_word", 3, flags, has_word)
}

fn has_word(context: &mut Context<'_>) -> Result<bool> {
    let ValueRef::Blob(column) = context.get_raw(0) else {
        return Ok(false);
    };
    let ValueRef::Text(wanted) = context.get_raw(1) else {
        return Err(Error::InvalidParameterType(1, Type::Text));
    };
    let prefix: bool = context.get(2)?;
    Ok(decode(column).any(|word| if prefix { word.starts_with(wanted) } else { word == wanted }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_characters_come_back() {
        let words = ["", "a", "nul\0nul", "größe", "票"].map(str::to_owned);
        let bytes = encode(&words);
        let back: Vec<_> = decode(&bytes).collect();
        assert_eq!(back, words.each_ref().map(|word| word.as_bytes()));
    }

    #[test]
    fn the_end_of_a_prefix_is_just_above_all_that_start_with_it() {
        assert_eq!(end_of_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(end_of_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
        assert_eq!(end_of_prefix(""), None);
    }
}
