//! A client with a cookie jar. It follows the server to a new address after a restart, and holds
//! every answer against the conventions.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Method;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client as Pool, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use crate::answer::Answer;
use crate::poll::rest;

/// The longest a client waits for one answer.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often a client that was told to come back does so.
const AGAIN: Duration = Duration::from_millis(25);

/// How long a connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(5);

/// Where the server listens now; a restart may move it.
pub type Address = Arc<RwLock<SocketAddr>>;

/// A request, built in one expression.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Bytes>,
}

impl Request {
    /// A request without a body.
    ///
    /// # Panics
    /// If `method` is no method.
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// With a body of any bytes and no content type.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With an idempotency key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Method and path.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A browser-like client: keeps cookies, reuses connections. Clones share both.
#[derive(Clone, Debug)]
pub struct Client {
    address: Address,
    pool: Pool<HttpConnector, Full<Bytes>>,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Client {
    /// A client with an empty jar and connections of its own.
    pub fn new(address: Address) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(10)));
        // Shorter than any server keeps an idle connection, so that no request meets one that is
        // being closed.
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { address, pool, cookies: Arc::default() }
    }

    /// A client with an empty jar over the same connections.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self { address: self.address.clone(), pool: self.pool.clone(), cookies: Arc::default() }
    }

    /// Where the server listens now.
    ///
    /// # Panics
    /// Never while no other thread panicked holding the address.
    pub fn address(&self) -> SocketAddr {
        *self.address.read().unwrap()
    }

    /// The session token in the jar, if there is one.
    ///
    /// # Panics
    /// Never while no other thread panicked holding the jar.
    pub fn session(&self) -> Option<String> {
        self.cookies.lock().unwrap().get("session").cloned()
    }

    /// Puts a session token into the jar, as if a sign-in had set it.
    ///
    /// # Panics
    /// Never while no other thread panicked holding the jar.
    pub fn hold_session(&self, token: &str) {
        self.cookies.lock().unwrap().insert("session".to_owned(), token.to_owned());
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(&Request::new("GET", path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&Request::new("POST", path).json(body)).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(&Request::new("PUT", path).json(body)).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(&Request::new("DELETE", path)).await
    }

    /// Sends; the server must answer.
    ///
    /// # Panics
    /// If no answer comes.
    pub async fn send(&self, request: &Request) -> Answer {
        match self.attempt(request).await {
            Ok(answer) => answer,
            Err(fault) => panic!("{}: no answer: {fault}", request.line()),
        }
    }

    /// Sends; `Err` says how the answer was lost (the outcome is then unknown).
    ///
    /// # Errors
    /// When the connection broke or time ran out before the whole answer was read.
    ///
    /// # Panics
    /// If the answer breaks the conventions.
    pub async fn attempt(&self, request: &Request) -> Result<Answer, String> {
        let exchange = async {
            let response = self.open(request).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|fault| format!("{fault:?}"))?.to_bytes();
            Ok::<Answer, String>(Answer {
                request: request.line(),
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        };
        let answer = match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(done) => done?,
            Err(_) => return Err(format!("no answer within {PATIENCE:?}")),
        };
        answer.judge();
        self.keep_cookies(&answer);
        Ok(answer)
    }

    /// Sends until the answer is definite: comes back after 429, 503 and "still running" (409), and
    /// after a lost answer too if the request has an idempotency key.
    ///
    /// # Panics
    /// If no definite answer comes within `limit`.
    pub async fn insist(&self, request: &Request, limit: Duration) -> Answer {
        let started = Instant::now();
        let keyed = request.headers.iter().any(|(name, _)| name == "idempotency-key");
        loop {
            let last = match self.attempt(request).await {
                Ok(answer) if answer.status == 409 && keyed => answer.to_string(),
                Ok(answer) if matches!(answer.status, 429 | 503) => answer.to_string(),
                Ok(answer) => return answer,
                Err(fault) if keyed || request.method == Method::GET => fault,
                Err(fault) => panic!("{}: no answer: {fault}", request.line()),
            };
            let waited = started.elapsed();
            assert!(waited < limit, "no definite answer within {limit:?}: {last}");
            rest(AGAIN).await;
        }
    }

    /// Every item of a list, page by page, following `Link: rel="next"`.
    ///
    /// # Panics
    /// If a page is refused or no array, or an item comes twice.
    pub async fn walk(&self, path: &str) -> Vec<Value> {
        let mut items: Vec<Value> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.insist(&Request::new("GET", path), PATIENCE).await.expect(200);
            next = page.next_page();
            let Value::Array(found) = page.json() else { panic!("a list is a bare array: {page}") };
            assert!(next.is_none() || !found.is_empty(), "an empty page has no next: {page}");
            for item in found {
                assert!(seen.insert(crate::text(&item, "id")), "{item} comes twice in the list");
                items.push(item);
            }
        }
        items
    }

    /// Sends and returns as soon as the head of the answer is there, for streams.
    ///
    /// # Errors
    /// When no head arrives.
    ///
    /// # Panics
    /// If the request cannot be built.
    pub async fn open(&self, request: &Request) -> Result<hyper::Response<Incoming>, String> {
        let uri = if request.path.starts_with("http://") {
            request.path.clone()
        } else {
            format!("http://{}{}", self.address(), request.path)
        };
        let mut built = hyper::Request::builder().method(&request.method).uri(&uri);
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        if let Some(cookies) = self.cookie_line() {
            built = built.header("cookie", cookies);
        }
        let body = Full::new(request.body.clone().unwrap_or_default());
        let built = built.body(body).unwrap_or_else(|fault| panic!("{uri}: {fault}"));
        self.pool.request(built).await.map_err(|fault| format!("{fault:?}"))
    }

    fn cookie_line(&self) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        let pairs: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep_cookies(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("a cookie is text");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie is name=value");
            let attributes = attributes.to_ascii_lowercase();
            let gone = value.is_empty() || attributes.split(';').any(|a| a.trim() == "max-age=0");
            if gone {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
