//! What comes up while the servers are at work is done together, as soon as they are done.
//!
//! A call to a server costs much the same whether it is about one document or about a hundred. So
//! nobody calls by himself: what is wanted is put down in a queue, which a few workers empty, each
//! taking with one call what has gathered meanwhile. A queue that nobody works on is taken from at
//! once, so an idle process waits for nothing; a busy one makes fewer calls, the busier it is.
//! And nobody waits for long for a call that is not about him: one that takes its time, because its
//! connection has broken for example, has others made beside it.
//!
//! A worker to whose queue somebody has come while it was at work is busy, and rests before it
//! takes again, for a while in proportion to what its call took: so more gathers, and is done with
//! a call that would have been several. Where calls are quick nobody notices; where servers or this
//! machine are at their limit, it is what lifts that. Whoever comes alone never waits for it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::task::{Tasks, Work};

/// How long a call may take before others are made beside it: far longer than a healthy replica set
/// needs, far shorter than a call may take at all.
const LONG: Duration = Duration::from_millis(250);

/// How long a busy worker rests, as a multiple of what its call took. Twice: the servers are at
/// work for it a third of the time, and a command waits at worst for as long as three calls take.
const REST: u32 = 2;

/// How long it rests at most: calls that take long for other reasons are not to take three times as
/// long.
const LONGEST_REST: Duration = Duration::from_millis(10);

/// What is wanted, and how it is taken.
pub(super) trait Waiting: Send + 'static {
    /// What is done with one call.
    type Taken: Send + 'static;

    /// Takes what is to be done next, if there is anything.
    fn take(&mut self) -> Option<Self::Taken>;

    /// Whether nothing waits.
    fn is_empty(&self) -> bool;
}

/// A queue, and how many work on it.
#[derive(Debug)]
pub(super) struct Together<Q> {
    state: Mutex<State<Q>>,
    most: usize,
}

#[derive(Debug)]
struct State<Q> {
    queue: Q,
    workers: usize,
    /// Whether one of them has not looked at the queue yet.
    one_comes: bool,
}

/// The right and the duty to do what waits in a queue.
#[derive(Debug)]
pub(super) struct Worker<Q> {
    of: Arc<Together<Q>>,
    has_come: bool,
    has_ended: bool,
}

impl<Q> Together<Q> {
    /// A queue that at most so many work on at once.
    pub(super) fn new(queue: Q, most: usize) -> Arc<Self> {
        let state = Mutex::new(State { queue, workers: 0, one_comes: false });
        Arc::new(Self { state, most })
    }

    /// Adds to the queue. Whoever gets a worker must let it work, beside whatever it does itself.
    #[must_use]
    pub(super) fn add(self: &Arc<Self>, add: impl FnOnce(&mut Q)) -> Option<Worker<Q>> {
        let mut state = self.lock();
        add(&mut state.queue);
        if state.one_comes || state.workers == self.most {
            return None;
        }
        state.workers += 1;
        state.one_comes = true;
        Some(Worker { of: Arc::clone(self), has_come: false, has_ended: false })
    }

    /// Changes the queue without adding to it.
    pub(super) fn with(&self, change: impl FnOnce(&mut Q)) {
        change(&mut self.lock().queue);
    }

    fn lock(&self) -> MutexGuard<'_, State<Q>> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Waiting> Worker<Q> {
    /// Takes what is to be done next; `None` ends the worker.
    pub(super) fn next(&mut self) -> Option<Q::Taken> {
        let mut state = self.of.lock();
        if !self.has_come {
            (self.has_come, state.one_comes) = (true, false);
        }
        let taken = state.queue.take();
        if taken.is_none() && !self.has_ended {
            self.has_ended = true;
            state.workers -= 1;
        }
        taken
    }

    /// Whether somebody has come to the queue meanwhile.
    fn is_busy(&self) -> bool {
        !self.of.lock().queue.is_empty()
    }

    /// Leaves its place to another: what it has taken keeps it too long.
    fn hand_over(mut self) -> Self {
        self.has_ended = true;
        Self { of: Arc::clone(&self.of), has_come: true, has_ended: false }
    }
}

/// Does what waits, until nothing does: `call` does what was taken, and `rest` lets so much time
/// pass.
pub(super) fn work<Q, F, R>(
    tasks: Tasks,
    mut worker: Worker<Q>,
    call: impl Fn(Q::Taken) -> F + Clone + Send + Sync + 'static,
    rest: impl Fn(Duration) -> R + Clone + Send + Sync + 'static,
) -> Work
where
    Q: Waiting,
    F: Future<Output = ()> + Send,
    R: Future<Output = ()> + Send,
{
    Box::pin(async move {
        while let Some(taken) = worker.next() {
            let begun = now();
            let mut calling = pin!(call(taken));
            let is_done = tokio::select! {
                biased;
                () = &mut calling => true,
                () = sleep(LONG) => false,
            };
            if !is_done {
                let (next, others) = (worker.hand_over(), Arc::clone(&tasks));
                tasks.spawn(work(others, next, call.clone(), rest.clone()));
                calling.await;
                return;
            }
            if worker.is_busy() {
                rest(begun.elapsed().saturating_mul(REST).min(LONGEST_REST)).await;
            }
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "only how long a rest is goes by it")]
fn now() -> Instant {
    Instant::now()
}

impl<Q> Drop for Worker<Q> {
    /// A worker that ends by a panic makes room for another.
    fn drop(&mut self) {
        if !self.has_ended {
            let mut state = self.of.lock();
            state.workers -= 1;
            state.one_comes &= self.has_come;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::{mpsc, oneshot};
    use tokio::time::timeout;

    use super::*;
    use crate::run::TokioTasks;

    /// All of it is taken at once.
    #[derive(Debug, Default)]
    struct Numbers(Vec<u8>);

    impl Waiting for Numbers {
        type Taken = Vec<u8>;

        fn take(&mut self) -> Option<Vec<u8>> {
            Some(std::mem::take(&mut self.0)).filter(|taken| !taken.is_empty())
        }

        fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
    }

    fn add(to: &Arc<Together<Numbers>>, number: u8) -> Option<Worker<Numbers>> {
        to.add(|queue| queue.0.push(number))
    }

    async fn within_seconds<T>(awaited: impl Future<Output = Option<T>>) -> T {
        timeout(Duration::from_secs(10), awaited).await.unwrap().unwrap()
    }

    /// What is done one after another: each call says what it is about, and is over when told.
    struct Story {
        queue: Arc<Together<Numbers>>,
        tasks: TokioTasks,
        calls: mpsc::UnboundedReceiver<(Vec<u8>, oneshot::Sender<()>)>,
        rests: mpsc::UnboundedReceiver<(Duration, oneshot::Sender<()>)>,
    }

    impl Story {
        /// One that has begun with a call about 1.
        fn begin() -> Self {
            let (called, calls) = mpsc::unbounded_channel();
            let (rested, rests) = mpsc::unbounded_channel();
            let (queue, tasks) = (Together::new(Numbers::default(), 1), TokioTasks::here());
            let worker = add(&queue, 1).unwrap();
            let call = move |numbers| until_told(&called, numbers);
            let rest = move |time| until_told(&rested, time);
            let others: Tasks = Arc::new(tasks.clone());
            others.spawn(work(Arc::clone(&others), worker, call, rest));
            Self { queue, tasks, calls, rests }
        }

        async fn called(&mut self) -> (Vec<u8>, oneshot::Sender<()>) {
            within_seconds(self.calls.recv()).await
        }

        async fn is_over(&self) {
            within_seconds(self.tasks.done().map(Some)).await;
        }
    }

    /// Says what it is about, and is over when whoever heard says so.
    fn until_told<T>(
        to: &mpsc::UnboundedSender<(T, oneshot::Sender<()>)>,
        about: T,
    ) -> impl Future<Output = ()> + Send + use<T> {
        let (tell, told) = oneshot::channel();
        to.send((about, tell)).unwrap_or_else(|_| panic!("the story is over"));
        async { told.await.unwrap() }
    }

    #[test]
    fn what_comes_before_a_worker_has_looked_is_taken_by_it() {
        let queue = Together::new(Numbers::default(), 2);
        let mut worker = add(&queue, 1).unwrap();
        assert!(add(&queue, 2).is_none());
        assert_eq!(worker.next(), Some(vec![1, 2]));
    }

    #[test]
    fn so_many_work_at_once_and_the_rest_gathers_until_one_of_them_comes_back() {
        let queue = Together::new(Numbers::default(), 2);
        let mut one = add(&queue, 1).unwrap();
        assert_eq!(one.next(), Some(vec![1]));
        let mut two = add(&queue, 2).unwrap();
        assert_eq!(two.next(), Some(vec![2]));
        assert!(add(&queue, 3).is_none());
        assert!(add(&queue, 4).is_none());
        assert_eq!(one.next(), Some(vec![3, 4]));
        assert_eq!(one.next(), None);
        assert_eq!(two.next(), None);
        assert!(add(&queue, 5).is_some());
    }

    #[test]
    fn a_worker_that_ends_half_way_makes_room_for_another() {
        let queue = Together::new(Numbers::default(), 1);
        drop(add(&queue, 1).unwrap());
        let mut worker = add(&queue, 2).unwrap();
        assert_eq!(worker.next(), Some(vec![1, 2]));
        drop(worker);
        let mut worker = add(&queue, 3).unwrap();
        assert_eq!(worker.next(), Some(vec![3]));
        assert_eq!(worker.next(), None);
    }

    #[tokio::test]
    async fn whatever_waits_does_not_wait_for_a_call_that_takes_long() {
        let mut story = Story::begin();
        let (first, first_is_over) = story.called().await;
        assert_eq!(first, [1]);
        assert!(add(&story.queue, 2).is_none());
        let (second, second_is_over) = story.called().await;
        assert_eq!(second, [2]);
        first_is_over.send(()).unwrap();
        second_is_over.send(()).unwrap();
        story.is_over().await;
        assert!(add(&story.queue, 3).is_some(), "nobody has a place any more");
    }

    #[tokio::test]
    async fn a_worker_that_somebody_has_come_to_rests_and_what_comes_meanwhile_gathers() {
        let mut story = Story::begin();
        let (_, is_over) = story.called().await;
        assert!(add(&story.queue, 2).is_none());
        is_over.send(()).unwrap();
        let (time, is_rested) = within_seconds(story.rests.recv()).await;
        assert!(time > Duration::ZERO && time <= LONGEST_REST, "{time:?}");
        assert!(add(&story.queue, 3).is_none());
        is_rested.send(()).unwrap();
        let (both, is_over) = story.called().await;
        assert_eq!(both, [2, 3]);
        is_over.send(()).unwrap();
        story.is_over().await;
        assert!(story.rests.try_recv().is_err(), "it rested though nobody had come");
        assert!(add(&story.queue, 4).is_some());
    }
}
