//! A body's bytes as the members of a JSON object, each still as text.
//!
//! Values stay text until somebody asks for them as something: so a price is read digit by digit,
//! and a wrong type is a fault of its field and not of the body.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::command::{Fault, Refusal};

/// How deep arrays and objects may be nested. The deepest body of ours has two levels; the rest is
/// room for what clients send along and nobody reads.
pub const MAX_DEPTH: usize = 32;

/// The members of an object.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// The text of each value.
    pub(super) values: BTreeMap<String, Box<RawValue>>,
    /// Names that were given more than once.
    pub(super) repeated: BTreeSet<String>,
}

/// The object that a body holds.
///
/// # Errors
/// When it holds none.
pub(super) fn object(body: &[u8]) -> Result<Members, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    if is_too_deep(body) {
        return Err(refusal(format!("The JSON is nested more than {MAX_DEPTH} levels deep")));
    }
    members(text).map_err(|_| match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => refusal("The body must be a JSON object"),
        Err(_) => malformed(),
    })
}

/// The members of the object in `text`.
pub(super) fn members(text: &str) -> Result<Members, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Collect)?;
    reader.end()?;
    Ok(members)
}

fn malformed() -> Refusal {
    refusal("Malformed JSON")
}

fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::Invalid(vec![Fault { message: message.into(), field: None }])
}

/// Looked at before anything is parsed, because what makes a parser run out of stack is too late to
/// be counted there.
fn is_too_deep(body: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            match members.values.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(first) => {
                    members.repeated.insert(first.key().clone());
                }
            }
        }
        Ok(members)
    }
}
