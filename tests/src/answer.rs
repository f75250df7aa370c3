//! An answer, and what every answer must obey whatever the route.

use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::Value;

/// Words that only the inside of the program knows; an error body that has one leaks.
const INSIDE: [&str; 9] = [
    "panicked",
    "sqlite",
    "SQLITE",
    ".rs:",
    "RUST_",
    "rusqlite",
    "stack backtrace",
    "os error",
    "unwrap",
];

/// What the server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Method and path of the request, for messages.
    pub request: String,
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What a person is told.
    pub message: String,
    /// The field at fault, where it is one.
    pub field: Option<String>,
}

impl Answer {
    /// Holds the answer against the conventions of api.md that bind every route; panics on the
    /// first breach.
    ///
    /// # Panics
    /// On a breach of the conventions, and on any 500: no input may cause one.
    pub fn judge(&self) {
        assert!(self.status != 500, "a 500 must not happen: {self}");
        if self.status >= 400 {
            let faults = self.faults();
            assert!(!faults.is_empty(), "an error names at least one fault: {self}");
            let shown = self.written();
            for word in INSIDE {
                assert!(!shown.contains(word), "the inside ({word}) leaks: {self}");
            }
        }
        if self.status == 429 || self.status == 503 {
            let after = self.header("retry-after").unwrap_or_default();
            assert!(after.parse::<u32>().is_ok(), "{} says Retry-After: {self}", self.status);
        }
        if self.status == 204 || self.status == 304 {
            assert!(self.body.is_empty(), "{} has no body: {self}", self.status);
        }
    }

    /// The entries of `errors`, each checked for its shape.
    ///
    /// # Panics
    /// If the body is not of the error shape.
    pub fn faults(&self) -> Vec<Fault> {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "an error is JSON: {self}");
        let body = self.json();
        let Some(Value::Array(errors)) = body.get("errors") else {
            panic!("an error body is {{errors: […]}}: {self}");
        };
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "only `errors`: {self}");
        errors
            .iter()
            .map(|error| {
                let Some(message) = error.get("message").and_then(Value::as_str) else {
                    panic!("each fault has a message: {self}");
                };
                assert!(!message.trim().is_empty(), "a message says something: {self}");
                let field = error.get("field").map(|field| match field {
                    Value::String(name) => name.clone(),
                    _ => panic!("a field is a string: {self}"),
                });
                Fault { message: message.to_owned(), field }
            })
            .collect()
    }

    /// The answer itself, if its status is `status`.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert!(self.status == status, "expected {status}: {self}");
        self
    }

    /// The answer itself, if its status is one of `statuses`.
    ///
    /// # Panics
    /// If it is none of them.
    #[track_caller]
    #[must_use]
    pub fn expect_any(self, statuses: &[u16]) -> Self {
        assert!(statuses.contains(&self.status), "expected one of {statuses:?}: {self}");
        self
    }

    /// Asserts the status, for where the answer itself is not wanted.
    ///
    /// # Panics
    /// If it is another.
    #[track_caller]
    pub fn is(&self, status: u16) {
        assert!(self.status == status, "expected {status}: {self}");
    }

    /// Asserts that this is a 400 which blames `field`.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn blames(&self, field: &str) {
        self.is(400);
        let blamed = self.faults().iter().any(|fault| fault.field.as_deref() == Some(field));
        assert!(blamed, "expected a fault on the field {field}: {self}");
    }

    /// Whether the status is a success.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|fault| panic!("a body of JSON ({fault}): {self}"))
    }

    /// One header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as text, whatever it is.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The target of the `Link` header with `rel="next"`, if the list goes on.
    pub fn next_page(&self) -> Option<String> {
        let link = self.header("link")?;
        let (target, rest) = link.strip_prefix('<')?.split_once('>')?;
        rest.contains("rel=\"next\"").then(|| target.to_owned())
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.written().chars().take(600).collect();
        write!(f, "{} → {} {body}", self.request, self.status)
    }
}

/// The string under `key`.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn text(value: &Value, key: &str) -> String {
    match value.get(key).and_then(Value::as_str) {
        Some(found) => found.to_owned(),
        None => panic!("a string under {key}: {value}"),
    }
}

/// The whole number under `key`.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn number(value: &Value, key: &str) -> u64 {
    match value.get(key).and_then(Value::as_u64) {
        Some(found) => found,
        None => panic!("a number under {key}: {value}"),
    }
}

/// The ids of the items of a list, in its order.
///
/// # Panics
/// If it is no list of things with ids.
#[track_caller]
pub fn ids(list: &Value) -> Vec<String> {
    match list {
        Value::Array(items) => items.iter().map(|item| text(item, "id")).collect(),
        other => panic!("a list: {other}"),
    }
}

/// The instant under `key`, which must be RFC 3339 in UTC with milliseconds.
///
/// # Panics
/// If there is none, or it is written otherwise.
#[track_caller]
pub fn instant(value: &Value, key: &str) -> jiff::Timestamp {
    let written = text(value, key);
    assert!(
        written.len() == 24 && written.ends_with('Z') && written.as_bytes().get(19) == Some(&b'.'),
        "{key} is RFC 3339 in UTC with milliseconds: {written}"
    );
    match written.parse() {
        Ok(instant) => instant,
        Err(fault) => panic!("{key} is an instant: {written} ({fault})"),
    }
}
