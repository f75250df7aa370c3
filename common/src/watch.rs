//! Who wants to know when a document changes: live streams, and requests that wait for another
//! service's word.
//!
//! It is a hint within one process, never the truth: whoever is woken reads the document, and
//! whoever must not miss a change made by another replica also looks by period.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;

use crate::command::Key;

/// The documents that somebody watches.
#[derive(Default)]
pub struct Watchers {
    watched: Mutex<HashMap<Key, watch::Sender<u64>>>,
    observer: OnceLock<Observer>,
}

/// Is told of every document that has changed, on the way of the commit that changed it: it must
/// not wait for anything.
pub type Observer = Box<dyn Fn(&Key) + Send + Sync>;

/// Wakes when its document has changed.
#[derive(Debug)]
pub struct Watch {
    changes: watch::Receiver<u64>,
}

impl Watchers {
    /// Watches a document from now on, whether it exists or not.
    pub fn watch(&self, key: Key) -> Watch {
        let mut watched = self.lock();
        // Whoever stopped watching is only noticed here, so that the map cannot grow past who
        // watches now by much.
        if watched.len().is_power_of_two() {
            watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = watched.entry(key).or_insert_with(|| watch::Sender::new(0));
        Watch { changes: sender.subscribe() }
    }

    /// Tells `observer` of every change from now on. There is one at most, for as long as the
    /// process runs; the first stays.
    pub fn observe(&self, observer: Observer) {
        if self.observer.set(observer).is_err() {
            tracing::error!("the changes of a service are observed already");
        }
    }

    /// Wakes whoever watches one of these.
    pub fn changed<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) {
        let observer = self.observer.get();
        let mut watched = self.lock();
        if watched.is_empty() && observer.is_none() {
            return;
        }
        for key in keys {
            if let Some(observer) = observer {
                observer(key);
            }
            if let Some(sender) = watched.get(key) {
                if sender.receiver_count() == 0 {
                    watched.remove(key);
                } else {
                    sender.send_modify(|count| *count += 1);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<u64>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// Waits for a change since the last call, or since it began to watch.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The sender is gone only when nobody can change anything any more.
            std::future::pending::<()>().await;
        }
    }
}
