//! People of the marketplace: they sign up, sell, order and pay, as a page in a browser would do it
//! for them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::client::{Client, Request};
use crate::{Server, text};

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";
/// A card that works.
pub const GOOD_CARD: &str = "tok_visa";
/// A well-formed id that names nothing.
pub const NOBODY: &str = "0123456789abcdef01234567";
/// How long anything that crosses services may take before a test gives up. The promise is far
/// below; this is a test's deadline on a busy machine.
pub const CROSSING: Duration = Duration::from_secs(10);

/// I3: every capture ends as a complete order or a full refund within this.
const SETTLED: Duration = Duration::from_secs(60);

/// Sign-ups that run side by side: enough to keep two cores busy without filling the pool that
/// hashes passwords.
const SIGNUPS_AT_ONCE: usize = 8;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Holds the session.
    pub client: Client,
    /// The id that sign-up gave.
    pub id: String,
    /// As signed up with.
    pub email: String,
}

/// A fresh e-mail address; the counter makes it unique in a process, each of which has a server of
/// its own.
pub fn fresh_email(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{name}-{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Server {
    /// Signs up one person, with connections of their own.
    pub async fn person(&self, name: &str) -> Person {
        Person::sign_up(self.client(), &fresh_email(name)).await
    }

    /// Signs up `count` people, each with connections of their own.
    pub async fn people(&self, name: &str, count: usize) -> Vec<Person> {
        futures_util::stream::iter(0..count)
            .map(|_| self.person(name))
            .buffered(SIGNUPS_AT_ONCE)
            .collect()
            .await
    }
}

impl Person {
    /// Signs up.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn sign_up(client: Client, email: &str) -> Self {
        let request = Request::new("POST", "/api/users/signup")
            .json(&json!({"email": email, "password": PASSWORD}));
        let user = client.insist(&request, Duration::from_secs(60)).await.expect(201).json();
        Self { client, id: text(&user, "id"), email: email.to_owned() }
    }

    /// The same person on another device: signs in with an empty jar.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn sign_in_elsewhere(&self) -> Self {
        let client = self.client.stranger();
        let body = json!({"email": self.email, "password": PASSWORD});
        client.post("/api/users/signin", &body).await.is(200);
        Self { client, id: self.id.clone(), email: self.email.clone() }
    }

    /// Offers a ticket.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn sell(&self, body: &Value) -> Value {
        self.client.post("/api/tickets", body).await.expect(201).json()
    }

    /// Offers `quantity` units at 20.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn sell_units(&self, quantity: u64) -> String {
        let body = json!({"title": "A seat", "price": 20, "quantity": quantity});
        text(&self.sell(&body).await, "id")
    }

    /// Places an order and returns whatever the answer is, but gives a new ticket its moment to
    /// become orderable.
    pub async fn try_order(&self, body: &Value) -> Answer {
        crate::until("the ticket is orderable", CROSSING, || async {
            let answer = self.client.post("/api/orders", body).await;
            (answer.status != 404).then_some(answer)
        })
        .await
    }

    /// Orders one unit.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn order(&self, ticket: &str) -> Value {
        self.try_order(&json!({"ticketId": ticket})).await.expect(201).json()
    }

    /// Pays and returns whatever the answer is, but gives a new order its moment to become payable.
    pub async fn pay(&self, order: &str, token: &str) -> Answer {
        let body = json!({"orderId": order, "token": token});
        crate::until("the order is payable", CROSSING, || async {
            let answer = self.client.post("/api/payments", &body).await;
            (answer.status != 404).then_some(answer)
        })
        .await
    }

    /// Pays as a page does that comes back when it is told to, until the answer is definite.
    ///
    /// # Panics
    /// If it does not become so within the time that a capture may take to end (I3).
    pub async fn pay_until_definite(&self, order: &str, token: &str) -> Answer {
        crate::until("a definite answer to a payment", SETTLED, || async {
            let answer = self.pay(order, token).await;
            (!matches!(answer.status, 503 | 429 | 409)).then_some(answer)
        })
        .await
    }

    /// The order as it is now.
    ///
    /// # Panics
    /// If it is not shown.
    pub async fn see_order(&self, order: &str) -> Value {
        self.client.get(&format!("/api/orders/{order}")).await.expect(200).json()
    }

    /// The ticket as it is now.
    ///
    /// # Panics
    /// If it is not shown.
    pub async fn see_ticket(&self, ticket: &str) -> Value {
        self.client.get(&format!("/api/tickets/{ticket}")).await.expect(200).json()
    }

    /// Waits until the order has this status, and returns it.
    ///
    /// # Panics
    /// If it does not get there within `limit`.
    pub async fn until_order(&self, order: &str, status: &str, limit: Duration) -> Value {
        crate::until(&format!("order {order} is {status}"), limit, || async {
            Some(self.see_order(order).await).filter(|order| order["status"] == status)
        })
        .await
    }

    /// Waits until the ticket satisfies `wanted`, and returns it.
    ///
    /// # Panics
    /// If it does not get there while things cross services.
    pub async fn until_ticket(&self, ticket: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        crate::until(&format!("ticket {ticket} gets there"), CROSSING, || async {
            Some(self.see_ticket(ticket).await).filter(|ticket| wanted(ticket))
        })
        .await
    }
}
