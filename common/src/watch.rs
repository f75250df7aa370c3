//! Who wants to know when a document changes: live streams, and requests that wait for another
//! service's word.
//!
//! It is a hint within one process, never the truth: whoever is woken reads the document, and
//! whoever must not miss a change made by another replica also looks by period.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::command::Key;
use crate::time::Clock;

/// The first pause between two looks: in one process a watch is mostly quicker.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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

/// Looks at what another replica may have changed, of which nobody tells this process. What is
/// waited for mostly comes soon, so the pauses before them are short at first, and each is twice as
/// long as the one before.
struct Looks {
    clock: Arc<dyn Clock>,
    pause: Duration,
}

impl Looks {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, pause: FIRST_PAUSE }
    }

    /// Waits until it is time for the next one.
    async fn next(&mut self) {
        self.clock.sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// Waits for documents to become what somebody needs them to be, whichever replica changes them,
/// and not for ever.
///
/// ```text
/// let mut wait = engine.wait([key], patience);
/// while !is_there().await? && wait.next().await {}
/// ```
pub struct Wait {
    watches: Vec<Watch>,
    looks: Looks,
    /// `None` once it has come.
    deadline: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Wait {
    /// Watches from now on, so what is looked at afterwards is not missed, for as long as
    /// `patience` from the first [`Wait::next`] on.
    pub fn new(watches: Vec<Watch>, clock: Arc<dyn Clock>, patience: Duration) -> Self {
        let looks = Looks::new(Arc::clone(&clock));
        let deadline = Box::pin(async move { clock.sleep(patience).await });
        Self { watches, looks, deadline: Some(deadline) }
    }

    /// Waits until it is time to look again, the last time when patience ends; `false` after that.
    pub async fn next(&mut self) -> bool {
        let Some(deadline) = &mut self.deadline else { return false };
        let changes = self.watches.iter_mut().map(|watch| Box::pin(watch.changed()));
        // Of none there is never one.
        let mut changes = changes.collect::<FuturesUnordered<_>>();
        tokio::select! {
            biased;
            Some(()) = changes.next() => {}
            () = deadline => self.deadline = None,
            () = self.looks.next() => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Poll, Waker};

    use async_trait::async_trait;

    use super::*;
    use crate::session::SigningKeys;
    use crate::time::Timestamp;

    /// Stands still, but for those who sleep.
    #[derive(Default)]
    struct Slept(AtomicU64);

    #[async_trait]
    impl Clock for Slept {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(i64::try_from(self.0.load(Ordering::Relaxed)).unwrap())
        }

        async fn sleep(&self, time: Duration) {
            self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn what_comes_soon_is_seen_soon_and_what_does_not_is_looked_for_seldom() {
        let clock = Arc::new(Slept::default());
        let mut looks = Looks::new(Arc::clone(&clock) as _);
        let mut at = Vec::new();
        for _ in 0..9 {
            looks.next().await;
            at.push(clock.now().as_millis());
        }
        assert_eq!(at, [10, 30, 70, 150, 310, 630, 1_270, 2_270, 3_270]);
    }

    /// Goes on when it is told to.
    #[derive(Default)]
    struct Hands(AtomicU64);

    #[async_trait]
    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(i64::try_from(self.0.load(Ordering::Relaxed)).unwrap())
        }

        async fn sleep(&self, time: Duration) {
            let begun = self.now();
            std::future::poll_fn(|_| match self.now().since(begun) < time {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
        }
    }

    impl Hands {
        /// When the next look is, if there is another.
        fn next_of(&self, wait: &mut Wait) -> Option<u64> {
            let mut next = pin!(wait.next());
            loop {
                match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(is_one) => return is_one.then(|| self.0.load(Ordering::Relaxed)),
                    Poll::Pending => self.0.fetch_add(1, Ordering::Relaxed),
                };
            }
        }
    }

    #[test]
    fn a_wait_looks_when_something_changes_now_and_then_and_a_last_time_at_its_end() {
        let (watchers, clock) = (Watchers::default(), Arc::new(Hands::default()));
        let (one, other) = (Key::of::<SigningKeys>("one"), Key::of::<SigningKeys>("other"));
        let watches = vec![watchers.watch(one.clone()), watchers.watch(other.clone())];
        let patience = Duration::from_millis(100);
        let mut wait = Wait::new(watches, Arc::clone(&clock) as _, patience);
        for key in [&other, &one] {
            watchers.changed([key]);
            assert_eq!(clock.next_of(&mut wait), Some(0), "a change is seen at once");
        }
        let looks: Vec<_> = std::iter::from_fn(|| clock.next_of(&mut wait)).collect();
        assert_eq!(looks, [10, 30, 70, 100]);
        watchers.changed([&one]);
        assert_eq!(clock.next_of(&mut wait), None, "it is over");
    }
}
