//! A store that is not asked while it cannot serve.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::store::breaker::Breaker;
use common::store::{Batch, Collection, CommitError, Document, Found, Query, Store, Unavailable};
use common::time::{Clock, Timestamp};
use futures_util::FutureExt as _;

static THINGS: Collection = Collection { name: "things", fields: &[], indexes: &[] };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Fine,
    Failing,
    Silent,
}

/// A store in a mood, which counts how often it is asked.
struct Moody {
    mood: Mutex<Mood>,
    asked: AtomicUsize,
}

impl Moody {
    async fn answer(&self) -> Result<(), Unavailable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fine => Ok(()),
            Mood::Failing => Err(Unavailable("down".to_owned())),
            Mood::Silent => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Store for Moody {
    async fn get(&self, _: &'static Collection, _: &str) -> Result<Option<Document>, Unavailable> {
        self.answer().await.map(|()| None)
    }

    async fn find(&self, _: Query) -> Result<Vec<Found>, Unavailable> {
        self.answer().await.map(|()| Vec::new())
    }

    async fn commit(&self, _: Batch) -> Result<(), CommitError> {
        self.answer().await?;
        Err(CommitError::Conflict)
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.answer().await
    }
}

#[derive(Default)]
struct Hands(Mutex<i64>);

impl Hands {
    fn advance(&self, millis: i64) {
        *self.0.lock().unwrap() += millis;
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + *self.0.lock().unwrap())
    }

    async fn sleep(&self, _: Duration) {}
}

struct Rig {
    store: Arc<Moody>,
    clock: Arc<Hands>,
    breaker: Breaker,
}

impl Rig {
    fn new() -> Self {
        let store = Moody { mood: Mutex::new(Mood::Fine), asked: AtomicUsize::new(0) };
        let (store, clock) = (Arc::new(store), Arc::new(Hands::default()));
        let breaker = Breaker::new(store.clone(), "things", clock.clone());
        Self { store, clock, breaker }
    }

    fn becomes(&self, mood: Mood) {
        *self.store.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> usize {
        self.store.asked.swap(0, Ordering::Relaxed)
    }

    /// What a caller is told, if anything, and whether the store was asked for it.
    fn call(&self) -> (Option<bool>, bool) {
        self.asked();
        let told = self.breaker.get(&THINGS, "1").now_or_never().map(|told| told.is_ok());
        (told, self.asked() == 1)
    }
}

#[test]
fn i22_a_store_that_keeps_failing_is_asked_now_and_then_and_trusted_again_when_it_answers() {
    let rig = Rig::new();
    assert_eq!(rig.call(), (Some(true), true));
    rig.becomes(Mood::Failing);
    for _ in 0..5 {
        assert_eq!(rig.call(), (Some(false), true));
    }
    for _ in 0..100 {
        assert_eq!(rig.call(), (Some(false), false), "nobody is let through");
    }
    rig.clock.advance(500);
    assert_eq!(rig.call(), (Some(false), true), "one tries");
    assert_eq!(rig.call(), (Some(false), false), "and only one");
    rig.becomes(Mood::Fine);
    rig.clock.advance(500);
    for _ in 0..3 {
        assert_eq!(rig.call(), (Some(true), true));
    }
}

#[test]
fn a_few_failures_between_answers_change_nothing() {
    let rig = Rig::new();
    for _ in 0..10 {
        rig.becomes(Mood::Failing);
        for _ in 0..4 {
            assert_eq!(rig.call(), (Some(false), true));
        }
        rig.becomes(Mood::Fine);
        let conflict = rig.breaker.commit(Vec::new()).now_or_never().unwrap();
        assert_eq!(conflict, Err(CommitError::Conflict), "which is an answer too");
    }
}

#[test]
fn i22_a_store_that_says_nothing_is_left_alone_before_its_callers_time_is_up() {
    let rig = Rig::new();
    rig.becomes(Mood::Silent);
    let mut first = rig.breaker.get(&THINGS, "1");
    assert!(first.as_mut().now_or_never().is_none());
    rig.clock.advance(1_900);
    let mut second = rig.breaker.get(&THINGS, "1");
    assert!(second.as_mut().now_or_never().is_none(), "it may still be only slow");
    rig.clock.advance(200);
    assert_eq!(rig.call(), (Some(false), false));
    drop((first, second));
    rig.clock.advance(500);
    rig.becomes(Mood::Fine);
    assert_eq!(rig.call(), (Some(true), true), "who waited and went away is not waited for");
    assert_eq!(rig.call(), (Some(true), true));
}

#[test]
fn probes_are_told_the_truth_and_what_they_learn_counts() {
    let rig = Rig::new();
    rig.becomes(Mood::Failing);
    for _ in 0..5 {
        rig.call();
    }
    rig.asked();
    assert!(rig.breaker.ready().now_or_never().unwrap().is_err());
    assert_eq!(rig.asked(), 1, "a probe is let through");
    rig.becomes(Mood::Fine);
    assert!(rig.breaker.ready().now_or_never().unwrap().is_ok());
    assert_eq!(rig.call(), (Some(true), true));
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_out() {
    let rig = Rig::new();
    rig.becomes(Mood::Failing);
    for _ in 0..5 {
        rig.call();
    }
    rig.clock.advance(-86_400_000);
    assert_eq!(rig.call(), (Some(false), true));
}
