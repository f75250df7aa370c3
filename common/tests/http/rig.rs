//! The toy service at work, the clock it goes by, and answers held against what binds every one of
//! them.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use common::bus::{Bus, BusDown, Message, Subscription};
use common::events::{EndedSession, KeysEvent, Revocation};
use common::execute::{Engine, Ports};
use common::http::health::Checks;
use common::http::{self, Kit, Settings};
use common::id::{Id, Ids, UserId};
use common::outbox::Outbox;
use common::run::TokioTasks;
use common::session::copies::{HearKeys, HearRevocation};
use common::session::{Session, SessionView, Signer};
use common::store::memory::MemoryStore;
use common::time::{Clock, Timestamp};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

use crate::toy::{self, Api};

/// The service at work.
pub struct Toy {
    pub app: Router,
    pub document: utoipa::openapi::OpenApi,
    pub engine: Arc<Engine>,
    pub clock: Arc<Hands>,
    pub line: Arc<Line>,
    pub go: Arc<Semaphore>,
    pub held: Arc<AtomicUsize>,
    pub settings: Settings,
    pub signer: Signer,
    pub view: SessionView,
}

impl Toy {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let toy = Self::assembled(change);
        toy.trust(1, &[&toy.signer]).await;
        toy
    }

    fn assembled(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Arc::new(Hands::default());
        let ids = Arc::new(Ids::new(0x0102_0304_0506_0708));
        let ports = Ports {
            store: Arc::new(MemoryStore::new()),
            clock: clock.clone(),
            ids: ids.clone(),
            tasks: Arc::new(TokioTasks::here()),
        };
        let outbox = Arc::new(Outbox::new(ids.next(clock.now())));
        let engine = Engine::new(ports, outbox);
        let mut settings = Settings::new(clock.clone(), ids);
        change(&mut settings);
        let view = SessionView::new(engine.clone());
        let kit = Kit::new(engine.clone(), view.clone(), settings.clone());
        let (go, held) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let api = Api { kit, go: go.clone(), held: held.clone() };
        let routes = toy::routes(api);
        let line = Arc::new(Line::default());
        let health = http::health::routes(Checks {
            stores: vec![("toy", engine.store().clone())],
            sessions: vec![("toy", view.clone())],
            bus: line.clone(),
            clock: clock.clone(),
            stopping: settings.stopping.clone(),
        });
        let (routes, document) = http::openapi::assemble([routes, health]);
        let app = http::app(routes, settings.clone());
        let signer = Signer::new("k1", &[7; 32]);
        Self { app, document, engine, clock, line, go, held, settings, signer, view }
    }

    /// Before auth has told of a key.
    pub fn without_keys() -> Self {
        Self::assembled(|_| {})
    }

    /// From now on these keys are good.
    pub async fn trust(&self, version: u64, signers: &[&Signer]) {
        let keys = signers.iter().map(|signer| signer.public_key()).collect();
        let command = HearKeys { keys: KeysEvent { version, keys } };
        self.engine.run(command, "").await.unwrap();
    }

    pub async fn revoke(&self, change: Revocation) {
        self.engine.run(HearRevocation { revocation: change }, "").await.unwrap();
    }

    pub fn session(&self, user: u8) -> Session {
        let email = format!("user{user}@example.com");
        let id = self.engine.ids().next(self.clock.now());
        Session::begin(user_id(user), email, id, 0, self.clock.now())
    }

    pub fn token(&self, user: u8) -> String {
        self.signer.sign(&self.session(user)).unwrap()
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&self, request: Request<Body>) -> Told {
        Told::read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Told {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A write by user 1.
    pub fn write(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("cookie", format!("other=1; session={}", self.token(1)))
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Told {
        self.send(self.write("POST", path).body(body.into()).unwrap()).await
    }

    pub async fn note(&self, title: &str) -> String {
        let made = self.post("/api/notes", json!({"title": title}).to_string()).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].as_str().unwrap().to_owned()
    }
}

pub fn user_id(user: u8) -> UserId {
    UserId(Id::from_bytes([user; 12]))
}

pub fn revocation(user: u8, version: u64) -> Revocation {
    let user_id = user_id(user);
    Revocation { user_id, version, generation: 0, ended: Vec::new(), deleted: false }
}

pub fn ended(session: &Session) -> EndedSession {
    EndedSession { session_id: session.session_id, until: session.expires_at }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Told {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let told = Self { status: parts.status.as_u16(), headers: parts.headers, body };
        told.judge(parts.status);
        told
    }

    /// What every answer must obey.
    fn judge(&self, status: StatusCode) {
        assert!(self.header("x-request-id").is_some(), "{self:?}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert!(self.header("referrer-policy").is_some());
        if status.is_client_error() || status.is_server_error() {
            assert!(!self.messages().is_empty(), "{self:?}");
            assert_eq!(self.header("cache-control"), Some("no-store"));
            assert!(!String::from_utf8_lossy(&self.body).contains("SQLITE"), "{self:?}");
        }
        assert_eq!(self.header("www-authenticate").is_some(), self.status == 401, "{self:?}");
        let wait = matches!(self.status, 429 | 503);
        assert_eq!(self.header("retry-after").is_some(), wait, "{self:?}");
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The faults as `field: message`, checked for their shape.
    pub fn messages(&self) -> Vec<String> {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let errors: common::http::Errors = serde_json::from_slice(&self.body).expect("the shape");
        let told = errors.errors.into_iter();
        told.map(|fault| format!("{}: {}", fault.field.unwrap_or_default(), fault.message))
            .collect()
    }

    /// The fields at fault.
    pub fn blamed(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{self:?}");
        let field = |line: String| line.split(": ").next().unwrap_or_default().to_owned();
        self.messages().into_iter().map(field).collect()
    }
}

/// A bus of which there is nothing but whether it is there.
#[derive(Default)]
pub struct Line {
    pub state: Mutex<State>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum State {
    #[default]
    There,
    Away,
    Silent,
}

#[async_trait]
impl Bus for Line {
    async fn publish(&self, _: Vec<Message>) -> Result<(), BusDown> {
        self.epoch().await.map(drop)
    }

    async fn subscribe(
        &self,
        _: &'static str,
        _: &[&'static str],
    ) -> Result<Box<dyn Subscription>, BusDown> {
        Err(BusDown("nobody talks".to_owned()))
    }

    async fn epoch(&self) -> Result<String, BusDown> {
        let state = *self.state.lock().unwrap();
        match state {
            State::There => Ok("one".to_owned()),
            State::Away => Err(BusDown("nobody is there".to_owned())),
            State::Silent => std::future::pending().await,
        }
    }
}

/// A clock that stands still until a test moves it.
pub struct Hands {
    now: watch::Sender<Timestamp>,
}

impl Default for Hands {
    fn default() -> Self {
        let start = Timestamp::from_millis(1_795_000_000_123);
        Self { now: watch::Sender::new(start) }
    }
}

impl Hands {
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.plus(by));
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now().plus(duration);
        self.now.subscribe().wait_for(|now| *now >= until).await.unwrap();
    }
}
