//! The extractor of handlers that only read.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde::Serialize;

use super::answers::JSON;
use super::errors::Problem;
use super::etag::Tag;
use super::paging::Cursor;
use super::params::{self, Params};
use super::{Kit, gate};
use crate::command::Refusal;
use crate::execute::Failure;
use crate::session::{Session, cookie};

/// For answers that depend on who asks: nobody else may be given them.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// For answers to anybody: they may be kept, and are asked about by their tag before they are used.
const PUBLIC: HeaderValue = HeaderValue::from_static("no-cache");

/// A request that reads.
pub struct Read {
    kit: Kit,
    caller: Caller,
    uri: Uri,
    known: HeaderMap,
    trace: String,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    Nobody,
    User(Arc<Session>),
    /// The store could not say whether the session is still good.
    Unknown(Failure),
}

impl Caller {
    pub(super) async fn of(kit: &Kit, headers: &HeaderMap) -> Self {
        let Some(token) = cookie::token_in(headers) else {
            return Self::Nobody;
        };
        match kit.sessions().session_of(token).await {
            Ok(Some(session)) => Self::User(session),
            Ok(None) => Self::Nobody,
            Err(failure) => Self::Unknown(failure),
        }
    }

    pub(super) fn session(&self) -> Result<&Session, Problem> {
        match self {
            Self::User(session) => Ok(session),
            Self::Nobody => Err(Refusal::NotSignedIn.into()),
            Self::Unknown(failure) => Err(failure.clone().into()),
        }
    }

    pub(super) fn known(&self) -> Option<&Session> {
        match self {
            Self::User(session) => Some(session),
            Self::Nobody | Self::Unknown(_) => None,
        }
    }
}

impl<S> FromRequestParts<S> for Read
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let kit = Kit::from_ref(state);
        let caller = Caller::of(&kit, &parts.headers).await;
        let mut known = HeaderMap::new();
        for tag in parts.headers.get_all(IF_NONE_MATCH) {
            known.append(IF_NONE_MATCH, tag.clone());
        }
        let trace = gate::trace_of(&parts.headers);
        Ok(Self { kit, caller, uri: parts.uri.clone(), known, trace })
    }
}

impl Read {
    /// Whose session it is.
    ///
    /// # Errors
    /// 401 where nobody is signed in; 503 where the store cannot say.
    pub fn session(&self) -> Result<&Session, Problem> {
        self.caller.session()
    }

    /// Whose session it is, where it makes a difference but need not be anybody's.
    pub fn session_if_any(&self) -> Option<&Session> {
        self.caller.known()
    }

    /// The query's parameters.
    pub fn query(&self) -> Params {
        self.uri.query().map_or_else(Params::default, Params::read)
    }

    /// The request's id, which its events and log lines carry.
    pub fn trace(&self) -> &str {
        &self.trace
    }

    /// What the service's handlers share.
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// One thing in its version: 200 with its tag, or 304 where the client has it.
    pub fn answer<T: Serialize>(&self, version: u64, body: &T) -> Response {
        let tag = Tag::of_version(version);
        if tag.is_known_to(&self.known) {
            return self.not_modified(&tag);
        }
        match serde_json::to_vec(body) {
            Ok(body) => self.whole(&tag, body.into()),
            Err(error) => Problem::from(error).into_response(),
        }
    }

    /// As [`Read::answer`], for what has no version: the tag is made from its content.
    pub fn answer_unversioned<T: Serialize>(&self, body: &T) -> Response {
        match serde_json::to_vec(body) {
            Ok(body) => self.answer_bytes(Tag::of_content(&body), body.into()),
            Err(error) => Problem::from(error).into_response(),
        }
    }

    /// As [`Read::answer`], for what is JSON already.
    pub fn answer_bytes(&self, tag: impl Into<Tag>, body: Bytes) -> Response {
        let tag = tag.into();
        if tag.is_known_to(&self.known) { self.not_modified(&tag) } else { self.whole(&tag, body) }
    }

    /// As [`Read::answer_unversioned`], for a file called `name` that is of type `kind`, to be
    /// shown where it can be. A name is made of what needs no quoting.
    pub fn answer_file(&self, name: &str, kind: HeaderValue, bytes: Bytes) -> Response {
        let mut response = self.answer_bytes(Tag::of_content(&bytes), bytes);
        if response.status() == StatusCode::OK {
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, kind);
            if let Ok(shown) = HeaderValue::try_from(format!("inline; filename=\"{name}\"")) {
                headers.insert(CONTENT_DISPOSITION, shown);
            }
        }
        response
    }

    /// A page of a list: a bare array, with where the next page is in a `Link` header.
    pub fn page<T: Serialize>(&self, items: &[T], next: Option<Cursor>) -> Response {
        let body = match serde_json::to_vec(items) {
            Ok(body) => body,
            Err(error) => return Problem::from(error).into_response(),
        };
        // The same items may be followed by others or by none, which the header says and the body
        // does not.
        let end: &[u8] = if next.is_some() { b"more" } else { b"last" };
        let tag = Tag::of_content(&[&body, end].concat());
        let mut response = self.answer_bytes(tag, body.into());
        if let Some(cursor) = next {
            let query = params::with_cursor(self.uri.query().unwrap_or_default(), &cursor);
            let link = format!("<{}?{query}>; rel=\"next\"", self.uri.path());
            if let Ok(link) = HeaderValue::try_from(link) {
                response.headers_mut().insert(LINK, link);
            }
        }
        response
    }

    fn whole(&self, tag: &Tag, body: Bytes) -> Response {
        let mut response = Response::new(Body::from(body));
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        self.tagged(response, tag)
    }

    fn not_modified(&self, tag: &Tag) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.tagged(response, tag)
    }

    fn tagged(&self, mut response: Response, tag: &Tag) -> Response {
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::try_from(tag.to_string()) {
            headers.insert(ETAG, tag);
        }
        let public = matches!(self.caller, Caller::Nobody);
        headers.insert(CACHE_CONTROL, if public { PUBLIC } else { PRIVATE });
        response
    }
}
