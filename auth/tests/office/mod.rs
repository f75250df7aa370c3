//! Auth, with people, and a mailer that misbehaves by plan.

#![allow(dead_code, reason = "each suite uses its part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth::consume;
use auth::documents::LETTERS;
use auth::mail::{Letterhead, Mail, Mailer, Parcel, SendError};
use auth::post::{Keep, Post};
use common::bus::Delivery;
use common::inbox::{Handled, Inbox};
use common::time::Clock as _;
use common::worker::Reconciler as _;
use serde_json::{Value, json};

use crate::app::App;

pub const ORDER: &str = "6afd4dc00102030405000001";
pub const TICKET: &str = "6afd4dc00102030405000002";
pub const PAYMENT: &str = "6afd4dc00102030405000003";
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a mailer does with a letter.
#[derive(Clone, Copy)]
pub enum Does {
    Takes,
    /// Takes it, and never says so.
    TakesSilently,
    PutsOff,
    Refuses,
}

pub struct Misbehaving {
    plan: Mutex<VecDeque<Does>>,
    taken: Mutex<Vec<Parcel>>,
    calls: Mutex<usize>,
}

#[async_trait]
impl Mailer for Misbehaving {
    fn timeout(&self) -> Duration {
        Duration::from_millis(200)
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        *self.calls.lock().unwrap() += 1;
        let does = self.plan.lock().unwrap().pop_front().unwrap_or(Does::Takes);
        if matches!(does, Does::Takes | Does::TakesSilently) {
            self.taken.lock().unwrap().push(parcel.clone());
        }
        match does {
            Does::Takes => Ok(()),
            Does::TakesSilently => std::future::pending().await,
            Does::PutsOff => Err(SendError::Failed("not now".to_owned())),
            Does::Refuses => Err(SendError::Refused("never".to_owned())),
        }
    }
}

/// Auth, with people, and somebody who carries its letters.
pub struct Office {
    pub app: App,
    pub mailer: Arc<Misbehaving>,
    buyer: Value,
    seller: Value,
    inbox: Inbox,
}

impl Office {
    pub async fn with(plan: &[Does]) -> Self {
        let app = App::new();
        let person = async |email| app.sign_up(email).await.expect(201).json()["id"].clone();
        let (buyer, seller) = (person("ada@example.com").await, person("sam@example.com").await);
        let mailer = Arc::new(Misbehaving {
            plan: Mutex::new(plan.iter().copied().collect()),
            taken: Mutex::default(),
            calls: Mutex::default(),
        });
        let inbox = Inbox::new(Arc::clone(&app.engine), "auth", consume::hears());
        let office = Self { app, mailer, buyer, seller, inbox };
        office.keep().await;
        office
    }

    pub fn post(&self) -> Post {
        Post::new(Arc::clone(&self.app.engine), mail(Arc::clone(&self.mailer) as _))
    }

    pub async fn keep(&self) {
        Keep::new(Arc::clone(&self.app.engine)).step().await.unwrap();
    }

    pub async fn work(&self) {
        self.post().step().await.unwrap();
    }

    pub async fn hear(&self, event: &Value) -> Handled {
        let delivery = Delivery {
            token: 0,
            subject: event["subject"].as_str().unwrap().to_owned(),
            id: event["id"].as_str().unwrap().to_owned(),
            body: event.to_string().into(),
        };
        self.inbox.handle(&delivery).await
    }

    /// An event of the order, as it is after `change`.
    pub fn order(&self, kind: &str, change: Value) -> Value {
        let mut order = json!({
            "id": ORDER, "userId": self.buyer, "status": "complete", "version": 3,
            "expiresAt": self.app.clock.now(), "quantity": 2,
            "total": {"minor": 9000, "currency": "usd"},
            "ticket": {
                "id": TICKET, "userId": self.seller, "title": "Front row", "version": 0,
                "price": {"minor": 4500, "currency": "usd"},
            },
        });
        merge(&mut order, change);
        self.event("orders", kind, ORDER, order)
    }

    pub fn refunded(&self) -> Value {
        let payment = json!({
            "id": PAYMENT, "orderId": ORDER, "userId": self.buyer, "status": "refunded",
            "amount": {"minor": 9000, "currency": "usd"}, "version": 4,
        });
        self.event("payments", "payment:refunded", PAYMENT, payment)
    }

    pub fn event(&self, subject: &str, kind: &str, aggregate: &str, data: Value) -> Value {
        json!({
            "id": format!("{kind}-1"), "subject": subject, "kind": kind, "aggregate": aggregate,
            "version": 3, "at": self.app.clock.now(), "trace": "t", "data": data,
        })
    }

    pub fn late(&self, by: &str) -> Value {
        let late = json!({"status": "cancelled", "cancelledBy": by, "late": {"payment": PAYMENT}});
        self.order("order:cancelled", late)
    }

    pub fn taken(&self) -> Vec<Parcel> {
        self.mailer.taken.lock().unwrap().clone()
    }

    pub fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.taken().into_iter().map(|parcel| parcel.id).collect();
        ids.sort();
        ids
    }

    pub fn calls(&self) -> usize {
        *self.mailer.calls.lock().unwrap()
    }

    pub fn stored(&self) -> String {
        self.app.stored(&[&LETTERS])
    }
}

pub fn mail(mailer: Arc<dyn Mailer>) -> Mail {
    let from = "Tickets <tickets@example.com>".parse().unwrap();
    let site = Some("https://tickets.example".to_owned());
    Mail { mailer, letterhead: Letterhead { from, site } }
}

pub fn merge(into: &mut Value, change: Value) {
    let Value::Object(change) = change else { panic!("a change is an object") };
    for (key, value) in change {
        into[key] = value;
    }
}

pub fn text_of(parcel: &Parcel) -> String {
    // Quoted-printable breaks lines with a sign of equality.
    String::from_utf8(parcel.bytes.clone()).unwrap().replace("=\r\n", "")
}
