//! What only a store on a file has to promise: that the file keeps it, and what happens when the
//! file fails (I30).

#![expect(clippy::expect_used, reason = "a test panics on purpose")]
#![expect(
    clippy::disallowed_methods,
    reason = "callers on several threads at once; the test waits for each"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::store::contract::{COLLECTIONS, PLAIN, THINGS, body_of, fields, plain, query, thing};
use common::store::sqlite::{Faults, OpenError, SqliteOptions, SqliteStore};
use common::store::{
    Action, Collection, CommitError, Expect, Field, Filter, Kind, Order, Query, Store, Value, Write,
};

fn open(folder: &Path, collections: &[&'static Collection], faults: &Arc<Faults>) -> SqliteStore {
    let options = SqliteOptions { faults: Arc::clone(faults), ..SqliteOptions::default() };
    SqliteStore::open(&folder.join("store.db"), collections, options).expect("a store")
}

async fn version(store: &SqliteStore, id: &str) -> Option<u64> {
    store.get(&PLAIN, id).await.expect("a read").map(|document| document.version)
}

/// Waits until the store says that it is ready.
async fn ready(store: &SqliteStore) {
    let opened = async {
        while store.ready().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.expect("the door opens again");
}

fn order(fault: &std::sync::atomic::AtomicBool) {
    fault.store(true, Ordering::Relaxed);
}

#[tokio::test]
async fn what_was_committed_is_there_after_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5_u64 {
        let store = open(folder.path(), COLLECTIONS, &Arc::default());
        for earlier in 0..round {
            assert_eq!(version(&store, &earlier.to_string()).await, Some(earlier));
        }
        let of = fields(Some(1), Some("x"), &["word"]);
        let batch = vec![
            plain(&round.to_string(), Expect::Absent, round),
            thing(&round.to_string(), Expect::Absent, 0, of),
        ];
        store.commit(batch).await.unwrap();
        let word = Filter::Term { field: "words", word: "word".to_owned(), prefix: false };
        let found = store.find(query(&[word], Some("number"), false)).await.unwrap();
        assert_eq!(found.len() as u64, round + 1);
    }
}

#[tokio::test]
async fn i29_what_was_erased_is_not_in_the_files_after_a_clean_stop() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |n: u64| format!("secret number {n:03}");
    let put = |n: u64, expect, version, text: String| {
        let action = Action::Put { version, body: text.into(), fields: Vec::new() };
        Write { collection: &PLAIN, id: n.to_string(), expect, action }
    };
    let store = open(folder.path(), COLLECTIONS, &Arc::default());
    for some in (0..200).collect::<Vec<_>>().chunks(20) {
        let batch = some.iter().map(|n| put(*n, Expect::Absent, 0, secret(*n)));
        store.commit(batch.collect()).await.unwrap();
    }
    for n in (0..200).filter(|n| n % 10 == 0) {
        let (id, expect) = ((n + 1).to_string(), Expect::Version(0));
        let gone = Write { collection: &PLAIN, id, expect, action: Action::Delete };
        let changed = put(n, Expect::Version(0), 1, "none".to_owned());
        store.commit(vec![gone, changed]).await.unwrap();
    }
    drop(store);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap()).collect();
    assert_eq!(files.len(), 1, "the log has gone: {files:?}");
    let bytes = std::fs::read(files[0].path()).unwrap();
    let is_there = |n| bytes.windows(17).any(|window| window == secret(n).as_bytes());
    let left: Vec<u64> = (0..200).filter(|n| is_there(*n)).collect();
    let kept: Vec<u64> = (0..200).filter(|n| n % 10 > 1).collect();
    assert_eq!(left, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_in_the_files_as_they_lie_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path(), COLLECTIONS, &Arc::default()));
    let acknowledged: Arc<Vec<AtomicU64>> = Arc::new((0..16).map(|_| AtomicU64::new(0)).collect());
    let mut writers = Vec::new();
    for writer in 0..acknowledged.len() {
        let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
        writers.push(tokio::spawn(async move {
            let id = writer.to_string();
            let write = |expect, version| {
                let body = Bytes::from(vec![b' '; 2_000]);
                let action = Action::Put { version, body, fields: Vec::new() };
                Write { collection: &PLAIN, id: id.clone(), expect, action }
            };
            let mut expect = Expect::Absent;
            for version in 0..400 {
                store.commit(vec![write(expect, version)]).await.unwrap();
                acknowledged[writer].store(version + 1, Ordering::SeqCst);
                expect = Expect::Version(version);
            }
        }));
    }
    let mut copies = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let before: Vec<_> = acknowledged.iter().map(|n| n.load(Ordering::SeqCst)).collect();
        let copy = tempfile::tempdir().unwrap();
        // The log first: if the file were first, a checkpoint in between could move commits out of
        // both copies.
        for name in ["store.db-wal", "store.db"] {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        let recovered = open(copy.path(), COLLECTIONS, &Arc::default());
        for (writer, before) in before.into_iter().enumerate() {
            let there = version(&recovered, &writer.to_string()).await.map_or(0, |v| v + 1);
            assert!(there >= before, "writer {writer}: {there} of {before} acknowledged");
        }
        copies += 1;
    }
    assert!(copies > 0);
}

#[tokio::test]
async fn a_write_that_fails_shuts_the_door_and_nothing_of_it_is_there() {
    let (folder, faults) = (tempfile::tempdir().unwrap(), Arc::<Faults>::default());
    let store = open(folder.path(), COLLECTIONS, &faults);
    store.commit(vec![plain("a", Expect::Absent, 0)]).await.unwrap();
    order(&faults.stay_shut);
    order(&faults.fail_write);
    let outcome = store.commit(vec![plain("a", Expect::Version(0), 1)]).await;
    assert!(matches!(outcome, Err(CommitError::Unavailable(_))), "{outcome:?}");
    // Hits of the cache are turned away like everything else.
    assert!(store.get(&PLAIN, "a").await.is_err());
    assert!(store.find(query(&[], None, false)).await.is_err());
    let outcome = store.commit(vec![plain("b", Expect::Absent, 0)]).await;
    assert!(matches!(outcome, Err(CommitError::Unavailable(_))), "{outcome:?}");
    assert!(store.ready().await.is_err());

    faults.stay_shut.store(false, Ordering::Relaxed);
    ready(&store).await;
    assert_eq!(version(&store, "a").await, Some(0));
    assert_eq!(version(&store, "b").await, None);
    store.commit(vec![plain("a", Expect::Version(0), 1)]).await.unwrap();
    assert_eq!(version(&store, "a").await, Some(1));
}

#[tokio::test]
async fn a_commit_that_fails_is_unknown_until_the_door_opens_and_then_settled() {
    for took_effect in [false, true] {
        let (folder, faults) = (tempfile::tempdir().unwrap(), Arc::<Faults>::default());
        let store = open(folder.path(), COLLECTIONS, &faults);
        store.commit(vec![plain("a", Expect::Absent, 0)]).await.unwrap();
        order(if took_effect { &faults.hide_commit } else { &faults.lose_commit });
        let outcome = store.commit(vec![plain("a", Expect::Version(0), 1)]).await;
        assert!(matches!(outcome, Err(CommitError::Unknown(_))), "{outcome:?}");
        ready(&store).await;
        let now = u64::from(took_effect);
        assert_eq!(version(&store, "a").await, Some(now));
        store.commit(vec![plain("a", Expect::Version(now), 7)]).await.unwrap();
        drop(store);
        let store = open(folder.path(), COLLECTIONS, &Arc::default());
        assert_eq!(version(&store, "a").await, Some(7));
    }
}

/// SQLite's own limit on a file's size: the same error as of a disk without room.
#[tokio::test]
async fn a_full_disk_shuts_the_door_and_room_opens_it() {
    let (folder, faults) = (tempfile::tempdir().unwrap(), Arc::<Faults>::default());
    faults.max_pages.store(60, Ordering::Relaxed);
    let store = open(folder.path(), COLLECTIONS, &faults);
    let write = |n: usize| {
        let body = Bytes::from(vec![b' '; 4_000]);
        let action = Action::Put { version: 0, body, fields: Vec::new() };
        Write { collection: &PLAIN, id: format!("{n:03}"), expect: Expect::Absent, action }
    };
    let mut written = 0;
    let refusal = loop {
        match store.commit(vec![write(written)]).await {
            Ok(()) => written += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(matches!(refusal, CommitError::Unavailable(_)), "{refusal:?}");
    assert!(written > 5 && written < 60, "{written}");
    // As long as there is no room, a proof cannot succeed.
    let tried = async {
        while faults.attempts.load(Ordering::Relaxed) < 3 {
            assert!(store.ready().await.is_err());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), tried).await.unwrap();
    assert!(store.ready().await.is_err());
    faults.max_pages.store(0, Ordering::Relaxed);
    ready(&store).await;
    for n in 0..written {
        assert!(store.get(&PLAIN, &format!("{n:03}")).await.unwrap().is_some());
    }
    assert_eq!(store.get(&PLAIN, &format!("{written:03}")).await.unwrap(), None);
    store.commit((written..written + 50).map(write).collect()).await.unwrap();
}

/// Commits of many callers, faults in between: what was acknowledged is there, what was refused is
/// not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_among_many_commits_lose_nothing_and_invent_nothing() {
    let (folder, faults) = (tempfile::tempdir().unwrap(), Arc::<Faults>::default());
    let store = Arc::new(open(folder.path(), COLLECTIONS, &faults));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut writers = Vec::new();
    for writer in 0..32 {
        let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
        writers.push(tokio::spawn(async move {
            let mut told = Vec::new();
            for n in 0..60 {
                let id = format!("{writer}/{n}");
                let outcome = store.commit(vec![plain(&id, Expect::Absent, n)]).await;
                if outcome.is_ok() {
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                } else {
                    ready(&store).await;
                }
                told.push((id, outcome));
            }
            told
        }));
    }
    let kinds = [&faults.fail_write, &faults.lose_commit, &faults.hide_commit];
    let (mut next, mut due) = (kinds.into_iter().cycle(), 100);
    while writers.iter().any(|writer| !writer.is_finished()) {
        if acknowledged.load(Ordering::Relaxed) >= due {
            order(next.next().unwrap());
            due += 200;
        }
        tokio::task::yield_now().await;
    }
    let (mut there, mut unknown) = (0, 0);
    ready(&store).await;
    for writer in writers {
        for (id, outcome) in writer.await.unwrap() {
            let is_there = store.get(&PLAIN, &id).await.unwrap().is_some();
            match outcome {
                Ok(()) => assert!(is_there, "{id} was acknowledged"),
                Err(CommitError::Unknown(_)) => unknown += 1,
                Err(_) => assert!(!is_there, "{id} was refused"),
            }
            there += u64::from(is_there);
        }
    }
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    assert!(acknowledged > 500 && unknown > 0, "{acknowledged} acknowledged, {unknown} unknown");
    assert!(there > acknowledged, "{there} there: no commit that took effect was unknown");
}

static FIRST: Collection = Collection {
    name: "order",
    fields: &[
        Field { name: "index", kind: Kind::Integer },
        Field { name: "words", kind: Kind::Terms },
    ],
    indexes: &[&["index"]],
};

static SECOND: Collection = Collection {
    name: "order",
    fields: &[
        Field { name: "words", kind: Kind::Text },
        Field { name: "version", kind: Kind::Integer },
        Field { name: "index", kind: Kind::Integer },
    ],
    indexes: &[&["version", "words"], &["words"]],
};

fn write(collection: &'static Collection, id: &str, fields: Vec<Value>) -> Write {
    let action = Action::Put { version: 0, body: body_of(0), fields };
    Write { collection, id: id.to_owned(), expect: Expect::Absent, action }
}

#[tokio::test]
async fn a_file_is_brought_up_to_date_with_its_collections() {
    let folder = tempfile::tempdir().unwrap();
    let of = |collection, field, value| Query {
        collection,
        filters: vec![Filter::Equals(field, Value::Integer(value))],
        order: Order { field: Some(field), descending: false },
        after: None,
        limit: 10,
    };
    let words = || Value::Terms(vec!["w".to_owned()]);
    let store = open(folder.path(), &[&FIRST], &Arc::default());
    store.commit(vec![write(&FIRST, "a", vec![Value::Integer(1), words()])]).await.unwrap();
    drop(store);
    // A new field is absent from what is there already, and so is one whose kind has changed.
    for _ in 0..2 {
        let store = open(folder.path(), &[&SECOND, &PLAIN], &Arc::default());
        assert_eq!(store.find(of(&SECOND, "index", 1)).await.unwrap().len(), 1);
        assert_eq!(store.find(of(&SECOND, "version", 1)).await.unwrap().len(), 0);
        let order = Order { field: Some("words"), descending: false };
        let listed = Query { filters: Vec::new(), order, ..of(&SECOND, "index", 1) };
        assert_eq!(store.find(listed).await.unwrap().len(), 0);
        assert!(store.get(&SECOND, "a").await.unwrap().is_some());
    }
    // A field that was away comes back empty, not with what it had been.
    let store = open(folder.path(), &[&FIRST], &Arc::default());
    let word = Filter::Term { field: "words", word: "w".to_owned(), prefix: false };
    let found = Query { filters: vec![word], ..of(&FIRST, "index", 1) };
    assert_eq!(store.find(found).await.unwrap().len(), 0);
    assert_eq!(store.find(of(&FIRST, "index", 1)).await.unwrap().len(), 1);
    assert!(store.get(&PLAIN, "a").await.is_err(), "a collection that it was not opened with");
}

#[test]
fn names_that_cannot_stand_in_the_file_are_refused() {
    static BAD: [Collection; 4] = [
        Collection { name: "a\"b", fields: &[], indexes: &[] },
        Collection { name: "sqlite_x", fields: &[], indexes: &[] },
        Collection { name: "a", fields: &[], indexes: &[&["missing"]] },
        Collection {
            name: "a",
            fields: &[Field { name: "w", kind: Kind::Terms }],
            indexes: &[&["w"]],
        },
    ];
    let folder = tempfile::tempdir().unwrap();
    for bad in &BAD {
        let opened =
            SqliteStore::open(&folder.path().join("a.db"), &[bad], SqliteOptions::default());
        assert!(matches!(opened, Err(OpenError::Malformed(_))), "{bad:?}");
    }
    let twice =
        SqliteStore::open(&folder.path().join("a.db"), &[&PLAIN, &PLAIN], SqliteOptions::default());
    assert!(matches!(twice, Err(OpenError::Malformed(_))));
}

#[test]
fn a_file_that_is_no_database_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let text = "this is a letter to my grandmother, and no database at all. ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let opened = SqliteStore::open(&path, COLLECTIONS, SqliteOptions::default());
    assert!(matches!(opened, Err(OpenError::Sqlite { .. })), "{opened:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// Readers on other threads than the writer, through the cache and past it (I19).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_on_other_threads_never_go_back_in_time() {
    const DOCUMENTS: u64 = 8;
    let folder = tempfile::tempdir().unwrap();
    // Room for some of the documents only, so that they are evicted and filled in again while they
    // change.
    let options = SqliteOptions { cache_bytes: 1_200, ..SqliteOptions::default() };
    let store = SqliteStore::open(&folder.path().join("store.db"), COLLECTIONS, options);
    let store = Arc::new(store.unwrap());
    let write = |document: u64, expect, version| {
        thing(&document.to_string(), expect, version, fields(Some(1), None, &[]))
    };
    for document in 0..DOCUMENTS {
        store.commit(vec![write(document, Expect::Absent, 0)]).await.unwrap();
    }
    let mut readers = Vec::new();
    for _ in 0..4 {
        let store = Arc::clone(&store);
        readers.push(tokio::spawn(async move {
            let mut newest = vec![0; DOCUMENTS as usize];
            for round in 0..600 {
                if round % 3 == 0 {
                    let found = store.find(query(&[], None, false)).await.unwrap();
                    for (newest, found) in newest.iter_mut().zip(found) {
                        assert!(*newest <= found.document.version);
                        *newest = found.document.version;
                    }
                }
                for (document, newest) in newest.iter_mut().enumerate() {
                    let got = store.get(&THINGS, &document.to_string()).await.unwrap().unwrap();
                    assert!(*newest <= got.version, "{newest} and then {}", got.version);
                    *newest = got.version;
                }
            }
        }));
    }
    let mut version = 0;
    while readers.iter().any(|reader| !reader.is_finished()) {
        let batch = (0..DOCUMENTS).map(|d| write(d, Expect::Version(version), version + 1));
        store.commit(batch.collect()).await.unwrap();
        version += 1;
    }
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(version > 10);
}
