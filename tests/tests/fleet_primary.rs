//! I1, I2, I7, I8, I9, I17 and I18 on a fleet whose MongoDB has three members, while its primary
//! steps down and is killed under load. What was acknowledged outlives the member that
//! acknowledged it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use tests::fleet::BACK;
use tests::load::Market;
use tests::poll::rest;
use tests::replica_set::ReplicaSet;
use tests::{Seed, Server, Setup};

const WORKERS: usize = 8;
const MEMBERS: usize = 3;

/// How long the load runs before a primary goes: at least, and at most as much more. It has to get
/// going again after the last.
const BEFORE: Duration = Duration::from_millis(500);
const MORE_MS: u64 = 1_500;

/// How often the primary goes, and how; in an order drawn by the seed.
const STEP_DOWNS: usize = 5;
const KILLS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// `replSetStepDown`: it goes in order, and another is elected at once.
    StepsDown,
    /// kill -9: the others notice after some ten seconds, and elect one of them.
    Killed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StepsDown => "steps down",
            Self::Killed => "is killed",
        })
    }
}

impl Fault {
    /// Does it, and waits until another member is primary and the services serve with it. Returns
    /// who was primary.
    async fn happen(self, server: &Server, members: &ReplicaSet) -> String {
        let was = match self {
            Self::StepsDown => members.step_down().await,
            Self::Killed => {
                let was = members.elected(|_| true).await;
                server.kill_9_one(&was).await;
                members.elected(|name| name != was).await;
                was
            }
        };
        server.ready(BACK).await;
        was
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_primary_acknowledged_outlives_it() {
    let mut seed = Seed::of("what_a_primary_acknowledged");
    let members = ReplicaSet::on_loopback(MEMBERS).await;
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let start = setup.env("TICKETING_MONGODB", members.url()).start();
    let ((), server) = tokio::join!(members.initiate(), start);
    let (market, mut workers) = Market::open(&server, WORKERS, &mut seed).await;
    let mut faults = [vec![Fault::StepsDown; STEP_DOWNS], vec![Fault::Killed; KILLS]].concat();
    seed.shuffle(&mut faults);
    let (mut lost_on_the_way, mut deposed) = (0, BTreeSet::new());
    for fault in faults {
        let from = market.journal.len();
        let before = BEFORE + Duration::from_millis(seed.below(MORE_MS));
        let happens = async {
            rest(before).await;
            fault.happen(&server, &members).await
        };
        let was;
        (workers, was) = market.work_through(workers, happens).await;
        lost_on_the_way += workers.iter().map(|worker| worker.unknown.len()).sum::<usize>();
        let asked = market.journal.len() - from;
        println!("{was} {fault}: {asked} requests meanwhile");
        market
            .journal
            .spot_check(from.max(market.journal.len().saturating_sub(20)), &market.people)
            .await;
        deposed.insert(was);
    }
    let resolved = market.journal.resolve_all(&market.people).await;
    market.converge().await;
    let totals = market.journal.audit(&market.people).await;
    println!("{lost_on_the_way} outcomes lost on the way, {resolved} made known in the end");
    println!("{totals:?}; deposed: {deposed:?}");
    assert!(deposed.len() > 1, "the primary was always the same");
    assert!(lost_on_the_way > 0, "the faults must hit requests in flight");
    totals.are_more_than(20);
}
