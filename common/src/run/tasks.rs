//! Tasks on tokio, counted, so that a drain knows when the last one is done.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::task::{Spawn, Work};

/// Spawns on a tokio runtime, and knows how much of what it spawned still runs.
#[derive(Debug, Clone)]
pub struct TokioTasks {
    runtime: Handle,
    running: Arc<watch::Sender<usize>>,
}

impl TokioTasks {
    /// Tasks on the runtime that this is called in.
    pub fn here() -> Self {
        Self { runtime: Handle::current(), running: Arc::new(watch::Sender::new(0)) }
    }

    /// Returns when nothing that was spawned runs any more.
    pub async fn done(&self) {
        let mut running = self.running.subscribe();
        // The sender lives as long as `self` does, so waiting cannot fail.
        if running.wait_for(|count| *count == 0).await.is_err() {
            tracing::error!("the count of running tasks is gone");
        }
    }

    /// Spawns a future that is no boxed [`Work`].
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let counted = Counted::new(Arc::clone(&self.running));
        self.runtime.spawn(async move {
            work.await;
            drop(counted);
        });
    }
}

impl Spawn for TokioTasks {
    fn spawn(&self, work: Work) {
        self.start(work);
    }
}

/// Counts one task for as long as it lives, also when it panics.
struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn new(running: Arc<watch::Sender<usize>>) -> Self {
        running.send_modify(|count| *count += 1);
        Self(running)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
