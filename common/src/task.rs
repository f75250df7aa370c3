//! Where work goes that must not stop because whoever asked for it went away.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future with its type forgotten.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs work beside what is going on. [`crate::run`] gives tokio's; the simulator gives its own.
pub trait Spawn: Send + Sync + 'static {
    /// Starts `work`, which runs to its end even where nobody waits for it.
    fn spawn(&self, work: Work);
}

/// A shared [`Spawn`].
pub type Tasks = Arc<dyn Spawn>;
