//! Calls and answers, without sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// A call to a provider.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// `GET`, `POST` or `DELETE`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// As it was sent.
    pub body: Vec<u8>,
}

impl Call {
    /// The path alone.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The body as a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What a provider answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Whether it is what was answered before under the same key.
    pub is_replayed: bool,
    /// The body, JSON.
    pub body: Value,
}

impl Answer {
    /// A fresh one.
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, is_replayed: false, body }
    }
}

/// What becomes of a call on its way.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is answered, after so long.
    Answered(Answer, Duration),
    /// There is never an answer, whether it was carried out or not: the connection breaks after so
    /// long.
    Silent(Duration),
}
