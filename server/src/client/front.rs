//! What stands between visitors and the client's server: files from memory, kept pages, and the
//! rest passed on.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, REFERRER_POLICY,
    REFRESH, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::response::IntoResponse as _;
use common::http::Settings;
use common::http::gate::AsItIs;
use common::http::visitor::{self, X_FORWARDED_FOR};
use common::http::write::MAX_BODY_BYTES;
use http_body_util::Limited;
use tokio::sync::watch;

use super::encoding::{self, Encoding};
use super::files::Files;
use super::kept::{Asked, Kept};
use super::site::Site;
use super::upstream::{Trouble, Upstream};
use super::{Status, headers, notice};
use crate::home;

/// What is the API's, whatever follows.
const API: &str = "/api";

/// Pages say with forms where they come from; a policy of `no-referrer` would have browsers send
/// `Origin: null`, which is nobody's.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// What answers for everything that is not the API.
pub struct Front {
    /// The files of the client that runs.
    pub files: watch::Receiver<Arc<Files>>,
    /// The pages that are kept.
    pub kept: Arc<Kept>,
    /// The client's server.
    pub upstream: Arc<Upstream>,
    /// What surrounds every request.
    pub settings: Settings,
}

/// Routes for everything that no other route is for.
pub fn router(front: Arc<Front>) -> Router {
    Router::new().fallback(answer).with_state(front)
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    if path == API || path.strip_prefix(API).is_some_and(|rest| rest.starts_with('/')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let found = front.files.borrow().answer(path, request.headers());
        if let Some(response) = found {
            return response;
        }
    }
    let (parts, body) = request.into_parts();
    let site = Site::of(&parts, &front.settings);
    let compressing = Encoding::best_for(&parts.headers) != Encoding::Identity;
    let head_only = parts.method == Method::HEAD;
    let is_read = head_only || parts.method == Method::GET;
    let is_root = parts.uri.path() == "/";
    let answered = match Asked::read(&parts, &site) {
        Some(asked) => match front.kept.answer(&asked, &parts.headers).await {
            Ok(None) => front.pass_on(parts, body, &site).await,
            Ok(Some(response)) if response.extensions().get::<AsItIs>().is_some() => {
                return response;
            }
            Ok(Some(response)) => Ok(response),
            Err(trouble) => Err(trouble),
        },
        None => front.pass_on(parts, body, &site).await,
    };
    match answered {
        Ok(response) => for_visitor(response, compressing && !head_only),
        Err(Trouble::NotUp) if front.upstream.status() == Status::Off => match is_root && is_read {
            true => home::page(),
            false => StatusCode::NOT_FOUND.into_response(),
        },
        Err(trouble) => front.excuse(trouble, is_read),
    }
}

impl Front {
    async fn pass_on(
        &self,
        parts: Parts,
        body: Body,
        site: &Site,
    ) -> Result<Response<Body>, Trouble> {
        let stated = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let stated = stated.and_then(|length| length.parse::<u64>().ok());
        if stated.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
            return Err(Trouble::TooLarge);
        }
        let body = Body::new(Limited::new(body, MAX_BODY_BYTES));
        let mut request = axum::http::Request::new(body);
        *request.headers_mut() = self.told(&parts, site);
        *request.method_mut() = parts.method;
        *request.uri_mut() = parts.uri;
        self.upstream.send(request).await
    }

    /// A visitor's headers, with what is ours to say.
    fn told(&self, parts: &Parts, site: &Site) -> HeaderMap {
        let mut passed = headers::from_visitor(&parts.headers);
        site.tell(&mut passed);
        if let Ok(host) = HeaderValue::try_from(&site.host) {
            passed.insert(HOST, host);
        }
        let address = visitor::address(&parts.headers, &parts.extensions, &self.settings);
        if let Ok(address) = HeaderValue::try_from(address.to_string()) {
            passed.insert(X_FORWARDED_FOR, address);
        }
        passed
    }

    fn excuse(&self, trouble: Trouble, is_read: bool) -> Response<Body> {
        let mut notice = notice::of(trouble, &self.upstream.status());
        if !is_read {
            // It would look again with a GET, and what was sent would be out of sight.
            notice.headers_mut().remove(REFRESH);
        }
        notice
    }
}

/// An answer of the client's server as a visitor gets it.
fn for_visitor(response: Response<Body>, compressing: bool) -> Response<Body> {
    let (mut parts, mut body) = response.into_parts();
    parts.headers = headers::from_client(&parts.headers);
    let told = &mut parts.headers;
    told.entry(REFERRER_POLICY).or_insert(SAME_ORIGIN);
    // Whatever says nothing about it is somebody's own, or may be.
    told.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    let kind = told.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let plain = !told.contains_key(CONTENT_ENCODING) && encoding::is_text(kind);
    let has_body = !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if plain && has_body {
        told.insert(VARY, headers::vary_on(told));
        if compressing {
            told.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            told.remove(CONTENT_LENGTH);
            // The same tag would stand for other bytes.
            told.remove(ETAG);
            body = encoding::gzip_stream(body);
        }
    }
    parts.extensions.insert(AsItIs);
    Response::from_parts(parts, body)
}
