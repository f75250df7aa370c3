//! The write path against a store that misbehaves on cue.

#![expect(clippy::disallowed_methods, reason = "callers at once; the test waits for each")]
#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use common::bus::{Bus, BusDown, Message, Subscription};
use common::command::{Change, Command, Docs, Entity, Key, Moment, Refusal};
use common::events::Event;
use common::execute::{Engine, Failure, Ports};
use common::id::Ids;
use common::outbox::{
    OUTBOX, Outbox, PARTITIONS, RETENTION, Relay, Sweep, Trim, WATERMARKS, is_void,
};
use common::replies::{Answer, Once, RequestKey};
use common::store::memory::MemoryStore;
use common::store::{
    Batch, Collection, CommitError, Document, Found, Order, Query, Store, Unavailable,
};
use common::task::{Spawn, Work};
use common::time::{Clock, Timestamp};
use common::worker::{Progress, Reconciler};
use serde::{Deserialize, Serialize};

/// What a commit is made to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// It lands, and the store says that it does not know.
    UnknownLanded,
    /// It does not land, and the store says that it does not know.
    UnknownLost,
    /// It does not land, and the store says so.
    Down,
}

/// A memory store whose next commits misbehave as scripted, then behave.
#[derive(Default)]
struct Scripted {
    inner: MemoryStore,
    script: Mutex<VecDeque<Trouble>>,
    commits: Mutex<usize>,
    /// What was lost, in case it lands after all.
    lost: Mutex<Vec<Batch>>,
}

#[async_trait]
impl Store for Scripted {
    async fn get(&self, c: &'static Collection, id: &str) -> Result<Option<Document>, Unavailable> {
        tokio::task::yield_now().await;
        Ok(self.inner.get_now(c, id))
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        Ok(self.inner.find_now(&query))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        tokio::task::yield_now().await;
        *self.commits.lock().unwrap() += 1;
        let trouble = self.script.lock().unwrap().pop_front().unwrap_or(Trouble::None);
        match trouble {
            Trouble::None => self.inner.commit_now(batch),
            Trouble::UnknownLanded => {
                self.inner.commit_now(batch)?;
                Err(CommitError::Unknown("scripted".into()))
            }
            Trouble::UnknownLost => {
                self.lost.lock().unwrap().push(batch);
                Err(CommitError::Unknown("scripted".into()))
            }
            Trouble::Down => Err(Unavailable("scripted".into()).into()),
        }
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}

struct TestClock;

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.min(Duration::from_millis(1))).await;
    }
}

struct TestTasks;

impl Spawn for TestTasks {
    fn spawn(&self, work: Work) {
        tokio::spawn(work);
    }
}

/// A bus that keeps what it is given, unless it is down.
#[derive(Default)]
struct Kept {
    messages: Mutex<Vec<Message>>,
    down: Mutex<bool>,
    epoch: Mutex<u32>,
}

#[async_trait]
impl Bus for Kept {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusDown> {
        if *self.down.lock().unwrap() {
            return Err(BusDown("scripted".into()));
        }
        self.messages.lock().unwrap().extend(messages);
        Ok(())
    }

    async fn subscribe(
        &self,
        _: &'static str,
        _: &[&'static str],
    ) -> Result<Box<dyn Subscription>, BusDown> {
        Err(BusDown("nobody listens here".into()))
    }

    async fn epoch(&self) -> Result<String, BusDown> {
        Ok(self.epoch.lock().unwrap().to_string())
    }
}

impl Kept {
    fn versions(&self) -> Vec<u64> {
        let read = |m: &Message| common::events::Envelope::read(&m.body).unwrap().version;
        self.messages.lock().unwrap().iter().map(read).collect()
    }
}

static COUNTERS: Collection = Collection { name: "counters", fields: &[], indexes: &[] };

#[derive(Clone, Serialize, Deserialize)]
struct Counter {
    total: u64,
}

impl Entity for Counter {
    const COLLECTION: &'static Collection = &COUNTERS;

    fn id(&self) -> String {
        "one".into()
    }
}

#[derive(Serialize)]
struct Counted {
    version: u64,
}

impl Event for Counted {
    const SUBJECT: &'static str = common::events::TICKETS;

    fn kind(&self) -> &'static str {
        "ticket:updated"
    }

    fn aggregate(&self) -> String {
        "one".into()
    }

    fn version(&self) -> u64 {
        self.version
    }
}

#[derive(Clone, Copy)]
struct Add {
    limit: u64,
    gathers: bool,
}

const ADD: Add = Add { limit: u64::MAX, gathers: false };

impl Command for Add {
    type Reply = u64;

    fn gather(&self) -> Option<Key> {
        self.gathers.then(|| Key::of::<Counter>("one"))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Counter>("one")]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<u64>, Refusal> {
        let total = docs.get::<Counter>("one").map_or(0, |counter| counter.value.total) + 1;
        if total > self.limit {
            return Err(Refusal::state("full"));
        }
        let version = docs.next_version::<Counter>("one");
        Ok(Change::nothing(total).put(Counter { total }).tell(&Counted { version }))
    }
}

struct Bench {
    store: Arc<Scripted>,
    engine: Arc<Engine>,
    outbox: Arc<Outbox>,
    bus: Arc<Kept>,
}

impl Bench {
    fn new() -> Self {
        Self::on(Arc::default(), Arc::default(), 1)
    }

    fn on(store: Arc<Scripted>, bus: Arc<Kept>, seed: u64) -> Self {
        let ids = Arc::new(Ids::new(seed << 24));
        let outbox = Arc::new(Outbox::new(ids.next(TestClock.now())));
        let ports = Ports {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(TestClock),
            ids,
            tasks: Arc::new(TestTasks),
        };
        let engine = Engine::new(ports, Arc::clone(&outbox));
        Self { store, engine, outbox, bus }
    }

    fn script(&self, troubles: &[Trouble]) {
        self.store.script.lock().unwrap().extend(troubles);
    }

    fn total(&self) -> u64 {
        let document = self.store.inner.get_now(&COUNTERS, "one");
        document.map_or(0, |d| serde_json::from_slice::<Counter>(&d.body).unwrap().total)
    }

    fn recorded(&self) -> usize {
        let order = Order { field: None, descending: false };
        let query =
            Query { collection: &OUTBOX, filters: vec![], order, after: None, limit: 1_000 };
        let found = self.store.inner.find_now(&query);
        found.iter().filter(|found| !is_void(&found.document)).count()
    }

    fn sweep(&self) -> Sweep {
        self.sweep_with(Arc::new(TestClock), true)
    }

    /// The sweep of a process that shares its store with others, `seconds` from now.
    fn replica_sweep(&self, seconds: u64) -> Sweep {
        let later = TestClock.now().plus(Duration::from_secs(seconds));
        self.sweep_with(Arc::new(At(later)), false)
    }

    fn sweep_with(&self, clock: Arc<dyn Clock>, exclusive: bool) -> Sweep {
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        let bus = Arc::clone(&self.bus) as Arc<dyn Bus>;
        Sweep::new(Arc::clone(&self.outbox), store, bus, clock, exclusive)
    }

    async fn relay(&self) {
        let relay = Relay::new(Arc::clone(&self.outbox), Arc::clone(&self.bus) as Arc<dyn Bus>);
        while relay.step().await.unwrap() == Progress::More {}
    }
}

async fn settle(sweep: &Sweep) {
    while sweep.step().await.unwrap() == Progress::More {}
}

#[tokio::test]
async fn i8_an_unknown_commit_that_landed_is_found_and_not_repeated() {
    for gathers in [false, true] {
        let bench = Bench::new();
        bench.script(&[Trouble::UnknownLanded]);
        assert_eq!(bench.engine.run(Add { gathers, ..ADD }, "t").await, Ok(1));
        assert_eq!((bench.total(), bench.recorded()), (1, 1));
        bench.relay().await;
        assert_eq!(bench.bus.versions(), [0]);
    }
}

#[tokio::test]
async fn i8_an_unknown_commit_that_was_lost_is_made_again() {
    let bench = Bench::new();
    bench.script(&[Trouble::UnknownLost, Trouble::UnknownLost, Trouble::UnknownLanded]);
    assert_eq!(bench.engine.run(ADD, "t").await, Ok(1));
    assert_eq!((bench.total(), bench.recorded()), (1, 1));
}

static NOTES: Collection = Collection { name: "notes", fields: &[], indexes: &[] };

#[derive(Clone, Serialize, Deserialize)]
struct Note {
    id: String,
}

impl Entity for Note {
    const COLLECTION: &'static Collection = &NOTES;

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Makes a document under a new id: it conflicts with nothing, not even with itself.
struct Write;

impl Command for Write {
    type Reply = String;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        Vec::new()
    }

    fn decide(&self, _: &Docs, at: &Moment<'_>) -> Result<Change<String>, Refusal> {
        let id = at.next_id().to_string();
        Ok(Change::nothing(id.clone()).put(Note { id }).tell(&Counted { version: 0 }))
    }
}

#[tokio::test]
async fn i8_a_commit_that_lands_after_it_was_made_again_changes_nothing() {
    let bench = Bench::new();
    bench.script(&[Trouble::UnknownLost]);
    let told = bench.engine.run(Write, "t").await.unwrap();
    let lost = std::mem::take(&mut *bench.store.lost.lock().unwrap());
    for batch in lost {
        assert_eq!(bench.store.inner.commit_now(batch), Err(CommitError::Conflict));
    }
    let order = Order { field: None, descending: false };
    let query = Query { collection: &NOTES, filters: vec![], order, after: None, limit: 10 };
    let found = bench.store.inner.find_now(&query);
    assert_eq!(found.iter().map(|f| f.document.id.as_str()).collect::<Vec<_>>(), [told]);
    bench.relay().await;
    assert_eq!(bench.bus.versions(), [0], "a void entry is no event");
}

#[tokio::test]
async fn i8_a_commit_that_stays_unknown_is_said_to_be_in_doubt() {
    let bench = Bench::new();
    bench.script(&[Trouble::UnknownLost; 100]);
    assert!(matches!(bench.engine.run(ADD, "t").await, Err(Failure::InDoubt(_))));
}

#[tokio::test]
async fn i30_a_store_that_is_down_changes_nothing_and_says_so() {
    let bench = Bench::new();
    bench.script(&[Trouble::Down]);
    assert!(matches!(bench.engine.run(ADD, "t").await, Err(Failure::Unavailable(_))));
    assert_eq!((bench.total(), bench.recorded(), bench.outbox.depth()), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_many_at_once_on_one_document_are_each_decided_once() {
    let bench = Bench::new();
    let limit = 150;
    let adds = (0..200).map(|_| {
        let engine = Arc::clone(&bench.engine);
        tokio::spawn(async move { engine.run(Add { limit, gathers: true }, "t").await })
    });
    let mut totals = Vec::new();
    for add in adds.collect::<Vec<_>>() {
        match add.await.unwrap() {
            Ok(total) => totals.push(total),
            Err(failure) => assert_eq!(failure, Refusal::state("full").into()),
        }
    }
    totals.sort_unstable();
    assert_eq!(totals, (1..=limit).collect::<Vec<_>>());
    assert_eq!((bench.total(), bench.recorded()), (limit, 150));
    assert!(
        *bench.store.commits.lock().unwrap() < 150,
        "commands that wait are committed together"
    );
}

#[tokio::test]
async fn i17_a_request_is_carried_out_once_under_its_key() {
    let bench = Bench::new();
    let once = |fingerprint: &str| Once {
        command: ADD,
        key: RequestKey { id: "k".into(), fingerprint: fingerprint.into() },
        render: |outcome: Result<&u64, &Refusal>| Answer {
            status: 200,
            headers: vec![],
            body: format!("{outcome:?}"),
        },
    };
    bench.script(&[Trouble::UnknownLanded]);
    let first = bench.engine.run(once("a"), "t").await.unwrap();
    let again = bench.engine.run(once("a"), "t").await.unwrap();
    assert_eq!((first.body.as_str(), &again), ("Ok(1)", &first));
    assert_eq!(bench.engine.run(once("b"), "t").await, Err(Refusal::KeyReused.into()));
    assert_eq!(bench.total(), 1);
}

#[tokio::test]
async fn i9_what_a_crash_kept_from_the_bus_is_published_by_the_next_writer() {
    let bench = Bench::new();
    settle(&bench.sweep()).await;
    bench.engine.run(ADD, "t").await.unwrap();
    bench.engine.run(ADD, "t").await.unwrap();
    // The process dies here, before its relay has run.
    let next = Bench::on(Arc::clone(&bench.store), Arc::clone(&bench.bus), 2);
    settle(&next.sweep()).await;
    assert_eq!(next.bus.versions(), [0, 1]);
}

#[tokio::test]
async fn i9_a_replica_leaves_what_another_has_just_committed_to_that_one_and_adopts_what_stays() {
    let bench = Bench::new();
    settle(&bench.replica_sweep(0)).await;
    let other = Bench::on(Arc::clone(&bench.store), Arc::clone(&bench.bus), 2);
    settle(&other.replica_sweep(0)).await;
    bench.engine.run(ADD, "t").await.unwrap();
    settle(&other.replica_sweep(4)).await;
    assert_eq!(other.bus.versions(), [0; 0]);
    settle(&other.replica_sweep(6)).await;
    assert_eq!(other.bus.versions(), [0]);
}

#[tokio::test]
async fn i9_a_replica_that_was_taken_for_dead_makes_itself_known_again() {
    let bench = Bench::new();
    settle(&bench.replica_sweep(0)).await;
    let slow = bench.replica_sweep(1_200);
    slow.register().await.unwrap();
    let other = Bench::on(Arc::clone(&bench.store), Arc::clone(&bench.bus), 2);
    settle(&other.replica_sweep(2_400)).await;
    assert_eq!(known(&bench), 0, "for it, the slow one is dead");
    bench.engine.run(ADD, "t").await.unwrap();
    bench.relay().await;
    slow.save_watermark().await.unwrap();
    assert_eq!(known(&bench), 1);
}

/// Of the writer of `bench`: how many watermarks it has.
fn known(bench: &Bench) -> usize {
    let id = bench.outbox.writer().to_string();
    usize::from(bench.store.inner.get_now(&WATERMARKS, &id).is_some())
}

#[tokio::test]
async fn i9_a_wiped_bus_is_given_everything_again() {
    let bench = Bench::new();
    let sweep = bench.sweep();
    settle(&sweep).await;
    bench.engine.run(ADD, "t").await.unwrap();
    bench.relay().await;
    settle(&sweep).await;
    assert_eq!(bench.bus.versions(), [0]);
    bench.bus.messages.lock().unwrap().clear();
    *bench.bus.epoch.lock().unwrap() += 1;
    settle(&sweep).await;
    assert_eq!(bench.bus.versions(), [0]);
}

#[tokio::test]
async fn i9_a_bus_that_is_down_delays_events_and_loses_none() {
    let bench = Bench::new();
    *bench.bus.down.lock().unwrap() = true;
    bench.engine.run(ADD, "t").await.unwrap();
    let relay = Relay::new(Arc::clone(&bench.outbox), Arc::clone(&bench.bus) as Arc<dyn Bus>);
    assert!(relay.step().await.is_err());
    *bench.bus.down.lock().unwrap() = false;
    bench.relay().await;
    assert_eq!(bench.bus.versions(), [0]);
}

/// A clock that stands at this time.
struct At(Timestamp);

#[async_trait]
impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn sleep(&self, _: Duration) {}
}

/// Lets every aggregate's turn come.
async fn trim_everything(bench: &Bench, now: Timestamp) {
    let trim = Trim::new(Arc::clone(&bench.store) as Arc<dyn Store>, Arc::new(At(now)));
    for _ in 0..PARTITIONS {
        while trim.step().await.unwrap() == Progress::More {}
    }
}

#[tokio::test]
async fn i21_trimming_keeps_the_newest_event_and_whatever_is_not_published() {
    let bench = Bench::new();
    let sweep = bench.sweep();
    for _ in 0..3 {
        bench.engine.run(ADD, "t").await.unwrap();
    }
    let (soon, late) = (TestClock.now(), TestClock.now().plus(RETENTION));
    settle(&sweep).await;
    trim_everything(&bench, late).await;
    assert_eq!(bench.recorded(), 3, "nothing that is not published goes");
    bench.relay().await;
    settle(&sweep).await;
    trim_everything(&bench, soon).await;
    assert_eq!(bench.recorded(), 3, "nothing that is young goes");
    trim_everything(&bench, late).await;
    assert_eq!(bench.recorded(), 1, "the newest stays");
    bench.bus.messages.lock().unwrap().clear();
    *bench.bus.epoch.lock().unwrap() += 1;
    settle(&sweep).await;
    assert_eq!(bench.bus.versions(), [2]);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_a_failure_and_no_panic() {
    let bench = Bench::new();
    bench.engine.run(ADD, "t").await.unwrap();
    let write = common::store::Write {
        collection: &COUNTERS,
        id: "one".into(),
        expect: common::store::Expect::Version(0),
        action: common::store::Action::Put {
            version: 1,
            body: Bytes::from_static(b"not json"),
            fields: vec![],
        },
    };
    bench.store.inner.commit_now(vec![write]).unwrap();
    assert!(matches!(bench.engine.run(ADD, "t").await, Err(Failure::Broken(_))));
}
