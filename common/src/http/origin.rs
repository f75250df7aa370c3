//! The cross-site defence: a write that another site's page has made changes nothing.
//!
//! Browsers say where a write comes from, with `Sec-Fetch-Site` or `Origin`, and no page can make
//! them lie. A client that says neither is no browser, holds no cookies that others could abuse,
//! and is judged by its session alone.

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Method, Uri};

use super::settings::PublicUrl;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Whether a request is a write that comes from another site.
pub(super) fn is_foreign(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    public_url: Option<&PublicUrl>,
) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    // `none` is the person's own doing, such as an address typed in. `same-site` is another host of
    // the same domain, which may be anybody's.
    if let Some(site) = headers.get(SEC_FETCH_SITE)
        && site != "same-origin"
        && site != "none"
    {
        return true;
    }
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    if origins.peek().is_none() {
        return false;
    }
    !origins.all(|origin| {
        let Ok(origin) = origin.to_str() else { return false };
        is_own(origin, uri, headers, public_url)
    })
}

fn is_own(origin: &str, uri: &Uri, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let Some((_, authority)) = origin.split_once("://") else {
        // `null`: a sandboxed frame, a redirect, a file.
        return false;
    };
    if let Some(public) = public_url
        && origin.eq_ignore_ascii_case(&public.to_string())
    {
        return true;
    }
    let named = |name| headers.get(name).and_then(|host| host.to_str().ok());
    // No page can set either of these, so a proxy's word is as good as the client's own.
    let hosts = [named(HOST), named(X_FORWARDED_HOST), uri.authority().map(|host| host.as_str())];
    hosts.into_iter().flatten().any(|host| host.eq_ignore_ascii_case(authority))
}
