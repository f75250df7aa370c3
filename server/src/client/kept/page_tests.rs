//! Answers of the client's server, and what is kept of them.

use std::time::Duration;

use axum::http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http_body_util::BodyExt as _;

use super::*;
use crate::client::kept::changes::Changes;

const POLICY: &str = "script-src 'self' 'nonce-abcdefghijklmnop' 'strict-dynamic'";

fn head(status: u16, headers: &[(&'static str, &'static str)]) -> Parts {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(()).unwrap().into_parts().0
}

fn page(headers: &[(&'static str, &'static str)], body: &str) -> Result<Page, NotKept> {
    let seen = (Arc::new(Record::default()), 0);
    let since = Timestamp::from_millis(1_000);
    Page::make(&head(200, headers), &Bytes::copy_from_slice(body.as_bytes()), None, since, seen)
}

fn asking(name: HeaderName, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::try_from(value).unwrap());
    headers
}

#[test]
fn only_what_says_that_it_is_for_everybody_and_is_good_is_kept() {
    const KEEP: (&str, &str) = ("x-ticketing-keep", "browse");
    assert_eq!(subject_of(&head(200, &[KEEP])), Ok(Subject::Browse));
    for (status, headers) in [
        (200, &[][..]),
        (200, &[("x-ticketing-keep", "everything")]),
        (404, &[KEEP]),
        (304, &[KEEP]),
        (500, &[KEEP]),
    ] {
        let refused = subject_of(&head(status, headers));
        assert_eq!(refused, Err(NotKept::Private), "{status} {headers:?}");
    }
    let cookie = subject_of(&head(200, &[KEEP, ("set-cookie", "a=b")]));
    assert_eq!(cookie, Err(NotKept::SetsCookie));
    let zipped = subject_of(&head(200, &[KEEP, ("content-encoding", "gzip")]));
    assert_eq!(zipped, Err(NotKept::NotText));
}

#[test]
fn a_page_in_trouble_is_not_kept() {
    for body in [
        r#"<head><meta name="ticketing-keep" content="no"/></head>"#,
        r#"0:["$","meta","1",{"name":"ticketing-keep","content":"no"}]"#,
    ] {
        assert_eq!(page(&[], body).unwrap_err(), NotKept::InTrouble, "{body}");
    }
    let title = r#"<p>&lt;meta name=&quot;ticketing-keep&quot;</p>"#;
    assert!(page(&[], title).is_ok(), "anybody may name a ticket like that");
}

#[tokio::test]
async fn a_page_is_sent_to_each_as_they_can_read_it() {
    let html = format!("<p>{}</p>", "Front row ".repeat(500));
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "private, no-store"),
        ("x-ticketing-keep", "browse"),
        ("x-powered-by", "Next.js"),
        ("connection", "keep-alive"),
        ("link", "</_next/static/a.woff2>; rel=preload"),
    ];
    let page = page(&headers, &html).unwrap();
    let mut tags = Vec::new();
    for (accepted, encoding) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("", None)] {
        let response = page.answer(&asking(ACCEPT_ENCODING, accepted));
        let told = response.headers();
        assert_eq!(told.get(CONTENT_ENCODING).map(|told| told.to_str().unwrap()), encoding);
        assert_eq!(told[CACHE_CONTROL], FOR_EVERYBODY);
        assert!(told[VARY].to_str().unwrap().contains("cookie"));
        assert_eq!(told["link"], "</_next/static/a.woff2>; rel=preload");
        for gone in ["x-ticketing-keep", "x-powered-by", "connection"] {
            assert!(!told.contains_key(gone), "{gone}");
        }
        let (tag, length) = (told[ETAG].clone(), told[CONTENT_LENGTH].clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(length.to_str().unwrap(), body.len().to_string());
        assert_eq!(body.len() < 500, encoding.is_some());
        let mut again = asking(ACCEPT_ENCODING, accepted);
        again.insert(IF_NONE_MATCH, tag.clone());
        let response = page.answer(&again);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "other bytes, another tag");
}

#[tokio::test]
async fn no_nonce_is_sent_twice() {
    let html = r#"<script nonce="abcdefghijklmnop">go()</script>"#;
    let kind = ("content-type", "text/html");
    let link = ("link", "</a.css>; rel=preload; nonce=\"abcdefghijklmnop\"");
    let kept = page(&[kind, link, ("content-security-policy", POLICY)], html).unwrap();
    let response = kept.answer(&HeaderMap::new());
    assert_eq!(response.headers()["link"], "</a.css>; rel=preload; nonce=\"0000000000000000\"");
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("'sha256-") && !policy.contains("nonce"), "{policy}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&body).contains("abcdefghijklmnop"));

    let data = [("content-type", "text/x-component"), ("content-security-policy", POLICY)];
    let kept = page(&data, r#"0:{"nonce":"abcdefghijklmnop"}"#).unwrap();
    let response = kept.answer(&HeaderMap::new());
    assert!(!response.headers().contains_key(CONTENT_SECURITY_POLICY));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&body).contains("abcdefghijklmnop"));

    let twice = [kind, ("content-security-policy", POLICY), ("content-security-policy", POLICY)];
    assert!(page(&twice, html).is_err());
}

#[test]
fn a_page_is_fresh_until_what_it_shows_changes_and_stale_for_a_moment() {
    let at = |millis: u64| Timestamp::from_millis(1_000).plus(Duration::from_millis(millis));
    let changes = Changes::default();
    let mut page = page(&[], "").unwrap();
    page.seen = (changes.record(&Subject::Browse), 0);
    assert_eq!(page.state(at(0)), State::Fresh);
    let aged = u64::try_from(FRESH_FOR.as_millis()).unwrap();
    assert_eq!(page.state(at(aged)), State::Fresh);
    assert_eq!(page.state(at(aged + 1)), State::Stale);
    assert_eq!(page.state(at(2 * aged + 1)), State::Old);
    assert_eq!(page.state(Timestamp::from_millis(0)), State::Old, "a clock that was set back");

    changes.ticket("1", at(10_000));
    assert_eq!(page.state(at(10_000)), State::Stale);
    changes.ticket("2", at(11_500));
    assert_eq!(page.state(at(12_000)), State::Stale);
    assert_eq!(page.state(at(12_001)), State::Old, "counted from the first change");
}

#[test]
fn a_page_that_says_the_same_again_is_not_compressed_again() {
    let html = "<p>Front row</p>".repeat(200);
    let first = page(&[("content-type", "text/html")], &html).unwrap();
    let (parts, body) = (head(200, &[("content-type", "text/html")]), Bytes::from(html));
    let seen = (Arc::new(Record::default()), 0);
    let again = Page::make(&parts, &body, Some(&first), Timestamp::from_millis(2), seen).unwrap();
    assert_eq!(again.brotli.body.as_ptr(), first.brotli.body.as_ptr());
    assert_eq!(again.identity.tag, first.identity.tag);
}
