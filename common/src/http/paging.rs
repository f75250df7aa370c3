//! Pages of a list, and cursors: where a page begins, in a form that clients hand back and do not
//! look into.
//!
//! A cursor says after which document a page begins, by the value it is sorted by and its id, so
//! that walking a list is complete and without repetition while documents come and go. It is no
//! secret and not signed: all it can do is to begin somewhere, and whose documents a list shows is
//! not its matter.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::id::Id;
use crate::store::{Kind, Position, Value};

/// Items of a page that does not say how many.
pub const DEFAULT_LIMIT: usize = 50;

/// Most items of a page.
pub const MAX_LIMIT: i64 = 100;

/// Longest cursor that is looked at.
const MAX_CURSOR_BYTES: usize = 1_024;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of the page after `position` in `order`, which is what [`super::Params::page`]
    /// was told.
    pub fn after(position: &Position, order: &str) -> Self {
        let value = match &position.value {
            Value::Integer(number) => serde_json::Value::from(*number),
            Value::Text(text) => serde_json::Value::from(text.as_str()),
            Value::Absent | Value::Terms(_) => serde_json::Value::Null,
        };
        let parts = serde_json::json!([order, value, position.id]);
        Self(Base64UrlUnpadded::encode_string(parts.to_string().as_bytes()))
    }

    /// As it stands in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Most items on it.
    pub limit: usize,
    /// It begins after this position.
    pub after: Option<Position>,
    pub(super) order: String,
}

impl Page {
    /// How many items to look for: one more than the page has room for, which tells whether there
    /// is a next one.
    pub fn fetch(&self) -> usize {
        self.limit + 1
    }

    /// The id that the page begins after, for lists in the order of ids.
    pub fn after_id(&self) -> Option<Id> {
        self.after.as_ref().and_then(|position| position.id.parse().ok())
    }

    /// Cuts what was found with [`Page::fetch`] to the page, and says where the next one begins.
    pub fn cut<T>(
        &self,
        mut items: Vec<T>,
        position: impl Fn(&T) -> Position,
    ) -> (Vec<T>, Option<Cursor>) {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| Cursor::after(&position(last), &self.order));
        (items, next)
    }

    /// As [`Page::cut`], for lists in the order of ids.
    pub fn cut_by_id<T>(&self, items: Vec<T>, id: impl Fn(&T) -> Id) -> (Vec<T>, Option<Cursor>) {
        self.cut(items, |item| Position { value: Value::Absent, id: id(item).to_string() })
    }
}

/// The position in `order` that a cursor stands for, if it is one of that order.
pub(super) fn position(cursor: &str, order: &str, value: Option<Kind>) -> Option<Position> {
    if cursor.len() > MAX_CURSOR_BYTES {
        return None;
    }
    let bytes = Base64UrlUnpadded::decode_vec(cursor).ok()?;
    let (named, given, id): (String, serde_json::Value, Id) =
        serde_json::from_slice(&bytes).ok()?;
    if named != order {
        return None;
    }
    let value = match (value, given) {
        (None, serde_json::Value::Null) => Value::Absent,
        (Some(Kind::Integer), serde_json::Value::Number(number)) => {
            Value::Integer(number.as_i64()?)
        }
        (Some(Kind::Text), serde_json::Value::String(text)) => Value::Text(text),
        _ => return None,
    };
    Some(Position { value, id: id.to_string() })
}
