//! Commands that wait for the same document.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Failure;
use super::job::Job;
use crate::command::Key;

/// Most commands decided in one commit: with their orders, events and replies well below what a
/// batch may hold.
const MAX_TOGETHER: usize = 256;

/// Most commands that wait for one document: a few hundred milliseconds of work at full speed. Who
/// comes after that is told at once to come again.
const MAX_WAITING: usize = 10_000;

type Queue = VecDeque<Box<dyn Job>>;

/// The documents that commands are waiting for.
#[derive(Default, Clone)]
pub(super) struct Gatherings {
    waiting: Arc<Mutex<HashMap<Key, Queue>>>,
}

/// The right and the duty to decide what gathers around one document.
pub(super) struct Lead {
    key: Key,
    gatherings: Gatherings,
    ended: bool,
}

impl Gatherings {
    /// Adds a job to those that wait for `key`. Whoever gets the lead must take all there is.
    pub(super) fn join(&self, key: Key, job: Box<dyn Job>) -> Result<Option<Lead>, Failure> {
        let mut waiting = self.lock();
        if let Some(queue) = waiting.get_mut(&key) {
            if queue.len() >= MAX_WAITING {
                return Err(Failure::Overloaded);
            }
            queue.push_back(job);
            return Ok(None);
        }
        waiting.insert(key.clone(), VecDeque::from([job]));
        Ok(Some(Lead { key, gatherings: self.clone(), ended: false }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lead {
    /// The jobs to decide next; `None` ends the lead.
    pub(super) fn next(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut waiting = self.gatherings.lock();
        let queue = waiting.get_mut(&self.key)?;
        if queue.is_empty() {
            waiting.remove(&self.key);
            self.ended = true;
            return None;
        }
        let many = queue.len().min(MAX_TOGETHER);
        Some(queue.drain(..many).collect())
    }
}

impl Drop for Lead {
    /// A lead that ends by a panic must not leave a queue that nobody decides: who waits in it is
    /// told so.
    fn drop(&mut self) {
        if !self.ended {
            self.gatherings.lock().remove(&self.key);
        }
    }
}
