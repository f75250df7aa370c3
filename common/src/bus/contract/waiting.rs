//! What holds while a member waits.

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::join;

use super::{OTHER, SUBJECT, as_set, ids, ids_of, message, messages, receive, tokens};
use crate::bus::{Bus, BusDown};

/// A member that nobody publishes for waits until it is woken, and does not ask again and again.
///
/// # Errors
/// When the bus cannot serve.
pub async fn an_idle_member_waits(bus: &dyn Bus) -> Result<(), BusDown> {
    /// Wakings that a bus may need for itself, to ask again for example.
    const FEW: usize = 50;
    let mut idle = bus.subscribe("idle", &[OTHER]).await?;
    let mut busy = bus.subscribe("busy", &[SUBJECT]).await?;
    let mut next = pin!(idle.next());
    let wakings = Arc::new(Wakings::default());
    let waker = Waker::from(Arc::clone(&wakings));
    for batch in messages("busy", 300).chunks(3) {
        // Asked again when it was woken, as an executor would.
        while wakings.take() {
            assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(wakings.count() <= FEW, "an idle member was woken {FEW} times");
        }
        bus.publish(batch.to_vec()).await?;
        let received = receive(&mut *busy, batch.len()).await?;
        busy.acknowledge(tokens(&received)).await?;
    }
    bus.publish(vec![message(OTHER, "at last")]).await?;
    assert_eq!(ids(&next.await?), ["at last"]);
    Ok(())
}

/// Counts how often a task is woken.
#[derive(Debug)]
struct Wakings {
    total: AtomicUsize,
    since_taken: AtomicUsize,
}

impl Default for Wakings {
    /// As a task that has just been spawned: woken once.
    fn default() -> Self {
        Self { total: AtomicUsize::new(0), since_taken: AtomicUsize::new(1) }
    }
}

impl Wakings {
    fn take(&self) -> bool {
        self.since_taken.swap(0, Ordering::AcqRel) > 0
    }

    fn count(&self) -> usize {
        self.total.load(Ordering::Acquire)
    }
}

impl Wake for Wakings {
    fn wake(self: Arc<Self>) {
        self.total.fetch_add(1, Ordering::AcqRel);
        self.since_taken.fetch_add(1, Ordering::AcqRel);
    }
}

/// Who stops waiting for a message loses none.
///
/// # Errors
/// When the bus cannot serve.
pub async fn who_stops_waiting_loses_nothing(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    let all = messages("waited", 50);
    let mut seen = Vec::new();
    for message in &all {
        let early = {
            let mut waiting = pin!(member.next());
            let first = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            bus.publish(vec![message.clone()]).await?;
            first
        };
        if let Poll::Ready(received) = early {
            seen.extend(received?.into_iter().map(|delivery| delivery.id));
        }
    }
    while seen.len() < all.len() {
        seen.extend(receive(&mut *member, 1).await?.into_iter().map(|delivery| delivery.id));
    }
    assert_eq!(seen, ids_of(&all));
    Ok(())
}

/// What is on its way to a member that leaves comes to another, whether it has come as far as that
/// member or not.
///
/// # Errors
/// When the bus cannot serve.
pub async fn who_leaves_keeps_nothing_from_others(bus: &dyn Bus) -> Result<(), BusDown> {
    const ROUNDS: usize = 12;
    let subjects = [SUBJECT, OTHER];
    let mut other = bus.subscribe("group", &subjects).await?;
    for round in 0..ROUNDS {
        let mut leaves = bus.subscribe("group", &subjects).await?;
        // It has asked, and does not look at what comes.
        let first = pin!(leaves.next()).poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending(), "there is nothing yet");
        let all = subjects.map(|subject| message(subject, format!("{subject}-{round:02}")));
        let publishing = bus.publish(all.to_vec());
        if round % 2 == 0 {
            publishing.await?;
            leaves.leave().await;
        } else {
            let (published, ()) = join(publishing, leaves.leave()).await;
            published?;
        }
        let received = receive(&mut *other, all.len()).await?;
        assert_eq!(as_set(&received), ids_of(&all).into_iter().collect());
        other.acknowledge(tokens(&received)).await?;
    }
    Ok(())
}
