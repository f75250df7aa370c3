//! Letters that wait together are taken and recorded together, and hold one another up in nothing.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod app;
mod office;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth::mail::{Mailer, Parcel, SendError};
use auth::post::Post;
use common::execute::{Engine, Ports};
use common::id::Ids;
use common::outbox::Outbox;
use common::store::memory::MemoryStore;
use common::store::{Collection, CommitError, Document, Found, Query, Store, Unavailable, Write};
use common::time::Clock;
use common::worker::Reconciler as _;
use serde_json::json;
use tokio::sync::Semaphore;

use office::{Office, mail};

/// Counts the commits that it hands on.
struct Counted(Arc<MemoryStore>, AtomicUsize);

#[async_trait]
impl Store for Counted {
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable> {
        self.0.get(collection, id).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        self.0.find(query).await
    }

    async fn commit(&self, batch: Vec<Write>) -> Result<(), CommitError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.commit(batch).await
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.0.ready().await
    }
}

/// Takes each letter at once, but for those to one reader, which wait until they are let go.
struct Held {
    reader: &'static str,
    let_go: Semaphore,
    begun: Mutex<Vec<String>>,
}

impl Held {
    fn of(reader: &'static str) -> Arc<Self> {
        Arc::new(Self { reader, let_go: Semaphore::new(0), begun: Mutex::default() })
    }

    fn begun(&self) -> usize {
        self.begun.lock().unwrap().len()
    }
}

#[async_trait]
impl Mailer for Held {
    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        self.begun.lock().unwrap().push(parcel.id.clone());
        if parcel.envelope.to().iter().any(|to| to.to_string().starts_with(self.reader)) {
            drop(self.let_go.acquire().await.unwrap());
        }
        Ok(())
    }
}

/// An office with the two letters of each of so many purchases.
async fn with_purchases(many: usize) -> Office {
    let office = Office::with(&[]).await;
    for number in 10..10 + many {
        let id = format!("6afd4dc001020304050000{number}");
        office.hear(&office.order("order:completed", json!({"id": id}))).await;
    }
    office
}

fn sent(office: &Office) -> usize {
    office.stored().matches("\"is\":\"sent\"").count()
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let patience = Duration::from_secs(10);
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, waiting).await.unwrap();
}

#[tokio::test]
async fn letters_that_wait_together_are_taken_with_one_commit_and_recorded_with_one() {
    for (purchases, commits) in [(1, 2), (2, 2), (4, 4)] {
        let office = with_purchases(purchases).await;
        let store = Arc::new(Counted(Arc::clone(&office.app.store), AtomicUsize::new(0)));
        let clock = Arc::new(office.app.clock.clone());
        let ids = Arc::new(Ids::new(77));
        let outbox = Arc::new(Outbox::new(ids.next(clock.now())));
        let tasks = Arc::new(app::Tasks);
        let ports = Ports { store: Arc::clone(&store) as _, clock, ids, tasks };
        let post = Post::new(Engine::new(ports, outbox), mail(Arc::clone(&office.mailer) as _));
        post.step().await.unwrap();
        assert_eq!((office.taken().len(), sent(&office)), (2 * purchases, 2 * purchases));
        assert_eq!(store.1.load(Ordering::SeqCst), commits, "of {purchases} purchases");
    }
}

/// What is sent is recorded though another that was taken with it is not sent yet, and what waits
/// is sent by whoever has a hand free.
#[tokio::test]
async fn a_letter_that_takes_its_time_holds_no_other_up() {
    let office = with_purchases(5).await;
    let mailer = Held::of("sam@");
    let post = Post::new(Arc::clone(&office.app.engine), mail(Arc::clone(&mailer) as _));
    let step = post.step();
    let seen = async {
        // Those to the seller are held, until there is no hand free for any other.
        let held = || mailer.begun.lock().unwrap().iter().filter(|id| id.starts_with("s")).count();
        until(|| held() == 4).await;
        until(|| sent(&office) == mailer.begun() - 4).await;
        mailer.let_go.add_permits(100);
    };
    let (step, ()) = tokio::join!(step, seen);
    step.unwrap();
    assert_eq!(sent(&office), 10);
}

/// No more than were in hand at a time, which the lease is over for first.
#[tokio::test]
async fn a_death_over_letters_in_hand_holds_up_those_alone() {
    let office = with_purchases(5).await;
    let mailer = Held::of("");
    let post = Post::new(Arc::clone(&office.app.engine), mail(Arc::clone(&mailer) as _));
    tokio::select! {
        biased;
        () = until(|| mailer.begun() == 4) => {}
        _ = post.step() => unreachable!("nothing is let go"),
    }
    office.work().await;
    assert_eq!((sent(&office), office.taken().len()), (6, 6), "what nobody had in hand");
    office.app.clock.forward(Duration::from_secs(121));
    office.work().await;
    assert_eq!((sent(&office), office.taken().len()), (10, 10));
}
