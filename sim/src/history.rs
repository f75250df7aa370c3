//! One history, from an empty marketplace to its judgement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clients;
use crate::executor::{EPOCH, Ended, Executor, NOBODY};
use crate::world::World;

/// How long after the end of trouble, of the last client and of the last reservation everything may
/// take to come to rest (I18).
const SETTLES_WITHIN: Duration = Duration::from_secs(45);

/// No history is longer.
const LONGEST: Duration = Duration::from_secs(600);

/// How often to look whether everything has come to rest.
const LOOK: Duration = Duration::from_millis(400);

/// What a history came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// All that happened, in one number.
    pub digest: u64,
    /// How many times a task was polled.
    pub steps: u64,
    /// How long it took by its own clock.
    pub lasted: Duration,
    /// How often each situation came about.
    pub marks: BTreeMap<&'static str, u64>,
    /// Which promises were broken, and how.
    pub violations: Vec<String>,
}

/// Plays the history of `seed`; one that `tells` prints what happens.
pub fn play(seed: u64, tells: bool) -> Outcome {
    let executor = Executor::new(seed, tells);
    let world = World::new(executor.clone());
    let window = Duration::from_secs(executor.one_of(&[1, 2, 4, 8, 15]));
    executor.note(&[], || format!("seed {seed}, window {window:?}, {:?}", world.faults));
    world.start();
    clients::start(&world, window);
    let is_over = Arc::new(AtomicBool::new(false));
    let (calm, watch) = (clear_up(Arc::clone(&world)), watch(Arc::clone(&world), is_over.clone()));
    executor.start(NOBODY, Box::pin(calm));
    executor.start(NOBODY, Box::pin(watch));
    match executor.run(EPOCH.plus(LONGEST), || is_over.load(Ordering::Relaxed)) {
        Ended::Reached => world.oracle.judge(),
        Ended::Time => {
            let clients = world.clients.load(Ordering::Relaxed);
            world.oracle.accuse(format!("I18: {clients} clients are still waiting"));
        }
        Ended::Spinning => world.oracle.accuse("I18: something spins".to_owned()),
    }
    let outcome = Outcome {
        digest: executor.digest(),
        steps: executor.steps(),
        lasted: executor.now().since(EPOCH),
        marks: world.marks.counts(),
        violations: world.oracle.violations(),
    };
    world.close();
    outcome
}

/// Trouble ends after a while.
async fn clear_up(world: Arc<World>) {
    world.executor.sleep(Duration::from_secs(4)).await;
    world.executor.pause(Duration::from_secs(12)).await;
    world.trouble.store(false, Ordering::Relaxed);
    world.executor.note(b"calm", || "calm".to_owned());
    world.oracle.calm();
}

/// Waits until everybody has finished and everything is at rest, and stays so for a moment.
async fn watch(world: Arc<World>, is_over: Arc<AtomicBool>) {
    let is_busy =
        || world.clients.load(Ordering::Relaxed) > 0 || world.trouble.load(Ordering::Relaxed);
    while is_busy() {
        world.executor.sleep(LOOK).await;
    }
    // Whoever ordered last has the longest window before them.
    let last = world.executor.now().plus(Duration::from_secs(15)).plus(SETTLES_WITHIN);
    let mut at_rest = 0;
    while at_rest < 3 {
        world.executor.sleep(LOOK).await;
        let unsettled = match world.broker.is_quiet() {
            true => world.oracle.unsettled(),
            false => Some("the broker still delivers".to_owned()),
        };
        match unsettled {
            None => at_rest += 1,
            Some(what) if world.executor.now() > last => {
                world.oracle.accuse(format!("I9, I18: {what}"));
                break;
            }
            Some(_) => at_rest = 0,
        }
    }
    is_over.store(true, Ordering::Relaxed);
}
