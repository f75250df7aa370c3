//! Whose request it is: the address of the person at the other end, for limits by address.
//!
//! Anybody can write `X-Forwarded-For`, so it counts only where whoever sent the request is one of
//! ours: a proxy that the operator has vouched for, or the web client's own server, which runs
//! beside us, asks in the name of its visitors, and proves with a key that it is who it says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap, HeaderName};

use super::settings::Settings;

/// Carries the key of the web client's server.
pub const X_TICKETING_CLIENT: HeaderName = HeaderName::from_static("x-ticketing-client");

/// Carries the address of the person at the other end, after those of all proxies before.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the web client's server proves itself with.
#[derive(Clone)]
pub struct ClientKey {
    key: Arc<str>,
    /// Whether it proves something only where it comes from this machine.
    is_of_here: bool,
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key is a secret, and settings end up in logs (I28).
        f.write_str("ClientKey")
    }
}

impl ClientKey {
    /// The key of a client's server that runs on this machine.
    pub fn new(key: impl Into<Arc<str>>) -> Self {
        Self { key: key.into(), is_of_here: true }
    }

    /// The key of client's servers wherever they are, proxies between them and us included.
    pub fn of_anywhere(key: impl Into<Arc<str>>) -> Self {
        Self { key: key.into(), is_of_here: false }
    }

    /// Whether a request comes from the client's server: with the key, and from where it may.
    fn sent(&self, headers: &HeaderMap, peer: IpAddr) -> bool {
        let Some(told) = headers.get(X_TICKETING_CLIENT) else { return false };
        let may_be = !self.is_of_here || peer.to_canonical().is_loopback();
        may_be && is_same(self.key.as_bytes(), told.as_bytes())
    }
}

/// Whether a request comes from the web client's own server.
pub(super) fn is_client(headers: &HeaderMap, extensions: &Extensions, settings: &Settings) -> bool {
    let Some(key) = &settings.client_key else { return false };
    key.sent(headers, connected(extensions))
}

/// The visitor's address: the connection's, or what one of ours says. Unspecified where nobody
/// knows.
pub fn address(headers: &HeaderMap, extensions: &Extensions, settings: &Settings) -> IpAddr {
    // Our proxy adds what it saw at the end, and before that stands what anybody may claim. The
    // client's server begins with whose request it is, and proxies between it and us add to that.
    let told = match is_client(headers, extensions, settings) {
        true => forwarded(headers).next(),
        false if settings.behind_proxy => forwarded(headers).next_back(),
        false => None,
    };
    if let Some(address) = told.and_then(|told| told.trim().parse().ok()) {
        return address;
    }
    connected(extensions)
}

fn forwarded(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &str> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter();
    lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','))
}

fn connected(extensions: &Extensions) -> IpAddr {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>();
    connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}

/// Compares without stopping at the first difference, so that the time it takes tells nothing.
fn is_same(ours: &[u8], theirs: &[u8]) -> bool {
    let differs = ours.iter().zip(theirs).fold(0, |sum, (a, b)| std::hint::black_box(sum | a ^ b));
    ours.len() == theirs.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(X_TICKETING_CLIENT, key.parse().unwrap());
        headers
    }

    #[test]
    fn only_the_key_from_this_machine_is_the_clients() {
        let key = ClientKey::new("0123456789abcdef");
        let here = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
        for peer in here {
            assert!(key.sent(&headers("0123456789abcdef"), peer.parse().unwrap()), "{peer}");
            for wrong in ["", "0", "0123456789abcdeF", "0123456789abcdef0"] {
                assert!(!key.sent(&headers(wrong), peer.parse().unwrap()), "{peer} {wrong}");
            }
        }
        let elsewhere = "192.0.2.2".parse().unwrap();
        assert!(!key.sent(&headers("0123456789abcdef"), elsewhere));
        let anywhere = ClientKey::of_anywhere("0123456789abcdef");
        assert!(anywhere.sent(&headers("0123456789abcdef"), elsewhere));
        assert!(!anywhere.sent(&headers("0123456789abcdee"), elsewhere));
        assert!(!key.sent(&HeaderMap::new(), "127.0.0.1".parse().unwrap()));
        assert!(!format!("{key:?}").contains("0123"));
    }
}
