//! I7, I8, I17 and I1 under kill -9 at random instants with clients at work: what was acknowledged
//! is there afterwards, what was lost on the way becomes known under its key, nothing happens
//! twice, nothing is sold twice.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tests::load::{Market, Worker};
use tests::poll::rest;
use tests::{Seed, Server, Setup};

const KILLS: u32 = 200;
const WORKERS: usize = 8;
/// The promise: from the start of the process to the first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(2);
/// How long the load runs before a kill, at most.
const LOAD_MS: u64 = 260;

/// The slowest start so far, from process to first answer.
static SLOWEST_START_MS: AtomicU64 = AtomicU64::new(0);

/// Starts the server and waits for its first answer, which must come in time.
async fn first_answer(server: &mut Server) {
    let started = Instant::now();
    server.start().await;
    server.client().get("/api/tickets?limit=1").await.is(200);
    let took = started.elapsed();
    assert!(took <= FIRST_ANSWER, "the first answer after kill -9 took {took:?}");
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    SLOWEST_START_MS.fetch_max(millis, Ordering::Relaxed);
}

/// Lets everybody work until the server is killed under them; returns the workers.
async fn until_killed(
    server: &mut Server,
    market: &Market,
    workers: Vec<Worker>,
    after: Duration,
) -> Vec<Worker> {
    market.running.store(true, Ordering::Relaxed);
    let tasks: Vec<_> =
        workers.into_iter().map(|worker| tokio::spawn(worker.work(market.clone()))).collect();
    rest(after).await;
    market.running.store(false, Ordering::Relaxed);
    server.kill_9().await;
    // Whoever is making an old outcome known goes on until the next start; the rest end now.
    first_answer(server).await;
    let done = join_all(tasks).await;
    done.into_iter().map(|worker| worker.expect("a worker's task")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_any_instant_loses_nothing_and_doubles_nothing() {
    let mut seed = Seed::of("kill_9_at_any_instant");
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let mut server = setup.start().await;
    let (market, mut workers) = Market::open(&server, WORKERS, &mut seed).await;
    server.change(|setup| setup.within(FIRST_ANSWER));
    let mut lost_on_the_way = 0;
    for kill in 0..KILLS {
        if seed.chance(10) {
            // During recovery too: before anybody was served.
            server.kill_9().await;
            let lines = server.spawn();
            rest(Duration::from_millis(seed.below(60))).await;
            server.kill_9().await;
            drop(lines);
            first_answer(&mut server).await;
        }
        let from = market.journal.len();
        let after = Duration::from_millis(seed.below(LOAD_MS));
        workers = until_killed(&mut server, &market, workers, after).await;
        lost_on_the_way += workers.iter().map(|worker| worker.unknown.len()).sum::<usize>();
        let recent = from.max(market.journal.len().saturating_sub(40));
        market.journal.spot_check(recent, &market.people).await;
        if kill % 50 == 49 {
            println!("{} kills, {} requests so far", kill + 1, market.journal.len());
        }
    }
    let resolved = market.journal.resolve_all(&market.people).await;
    println!("{lost_on_the_way} outcomes lost on the way, {resolved} made known in the end");
    assert!(lost_on_the_way > 50, "the kills must hit requests in flight");
    finish(server, &market).await;
}

async fn finish(mut server: Server, market: &Market) {
    let totals = market.journal.audit(&market.people).await;
    println!("{totals:?}");
    println!("slowest start to first answer: {} ms", SLOWEST_START_MS.load(Ordering::Relaxed));
    totals.are_more_than(50);
    server.stop().await;
    server.check_clean().await;
}
