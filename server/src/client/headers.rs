//! Which headers pass between a visitor and the client's server, and which do not.

use axum::http::header::{self, CONNECTION, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use common::http::visitor::{X_FORWARDED_FOR, X_TICKETING_CLIENT};

use super::kept::ROUTER_HEADERS;

/// Says that a page looks the same to everybody, and what it shows. It never leaves this program.
pub const X_TICKETING_KEEP: HeaderName = HeaderName::from_static("x-ticketing-keep");

/// Headers between two neighbours, which are none of the next one's business (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What a visitor may not tell the client's server: where they come from is ours to say, and the
/// rest is what Next.js and its middleware tell themselves.
const NOT_FROM_OUTSIDE: [&str; 5] =
    ["x-forwarded-", "x-ticketing-", "x-middleware-", "x-invoke-", "x-matched-"];
const NOT_FROM_OUTSIDE_EITHER: [&str; 5] =
    ["forwarded", "x-real-ip", "x-nonce", "expect", "x-now-route-matches"];

/// Whether a header ends at the next neighbour: by its name, or because `Connection` says so.
pub fn is_hop_by_hop(name: &HeaderName, headers: &HeaderMap) -> bool {
    HOP_BY_HOP.contains(name)
        || *name == header::TRAILER
        || headers.get_all(CONNECTION).iter().any(|line| {
            let line = line.to_str().unwrap_or_default();
            line.split(',').any(|listed| listed.trim().eq_ignore_ascii_case(name.as_str()))
        })
}

/// What of a visitor's headers is passed on.
pub fn from_visitor(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let text = name.as_str();
        let ours = NOT_FROM_OUTSIDE.iter().any(|prefix| text.starts_with(prefix))
            || NOT_FROM_OUTSIDE_EITHER.contains(&text);
        if !ours && !is_hop_by_hop(name, headers) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

/// What of the headers of the client's server is passed on.
pub fn from_client(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let text = name.as_str();
        let inner = [X_TICKETING_KEEP, X_TICKETING_CLIENT, X_FORWARDED_FOR].contains(name)
            || text.starts_with("x-middleware-")
            || text == "x-powered-by";
        if !inner && !is_hop_by_hop(name, headers) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

/// What an answer varies on: what Next.js says, and what we choose by. A cookie is among it, since
/// whoever is signed in is shown another page at the same address.
pub fn vary_on(headers: &HeaderMap) -> HeaderValue {
    let mut names: Vec<String> = ["accept-encoding", "accept-language", "cookie"]
        .into_iter()
        .chain(ROUTER_HEADERS.iter().map(HeaderName::as_str))
        .map(str::to_owned)
        .collect();
    for line in headers.get_all(VARY) {
        for name in line.to_str().unwrap_or_default().split(',') {
            let name = name.trim().to_ascii_lowercase();
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_only_we_may_say_and_what_ends_here_is_not_passed_on() {
        let told = headers(&[
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-port", "1"),
            ("forwarded", "for=203.0.113.9"),
            ("x-ticketing-client", "guess"),
            ("x-ticketing-keep", "browse"),
            ("x-middleware-subrequest", "middleware"),
            ("x-nonce", "abc"),
            ("cookie", "session=a"),
            ("next-action", "1"),
            ("content-type", "text/plain"),
        ]);
        assert_eq!(names(&from_visitor(&told)), ["content-type", "cookie", "next-action"]);
    }

    #[test]
    fn what_the_clients_server_tells_us_is_not_told_to_visitors() {
        let told = headers(&[
            ("keep-alive", "timeout=5"),
            ("connection", "keep-alive"),
            ("x-ticketing-keep", "browse"),
            ("x-middleware-rewrite", "/"),
            ("x-powered-by", "Next.js"),
            ("set-cookie", "a=b"),
            ("set-cookie", "c=d"),
        ]);
        let passed = from_client(&told);
        assert_eq!(names(&passed), ["set-cookie"]);
        assert_eq!(passed.get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn a_page_varies_on_what_next_says_and_on_who_is_signed_in() {
        let vary = vary_on(&headers(&[("vary", "RSC, Next-Url"), ("vary", "Accept, cookie")]));
        let vary = vary.to_str().unwrap();
        assert!(vary.contains("cookie") && vary.ends_with(", accept"), "{vary}");
        assert_eq!(vary.matches("rsc").count(), 1, "{vary}");
    }
}
