//! A bounded queue from tasks to threads. A task that finds it full waits its turn without holding
//! a thread up.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

/// The queue takes nothing at the moment, or ever again.
#[derive(Debug)]
pub(super) struct Refused;

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    refusing: bool,
    closed: bool,
    nudged: bool,
    /// Threads that sleep in [`Queue::take`]: waking nobody costs a system call as well.
    sleepers: usize,
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    room: Semaphore,
}

impl<T> Queue<T> {
    pub(super) fn new(limit: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            refusing: false,
            closed: false,
            nudged: false,
            sleepers: 0,
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), room: Semaphore::new(limit) }
    }

    /// Waits for room and queues `item`. Once queued it is taken, even if the caller goes away.
    pub(super) async fn push(&self, item: T) -> Result<(), Refused> {
        let permit = self.room.acquire().await.map_err(|_| Refused)?;
        let mut state = self.lock();
        if state.refusing || state.closed {
            return Err(Refused);
        }
        // Given back by whoever takes the item.
        permit.forget();
        state.waiting.push_back(item);
        if state.sleepers > 0 {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Sleeps until something waits, then takes up to `most`. Empty after a nudge; `None` once
    /// closed and drained.
    pub(super) fn take(&self, most: usize) -> Option<VecDeque<T>> {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.nudged {
            if state.closed {
                return None;
            }
            state.sleepers += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.sleepers -= 1;
        }
        state.nudged = false;
        let taken = if state.waiting.len() <= most {
            std::mem::take(&mut state.waiting)
        } else {
            state.waiting.drain(..most).collect()
        };
        drop(state);
        self.room.add_permits(taken.len());
        Some(taken)
    }

    /// Sleeps for `period`, or until the queue is closed. Whether it is still open.
    pub(super) fn pause(&self, period: Duration) -> bool {
        let closed = |state: &mut State<T>| !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), period, closed);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    /// Takes nothing more until [`Queue::admit`]. Returns what was waiting.
    pub(super) fn refuse(&self) -> VecDeque<T> {
        let mut state = self.lock();
        state.refusing = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.room.add_permits(waiting.len());
        waiting
    }

    pub(super) fn admit(&self) {
        let mut state = self.lock();
        state.refusing = false;
        state.nudged = false;
    }

    /// Makes a [`Queue::take`] return, empty-handed if need be.
    pub(super) fn nudge(&self) {
        self.lock().nudged = true;
        self.changed.notify_all();
    }

    /// Takes nothing more, for good.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can panic half-way, so a poisoned lock is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
