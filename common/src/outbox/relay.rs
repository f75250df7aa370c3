//! From the outbox to the bus, as fast as the bus takes it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Outbox;
use super::published::Published;
use crate::bus::{Bus, MAX_MESSAGES};
use crate::metrics::Meters;
use crate::trace::Span;
use crate::worker::{Progress, Reconciler, StepFailed};

/// Publishes what has been handed over.
pub struct Relay {
    outbox: Arc<Outbox>,
    bus: Arc<dyn Bus>,
    published: Published,
}

impl Relay {
    /// A relay from `outbox` to `bus`.
    pub fn new(outbox: Arc<Outbox>, bus: Arc<dyn Bus>) -> Self {
        Self { outbox, bus, published: Published::default() }
    }

    /// The same, counting with `meters`.
    #[must_use]
    pub fn metered(self, meters: &Meters) -> Self {
        Self { published: Published::of(meters, "relay"), ..self }
    }
}

#[async_trait]
impl Reconciler for Relay {
    fn name(&self) -> &'static str {
        "relay"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn hint(&self) {
        self.outbox.handed_over.notified().await;
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let entries = self.outbox.take(MAX_MESSAGES);
        if entries.is_empty() {
            return Ok(Progress::Idle);
        }
        let messages = entries.iter().map(|entry| entry.message.clone()).collect();
        if let Err(down) = self.bus.publish(messages).await {
            self.outbox.put_back(entries);
            return Err(StepFailed::new(down));
        }
        self.published.add(entries.iter().map(|entry| entry.message.subject));
        self.outbox.published(entries.iter().map(|entry| entry.count));
        entries.into_iter().filter_map(|entry| entry.span).for_each(Span::end);
        Ok(Progress::More)
    }
}
