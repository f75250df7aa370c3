//! A fleet is restored from a backup as docs/operating.md says: everything that was acknowledged
//! before the instant of the backup is there, nothing of what came later is, the invariants hold,
//! and people go on buying. The backup is a copy of what one member of MongoDB keeps, taken at one
//! instant while everybody buys; NATS is emptied.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tests::fleet::BACK;
use tests::journal::Entry;
use tests::load::Market;
use tests::poll::rest;
use tests::replica_set::ReplicaSet;
use tests::{Deed, Request, Seed, Server, Setup, until};
use tokio::process::Command;

const WORKERS: usize = 6;
const MEMBERS: usize = 3;

/// How long everybody buys before the backup, after it, and after it was restored.
const LOAD: Duration = Duration::from_secs(4);

/// What a member kept at one instant, and what had been acknowledged by then.
struct Backup {
    folder: PathBuf,
    of: String,
    told: Vec<Entry>,
}

impl Backup {
    /// Pauses the primary, which has everything that was acknowledged, for as long as a copy of its
    /// folder takes.
    async fn take(server: &Server, members: &ReplicaSet, market: &Market) -> Self {
        let of = members.elected(|_| true).await;
        let folder = server.setup().home().join("backup");
        let pid = server.signal(&of, Signal::STOP);
        until("the primary is paused", BACK, || async { is_paused(pid).then_some(()) }).await;
        let told = market.journal.entries();
        copy(&server.setup().data_folder().join(&of), &folder).await;
        server.signal(&of, Signal::CONT);
        Self { folder, of, told }
    }

    /// Puts it back: to another member than it is of, while the rest begin with nothing, and NATS
    /// too.
    async fn put_back(&self, server: &Server, members: &ReplicaSet) {
        let data = server.setup().data_folder();
        for name in members.names() {
            fs::remove_dir_all(data.join(name)).expect("what a member kept can be deleted");
        }
        fs::remove_dir_all(data.join("nats")).expect("what NATS kept can be deleted");
        let to = members.names().into_iter().find(|name| *name != self.of).expect("another");
        copy(&self.folder, &data.join(to)).await;
    }
}

/// Whether all of a process has stopped.
fn is_paused(pid: i32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    tasks.flatten().all(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:\tT"))
    })
}

async fn copy(from: &Path, to: &Path) {
    let mut copy = Command::new("cp");
    copy.args(["-a", "--reflink=auto"]).arg(from).arg(to);
    assert!(copy.status().await.expect("cp runs").success(), "a folder can be copied");
}

/// What was acknowledged after the backup is nowhere, which shows that it was restored.
async fn is_gone(later: &[Entry], market: &Market) {
    let mut gone = 0;
    for entry in later {
        let (Some(id), Deed::Order { .. }) = (entry.outcome.id(), &entry.deed) else { continue };
        let request = Request::new("GET", format!("/api/orders/{id}"));
        let answer = market.people[entry.who].client.insist(&request, BACK).await;
        assert_eq!(answer.status, 404, "it was made after the backup: {answer}");
        gone += 1;
    }
    assert!(gone > 0, "nobody ordered anything after the backup");
    println!("{gone} orders were made after the backup and are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_there_when_it_is_restored() {
    let mut seed = Seed::of("a_backup");
    let members = ReplicaSet::on_loopback(MEMBERS).await;
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let start = setup.env("TICKETING_MONGODB", members.url()).start();
    let ((), mut server) = tokio::join!(members.initiate(), start);
    let (market, workers) = Market::open(&server, WORKERS, &mut seed).await;
    let buying = async {
        rest(LOAD).await;
        let backup = Backup::take(&server, &members, &market).await;
        rest(LOAD).await;
        backup
    };
    let (_, backup) = market.work_through(workers, buying).await;
    let all = market.journal.entries();
    server.stop().await;
    backup.put_back(&server, &members).await;
    server.start().await;

    is_gone(all.get(backup.told.len()..).unwrap_or_default(), &market).await;
    let (market, workers) = market.as_of(backup.told, &mut seed);
    let resolved = market.journal.resolve_all(&market.people).await;
    println!("{resolved} requests were under way at the instant of the backup");
    let before = market.journal.len();
    market.work_through(workers, rest(LOAD)).await;
    let since = market.journal.len() - before;
    assert!(since > 0, "nobody goes on");
    println!("{before} requests before the backup, {since} since it was restored");
    market.journal.resolve_all(&market.people).await;
    market.converge().await;
    let totals = market.journal.audit(&market.people).await;
    println!("{totals:?}");
    totals.are_more_than(5);
}
