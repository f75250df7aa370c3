//! What visitors see while the client's server is not there: a page of our own that looks again by
//! itself.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFRESH, RETRY_AFTER,
};
use axum::http::{HeaderValue, Response, StatusCode};
use common::http::gate::AsItIs;

use super::Status;
use super::upstream::Trouble;

/// The page, with places for what it says: self-contained, so that it needs nothing from anywhere.
const PAGE: &str = include_str!("notice.html");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

/// What to say.
struct Notice {
    status: StatusCode,
    stub: &'static str,
    title: &'static str,
    text: String,
    /// Seconds after which the page looks again.
    again_s: Option<u32>,
}

/// The page that says why there is none.
pub fn of(trouble: Trouble, status: &Status) -> Response<Body> {
    let notice = notice(trouble, status);
    let page = PAGE
        .replace("{{stub}}", notice.stub)
        .replace("{{title}}", notice.title)
        .replace("{{text}}", &notice.text);
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = notice.status;
    response.extensions_mut().insert(AsItIs);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    if let Some(again_s) = notice.again_s {
        headers.insert(REFRESH, HeaderValue::from(again_s));
        headers.insert(RETRY_AFTER, HeaderValue::from(again_s));
    }
    response
}

fn notice(trouble: Trouble, status: &Status) -> Notice {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let calm = |title, text: &str, again_s| Notice {
        status: unavailable,
        stub: "One moment",
        title,
        text: text.to_owned(),
        again_s: Some(again_s),
    };
    match (trouble, status) {
        (Trouble::TooLarge, _) => Notice {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            stub: "Too much",
            title: "That was too much to send.",
            text: "Nothing has been changed. Go back, shorten what you wrote, and send it again."
                .to_owned(),
            again_s: None,
        },
        (Trouble::NotUp, Status::Building(step)) => Notice {
            status: unavailable,
            stub: "Doors open soon",
            title: "The stage is being set.",
            text: format!(
                "The pages of this marketplace are being built, once, after it was installed or \
                 changed: {step}. This page looks again by itself."
            ),
            again_s: Some(2),
        },
        (Trouble::NotUp, Status::Failed) => Notice {
            status: unavailable,
            stub: "Doors closed",
            title: "The pages could not be built.",
            text: "Whoever runs this marketplace finds the reason in its log. The API works."
                .to_owned(),
            again_s: None,
        },
        (Trouble::NotUp, _) => calm(
            "Back in a moment.",
            "The pages are being started. This page looks again by itself.",
            1,
        ),
        (Trouble::Busy, _) => calm(
            "There is a crowd at the door.",
            "More people are asking for pages than can be served at once. This page looks again by \
             itself; nothing that you ordered is affected.",
            3,
        ),
        (Trouble::Unreachable | Trouble::Overdue, _) => calm(
            "This page did not come.",
            "Something went wrong while it was made. It is tried again by itself; if you were \
             sending something, look whether it has arrived before you send it again.",
            3,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_is_a_whole_page() {
        let all = [
            Trouble::NotUp,
            Trouble::Busy,
            Trouble::Unreachable,
            Trouble::Overdue,
            Trouble::TooLarge,
        ];
        for trouble in all {
            for status in [Status::Building("installing packages"), Status::Failed, Status::Down] {
                let notice = notice(trouble, &status);
                assert!(notice.status.is_client_error() || notice.status.is_server_error());
                let response = of(trouble, &status);
                assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
                assert_eq!(response.headers().contains_key(REFRESH), notice.again_s.is_some());
            }
        }
        for place in ["{{stub}}", "{{title}}", "{{text}}"] {
            assert!(PAGE.contains(place), "{place}");
        }
    }
}
