//! One thread, one seed: everything that runs in a history is a task here, and the seed says which
//! goes next.
//!
//! The code under test awaits nothing but its ports, and the ports of [`crate::world`] await
//! nothing but this. So a history is a function of its seed: the same seed polls the same tasks in
//! the same order, to the last byte.
//!
//! A task belongs to an owner: an incarnation of a service, or nobody. Killing an owner drops its
//! tasks wherever they stand, which is what kill -9 does to a process.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::task::{Spawn, Work};
use common::time::{Clock, Timestamp};

use crate::rng::{Digest, Rng};

/// When every history begins.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Who a task belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u32);

/// The owner of what no process can take with it: clients, the network, the provider.
pub const NOBODY: Owner = Owner(0);

/// Runs tasks. Cheap to clone: every clone is the same executor.
#[derive(Clone)]
pub struct Executor {
    shared: Arc<Mutex<Shared>>,
    woken: Arc<Mutex<Vec<usize>>>,
    tells: bool,
}

struct Shared {
    now: Timestamp,
    rng: Rng,
    digest: Digest,
    /// By id; ids are never used again.
    tasks: Vec<Option<Task>>,
    dead: BTreeSet<Owner>,
    /// By when they are due, and in which order they were set.
    timers: BTreeMap<(Timestamp, u64), Waker>,
    next_timer: u64,
    steps: u64,
}

struct Task {
    owner: Owner,
    /// Taken out while it is polled.
    work: Option<Work>,
    waker: Arc<TaskWaker>,
}

/// Why a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// What it was waiting for is so.
    Reached,
    /// The given time has come.
    Time,
    /// More steps than any history takes: something spins.
    Spinning,
}

/// A history of a minute takes some ten thousand steps.
const MAX_STEPS: u64 = 2_000_000;

impl Executor {
    /// An executor whose every choice follows from `seed`; one that `tells` prints what happens.
    pub fn new(seed: u64, tells: bool) -> Self {
        let shared = Shared {
            now: EPOCH,
            rng: Rng::new(seed),
            digest: Digest::default(),
            tasks: Vec::new(),
            dead: BTreeSet::new(),
            timers: BTreeMap::new(),
            next_timer: 0,
            steps: 0,
        };
        Self { shared: Arc::new(Mutex::new(shared)), woken: Arc::default(), tells }
    }

    /// The time in this history.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// How many times a task has been polled.
    pub fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// What has happened so far, in one number.
    pub fn digest(&self) -> u64 {
        self.lock().digest.0
    }

    /// A whole number below `end`, by the seed.
    pub fn below(&self, end: u64) -> u64 {
        self.lock().rng.below(end)
    }

    /// Between nothing and `end`, by the seed.
    pub fn moment(&self, end: Duration) -> Duration {
        let millis = u64::try_from(end.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(millis.saturating_add(1)))
    }

    /// True in `percent` of cases, by the seed.
    pub fn chance(&self, percent: f64) -> bool {
        self.lock().rng.chance(percent)
    }

    /// One of these, by the seed.
    ///
    /// # Panics
    /// Where there is none.
    pub fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap_or(0)]
    }

    /// Takes what happened into the digest, and prints it if this run tells.
    pub fn note(&self, bytes: &[u8], line: impl FnOnce() -> String) {
        let mut shared = self.lock();
        shared.digest.bytes(bytes);
        let after = shared.now.since(EPOCH);
        drop(shared);
        if self.tells {
            println!("{:>8.3} {}", after.as_secs_f64(), line());
        }
    }

    /// Starts a task. An owner that is dead starts nothing.
    pub fn start(&self, owner: Owner, work: Work) {
        let mut shared = self.lock();
        if shared.dead.contains(&owner) {
            drop(shared);
            drop(work);
            return;
        }
        let id = shared.tasks.len();
        let woken = Arc::clone(&self.woken);
        let waker = Arc::new(TaskWaker { id, is_queued: AtomicBool::new(false), woken });
        shared.tasks.push(Some(Task { owner, work: Some(work), waker: Arc::clone(&waker) }));
        drop(shared);
        waker.wake();
    }

    /// Drops every task of `owner`, wherever it stands.
    pub fn kill(&self, owner: Owner) {
        let mut shared = self.lock();
        shared.dead.insert(owner);
        let is_doomed = |task: &Option<Task>| task.as_ref().is_some_and(|t| t.owner == owner);
        let doomed: Vec<Option<Task>> =
            shared.tasks.iter_mut().filter(|task| is_doomed(task)).map(Option::take).collect();
        // Dropped outside the lock: a future's end may wake others.
        drop(shared);
        drop(doomed);
    }

    /// Drops everything. What is shared with tasks would otherwise keep itself alive.
    pub fn close(&self) {
        let mut shared = self.lock();
        let tasks = std::mem::take(&mut shared.tasks);
        let timers = std::mem::take(&mut shared.timers);
        drop(shared);
        drop((tasks, timers));
    }

    /// Runs until `reached`, or until `deadline`, whichever comes first.
    pub fn run(&self, deadline: Timestamp, reached: impl Fn() -> bool) -> Ended {
        loop {
            while self.poll_one() {}
            if reached() {
                return Ended::Reached;
            }
            if self.lock().steps > MAX_STEPS {
                return Ended::Spinning;
            }
            if !self.advance(deadline) {
                return Ended::Time;
            }
        }
    }

    /// Lets a moment of at most so long pass, so that anything may happen in between.
    pub async fn pause(&self, at_most: Duration) {
        let pause = self.moment(at_most);
        self.sleep(pause).await;
    }

    /// Returns after `duration`.
    pub async fn sleep(&self, duration: Duration) {
        Sleep { executor: self, until: self.now().plus(duration), timer: None }.await;
    }

    /// Polls one of the tasks that were woken; false where there is none.
    fn poll_one(&self) -> bool {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        if woken.is_empty() {
            return false;
        }
        let mut shared = self.lock();
        if shared.steps > MAX_STEPS {
            return false;
        }
        let chosen = match woken.len() {
            1 => 0,
            many => usize::try_from(shared.rng.below(many as u64)).unwrap_or(0),
        };
        // Whoever wakes several does so in an order of its own, which may not be the same again.
        woken.sort_unstable();
        let id = woken.swap_remove(chosen);
        drop(woken);
        shared.steps += 1;
        let Some(Some(task)) = shared.tasks.get_mut(id) else { return true };
        let Some(mut work) = task.work.take() else { return true };
        let waker = Arc::clone(&task.waker);
        shared.digest.number(id as u64);
        drop(shared);
        waker.is_queued.store(false, Ordering::Relaxed);
        let waker = Waker::from(waker);
        let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
        let mut shared = self.lock();
        match (polled, shared.tasks.get_mut(id)) {
            (Poll::Pending, Some(Some(task))) => {
                task.work = Some(work);
                return true;
            }
            (Poll::Ready(()), Some(place)) => *place = None,
            // Killed by what it did itself.
            (_, _) => {}
        }
        drop(shared);
        drop(work);
        true
    }

    /// Moves the time to the next timer; false where there is none before `deadline`.
    fn advance(&self, deadline: Timestamp) -> bool {
        let mut shared = self.lock();
        let next = shared.timers.first_key_value().map(|((at, _), _)| *at);
        let Some(at) = next.filter(|at| *at <= deadline) else {
            shared.now = shared.now.max(deadline);
            return false;
        };
        shared.now = shared.now.max(at);
        let mut due = Vec::new();
        while let Some(entry) = shared.timers.first_entry() {
            if entry.key().0 > at {
                break;
            }
            due.push(entry.remove());
        }
        drop(shared);
        due.into_iter().for_each(Waker::wake);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct TaskWaker {
    id: usize,
    is_queued: AtomicBool,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
        }
    }
}

/// A timer of the history.
struct Sleep<'a> {
    executor: &'a Executor,
    until: Timestamp,
    timer: Option<(Timestamp, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.executor.lock();
        match self.timer {
            Some(timer) => match shared.timers.get_mut(&timer) {
                Some(waker) => {
                    waker.clone_from(context.waker());
                    Poll::Pending
                }
                // It is taken out when it is due.
                None => Poll::Ready(()),
            },
            // Even a sleep of no time goes through the scheduler once, so that others may come in
            // between.
            None => {
                let timer = (self.until.max(shared.now), shared.next_timer);
                shared.next_timer += 1;
                shared.timers.insert(timer, context.waker().clone());
                drop(shared);
                self.timer = Some(timer);
                Poll::Pending
            }
        }
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let waker = self.executor.lock().timers.remove(&timer);
            drop(waker);
        }
    }
}

/// The clock of a history.
#[async_trait::async_trait]
impl Clock for Executor {
    fn now(&self) -> Timestamp {
        self.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep(duration).await;
    }
}

/// The spawner of one owner.
pub struct Tasks {
    /// Which executor.
    pub executor: Executor,
    /// Whose tasks.
    pub owner: Owner,
}

impl Spawn for Tasks {
    fn spawn(&self, work: Work) {
        self.executor.start(self.owner, work);
    }
}
