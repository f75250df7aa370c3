//! Who wants to know when a document changes: live streams, and requests that wait for another
//! service's word.
//!
//! It is a hint within one process, never the truth: whoever is woken reads the document, and
//! whoever must not miss a change made by another replica also looks by period.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::command::Key;
use crate::time::{Clock, Timestamp};

/// The shortest pause before a look: in one process a watch is mostly quicker.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause before the first look: what a buyer may wait in vain when everything has
/// become quick again.
const LONGEST_FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause of all.
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

/// How long what is waited for mostly takes to come, by what it is. Under load everything takes
/// longer, and looks that come too soon are load themselves: so the first look is made when it is
/// likely to be there.
#[derive(Default)]
pub struct Habits {
    of: Mutex<HashMap<&'static str, Arc<Habit>>>,
}

/// How long one thing mostly takes, in eighths of a millisecond; each time it is seen counts for an
/// eighth.
#[derive(Debug, Default)]
struct Habit(AtomicU64);

impl Habits {
    fn of(&self, what: &'static str) -> Arc<Habit> {
        let mut habits = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(habits.entry(what).or_default())
    }
}

impl Habit {
    /// It came after `time`.
    fn took(&self, time: Duration) {
        let time = time.min(LONGEST_PAUSE).as_millis().try_into().unwrap_or(u64::MAX);
        let eighths = self.0.load(Ordering::Relaxed);
        // Two at once may count as one: it is an estimate.
        self.0.store(eighths - eighths / 8 + time, Ordering::Relaxed);
    }

    /// The pause before the first look: a little shorter than it mostly takes.
    fn first_pause(&self) -> Duration {
        let mostly = Duration::from_millis(self.0.load(Ordering::Relaxed)) / 8;
        (mostly * 3 / 4).clamp(FIRST_PAUSE, LONGEST_FIRST_PAUSE)
    }
}

/// Looks at what another replica may have changed, of which nobody tells this process. What is
/// waited for mostly comes as soon as it did before, so each pause before them is twice as long as
/// the one before.
struct Looks {
    clock: Arc<dyn Clock>,
    pause: Duration,
}

impl Looks {
    fn new(clock: Arc<dyn Clock>, pause: Duration) -> Self {
        Self { clock, pause }
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
/// let mut wait = engine.wait("ticket", [key], patience);
/// while !is_there().await? && wait.next().await {}
/// ```
pub struct Wait {
    watches: Vec<Watch>,
    clock: Arc<dyn Clock>,
    looks: Looks,
    habit: Arc<Habit>,
    /// Since when there is nothing to do but wait.
    since: Option<Timestamp>,
    /// Whether it is to be looked at because some time has passed, and not because of a change.
    is_look: bool,
    /// `None` once it has come.
    deadline: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Wait {
    /// Watches from now on, so what is looked at afterwards is not missed, for as long as
    /// `patience` from the first [`Wait::next`] on. `habits` know how long `what` mostly takes.
    pub fn new(
        what: &'static str,
        habits: &Habits,
        watches: Vec<Watch>,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Self {
        let habit = habits.of(what);
        let looks = Looks::new(Arc::clone(&clock), habit.first_pause());
        let sleeper = Arc::clone(&clock);
        let deadline = Box::pin(async move { sleeper.sleep(patience).await });
        Self { watches, clock, looks, habit, since: None, is_look: false, deadline: Some(deadline) }
    }

    /// Waits until it is time to look again, the last time when patience ends; `false` after that.
    pub async fn next(&mut self) -> bool {
        let Some(deadline) = &mut self.deadline else { return false };
        self.since.get_or_insert_with(|| self.clock.now());
        let changes = self.watches.iter_mut().map(|watch| Box::pin(watch.changed()));
        // Of none there is never one.
        let mut changes = changes.collect::<FuturesUnordered<_>>();
        tokio::select! {
            biased;
            Some(()) = changes.next() => self.is_look = false,
            () = deadline => self.deadline = None,
            () = self.looks.next() => self.is_look = true,
        }
        true
    }
}

impl Drop for Wait {
    /// It has come, unless patience has ended before; where a look has found it, some time before.
    /// (Or whoever waited has gone away, which an estimate can bear.)
    fn drop(&mut self) {
        if let (Some(since), Some(_)) = (self.since, &self.deadline) {
            let time = self.clock.now().since(since);
            self.habit.took(if self.is_look { time / 2 } else { time });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use async_trait::async_trait;

    use super::*;
    use crate::session::SigningKeys;
    use crate::time::Slept;

    #[tokio::test]
    async fn what_comes_soon_is_seen_soon_and_what_does_not_is_looked_for_seldom() {
        let clock = Arc::new(Slept::default());
        let mut looks = Looks::new(Arc::clone(&clock) as _, FIRST_PAUSE);
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
        let mut wait =
            Wait::new("it", &Habits::default(), watches, Arc::clone(&clock) as _, patience);
        for key in [&other, &one] {
            watchers.changed([key]);
            assert_eq!(clock.next_of(&mut wait), Some(0), "a change is seen at once");
        }
        let looks: Vec<_> = std::iter::from_fn(|| clock.next_of(&mut wait)).collect();
        assert_eq!(looks, [10, 30, 70, 100]);
        watchers.changed([&one]);
        assert_eq!(clock.next_of(&mut wait), None, "it is over");
    }

    #[test]
    fn the_first_look_is_made_when_what_is_waited_for_is_likely_to_be_there() {
        let (watchers, clock) = (Watchers::default(), Arc::new(Hands::default()));
        let (habits, key) = (Habits::default(), Key::of::<SigningKeys>("one"));
        let wait = |patience| {
            let watches = vec![watchers.watch(key.clone())];
            Wait::new(
                "it",
                &habits,
                watches,
                Arc::clone(&clock) as _,
                Duration::from_millis(patience),
            )
        };
        // Looks at it until it is there; says how often that was, and how long it took.
        let until_there = |after: u64| {
            let begun = clock.0.load(Ordering::Relaxed);
            let (mut wait, mut looks) = (wait(1_000), 0);
            loop {
                let at = clock.next_of(&mut wait).unwrap() - begun;
                looks += 1;
                if at >= after {
                    return (looks, at);
                }
            }
        };
        assert_eq!(until_there(100), (4, 150), "nothing is known at first");
        let looks: usize = (0..60).map(|_| until_there(40).0).skip(20).sum();
        assert!(looks < 80, "{looks} looks for 40");
        for _ in 0..30 {
            until_there(1);
        }
        assert_eq!(until_there(1), (1, 10), "what has become quicker is noticed");
        let mut in_vain = wait(5_000);
        while clock.next_of(&mut in_vain).is_some() {}
        drop(in_vain);
        assert_eq!(until_there(1), (1, 10), "what never came says nothing");
    }
}
