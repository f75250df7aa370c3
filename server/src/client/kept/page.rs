//! A page as it is kept: made once, ready to be sent to anybody who asks for it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    self, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, REFERRER_POLICY, SET_COOKIE, VARY,
};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use common::http::Tag;
use common::http::gate::AsItIs;
use common::time::Timestamp;

use super::changes::{Record, Subject, within};
use super::policy;
use super::{FRESH_FOR, STALE_FOR};
use crate::client::encoding::{Effort, Encoding, WORTH_IT_BYTES};
use crate::client::headers::{X_TICKETING_KEEP, is_hop_by_hop, vary_on};

/// What other caches in front of us may do: as we do, but for at most a second without asking.
const FOR_EVERYBODY: HeaderValue =
    HeaderValue::from_static("public, max-age=0, s-maxage=1, stale-while-revalidate=30");

/// What a page is kept without: what is said anew with every answer, what was only for us, and what
/// the page's body is no longer.
const DROPPED: [HeaderName; 9] = [
    header::DATE,
    header::SERVER,
    CACHE_CONTROL,
    CONTENT_LENGTH,
    ETAG,
    VARY,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-powered-by"),
    X_TICKETING_KEEP,
];

/// Why an answer is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// It is for one person, or says that it is nobody's to keep.
    #[error("it is not for everybody")]
    Private,
    /// It says that something is missing, which is soon there again.
    #[error("it is in trouble")]
    InTrouble,
    /// It is said to be for everybody, and cannot be sent to everybody.
    #[error("{0}")]
    Unfit(#[from] policy::Unfit),
    /// It is said to be for everybody, and sets a cookie.
    #[error("it sets a cookie")]
    SetsCookie,
    /// It is said to be for everybody, and its body is not as it was asked for.
    #[error("its body is no plain text in UTF-8")]
    NotText,
}

/// What an answer shows, if its head says that it may be kept.
///
/// # Errors
/// Why not.
pub fn subject_of(head: &Parts) -> Result<Subject, NotKept> {
    let told = head.headers.get(X_TICKETING_KEEP).and_then(|told| told.to_str().ok());
    let subject = told.and_then(Subject::read).ok_or(NotKept::Private)?;
    if head.status != StatusCode::OK {
        return Err(NotKept::Private);
    }
    if head.headers.contains_key(SET_COOKIE) {
        return Err(NotKept::SetsCookie);
    }
    let plain = |encoding: &HeaderValue| encoding == "identity";
    if !head.headers.get(CONTENT_ENCODING).is_none_or(plain) {
        return Err(NotKept::NotText);
    }
    Ok(subject)
}

/// Said in a page that is in trouble: the client's server says that a page is for everybody before
/// it makes it, and may find only then that the API has no answer. As the tag of a page, and as
/// data of one; neither can be written by whoever writes what pages show.
const NOT_NOW: [&str; 2] = [r#"<meta name="ticketing-keep""#, r#""name":"ticketing-keep""#];

/// A page.
#[derive(Debug)]
pub struct Page {
    identity: Form,
    gzip: Form,
    brotli: Form,
    /// When its making began.
    pub since: Timestamp,
    /// What it shows, and how often that had changed.
    pub seen: (Arc<Record>, u64),
}

/// A page in one encoding.
#[derive(Debug, Clone)]
struct Form {
    tag: HeaderValue,
    headers: HeaderMap,
    body: Bytes,
}

/// How a page may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It shows what is.
    Fresh,
    /// It shows what was a moment ago: good enough, and to be made anew.
    Stale,
    /// It shows what was: to be made anew first.
    Old,
}

impl Page {
    /// The page with this head and body. One that was kept before, and says the same, lends what
    /// was compressed.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub fn make(
        head: &Parts,
        body: &Bytes,
        before: Option<&Page>,
        since: Timestamp,
        seen: (Arc<Record>, u64),
    ) -> Result<Self, NotKept> {
        let (headers, text) = for_everybody(head, body)?;
        let tag = Tag::of_content(text.as_bytes()).to_string();
        let tag = tag.trim_matches('"').to_owned();
        let body = Bytes::from(text);
        let form = |encoding| {
            let earlier = before.map(|page| page.form(encoding));
            Form::make(encoding, &tag, &headers, &body, earlier)
        };
        let identity = form(Encoding::Identity);
        if body.len() < WORTH_IT_BYTES {
            let (gzip, brotli) = (identity.clone(), identity.clone());
            return Ok(Self { identity, gzip, brotli, since, seen });
        }
        let (gzip, brotli) = (form(Encoding::Gzip), form(Encoding::Brotli));
        Ok(Self { identity, gzip, brotli, since, seen })
    }

    /// How it may be used.
    pub fn state(&self, now: Timestamp) -> State {
        let (record, count) = &self.seen;
        if record.count() == *count {
            return match within(self.since, now, FRESH_FOR) {
                true => State::Fresh,
                false if within(self.since, now, FRESH_FOR * 2) => State::Stale,
                false => State::Old,
            };
        }
        match record.since(*count) {
            Some(changed) if within(changed, now, STALE_FOR) => State::Stale,
            _ => State::Old,
        }
    }

    /// Bytes that it takes.
    pub fn weight(&self) -> usize {
        let forms = [&self.identity, &self.gzip, &self.brotli];
        // A header takes some hundred bytes with its place in the map.
        forms.iter().map(|form| form.body.len() + form.headers.len() * 128).sum()
    }

    /// The page, to whoever sent these headers.
    pub fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let form = self.form(Encoding::best_for(headers));
        let known = is_known(&form.tag, headers);
        let body = if known { Body::empty() } else { Body::from(form.body.clone()) };
        let mut response = Response::new(body);
        *response.headers_mut() = form.headers.clone();
        response.extensions_mut().insert(AsItIs);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        response
    }

    fn form(&self, encoding: Encoding) -> &Form {
        match encoding {
            Encoding::Identity => &self.identity,
            Encoding::Gzip => &self.gzip,
            Encoding::Brotli => &self.brotli,
        }
    }
}

impl Form {
    fn make(
        encoding: Encoding,
        tag: &str,
        headers: &HeaderMap,
        body: &Bytes,
        earlier: Option<&Self>,
    ) -> Self {
        let extension = encoding.extension();
        let tag = HeaderValue::try_from(format!("\"{tag}{extension}\""));
        let tag = tag.unwrap_or(HeaderValue::from_static("\"\""));
        let body = match earlier {
            Some(earlier) if earlier.tag == tag => earlier.body.clone(),
            _ if encoding == Encoding::Identity => body.clone(),
            _ => match encoding.write(body, Effort::Quick) {
                Ok(written) => Bytes::from(written),
                Err(error) => {
                    tracing::error!(%error, ?encoding, "a page is not compressed");
                    return Self::make(Encoding::Identity, "", headers, body, None);
                }
            },
        };
        let mut headers = headers.clone();
        if let Some(name) = encoding.name() {
            headers.insert(CONTENT_ENCODING, name);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(ETAG, tag.clone());
        Self { tag, headers, body }
    }
}

/// The headers and the text that everybody is sent.
fn for_everybody(head: &Parts, body: &Bytes) -> Result<(HeaderMap, String), NotKept> {
    let text = std::str::from_utf8(body).map_err(|_| NotKept::NotText)?.to_owned();
    if NOT_NOW.iter().any(|mark| text.contains(mark)) {
        return Err(NotKept::InTrouble);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &head.headers {
        if !DROPPED.contains(name) && !is_hop_by_hop(name, &head.headers) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.remove(CONTENT_ENCODING);
    headers.insert(CACHE_CONTROL, FOR_EVERYBODY);
    headers.insert(VARY, vary_on(&head.headers));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"));
    let mut policies = head.headers.get_all(CONTENT_SECURITY_POLICY).iter();
    let (first, second) = (policies.next(), policies.next());
    let Some(first) = first else { return Ok((headers, text)) };
    let first = first.to_str().map_err(|_| NotKept::NotText)?;
    if second.is_some() {
        return Err(policy::Unfit::Nonces.into());
    }
    if let Some(nonce) = policy::nonce_in(first)? {
        // Preloads name it, too.
        for value in headers.values_mut().filter(|value| *value != first) {
            let Some(text) = value.to_str().ok().filter(|text| text.contains(nonce)) else {
                continue;
            };
            let text = text.replace(nonce, &policy::spent(nonce));
            *value = HeaderValue::try_from(text).map_err(|_| NotKept::NotText)?;
        }
    }
    let fit = policy::fit(first, text)?;
    // What is no page runs nothing, and needs no policy.
    headers.remove(CONTENT_SECURITY_POLICY);
    if is_page {
        let policy = HeaderValue::try_from(fit.policy).map_err(|_| NotKept::NotText)?;
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok((headers, fit.html))
}

/// Whether a request says that it has what `tag` names already.
pub fn is_known(tag: &HeaderValue, headers: &HeaderMap) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|line| {
        let (Ok(line), Ok(tag)) = (line.to_str(), tag.to_str()) else { return false };
        // Weakly compared (RFC 9110, 13.1.2).
        let mut known = line.split(',').map(str::trim);
        known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    })
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
