//! Promises to many callers at once: a backend may serve them together, and each is told what he
//! would have been told alone.

use futures_util::future::join_all;

use super::{Expect, PLAIN, THINGS, Tested, committed, fields, plain, read, removal, thing};
use crate::store::{Batch, CommitError};

/// How many callers there are.
const CALLERS: u64 = 200;

/// Those whose condition does not hold.
fn is_mistaken(caller: u64) -> bool {
    caller % 7 == 3
}

/// Of batches that come at once, those whose conditions hold are committed, and nothing is written
/// of the others.
pub async fn batches_that_come_at_once_stand_or_fall_by_themselves(store: Tested) {
    let (old, gone) = (|n: u64| format!("old {n}"), |n: u64| format!("gone {n}"));
    let before = |n| [plain(&old(n), Expect::Absent, 4), plain(&gone(n), Expect::Absent, 0)];
    committed(store.commit((0..CALLERS).flat_map(before).collect()).await);

    let batch = |n: u64| -> Batch {
        let seen = if is_mistaken(n) { 3 } else { 4 };
        let new = thing(&format!("new {n}"), Expect::Absent, 0, fields(Some(1), None, &[]));
        vec![plain(&old(n), Expect::Version(seen), 5), new, removal(&PLAIN, &gone(n), 0)]
    };
    let outcomes = join_all((0..CALLERS).map(|n| store.commit(batch(n)))).await;
    for (n, outcome) in (0..CALLERS).zip(outcomes) {
        let (expected, version) =
            if is_mistaken(n) { (Err(CommitError::Conflict), 4) } else { (Ok(()), 5) };
        assert_eq!(outcome, expected, "{n}");
        let seen = read(&store, &PLAIN, &old(n)).await.map(|document| document.version);
        assert_eq!(seen, Some(version), "{n}");
        let is_new = read(&store, &THINGS, &format!("new {n}")).await.is_some();
        let is_there = read(&store, &PLAIN, &gone(n)).await.is_some();
        assert_eq!((is_new, is_there), (outcome.is_ok(), outcome.is_err()), "{n}");
    }
}

/// Of batches that come at once and want the same documents, none is lost: they come one after
/// another, or are refused and come again.
pub async fn batches_that_come_at_once_for_the_same_documents_take_turns(store: Tested) {
    const SHARED: u64 = 5;
    let shared = |n: u64| format!("shared {}", n % SHARED);
    let before = (0..SHARED).map(|n| plain(&shared(n), Expect::Absent, 0));
    committed(store.commit(before.collect()).await);
    let caller = async |n: u64| {
        loop {
            let seen = read(&store, &PLAIN, &shared(n)).await.map_or(0, |shared| shared.version);
            let own = plain(&format!("own {n}"), Expect::Absent, seen);
            let batch = vec![plain(&shared(n), Expect::Version(seen), seen + 1), own];
            match store.commit(batch).await {
                Ok(()) => return,
                outcome => assert_eq!(outcome, Err(CommitError::Conflict)),
            }
        }
    };
    join_all((0..CALLERS).map(caller)).await;
    for n in 0..SHARED {
        let version = read(&store, &PLAIN, &shared(n)).await.map(|shared| shared.version);
        assert_eq!(version, Some(CALLERS / SHARED));
    }
}

/// Whoever asks for a document gets that one, however many ask for it and for others at once, of
/// whichever collection.
pub async fn readers_that_come_at_once_get_what_each_asked_for(store: Tested) {
    let is_there = |n: u64| !is_mistaken(n);
    let write = |n: u64| plain(&n.to_string(), Expect::Absent, n);
    committed(store.commit((0..CALLERS).filter(|n| is_there(*n)).map(write).collect()).await);
    let write =
        |n: u64| thing(&n.to_string(), Expect::Absent, CALLERS + n, fields(None, None, &[]));
    committed(store.commit((0..CALLERS).filter(|n| n % 2 == 0).map(write).collect()).await);
    let asked: Vec<_> = (0..6 * CALLERS).map(|n| (n % 2 == 0, n / 2 % CALLERS)).collect();
    let store = &store;
    let found = join_all(asked.iter().map(async |(is_plain, n)| {
        store.get(if *is_plain { &PLAIN } else { &THINGS }, &n.to_string()).await
    }));
    for ((is_plain, n), found) in asked.iter().zip(found.await) {
        let expected = match is_plain {
            true => is_there(*n).then_some(*n),
            false => (n % 2 == 0).then_some(CALLERS + n),
        };
        let expected = expected.map(|version| (n.to_string(), version));
        let found = found.map(|document| document.map(|found| (found.id, found.version)));
        assert_eq!(found, Ok(expected));
    }
}
