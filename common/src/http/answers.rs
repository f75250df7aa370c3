//! What goes out: an [`Answer`] is data, so that it can be kept under an idempotency key and given
//! again.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::etag::Tag;
use crate::replies::Answer;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Said where a value has no JSON form, which is a defect in its type.
const NO_FORM: &str = r#"{"errors":[{"message":"Something went wrong"}]}"#;

impl Answer {
    /// `value` as JSON.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(body) => Self { status, headers: Vec::new(), body },
            Err(error) => {
                tracing::error!(%error, "an answer has no JSON form");
                Self { status: 500, headers: Vec::new(), body: NO_FORM.to_owned() }
            }
        }
    }

    /// 200 with `value` as JSON.
    pub fn ok<T: Serialize>(value: &T) -> Self {
        Self::json(200, value)
    }

    /// 201 with `value` as JSON.
    pub fn created<T: Serialize>(value: &T) -> Self {
        Self::json(201, value)
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// With the entity tag of this version.
    #[must_use]
    pub fn with_etag(self, version: u64) -> Self {
        self.with_header(ETAG.as_str(), Tag::of_version(version).to_string())
    }

    /// With the path of what was made.
    #[must_use]
    pub fn with_location(self, path: impl Into<String>) -> Self {
        self.with_header(LOCATION.as_str(), path)
    }

    /// With a cookie, as [`crate::session::cookie`] writes it.
    #[must_use]
    pub fn with_cookie(self, cookie: impl Into<String>) -> Self {
        self.with_header(SET_COOKIE.as_str(), cookie)
    }

    /// With a header. It is left out, with an error in the log, where it is no valid one.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let has_body = !self.body.is_empty();
        let body = if has_body { Body::from(self.body) } else { Body::empty() };
        let mut response = Response::new(body);
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, NO_STORE);
        if has_body {
            headers.insert(CONTENT_TYPE, JSON);
        }
        for (name, value) in self.headers {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(value)) => {
                    headers.append(name, value);
                }
                _ => tracing::error!("a header of an answer is no valid one"),
            }
        }
        response
    }
}
