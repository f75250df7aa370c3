//! I7 and I20 on a fleet that is upgraded under load, and taken back: services are replaced one
//! replica after another, an earlier build by this one, and old and new run side by side meanwhile.
//! Nobody is told that something failed. Then what they run on is restarted, one after another:
//! while MongoDB elects a primary some are told to come back, and nothing is lost.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tests::fleet::SERVICES;
use tests::load::{Market, Worker};
use tests::poll::rest;
use tests::replica_set::ReplicaSet;
use tests::{Outcome, Seed, Server, Setup};

const WORKERS: usize = 6;
const MEMBERS: usize = 3;

/// How long old and new work side by side before the next replica is replaced.
const SIDE_BY_SIDE: Duration = Duration::from_millis(500);

/// Two folders with programs, and the one that the fleet starts them from.
struct Builds {
    old: PathBuf,
    new: PathBuf,
    current: PathBuf,
}

impl Builds {
    /// A folder that leads to the old programs.
    fn under(setup: &Setup) -> Self {
        let named = |name: &str| {
            let folder = std::env::var_os(name).map(PathBuf::from);
            folder.unwrap_or_else(|| {
                panic!("{name} is set by `cargo xtask test --only faults`; run that")
            })
        };
        let (old, new) = (named("TICKETING_TEST_OLD_PROGRAMS"), named("TICKETING_PROGRAMS"));
        let current = setup.home().join("programs");
        fs::create_dir(&current).expect("a folder for links");
        let builds = Self { old, new, current };
        for service in SERVICES {
            builds.lead(service, &builds.old);
        }
        builds
    }

    /// From now on the service is started from `build`.
    fn lead(&self, service: &str, build: &Path) {
        let link = self.current.join(service);
        if link.exists() {
            fs::remove_file(&link).expect("the link can be removed");
        }
        symlink(build.join(service), link).expect("a link to the program");
    }

    /// Replaces every replica of every service by one of `build`, one after another.
    async fn roll_to(&self, build: &Path, server: &Server) {
        for service in SERVICES {
            self.lead(service, build);
            for replica in [1, 2] {
                let name = format!("{service}-{replica}");
                let pid = server.signal(&name, Signal::TERM);
                server.replaced(&name, pid).await;
                let program = build.join(service).canonicalize().expect("the program");
                assert_eq!(server.program_of(&name), program, "{name} is of the other build");
                rest(SIDE_BY_SIDE).await;
            }
        }
    }
}

/// Stops NATS and each member of MongoDB, one after another; each is started again at once.
async fn restart_what_services_run_on(server: &Server, members: &ReplicaSet) {
    let nats = server.signal("nats", Signal::TERM);
    server.runs_again("nats", nats).await;
    for name in members.names() {
        let pid = server.signal(&name, Signal::TERM);
        server.runs_again(&name, pid).await;
        members.has_caught_up(&name).await;
        rest(SIDE_BY_SIDE).await;
    }
}

/// Holds everybody to have been served.
fn nobody_was_refused(market: &Market, workers: &[Worker]) {
    let refused: Vec<_> = workers.iter().flat_map(|worker| &worker.unknown).collect();
    let shown: Vec<_> = refused.iter().map(|index| market.journal.entry(**index)).collect();
    assert!(refused.is_empty(), "requests failed: {shown:#?}");
    for entry in market.journal.entries() {
        let Outcome::Told { status, .. } = entry.outcome else { panic!("failed: {entry:?}") };
        // What is sold out, is over already, or has not been heard of is an answer too.
        assert!(status < 500, "failed: {entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_under_load_fails_no_request_nor_does_a_back_out() {
    let mut seed = Seed::of("an_upgrade_under_load");
    let members = ReplicaSet::on_loopback(MEMBERS).await;
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let builds = Builds::under(&setup);
    let setup = setup.env("TICKETING_PROGRAMS", builds.current.to_string_lossy());
    let start = setup.env("TICKETING_MONGODB", members.url()).start();
    let ((), server) = tokio::join!(members.initiate(), start);
    let (market, mut workers) = Market::open(&server, WORKERS, &mut seed).await;
    for (what, build) in [("upgrade", &builds.new), ("back-out", &builds.old)] {
        let from = market.journal.len();
        let work = market.work_through(workers, builds.roll_to(build, &server));
        (workers, ()) = work.await;
        println!("{what}: {} requests meanwhile", market.journal.len() - from);
        nobody_was_refused(&market, &workers);
    }
    let from = market.journal.len();
    let restart = restart_what_services_run_on(&server, &members);
    (workers, ()) = market.work_through(workers, restart).await;
    let come_back: usize = workers.iter().map(|worker| worker.unknown.len()).sum();
    let asked = market.journal.len() - from;
    println!("MongoDB and NATS: {asked} requests meanwhile, {come_back} told to come back");
    market.journal.resolve_all(&market.people).await;
    market.converge().await;
    let totals = market.journal.audit(&market.people).await;
    println!("{totals:?}");
    totals.are_more_than(20);
}
