//! What a page is asked by: all that the answer may depend on, and nothing of who asks.

use axum::http::header::{ACCEPT_LANGUAGE, HOST};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use common::session::cookie;

use crate::client::site::Site;

/// What Next.js varies on besides the address: whether a page is asked for, or its data for a
/// navigation, from where, and how much of it.
pub const ROUTER_HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("rsc"),
    HeaderName::from_static("next-router-state-tree"),
    HeaderName::from_static("next-router-prefetch"),
    HeaderName::from_static("next-router-segment-prefetch"),
    HeaderName::from_static("next-url"),
];

/// Longest key: what asks for more is answered for itself, so that the bound on what is kept
/// counts pages and not what they are asked by.
const MAX_KEY_BYTES: usize = 2_048;

/// Longest language tag (RFC 5646, 4.4.1, asks for 35).
const MAX_LANGUAGE_BYTES: usize = 35;

/// A GET that anybody might send.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Tells it from all others that may be answered differently.
    pub key: String,
    /// Where it goes, without its query, for the log.
    pub path: String,
    uri: Uri,
    site: Site,
    language: Option<HeaderValue>,
    router: Vec<(HeaderName, HeaderValue)>,
}

impl Asked {
    /// What is asked by a request of nobody in particular; `None` where its answer is only for
    /// whoever sent it.
    pub fn read(parts: &Parts, site: &Site) -> Option<Self> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return None;
        }
        if cookie::token_in(&parts.headers).is_some() {
            return None;
        }
        let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let language = first_language(&parts.headers);
        let mut key = String::with_capacity(128);
        // No value of a header has a line break in it.
        for part in [site.scheme, &site.host, language.as_deref().unwrap_or(""), target] {
            key.push_str(part);
            key.push('\n');
        }
        let mut router = Vec::new();
        for name in ROUTER_HEADERS {
            for value in parts.headers.get_all(&name) {
                key.push_str(name.as_str());
                key.push(':');
                key.push_str(value.to_str().ok()?);
                key.push('\n');
                router.push((name.clone(), value.clone()));
            }
        }
        if key.len() > MAX_KEY_BYTES {
            return None;
        }
        let uri = target.parse().ok()?;
        let language = language.and_then(|tag| HeaderValue::try_from(tag).ok());
        let (path, site) = (parts.uri.path().to_owned(), site.clone());
        Some(Self { key, path, uri, site, language, router })
    }

    /// The request as it is sent to make the page for everybody: only with what is in the key, so
    /// that nothing else of one visitor can end up in what all are sent.
    pub fn request(&self) -> (Uri, HeaderMap) {
        let mut headers = HeaderMap::new();
        let host = HeaderValue::try_from(&self.site.host);
        headers.insert(HOST, host.unwrap_or(HeaderValue::from_static("localhost")));
        self.site.tell(&mut headers);
        if let Some(language) = &self.language {
            headers.insert(ACCEPT_LANGUAGE, language.clone());
        }
        for (name, value) in &self.router {
            headers.append(name.clone(), value.clone());
        }
        (self.uri.clone(), headers)
    }
}

/// The first language of a request, in lower case.
fn first_language(headers: &HeaderMap) -> Option<String> {
    let line = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let tag = line.split([',', ';']).next().unwrap_or_default().trim();
    let plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let fits = (1..=MAX_LANGUAGE_BYTES).contains(&tag.len());
    (plain && fits).then(|| tag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn site() -> Site {
        Site { scheme: "http", host: "tickets.example".to_owned() }
    }

    fn asked(uri: &str, headers: &[(&str, &str)]) -> Option<Asked> {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Asked::read(&request.body(()).unwrap().into_parts().0, &site())
    }

    fn key(uri: &str, headers: &[(&str, &str)]) -> String {
        asked(uri, headers).unwrap().key
    }

    #[test]
    fn what_the_answer_depends_on_is_told_apart() {
        let keys = [
            key("/", &[]),
            key("/?page=2", &[]),
            key("/tickets/1", &[]),
            key("/", &[("accept-language", "de")]),
            key("/", &[("accept-language", "de-CH, de;q=0.9")]),
            key("/", &[("rsc", "1")]),
            key("/", &[("rsc", "1"), ("next-router-prefetch", "1")]),
            key("/", &[("rsc", "1"), ("next-router-state-tree", "[]")]),
            Asked::read(
                &Request::get("/").body(()).unwrap().into_parts().0,
                &Site { scheme: "http", host: "evil.example".to_owned() },
            )
            .unwrap()
            .key,
        ];
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }

    #[test]
    fn what_the_answer_does_not_depend_on_is_one() {
        let plain = key("/", &[("accept-language", "de-CH")]);
        for headers in [
            &[("accept-language", "DE-ch,de;q=0.9,en;q=0.8")][..],
            &[("accept-language", "de-CH;q=1")],
            &[("accept-language", "de-CH"), ("user-agent", "a"), ("cookie", "seen=1; session=")],
        ] {
            assert_eq!(key("/", headers), plain, "{headers:?}");
        }
        assert_eq!(key("/", &[]), key("/", &[("accept-language", "*")]));
        assert_eq!(key("/", &[]), key("/", &[("accept-language", "a\"b")]));
    }

    #[test]
    fn the_page_is_asked_for_without_anything_of_who_asks() {
        let told = [
            ("cookie", "seen=1"),
            ("user-agent", "a"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-for", "203.0.113.9"),
            ("accept-language", "fr, en"),
            ("rsc", "1"),
        ];
        let (uri, headers) = asked("/tickets/1?a=b", &told).unwrap().request();
        assert_eq!(uri, "/tickets/1?a=b");
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["accept-language", "host", "rsc", "x-forwarded-host", "x-forwarded-proto"]
        );
        assert_eq!(headers["accept-language"], "fr");
        assert_eq!(headers["x-forwarded-host"], "tickets.example");
    }

    #[test]
    fn what_is_for_one_person_or_too_long_is_not_for_everybody() {
        let long = "a".repeat(MAX_KEY_BYTES);
        assert!(asked("/", &[("cookie", "a=b; session=x.y")]).is_none());
        assert!(asked("/", &[("authorization", "Bearer x.y")]).is_none());
        assert!(asked("/", &[("next-router-state-tree", &long)]).is_none());
        let post = Request::post("/").body(()).unwrap().into_parts().0;
        assert!(Asked::read(&post, &site()).is_none());
    }
}
