//! Work that goes on by itself: reconcilers, which look at state, do what is due, and take no
//! input.
//!
//! A reconciler is woken by a hint or by its period, and what it does when woken is the same either
//! way. So a lost hint costs a period and nothing else, and its happy path is its recovery.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::time::Clock;

/// Longest wait between two attempts of a step that fails.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Shortest wait between two attempts of a step that fails.
const MIN_BACKOFF: Duration = Duration::from_millis(50);

/// Whether a reconciler has done all there was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There may be more: call again at once.
    More,
    /// All done for now.
    Idle,
}

/// A step could not be finished; it will be tried again.
#[derive(Debug)]
pub struct StepFailed(Box<dyn Error + Send + Sync>);

impl StepFailed {
    /// A step failed because of `cause`.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StepFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for StepFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Something that is to be kept true.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// For logs.
    fn name(&self) -> &'static str;

    /// It is woken at least this often.
    fn period(&self) -> Duration;

    /// Returns when there may be something to do before the period is over.
    async fn hint(&self) {
        std::future::pending().await
    }

    /// Does a bounded piece of what is due.
    ///
    /// # Errors
    /// When something it needs does not serve; it is called again after a pause.
    async fn step(&self) -> Result<Progress, StepFailed>;
}

/// Runs a reconciler until `stop` returns, which takes effect between two steps.
pub async fn work(
    reconciler: Arc<dyn Reconciler>,
    service: &'static str,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()> + Send,
) {
    tokio::pin!(stop);
    let mut backoff = MIN_BACKOFF;
    loop {
        let pause = match reconciler.step().await {
            Ok(Progress::More) => Duration::ZERO,
            Ok(Progress::Idle) => reconciler.period(),
            Err(error) => {
                let worker = reconciler.name();
                tracing::warn!(service, worker, error = &error as &dyn Error, "step failed");
                backoff = (backoff * 2).min(MAX_BACKOFF);
                tokio::select! {
                    biased;
                    () = &mut stop => return,
                    () = clock.sleep(backoff) => continue,
                }
            }
        };
        backoff = MIN_BACKOFF;
        if pause.is_zero() {
            // Asked without waiting, so that a reconciler with much to do can still be stopped.
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = std::future::ready(()) => continue,
            }
        }
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = reconciler.hint() => {}
            () = clock.sleep(pause) => {}
        }
    }
}
