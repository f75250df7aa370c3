//! Promises of `commit` and `get`.

use bytes::Bytes;
use futures_util::future::{join_all, join4};

use super::{
    Action, CommitError, Document, Expect, Filter, PLAIN, THINGS, Tested, body_of, committed,
    fields, ids, plain, query, read, refused, removal, search, thing,
};
use crate::store::{MAX_WRITES, Value, Write};

/// A store that was just opened has nothing against being written to.
pub async fn a_store_that_was_opened_is_ready(store: Tested) {
    assert_eq!(store.ready().await, Ok(()));
    committed(store.commit(Vec::new()).await);
}

/// `Absent` holds where there is no such document, and only there.
pub async fn an_absent_document_is_written_once(store: Tested) {
    assert_eq!(read(&store, &PLAIN, "a").await, None);
    committed(store.commit(vec![plain("a", Expect::Absent, 0)]).await);
    refused(store.commit(vec![plain("a", Expect::Absent, 7)]).await);
    let first = Document { id: "a".to_owned(), version: 0, body: body_of(0) };
    assert_eq!(read(&store, &PLAIN, "a").await, Some(first));
}

/// `Version` holds for a document of exactly that version.
pub async fn a_version_holds_for_that_version_alone(store: Tested) {
    for write in
        [plain, |id: &str, expect, version| thing(id, expect, version, fields(Some(1), None, &[]))]
    {
        refused(store.commit(vec![write("a", Expect::Version(0), 1)]).await);
        committed(store.commit(vec![write("a", Expect::Absent, 0)]).await);
        committed(store.commit(vec![write("a", Expect::Version(0), 1)]).await);
        for wrong in [0, 2, u64::MAX >> 1] {
            refused(store.commit(vec![write("a", Expect::Version(wrong), 9)]).await);
        }
        let (collection, body) = (write("a", Expect::Absent, 0).collection, body_of(1));
        let second = Document { id: "a".to_owned(), version: 1, body };
        assert_eq!(read(&store, collection, "a").await, Some(second));
        refused(store.commit(vec![removal(collection, "a", 0)]).await);
        refused(store.commit(vec![removal(collection, "b", 0)]).await);
    }
}

/// A version may be any number up to 2⁶³ − 1, and a body any bytes.
pub async fn versions_and_bodies_come_back_as_given(store: Tested) {
    let mut expect = Expect::Absent;
    let bodies: [&'static [u8]; 4] = [b"", b"{}", b"\0\xff\xfe", b"{\"a\":1.0}"];
    for (version, body) in [0, 1, 1 << 40, u64::MAX >> 1].into_iter().zip(bodies) {
        let body = Bytes::from_static(body);
        let action = Action::Put { version, body: body.clone(), fields: Vec::new() };
        let write = Write { collection: &PLAIN, id: "a".to_owned(), expect, action };
        committed(store.commit(vec![write]).await);
        let written = Document { id: "a".to_owned(), version, body };
        assert_eq!(read(&store, &PLAIN, "a").await, Some(written));
        expect = Expect::Version(version);
    }
}

/// One condition that does not hold, wherever it stands, keeps every write of its batch from
/// happening.
pub async fn a_batch_is_committed_wholly_or_not_at_all(store: Tested) {
    let old = fields(Some(1), Some("old"), &["old"]);
    committed(store.commit(vec![thing("kept", Expect::Absent, 0, old.clone())]).await);
    committed(store.commit(vec![thing("doomed", Expect::Absent, 3, old)]).await);
    let new = fields(Some(2), Some("new"), &["new"]);
    let good = [
        thing("fresh", Expect::Absent, 0, new.clone()),
        thing("kept", Expect::Version(0), 1, new.clone()),
        removal(&THINGS, "doomed", 3),
        plain("other", Expect::Absent, 0),
    ];
    let bad = [
        thing("kept2", Expect::Version(0), 1, new.clone()),
        plain("missing", Expect::Version(1), 2),
        removal(&THINGS, "nowhere", 0),
    ];
    for bad in bad {
        for place in 0..=good.len() {
            let mut batch = good.to_vec();
            batch.insert(place, bad.clone());
            refused(store.commit(batch).await);
        }
    }
    for id in ["fresh", "kept2"] {
        assert_eq!(read(&store, &THINGS, id).await, None);
    }
    assert_eq!(read(&store, &PLAIN, "other").await, None);
    let text = |text: &str| Filter::Equals("text", Value::Text(text.to_owned()));
    assert!(search(&store, query(&[text("new")], None, false)).await.is_empty());
    let found = search(&store, query(&[text("old")], None, false)).await;
    assert_eq!(ids(&found), ["doomed", "kept"]);

    committed(store.commit(good.to_vec()).await);
    assert_eq!(read(&store, &THINGS, "doomed").await, None);
    let found = search(&store, query(&[text("new")], None, false)).await;
    assert_eq!(ids(&found), ["fresh", "kept"]);
}

/// Collections do not share their ids.
pub async fn the_same_id_in_two_collections_names_two_documents(store: Tested) {
    committed(store.commit(vec![plain("a", Expect::Absent, 1)]).await);
    assert_eq!(read(&store, &THINGS, "a").await, None);
    let write = thing("a", Expect::Absent, 2, fields(None, None, &[]));
    committed(store.commit(vec![write, plain("a", Expect::Version(1), 3)]).await);
    let version = async |collection| read(&store, collection, "a").await.map(|d| d.version);
    assert_eq!(version(&THINGS).await, Some(2));
    assert_eq!(version(&PLAIN).await, Some(3));
}

/// After a removal nothing is left, and a new document may begin at version 0 again.
pub async fn a_deleted_document_is_gone_and_may_be_written_anew(store: Tested) {
    committed(store.commit(vec![plain("a", Expect::Absent, 5)]).await);
    committed(store.commit(vec![removal(&PLAIN, "a", 5)]).await);
    assert_eq!(read(&store, &PLAIN, "a").await, None);
    refused(store.commit(vec![plain("a", Expect::Version(5), 6)]).await);
    refused(store.commit(vec![removal(&PLAIN, "a", 5)]).await);
    committed(store.commit(vec![plain("a", Expect::Absent, 0)]).await);
    assert_eq!(read(&store, &PLAIN, "a").await.map(|a| a.version), Some(0));
}

/// However many write the same absent document at the same time, exactly one is told that it did.
pub async fn of_many_who_write_one_absent_document_one_wins(store: Tested) {
    for round in 0..10 {
        let id = format!("round {round}");
        let racers = (0..50).map(|racer| store.commit(vec![plain(&id, Expect::Absent, racer)]));
        let outcomes = join_all(racers).await;
        let won = |outcome: &Result<(), CommitError>| *outcome == Ok(());
        let winners: Vec<_> = (0_u64..).zip(&outcomes).filter(|(_, o)| won(o)).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        let others = outcomes.iter().filter(|outcome| !won(outcome));
        others.for_each(|outcome| assert_eq!(*outcome, Err(CommitError::Conflict)));
        let version = read(&store, &PLAIN, &id).await.map(|document| document.version);
        assert_eq!(version, Some(winners[0].0));
    }
}

/// Conditional writes of one document, each to the version it has just read, come out as one after
/// another.
pub async fn of_many_who_count_none_is_lost(store: Tested) {
    const COUNTERS: u64 = 16;
    const EACH: u64 = 20;
    committed(store.commit(vec![plain("count", Expect::Absent, 0)]).await);
    let count = |counter: u64| {
        let store = &store;
        async move {
            for n in 0..EACH {
                loop {
                    let seen = read(store, &PLAIN, "count").await.map_or(0, |d| d.version);
                    let mark = plain(&format!("{counter}/{n}"), Expect::Absent, seen);
                    let batch = vec![plain("count", Expect::Version(seen), seen + 1), mark];
                    match store.commit(batch).await {
                        Ok(()) => break,
                        outcome => refused(outcome),
                    }
                }
            }
        }
    };
    join_all((0..COUNTERS).map(count)).await;
    let total = read(&store, &PLAIN, "count").await.map(|document| document.version);
    assert_eq!(total, Some(COUNTERS * EACH));
}

/// Whoever was told of a commit sees it in every read that follows (I19).
pub async fn what_was_committed_is_read_at_once(store: Tested) {
    let client = |client: i64| {
        let store = &store;
        async move {
            let id = format!("of {client}");
            let mut expect = Expect::Absent;
            for version in 0..20 {
                let now = fields(Some(client), Some(&format!("{client} {version}")), &[]);
                committed(store.commit(vec![thing(&id, expect, version, now)]).await);
                let seen = read(store, &THINGS, &id).await.map(|document| document.version);
                assert_eq!(seen, Some(version));
                let mine = Filter::Equals("number", Value::Integer(client));
                let found = search(store, query(&[mine], Some("text"), false)).await;
                assert_eq!(found.len(), 1);
                assert_eq!(found[0].document.version, version);
                expect = Expect::Version(version);
            }
            committed(store.commit(vec![removal(&THINGS, &id, 19)]).await);
            assert_eq!(read(store, &THINGS, &id).await, None);
        }
    };
    join_all((0..16).map(client)).await;
}

/// Whichever way a document is read, it never seems older than it seemed before.
pub async fn readers_never_go_back_in_time(store: Tested) {
    const VERSIONS: u64 = 300;
    let write = |expect, version| thing("a", expect, version, fields(Some(1), None, &[]));
    committed(store.commit(vec![write(Expect::Absent, 0)]).await);
    let writer = async {
        for version in 1..=VERSIONS {
            committed(store.commit(vec![write(Expect::Version(version - 1), version)]).await);
        }
    };
    let reader = async || {
        let mut newest = 0;
        for _ in 0..VERSIONS {
            let found = search(&store, query(&[], Some("number"), false)).await;
            let listed = found[0].document.version;
            let got = read(&store, &THINGS, "a").await.map_or(0, |document| document.version);
            assert!(newest <= listed && listed <= got, "{newest}, {listed}, {got}");
            newest = got;
        }
    };
    join4(writer, reader(), reader(), reader()).await;
}

/// [`MAX_WRITES`] writes are one batch like any other.
pub async fn a_batch_may_be_as_large_as_promised(store: Tested) {
    let id = |n: usize| format!("{n:06}");
    let batch: Vec<_> = (0..MAX_WRITES).map(|n| plain(&id(n), Expect::Absent, 0)).collect();
    committed(store.commit(batch.clone()).await);
    let mut again: Vec<_> = (0..MAX_WRITES).map(|n| plain(&id(n), Expect::Version(0), 1)).collect();
    again[MAX_WRITES - 1].expect = Expect::Version(9);
    refused(store.commit(again.clone()).await);
    assert_eq!(read(&store, &PLAIN, &id(0)).await.map(|first| first.version), Some(0));
    again[MAX_WRITES - 1].expect = Expect::Version(0);
    committed(store.commit(again).await);
    for n in [0, MAX_WRITES / 2, MAX_WRITES - 1] {
        assert_eq!(read(&store, &PLAIN, &id(n)).await.map(|d| d.version), Some(1));
    }
}

/// A body far larger than any of ours comes back as it was.
pub async fn bodies_of_a_mebibyte_come_back(store: Tested) {
    let body = |n: u8| {
        let bytes = (0_u32..1 << 20).map(|at| (at / 256).to_le_bytes()[0] ^ n);
        Bytes::from(bytes.collect::<Vec<_>>())
    };
    let write = |n: u8| {
        let action = Action::Put { version: 0, body: body(n), fields: fields(Some(1), None, &[]) };
        let id = n.to_string();
        Write { collection: &THINGS, id, expect: Expect::Absent, action }
    };
    committed(store.commit((0..8).map(write).collect()).await);
    let found = search(&store, query(&[], Some("number"), false)).await;
    for (n, found) in (0..8).zip(found) {
        let got = read(&store, &THINGS, &n.to_string()).await;
        assert!(got.is_some_and(|document| document.body == body(n)));
        assert!(found.document.body == body(n));
    }
}

/// An id is a text like any other; two that differ in one byte are two.
pub async fn ids_may_hold_any_character_and_are_ordered_by_bytes(store: Tested) {
    let long = "x".repeat(500);
    let mut texts = super::ODD_TEXTS.to_vec();
    texts.push(&long);
    texts.sort_unstable();
    let writes = texts.iter().rev();
    let writes = writes.map(|id| thing(id, Expect::Absent, 0, fields(None, None, &[])));
    committed(store.commit(writes.collect()).await);
    for id in &texts {
        let got = read(&store, &THINGS, id).await;
        assert_eq!(got.map(|document| document.id).as_deref(), Some(*id));
        refused(store.commit(vec![thing(id, Expect::Absent, 1, fields(None, None, &[]))]).await);
    }
    let found = search(&store, query(&[], None, false)).await;
    assert_eq!(ids(&found), texts);
    committed(store.commit(vec![removal(&THINGS, "a\0", 0)]).await);
    assert_eq!(read(&store, &THINGS, "a\0").await, None);
    for id in ["a", "a\0b"] {
        assert!(read(&store, &THINGS, id).await.is_some());
    }
}
