//! I1, I2, I7, I8, I9, I17 and I18 on a fleet whose processes are killed, paused and robbed under
//! load: replicas of every service, NATS and its whole store, MongoDB. What was acknowledged is
//! there afterwards, nothing is sold twice, and half a minute later all services agree.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use tests::fleet::SERVICES;
use tests::load::Market;
use tests::poll::rest;
use tests::replica_set::ReplicaSet;
use tests::{Seed, Server, Setup};

const WORKERS: usize = 8;

/// How long the load runs before a fault, at most.
const BEFORE_MS: u64 = 400;

/// How long NATS is paused: longer than a publisher waits for it.
const PAUSE: Duration = Duration::from_secs(7);

/// How often each fault happens, in an order drawn by the seed. A hundred times it is kill -9.
const PLAN: [(Fault, usize); 5] = [
    (Fault::ServiceKilled, 83),
    (Fault::NatsKilled, 4),
    (Fault::NatsPaused, 2),
    (Fault::NatsWiped, 10),
    (Fault::MongodbKilled, 3),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// kill -9 of one replica of one service.
    ServiceKilled,
    /// kill -9 of NATS.
    NatsKilled,
    /// SIGSTOP and, a while later, SIGCONT.
    NatsPaused,
    /// kill -9 of NATS, and all that it kept is gone.
    NatsWiped,
    /// kill -9 of MongoDB.
    MongodbKilled,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceKilled => "a service killed",
            Self::NatsKilled => "NATS killed",
            Self::NatsPaused => "NATS paused",
            Self::NatsWiped => "NATS killed and its store deleted",
            Self::MongodbKilled => "MongoDB killed",
        })
    }
}

impl Fault {
    /// Does it, and waits until everything that it ended is there again. Returns what it hit.
    async fn happen(self, server: &Server, seed: &mut Seed, round: usize) -> String {
        match self {
            Self::ServiceKilled => {
                let name = seed.pick(&server.replicas()).expect("services run").clone();
                server.kill_9_one(&name).await;
                name
            }
            Self::NatsKilled => {
                server.kill_9_one("nats").await;
                "nats".to_owned()
            }
            Self::NatsPaused => {
                server.signal("nats", Signal::STOP);
                rest(PAUSE).await;
                server.signal("nats", Signal::CONT);
                "nats".to_owned()
            }
            Self::NatsWiped => {
                let pid = server.signal("nats", Signal::KILL);
                // Moved away in one step, before it is started again.
                let data = server.setup().data_folder();
                let gone = data.join(format!("nats-gone-{round}"));
                fs::rename(data.join("nats"), &gone).expect("the store can be moved away");
                server.runs_again("nats", pid).await;
                fs::remove_dir_all(gone).expect("it can be deleted");
                "nats".to_owned()
            }
            Self::MongodbKilled => {
                server.kill_9_one("mongodb").await;
                "mongodb".to_owned()
            }
        }
    }
}

/// All faults of the plan, shuffled.
fn plan(seed: &mut Seed) -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        PLAN.iter().flat_map(|(fault, times)| vec![*fault; *times]).collect();
    seed.shuffle(&mut faults);
    faults
}

/// A fleet whose MongoDB is its own to kill.
async fn start() -> Server {
    let members = ReplicaSet::on_loopback(1).await;
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let start = setup.env("TICKETING_MONGODB", members.url()).start();
    let ((), server) = tokio::join!(members.initiate(), start);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_loses_nothing_and_doubles_nothing_whatever_is_killed() {
    let mut seed = Seed::of("a_fleet_loses_nothing");
    let server = start().await;
    let (market, mut workers) = Market::open(&server, WORKERS, &mut seed).await;
    let (mut happened, mut hits) = (BTreeMap::<Fault, usize>::new(), BTreeMap::new());
    let mut lost_on_the_way = 0;
    for (round, fault) in plan(&mut seed).into_iter().enumerate() {
        let from = market.journal.len();
        let hit;
        let happens = async {
            rest(Duration::from_millis(seed.below(BEFORE_MS))).await;
            fault.happen(&server, &mut seed, round).await
        };
        (workers, hit) = market.work_through(workers, happens).await;
        *happened.entry(fault).or_default() += 1;
        *hits.entry(hit).or_insert(0_usize) += 1;
        lost_on_the_way += workers.iter().map(|worker| worker.unknown.len()).sum::<usize>();
        let recent = from.max(market.journal.len().saturating_sub(20));
        market.journal.spot_check(recent, &market.people).await;
        if round % 20 == 19 {
            println!("{} faults, {} requests so far", round + 1, market.journal.len());
        }
    }
    let resolved = market.journal.resolve_all(&market.people).await;
    market.converge().await;
    let totals = market.journal.audit(&market.people).await;
    println!("{lost_on_the_way} outcomes lost on the way, {resolved} made known in the end");
    println!("{totals:?}\nhit: {hits:?}");
    for (fault, times) in PLAN {
        println!("{fault}: {}", happened.get(&fault).copied().unwrap_or_default());
        assert_eq!(happened.get(&fault), Some(&times), "{fault}");
    }
    for service in SERVICES {
        let times: usize =
            hits.iter().filter(|(hit, _)| hit.starts_with(service)).map(|(_, times)| times).sum();
        assert!(times > 0, "no replica of {service} was killed");
    }
    assert!(lost_on_the_way > 5, "the faults must hit requests in flight");
    totals.are_more_than(20);
}
