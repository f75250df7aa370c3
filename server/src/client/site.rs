//! Which site a visitor sees: what pages may say of their own address.

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use common::http::Settings;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Longest name of a host, with its port (RFC 1035, 2.3.4).
const MAX_HOST_BYTES: usize = 253 + 6;

/// Scheme and host, as people see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// With the port where it is not the scheme's own.
    pub host: String,
}

impl Site {
    /// The site that a request means: the operator's word, else our own proxy's, else the
    /// request's.
    pub fn of(parts: &Parts, settings: &Settings) -> Self {
        if let Some(url) = &settings.public_url {
            let scheme = if url.is_https() { "https" } else { "http" };
            let host = page_origin(parts).unwrap_or_else(|| url.authority().to_owned());
            return Self { scheme, host };
        }
        let told = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let proxys = |name| told(name).filter(|_| settings.behind_proxy);
        let scheme = match proxys(X_FORWARDED_PROTO) {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
            _ => "http",
        };
        let named = proxys(X_FORWARDED_HOST).or_else(|| told(HOST));
        let named = named.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
        let host = page_origin(parts).or_else(|| named.filter(|host| is_host(host)).map(lower));
        Self { scheme, host: host.unwrap_or_else(|| "localhost".to_owned()) }
    }

    /// Tells it to the client's server.
    pub fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(self.scheme));
        if let Ok(host) = HeaderValue::try_from(&self.host) {
            headers.insert(X_FORWARDED_HOST, host);
        }
    }
}

/// The host of the page that a form was on. The gate has compared it with our own names, so that
/// this is one of them; Next.js compares it once more, with the one name that it is told.
fn page_origin(parts: &Parts) -> Option<String> {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let (_, host) = parts.headers.get(ORIGIN)?.to_str().ok()?.split_once("://")?;
    is_host(host).then(|| lower(host))
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (1..=MAX_HOST_BYTES).contains(&text.len()) && text.bytes().all(plain)
}

fn lower(host: &str) -> String {
    host.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::Request;
    use common::id::Ids;
    use common::run::SystemClock;

    use super::*;

    fn site(method: Method, headers: &[(&str, &str)], change: impl FnOnce(&mut Settings)) -> Site {
        let mut settings = Settings::new(Arc::new(SystemClock), Arc::new(Ids::new(1)));
        change(&mut settings);
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Site::of(&request.body(()).unwrap().into_parts().0, &settings)
    }

    fn shown(site: &Site) -> String {
        format!("{}://{}", site.scheme, site.host)
    }

    const TOLD: [(&str, &str); 3] = [
        ("host", "127.0.0.1:3000"),
        ("x-forwarded-host", "Shop.example"),
        ("x-forwarded-proto", "https"),
    ];

    #[test]
    fn a_proxy_is_believed_only_where_it_is_ours_and_the_operator_always() {
        let of = |change: fn(&mut Settings)| shown(&site(Method::GET, &TOLD, change));
        assert_eq!(of(|_| {}), "http://127.0.0.1:3000");
        assert_eq!(of(|settings| settings.behind_proxy = true), "https://shop.example");
        let url = "https://tickets.example".parse().ok();
        let told = site(Method::GET, &TOLD, |settings| settings.public_url = url);
        assert_eq!(shown(&told), "https://tickets.example");
    }

    #[test]
    fn what_is_no_host_is_not_passed_on() {
        for host in ["a b", "a/b", "a\"", "", "a@b"] {
            assert_eq!(site(Method::GET, &[("host", host)], |_| {}).host, "localhost", "{host}");
        }
    }

    #[test]
    fn a_form_is_answered_under_the_name_of_the_page_it_was_on() {
        let headers = [("host", "127.0.0.1:3000"), ("origin", "http://localhost:3000")];
        assert_eq!(site(Method::POST, &headers, |_| {}).host, "localhost:3000");
        assert_eq!(site(Method::GET, &headers, |_| {}).host, "127.0.0.1:3000");
    }
}
