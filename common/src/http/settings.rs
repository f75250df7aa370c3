//! What the operator decides about HTTP.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::sync::watch;

use super::visitor::ClientKey;
use crate::id::Ids;
use crate::metrics::Registry;
use crate::time::Clock;
use crate::trace::Tracer;

/// How long a request may take until its answer begins.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests under way at once. At full speed this is half a second of work, the longest that it
/// makes sense to queue: who comes after that is told at once to come again (I22).
pub const MAX_UNDER_WAY: usize = 4_096;

/// What surrounds every request.
#[derive(Clone)]
pub struct Settings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the ids of requests come from.
    pub ids: Arc<Ids>,
    /// Where people reach the site, if it is not simply what their requests' `Host` says. Served
    /// over https if this says so, and then cookies are marked `Secure`.
    pub public_url: Option<PublicUrl>,
    /// Whether a proxy of ours stands in front, whose `X-Forwarded-For` tells the client's address.
    pub behind_proxy: bool,
    /// What the web client's own server proves itself with, where there is one: it asks in the name
    /// of its visitors, and is believed whose.
    pub client_key: Option<ClientKey>,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// Requests under way at once, above which they are refused.
    pub max_under_way: usize,
    /// Ends live streams when the process stops.
    pub stopping: Stopping,
    /// What is measured, of requests and of the services behind them.
    pub metrics: Arc<Registry>,
    /// What follows requests through services and events.
    pub tracer: Tracer,
}

impl Settings {
    /// The defaults: no public URL, no proxy, no client, [`REQUEST_TIMEOUT`], [`MAX_UNDER_WAY`].
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<Ids>) -> Self {
        Self {
            clock,
            ids,
            public_url: None,
            behind_proxy: false,
            client_key: None,
            request_timeout: REQUEST_TIMEOUT,
            max_under_way: MAX_UNDER_WAY,
            stopping: Stopping::default(),
            metrics: Registry::unseen(),
            tracer: Tracer::default(),
        }
    }

    /// Whether cookies are only to travel over https.
    pub fn secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(PublicUrl::is_https)
    }
}

/// Where people reach the site: scheme and host, as in `https://tickets.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    authority: String,
}

/// The text is no `http://` or `https://` address of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public URL is written like https://tickets.example, without a path")]
pub struct BadPublicUrl;

impl PublicUrl {
    /// Whether the site is served over https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host, and port where it is not the scheme's own, in lower case.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl FromStr for PublicUrl {
    type Err = BadPublicUrl;

    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        let uri: Uri = text.parse().map_err(|_| BadPublicUrl)?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(BadPublicUrl),
        };
        let authority = uri.authority().ok_or(BadPublicUrl)?.as_str().to_ascii_lowercase();
        let whole = uri.path() == "/" && uri.query().is_none() && !authority.contains('@');
        whole.then_some(Self { https, authority }).ok_or(BadPublicUrl)
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

/// Says that the process is about to stop, so that streams end and the drain need not wait for
/// their watchers.
#[derive(Debug, Clone)]
pub struct Stopping {
    told: Arc<watch::Sender<bool>>,
}

impl Default for Stopping {
    fn default() -> Self {
        Self { told: Arc::new(watch::Sender::new(false)) }
    }
}

impl Stopping {
    /// From now on it stops.
    pub fn begin(&self) {
        self.told.send_replace(true);
    }

    /// Whether it is about to stop.
    pub fn is_begun(&self) -> bool {
        *self.told.borrow()
    }

    /// Returns when it stops.
    pub async fn begun(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail before the time has come.
        drop(self.told.subscribe().wait_for(|told| *told).await);
    }
}
