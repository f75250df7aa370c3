//! Waiting for something that must become true: ask again until it is, or fail at a deadline.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long to rest between two looks: short enough not to blur the promises measured here.
const REST: Duration = Duration::from_millis(10);

/// Asks `probe` until it answers `Some`; panics with `what` when `limit` has passed without one.
///
/// # Panics
/// At the deadline.
pub async fn until<T, F, Fut>(what: &str, limit: Duration, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        rest(REST).await;
    }
}

/// Lets `span` pass. For choosing an instant (when to kill, when to pay), never for waiting until
/// something happened.
pub async fn rest(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Lets time pass until the wall clock reads `when`; returns at once if it already does.
pub async fn at(when: jiff::Timestamp) {
    let left = when.duration_since(jiff::Timestamp::now());
    if let Ok(span) = Duration::try_from(left) {
        rest(span).await;
    }
}
