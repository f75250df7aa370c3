//! What comes up while the servers are at work is done together, as soon as they are done.
//!
//! A call to a server costs much the same whether it is about one document or about a hundred. So
//! nobody calls by himself: what is wanted is put down in a queue, which a few workers empty, each
//! taking with one call what has gathered meanwhile. A queue that nobody works on is taken from at
//! once, so an idle process waits for nothing; a busy one makes fewer calls, the busier it is.
//! And nobody waits for long for a call that is not about him: one that takes its time, because its
//! connection has broken for example, has others made beside it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::task::{Tasks, Work};

/// How long a call may take before others are made beside it: far longer than a healthy replica set
/// needs, far shorter than a call may take at all.
const LONG: Duration = Duration::from_millis(250);

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

impl<Q> Worker<Q> {
    /// Takes what is to be done next; `None` ends the worker.
    pub(super) fn next<T>(&mut self, take: impl FnOnce(&mut Q) -> Option<T>) -> Option<T> {
        let mut state = self.of.lock();
        if !self.has_come {
            (self.has_come, state.one_comes) = (true, false);
        }
        let taken = take(&mut state.queue);
        if taken.is_none() && !self.has_ended {
            self.has_ended = true;
            state.workers -= 1;
        }
        taken
    }

    /// Leaves its place to another: what it has taken keeps it too long.
    fn hand_over(mut self) -> Self {
        self.has_ended = true;
        Self { of: Arc::clone(&self.of), has_come: true, has_ended: false }
    }
}

/// Does what waits, until nothing does: `take` says what is next, and `call` does it.
pub(super) fn work<Q, T, F>(
    tasks: Tasks,
    mut worker: Worker<Q>,
    take: fn(&mut Q) -> Option<T>,
    call: impl Fn(T) -> F + Clone + Send + Sync + 'static,
) -> Work
where
    Q: Send + 'static,
    T: Send + 'static,
    F: Future<Output = ()> + Send,
{
    Box::pin(async move {
        while let Some(taken) = worker.next(take) {
            let mut calling = pin!(call(taken));
            let is_done = tokio::select! {
                biased;
                () = &mut calling => true,
                () = sleep(LONG) => false,
            };
            if !is_done {
                let (next, others) = (worker.hand_over(), Arc::clone(&tasks));
                tasks.spawn(work(others, next, take, call.clone()));
                calling.await;
                return;
            }
        }
    })
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
    use tokio::sync::{mpsc, watch};
    use tokio::time::timeout;

    use super::*;
    use crate::run::TokioTasks;

    fn add(to: &Arc<Together<Vec<u8>>>, number: u8) -> Option<Worker<Vec<u8>>> {
        to.add(|queue| queue.push(number))
    }

    fn all(queue: &mut Vec<u8>) -> Option<Vec<u8>> {
        Some(std::mem::take(queue)).filter(|taken| !taken.is_empty())
    }

    #[test]
    fn what_comes_before_a_worker_has_looked_is_taken_by_it() {
        let queue = Together::new(Vec::new(), 2);
        let mut worker = add(&queue, 1).unwrap();
        assert!(add(&queue, 2).is_none());
        assert_eq!(worker.next(all), Some(vec![1, 2]));
    }

    #[test]
    fn so_many_work_at_once_and_the_rest_gathers_until_one_of_them_comes_back() {
        let queue = Together::new(Vec::new(), 2);
        let mut one = add(&queue, 1).unwrap();
        assert_eq!(one.next(all), Some(vec![1]));
        let mut two = add(&queue, 2).unwrap();
        assert_eq!(two.next(all), Some(vec![2]));
        assert!(add(&queue, 3).is_none());
        assert!(add(&queue, 4).is_none());
        assert_eq!(one.next(all), Some(vec![3, 4]));
        assert_eq!(one.next(all), None);
        assert_eq!(two.next(all), None);
        assert!(add(&queue, 5).is_some());
    }

    #[test]
    fn a_worker_that_ends_half_way_makes_room_for_another() {
        let queue = Together::new(Vec::new(), 1);
        drop(add(&queue, 1).unwrap());
        let mut worker = add(&queue, 2).unwrap();
        assert_eq!(worker.next(all), Some(vec![1, 2]));
        drop(worker);
        let mut worker = add(&queue, 3).unwrap();
        assert_eq!(worker.next(all), Some(vec![3]));
        assert_eq!(worker.next(all), None);
    }

    #[tokio::test]
    async fn whatever_waits_does_not_wait_for_a_call_that_takes_long() {
        let counted = TokioTasks::here();
        let tasks: Tasks = Arc::new(counted.clone());
        let (release, released) = watch::channel(false);
        let (done, mut are_done) = mpsc::unbounded_channel();
        let call = move |numbers: Vec<u8>| {
            let (mut released, done) = (released.clone(), done.clone());
            async move {
                if numbers.contains(&1) {
                    released.wait_for(|is_released| *is_released).await.unwrap();
                }
                done.send(numbers).unwrap();
            }
        };
        let queue = Together::new(Vec::new(), 1);
        let worker = add(&queue, 1).unwrap();
        let first = work(Arc::clone(&tasks), worker, all, call);
        tasks.spawn(first);
        let next = async |from: &mut mpsc::UnboundedReceiver<Vec<u8>>| {
            timeout(Duration::from_secs(10), from.recv()).await.unwrap()
        };
        while queue.lock().one_comes {
            tokio::task::yield_now().await;
        }
        assert!(add(&queue, 2).is_none());
        assert_eq!(next(&mut are_done).await, Some(vec![2]));
        release.send(true).unwrap();
        assert_eq!(next(&mut are_done).await, Some(vec![1]));
        counted.done().await;
        assert!(add(&queue, 3).is_some(), "nobody has a place any more");
    }
}
