//! Auth in process: its routes on a store in memory, with a clock that stands still until it is
//! moved.

#![allow(dead_code, reason = "each suite uses its part of it")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth::domain::Policy;
use auth::hashing::{Cost, Hashing};
use auth::http::{Auth, routes};
use auth::keys::{ANNOUNCED_FOR, Keyring, Rotation};
use auth::passwords::{Limits, Passwords};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use common::bus::Delivery;
use common::execute::{Engine, Ports};
use common::http::{Kit, Settings};
use common::id::{Ids, SystemEntropy};
use common::inbox::{Handled, Inbox};
use common::outbox::{OUTBOX, Outbox};
use common::session::{LIFETIME, Session, SessionView, hears};
use common::store::memory::MemoryStore;
use common::store::{Collection, Order, Query, Store};
use common::task::{Spawn, Work};
use common::time::{Clock, Timestamp};
use common::worker::Reconciler;
use serde_json::Value;
use tower::ServiceExt;

pub const PASSWORD: &str = "correct horse battery";

/// Where requests come from unless a test says otherwise.
pub const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

#[derive(Clone)]
pub struct StillClock(Arc<AtomicI64>);

impl StillClock {
    pub fn forward(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

pub struct Tasks;

impl Spawn for Tasks {
    fn spawn(&self, work: Work) {
        #[expect(clippy::disallowed_methods, reason = "a test runs its own tasks")]
        tokio::spawn(work);
    }
}

/// What a test may want otherwise.
pub struct Wishes {
    pub limits: Limits,
    pub cost: Cost,
    pub waiting: usize,
    pub public_url: Option<&'static str>,
    /// What an earlier app has stored, and its clock: this one is its successor.
    pub earlier: Option<(Arc<MemoryStore>, StillClock)>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            limits: Limits {
                failures_per_account: 1_000,
                failures_per_address: 1_000,
                sign_ups_per_address: 1_000,
            },
            cost: Cost::new(8, 1).unwrap(),
            waiting: 64,
            public_url: None,
            earlier: None,
        }
    }
}

pub struct App {
    pub clock: StillClock,
    pub store: Arc<MemoryStore>,
    pub engine: Arc<Engine>,
    pub sessions: SessionView,
    pub passwords: Arc<Passwords>,
    pub rotation: Rotation,
    router: Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn cookie(&self) -> &str {
        self.header("set-cookie")
    }

    /// The token in the cookie.
    #[track_caller]
    pub fn token(&self) -> String {
        let token = self.cookie().strip_prefix("session=").and_then(|c| c.split(';').next());
        token.filter(|token| !token.is_empty()).expect("a session").to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    #[track_caller]
    pub fn blames(self, field: &str) -> Self {
        let fields: Vec<_> =
            self.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
        assert!(fields.contains(&field.into()), "{self:?}");
        self.expect(400)
    }

    pub fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    }
}

/// A request that is being put together.
pub struct Ask<'a> {
    app: &'a App,
    request: axum::http::request::Builder,
    body: Body,
    from: Ipv4Addr,
}

impl Ask<'_> {
    pub fn json(mut self, body: Value) -> Self {
        self.request = self.request.header("content-type", "application/json");
        self.body = Body::from(body.to_string());
        self
    }

    pub fn session(self, token: &str) -> Self {
        self.header("cookie", &format!("theme=dark; session={token}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn from(mut self, address: Ipv4Addr) -> Self {
        self.from = address;
        self
    }

    pub async fn send(self) -> Answer {
        let peer = ConnectInfo(SocketAddr::from((self.from, 4_000)));
        let request = self.request.extension(peer).body(self.body).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

impl App {
    pub fn new() -> Self {
        Self::with(Wishes::default())
    }

    pub fn with(wishes: Wishes) -> Self {
        let (store, clock) = wishes.earlier.unwrap_or_else(|| {
            let clock = StillClock(Arc::new(AtomicI64::new(1_800_000_000_000)));
            (Arc::new(MemoryStore::new()), clock)
        });
        let engine = engine(Arc::clone(&store), &clock);
        let sessions = SessionView::new(Arc::clone(&engine));
        let mut settings = Settings::new(Arc::new(clock.clone()), Arc::new(Ids::new(3)));
        settings.public_url = wishes.public_url.map(|url| url.parse().unwrap());
        let kit = Kit::new(Arc::clone(&engine), sessions.clone(), settings.clone());
        let hashing = Hashing::new(wishes.cost, 1, wishes.waiting, Arc::new(SystemEntropy));
        let passwords = Passwords::new(hashing, wishes.limits, Arc::clone(&engine));
        let passwords = Arc::new(passwords);
        let policy = Policy {
            rotate_after: Duration::from_secs(30 * 24 * 60 * 60),
            announced_for: ANNOUNCED_FOR,
            session_lifetime: LIFETIME,
        };
        let keyring = Keyring::new(Arc::clone(&engine), Arc::new(SystemEntropy), policy);
        let auth = Auth {
            kit,
            engine: Arc::clone(&engine),
            passwords: Arc::clone(&passwords),
            keyring: Arc::clone(&keyring),
        };
        let router = common::http::app(Router::from(routes(auth)), settings);
        let rotation = Rotation { keyring };
        Self { clock, store, engine, sessions, passwords, rotation, router }
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        let request = Request::builder().method(method).uri(path);
        Ask { app: self, request, body: Body::empty(), from: HERE }
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path).json(body).send().await
    }

    pub async fn sign_up(&self, email: &str) -> Answer {
        self.post("/api/users/signup", credentials(email, PASSWORD)).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/users/signin", credentials(email, password)).await
    }

    /// What the service says of whose session the token is.
    pub async fn current_user(&self, token: &str) -> Value {
        let me = self.ask("GET", "/api/users/currentuser").session(token).send().await.expect(200);
        me.json()["currentUser"].clone()
    }

    pub async fn session_of(&self, token: &str) -> Option<Arc<Session>> {
        self.sessions.session_of(token).await.unwrap()
    }

    pub async fn rotate_keys(&self) {
        self.rotation.step().await.unwrap();
    }

    /// Everything that is stored, as text.
    pub fn stored(&self, collections: &[&'static Collection]) -> String {
        let all = collections.iter().flat_map(|collection| documents(&self.store, collection));
        all.map(|(id, body)| format!("{id} {body}\n")).collect()
    }

    /// Its events, oldest first.
    pub fn events(&self) -> Vec<Delivery> {
        let entries = documents(&self.store, &OUTBOX);
        let delivery = |(token, (id, body)): (usize, (String, String))| Delivery {
            token: token as u64,
            subject: common::events::USERS.to_owned(),
            id,
            body: body.into(),
        };
        entries.into_iter().enumerate().map(delivery).collect()
    }
}

/// Another service, which knows of sessions what it has heard.
pub struct Elsewhere {
    pub sessions: SessionView,
    pub store: Arc<MemoryStore>,
    inbox: Inbox,
}

impl Elsewhere {
    pub fn new(clock: &StillClock) -> Self {
        let store = Arc::new(MemoryStore::new());
        let engine = engine(Arc::clone(&store), clock);
        let inbox = Inbox::new(Arc::clone(&engine), "orders", vec![hears()]);
        Self { sessions: SessionView::new(engine), store, inbox }
    }

    pub async fn hear(&self, deliveries: &[Delivery]) {
        for delivery in deliveries {
            assert_eq!(self.inbox.handle(delivery).await, Handled::Done);
        }
    }

    pub async fn accepts(&self, token: &str) -> bool {
        self.sessions.session_of(token).await.unwrap().is_some()
    }
}

pub fn credentials(email: &str, password: &str) -> Value {
    serde_json::json!({"email": email, "password": password})
}

fn engine(store: Arc<MemoryStore>, clock: &StillClock) -> Arc<Engine> {
    let ids = Arc::new(Ids::new(common::id::random_u64(&SystemEntropy).unwrap()));
    let outbox = Arc::new(Outbox::new(ids.next(clock.now())));
    let store: Arc<dyn Store> = store;
    Engine::new(
        Ports { store, clock: Arc::new(clock.clone()), ids, tasks: Arc::new(Tasks) },
        outbox,
    )
}

fn documents(store: &MemoryStore, collection: &'static Collection) -> Vec<(String, String)> {
    let query = Query {
        collection,
        filters: vec![],
        order: Order { field: None, descending: false },
        after: None,
        limit: 1_000,
    };
    let found = store.find_now(&query).into_iter().map(|found| found.document);
    found.map(|d| (d.id, String::from_utf8(d.body.to_vec()).unwrap())).collect()
}
