//! What the embedded bus promises beyond the contract: what it reads back, what it deletes, and
//! what it does when its file fails.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use common::bus::contract::{ids, message, messages, receive, tokens};
use common::bus::embedded::{EmbeddedBus, OpenError, Options};
use common::bus::{Bus, MAX_MESSAGES, Message, Subscription};
use common::id::SystemEntropy;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::time::{interval, timeout};

const SUBJECT: &str = "tickets";

/// Messages are deleted by the chunk: up to so many stay longer than they have to.
const CHUNK: usize = 2 * 256;

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("bus.db")
    }

    fn open(&self) -> Arc<EmbeddedBus> {
        self.open_with(Options::default())
    }

    fn open_with(&self, options: Options) -> Arc<EmbeddedBus> {
        EmbeddedBus::open(&self.file(), options, &SystemEntropy).unwrap()
    }

    /// A folder with what is in the files at this instant, as a killed process leaves it.
    fn as_after_a_kill(&self) -> Self {
        let copy = Self::new();
        for ending in ["", "-wal"] {
            let name = format!("bus.db{ending}");
            std::fs::copy(self.0.path().join(&name), copy.0.path().join(&name)).unwrap();
        }
        copy
    }
}

fn query<T: rusqlite::types::FromSql>(file: &Path, query: &str) -> T {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

fn messages_in(folder: &Folder) -> usize {
    let held: i64 = query(&folder.file(), "SELECT sum(count) FROM messages");
    usize::try_from(held).unwrap()
}

async fn publish(bus: &EmbeddedBus, all: &[Message]) {
    for batch in all.chunks(MAX_MESSAGES) {
        bus.publish(batch.to_vec()).await.unwrap();
    }
}

/// Receives and acknowledges `count` messages; returns their ids.
async fn consume(member: &mut dyn Subscription, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let received = receive(member, 1).await.unwrap();
        member.acknowledge(tokens(&received)).await.unwrap();
        seen.extend(received.into_iter().map(|delivery| delivery.id));
    }
    seen
}

/// Looks until it holds.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let mut look = interval(Duration::from_millis(1));
    while !holds().await {
        look.tick().await;
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(DEADLINE, work).await.unwrap()
}

fn ids_of(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

#[tokio::test]
async fn a_member_that_lags_reads_back_from_the_file() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        // Beyond what stays in memory for it.
        let all = messages("lag", 9_900);
        let mut slow = bus.subscribe("slow", &[SUBJECT]).await.unwrap();
        let mut other = bus.subscribe("other subject", &["orders"]).await.unwrap();
        publish(&bus, &all).await;
        bus.publish(vec![message("orders", "one of another subject")]).await.unwrap();
        assert_eq!(consume(&mut *slow, all.len()).await, ids_of(&all));
        assert_eq!(consume(&mut *other, 1).await, ["one of another subject"]);
        // From the end of the file it goes on in memory.
        bus.publish(vec![message(SUBJECT, "fresh")]).await.unwrap();
        assert_eq!(consume(&mut *slow, 1).await, ["fresh"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_that_read_back_together_share() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        let all = messages("lag", 5_000);
        publish(&bus, &all).await;
        let mut seen = BTreeSet::new();
        let mut members = Vec::new();
        for _ in 0..4 {
            members.push(bus.subscribe("group", &[SUBJECT]).await.unwrap());
        }
        while seen.len() < all.len() {
            let receive_some = members.iter_mut().map(async |member| {
                // The last messages may all go to the others.
                let patience = Duration::from_millis(50);
                let received =
                    timeout(patience, member.next()).await.map_or(vec![], Result::unwrap);
                member.acknowledge(tokens(&received)).await.unwrap();
                received
            });
            for delivery in join_all(receive_some).await.into_iter().flatten() {
                assert!(seen.insert(delivery.id), "a message went to two members");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_published() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        let epoch = bus.epoch().await.unwrap();
        let all = messages("kept", 500);
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        publish(&bus, &all[..400]).await;
        consume(&mut *member, 400).await;
        publish(&bus, &all[400..]).await;

        let after = folder.as_after_a_kill().open();
        assert_eq!(after.epoch().await.unwrap(), epoch);
        let mut member = after.subscribe("group", &[SUBJECT]).await.unwrap();
        // Some of what was acknowledged may come again, and all that was not does.
        let mut seen = BTreeSet::new();
        until(async || {
            seen.extend(consume(&mut *member, 1).await);
            all[400..].iter().all(|message| seen.contains(&message.id))
        })
        .await;
        let mut new = after.subscribe("new", &[SUBJECT]).await.unwrap();
        assert_eq!(consume(&mut *new, 500).await, ids_of(&all));
    })
    .await;
}

#[tokio::test]
async fn a_power_cut_changes_the_epoch() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        let epoch = bus.epoch().await.unwrap();
        publish(&bus, &messages("kept", 5)).await;
        let cut_off = folder.as_after_a_kill();
        let connection = rusqlite::Connection::open(cut_off.file()).unwrap();
        connection.execute("UPDATE bus SET boot = 'an earlier one'", []).unwrap();
        connection.close().unwrap();
        assert_ne!(cut_off.open().epoch().await.unwrap(), epoch, "it may have lost messages");

        drop(bus);
        let connection = rusqlite::Connection::open(folder.file()).unwrap();
        connection.execute("UPDATE bus SET boot = 'an earlier one'", []).unwrap();
        connection.close().unwrap();
        assert_eq!(folder.open().epoch().await.unwrap(), epoch, "it was closed, so it lost none");
    })
    .await;
}

#[tokio::test]
async fn what_every_group_has_acknowledged_is_deleted_but_the_newest() {
    let folder = Folder::new();
    let options = Options { keep_messages: 100, ..Options::default() };
    in_time(async {
        let bus = folder.open_with(options);
        let all = messages("trim", 3_000);
        let mut first = bus.subscribe("first", &[SUBJECT]).await.unwrap();
        let mut second = bus.subscribe("second", &[SUBJECT]).await.unwrap();
        publish(&bus, &all).await;
        consume(&mut *first, 3_000).await;
        // Somewhat more, as batches come.
        let seen = consume(&mut *second, 1_000).await.len();
        drop((first, second));
        bus.close();
        let held = messages_in(&folder);
        assert!((0..=CHUNK).contains(&(held + seen - 3_000)), "{held} held, {seen} seen of 3,000");

        let bus = folder.open_with(options);
        let mut second = bus.subscribe("second", &[SUBJECT]).await.unwrap();
        assert_eq!(consume(&mut *second, 3_000 - seen).await, ids_of(&all[seen..]));
        drop(second);
        bus.close();
        let held = messages_in(&folder);
        assert!((100..=100 + CHUNK).contains(&held), "{held} held; 100 are to be kept");
    })
    .await;
}

#[tokio::test]
async fn a_group_that_never_comes_back_does_not_keep_everything() {
    let folder = Folder::new();
    let options = Options { keep_messages: 50, max_messages: 1_000 };
    in_time(async {
        let bus = folder.open_with(options);
        drop(bus.subscribe("gone", &[SUBJECT]).await.unwrap());
        publish(&bus, &messages("kept", 5_000)).await;
        bus.close();
        let held = messages_in(&folder);
        assert!((1_000..=1_000 + CHUNK).contains(&held), "{held} held; at most 1,000 are to be");
    })
    .await;
}

/// Whoever missed messages has them published again: the sweeps do so for another epoch (I9, I21).
#[tokio::test]
async fn a_group_that_missed_messages_makes_the_bus_another_once_it_has_caught_up() {
    let options = Options { keep_messages: 50, max_messages: 400 };
    for folder in [Some(Folder::new()), None] {
        in_time(async {
            let bus = match &folder {
                Some(folder) => folder.open_with(options),
                None => EmbeddedBus::in_memory_with(options),
            };
            let all = messages("missed", 3_000);
            drop(bus.subscribe("slow", &[SUBJECT]).await.unwrap());
            publish(&bus, &all).await;
            let epoch = bus.epoch().await.unwrap();
            let mut slow = bus.subscribe("slow", &[SUBJECT]).await.unwrap();
            let received = receive(&mut *slow, 1).await.unwrap();
            assert_eq!(bus.epoch().await.unwrap(), epoch, "it has not caught up");
            slow.acknowledge(tokens(&received)).await.unwrap();
            let mut seen = received.len();
            until(async || {
                let more = consume(&mut *slow, 1).await;
                seen += more.len();
                more.last() == Some(&all[2_999].id)
            })
            .await;
            assert!(seen < 1_000, "{seen} were to be deleted but for 400");
            // A group that missed nothing changes nothing; this one does, when it asks for more.
            bus.publish(vec![message(SUBJECT, "more")]).await.unwrap();
            assert_eq!(consume(&mut *slow, 1).await, ["more"]);
            until(async || bus.epoch().await.unwrap() != epoch).await;
            let renewed = bus.epoch().await.unwrap();
            bus.publish(vec![message(SUBJECT, "last")]).await.unwrap();
            consume(&mut *slow, 1).await;
            drop((bus, slow));
            if let Some(folder) = &folder {
                assert_eq!(folder.open_with(options).epoch().await.unwrap(), renewed, "only once");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_group_that_hears_a_new_subject_starts_over() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        bus.publish(vec![message("orders", "a"), message(SUBJECT, "b")]).await.unwrap();
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        assert_eq!(consume(&mut *member, 1).await, ["b"]);
        drop((member, bus));
        let bus = folder.open();
        let mut member = bus.subscribe("group", &[SUBJECT, "orders"]).await.unwrap();
        assert_eq!(consume(&mut *member, 2).await, ["a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_fails_makes_the_bus_down_until_it_is_back() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        bus.publish(vec![message(SUBJECT, "before")]).await.unwrap();
        bus.faults().fail_writes.store(true, Ordering::Relaxed);
        assert!(bus.publish(vec![message(SUBJECT, "during")]).await.is_err());
        assert!(bus.publish(vec![message(SUBJECT, "while down")]).await.is_err());
        assert!(bus.epoch().await.is_err());
        // What was in memory goes on.
        assert_eq!(ids(&receive(&mut *member, 2).await.unwrap()), ["before", "during"]);
        bus.faults().fail_writes.store(false, Ordering::Relaxed);
        until(async || bus.publish(vec![message(SUBJECT, "after")]).await.is_ok()).await;
        assert_eq!(ids(&receive(&mut *member, 1).await.unwrap()), ["after"]);

        drop((member, bus));
        let bus = folder.open();
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        assert_eq!(consume(&mut *member, 3).await, ["before", "during", "after"]);
    })
    .await;
}

#[tokio::test]
async fn publishers_wait_for_room_and_nothing_is_lost() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        // 100 MiB at once.
        let body = Bytes::from(vec![7_u8; 1 << 20]);
        let publishers = (0..100).map(|number| {
            let id = format!("{number:03}");
            bus.publish(vec![Message { subject: SUBJECT, id, body: body.clone() }])
        });
        for published in join_all(publishers).await {
            published.unwrap();
        }
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        let seen: BTreeSet<_> = consume(&mut *member, 100).await.into_iter().collect();
        assert_eq!(seen.len(), 100);
    })
    .await;
}

#[tokio::test]
async fn a_member_that_hoards_is_told_so() {
    let bus = EmbeddedBus::in_memory();
    in_time(async {
        let all = messages("hoard", 2_000);
        publish(&bus, &all).await;
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        let mut held = Vec::new();
        let refused = loop {
            match member.next().await {
                Ok(received) => held.extend(received),
                Err(refused) => break refused,
            }
        };
        assert!(held.len() < all.len(), "{refused}");
        member.acknowledge(tokens(&held)).await.unwrap();
        let rest = consume(&mut *member, all.len() - held.len()).await;
        assert_eq!(rest, ids_of(&all[held.len()..]));
    })
    .await;
}

#[tokio::test]
async fn a_closed_bus_says_so_to_who_waits() {
    let folder = Folder::new();
    in_time(async {
        for bus in [folder.open(), EmbeddedBus::in_memory()] {
            let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
            let mut waiting = member.next();
            let mut context = Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            bus.close();
            assert!(waiting.await.is_err());
            assert!(bus.publish(messages("late", 1)).await.is_err());
            assert!(bus.subscribe("group", &[SUBJECT]).await.is_err());
        }
    })
    .await;
}

#[tokio::test]
async fn a_damaged_file_is_set_aside() {
    let folder = Folder::new();
    in_time(async {
        let bus = folder.open();
        let epoch = bus.epoch().await.unwrap();
        publish(&bus, &messages("lost", 10)).await;
        drop(bus);
        std::fs::write(folder.file(), vec![0x5a; 20_000]).unwrap();
        let bus = folder.open();
        assert_ne!(bus.epoch().await.unwrap(), epoch);
        let aside = std::fs::read(folder.0.path().join("bus.db.damaged")).unwrap();
        assert_eq!(aside, vec![0x5a; 20_000]);
        publish(&bus, &messages("new", 10)).await;
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        consume(&mut *member, 10).await;
    })
    .await;
}

#[test]
fn somebody_elses_database_is_left_alone() {
    let folder = Folder::new();
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.execute_batch("CREATE TABLE money (amount INTEGER)").unwrap();
    connection.close().unwrap();
    let opened = EmbeddedBus::open(&folder.file(), Options::default(), &SystemEntropy);
    assert!(matches!(opened, Err(OpenError::Foreign(_))), "{opened:?}");
    assert_eq!(query::<i64>(&folder.file(), "SELECT count(*) FROM money"), 0);
}

#[test]
fn a_file_is_open_once_at_a_time() {
    let folder = Folder::new();
    let bus = folder.open();
    let second = EmbeddedBus::open(&folder.file(), Options::default(), &SystemEntropy);
    assert!(matches!(second, Err(OpenError::File(_))), "{second:?}");
    drop(bus);
    folder.open().close();
}
