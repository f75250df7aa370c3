//! What clients asked for and were told: written before each request and after each reply. It is
//! the ground truth of the suites that break things: afterwards the marketplace must still say what
//! it told, no less and no more.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::Request;
use crate::market::Person;
use crate::text;

/// By when copies in other services must agree once faults are over (I18).
pub(crate) const CONVERGENCE: Duration = Duration::from_secs(30);
/// How long an unknown outcome may take to become known under its key.
const RESOLUTION: Duration = Duration::from_secs(60);

/// Something that somebody tries to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Offer units of a ticket, at 20 each.
    Sell {
        /// Tells it from all others.
        title: String,
        /// How many units.
        quantity: u64,
    },
    /// Order units of a ticket.
    Order {
        /// The ticket's id.
        ticket: String,
        /// How many units.
        quantity: u64,
    },
    /// Cancel one's order.
    Cancel {
        /// The order's id.
        order: String,
    },
    /// Pay for one's order with a card that works.
    Pay {
        /// The order's id.
        order: String,
        /// The card.
        token: String,
    },
}

impl Deed {
    fn request(&self, key: &str) -> Request {
        let request = match self {
            Self::Sell { title, quantity } => Request::new("POST", "/api/tickets")
                .json(&json!({"title": title, "price": 20, "quantity": quantity})),
            Self::Order { ticket, quantity } => Request::new("POST", "/api/orders")
                .json(&json!({"ticketId": ticket, "quantity": quantity})),
            Self::Cancel { order } => Request::new("DELETE", format!("/api/orders/{order}")),
            Self::Pay { order, token } => Request::new("POST", "/api/payments")
                .json(&json!({"orderId": order, "token": token})),
        };
        request.key(key)
    }
}

/// What came of a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No definite answer yet: sent, lost, or told to come back.
    Unknown,
    /// The definite answer.
    Told {
        /// Its status.
        status: u16,
        /// Its body.
        body: Bytes,
    },
}

impl Outcome {
    /// The id in the body of a success.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Told { status: 200..=299, body } if !body.is_empty() => {
                let body: Value = serde_json::from_slice(body).ok()?;
                Some(text(&body, "id"))
            }
            _ => None,
        }
    }

    /// Whether it is a success.
    pub fn succeeded(&self) -> bool {
        matches!(self, Self::Told { status: 200..=299, .. })
    }
}

/// One line of the journal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who: an index into the people of the test.
    pub who: usize,
    /// The idempotency key.
    pub key: String,
    /// What was asked.
    pub deed: Deed,
    /// What was told.
    pub outcome: Outcome,
}

/// The journal of a test.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Vec<Entry>>,
}

impl Journal {
    /// One that says this already.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self { entries: Mutex::new(entries) }
    }

    /// How many lines there are.
    ///
    /// # Panics
    /// Never while no writer panicked.
    pub fn len(&self) -> usize {
        self.entries.lock().unwrap().len()
    }

    /// Whether nothing was asked yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One line as it is now.
    ///
    /// # Panics
    /// If there is no such line.
    pub fn entry(&self, index: usize) -> Entry {
        self.entries.lock().unwrap()[index].clone()
    }

    /// All lines as they are now.
    ///
    /// # Panics
    /// Never while no writer panicked.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    /// Writes the intent, asks once, writes what was told. Returns the line's number and the
    /// outcome.
    pub async fn perform(&self, who: usize, person: &Person, deed: Deed) -> (usize, Outcome) {
        let (index, request) = {
            let mut entries = self.entries.lock().unwrap();
            let index = entries.len();
            let key = format!("{}-{index}", person.id);
            let request = deed.request(&key);
            entries.push(Entry { who, key, deed, outcome: Outcome::Unknown });
            (index, request)
        };
        let outcome = match person.client.attempt(&request).await {
            Ok(answer) if matches!(answer.status, 409 | 429 | 503) => Outcome::Unknown,
            Ok(answer) => Outcome::Told { status: answer.status, body: answer.body },
            Err(_) => Outcome::Unknown,
        };
        self.entries.lock().unwrap()[index].outcome = outcome.clone();
        (index, outcome)
    }

    /// Asks again, under the same key, until the outcome of this line is known.
    ///
    /// # Panics
    /// If it does not become known.
    pub async fn resolve(&self, index: usize, person: &Person) -> Outcome {
        let entry = self.entry(index);
        let answer = person.client.insist(&entry.deed.request(&entry.key), RESOLUTION).await;
        let outcome = Outcome::Told { status: answer.status, body: answer.body };
        self.entries.lock().unwrap()[index].outcome = outcome.clone();
        outcome
    }

    /// Makes every outcome known.
    pub async fn resolve_all(&self, people: &[Person]) -> usize {
        let mut resolved = 0;
        for (index, entry) in self.entries().iter().enumerate() {
            if entry.outcome == Outcome::Unknown {
                self.resolve(index, &people[entry.who]).await;
                resolved += 1;
            }
        }
        resolved
    }

    /// Repeats a line that succeeded: the same key and body must get the first answer again, byte
    /// for byte (I17).
    ///
    /// # Panics
    /// If the answer differs.
    pub async fn replay(&self, index: usize, person: &Person) {
        let entry = self.entry(index);
        let Outcome::Told { status, body } = &entry.outcome else {
            return;
        };
        let request = entry.deed.request(&entry.key);
        let again = person.client.insist(&request, RESOLUTION).await;
        assert!(
            again.status == *status && again.body == *body,
            "I17: the first answer was {status} {}, the same again is {again}",
            String::from_utf8_lossy(body)
        );
    }

    /// Repeats a line that was answered, once; `None` if that answer is lost or says to come back.
    pub async fn attempt_again(&self, index: usize, person: &Person) -> Option<Outcome> {
        let entry = self.entry(index);
        let answer = person.client.attempt(&entry.deed.request(&entry.key)).await.ok()?;
        let definite = !matches!(answer.status, 409 | 429 | 503);
        definite.then_some(Outcome::Told { status: answer.status, body: answer.body })
    }

    /// What the lines from `from` on acknowledged must be there now.
    ///
    /// # Panics
    /// If something is not.
    pub async fn spot_check(&self, from: usize, people: &[Person]) {
        for entry in self.entries().into_iter().skip(from) {
            let Some(id) = entry.outcome.id() else {
                continue;
            };
            let path = match entry.deed {
                Deed::Sell { .. } => format!("/api/tickets/{id}"),
                Deed::Order { .. } => format!("/api/orders/{id}"),
                Deed::Pay { .. } => format!("/api/payments/{id}"),
                Deed::Cancel { .. } => continue,
            };
            let request = Request::new("GET", path);
            let answer = people[entry.who].client.insist(&request, CONVERGENCE).await;
            assert_eq!(answer.status, 200, "I7: acknowledged and lost: {entry:?}: {answer}");
        }
    }
}
