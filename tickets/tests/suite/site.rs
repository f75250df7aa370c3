//! The service's routes as the site serves them, and people who are signed in there.

use axum::Router;
use axum::body::Body;
use common::events::KeysEvent;
use common::http::{Kit, Settings, openapi};
use common::id::{Ids, UserId};
use common::service::Context;
use common::session::copies::HearKeys;
use common::session::{Session, SessionView, Signer};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt as _;

use crate::app::App;
use crate::scenes::{NOW, id};

/// The site, and who signs its sessions.
pub struct Site {
    pub app: App,
    pub document: Value,
    router: Router,
    signer: Signer,
}

/// What came back.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Site {
    pub async fn new() -> Self {
        let app = App::new();
        let signer = Signer::new("test", &[7; 32]);
        let keys = KeysEvent { version: 0, keys: vec![signer.public_key()] };
        app.engine.run(HearKeys { keys }, "test").await.unwrap();
        let settings = Settings::new(app.clock.clone(), Arc::new(Ids::new(6)));
        let sessions = SessionView::new(app.engine.clone());
        let kit = Kit::new(app.engine.clone(), sessions, settings.clone());
        let service = tickets::service();
        let parts = (service.assemble)(Context { engine: app.engine.clone(), kit });
        let (router, document) = openapi::assemble([parts.routes]);
        let document = serde_json::to_value(document).unwrap();
        Self { app, document, router: common::http::app(router, settings), signer }
    }

    /// A request of somebody, or of nobody in particular.
    pub fn request(&self, who: Option<UserId>, method: &str, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match who {
            None => request,
            Some(user) => {
                let session = Session::begin(user, "a@example.com".into(), id(90), 0, NOW);
                let token = self.signer.sign(&session).unwrap();
                request.header("authorization", format!("Bearer {token}"))
            }
        }
    }

    pub async fn send(&self, request: http::request::Builder, body: Option<&Value>) -> Reply {
        let response = self.open(request, body).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// The response with its body still to come.
    pub async fn open(
        &self,
        request: http::request::Builder,
        body: Option<&Value>,
    ) -> http::Response<Body> {
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => {
                let json = request.header("content-type", "application/json");
                json.body(Body::from(body.to_string()))
            }
        };
        self.router.clone().oneshot(request.unwrap()).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(None, "GET", path), None).await
    }

    pub async fn write(&self, who: UserId, method: &str, path: &str, body: &Value) -> Reply {
        self.send(self.request(Some(who), method, path), Some(body)).await
    }

    pub async fn delete(&self, who: UserId, path: &str) -> Reply {
        self.send(self.request(Some(who), "DELETE", path), None).await
    }
}

impl Reply {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The fields that are told to be at fault, in their order.
    pub fn blamed(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().unwrap().clone();
        let mut fields: Vec<_> =
            errors.iter().map(|e| e["field"].as_str().unwrap_or_default().to_owned()).collect();
        fields.sort();
        fields
    }
}
