//! From the outbox to the bus, as fast as the bus takes it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Outbox;
use crate::bus::{Bus, MAX_MESSAGES};
use crate::worker::{Progress, Reconciler, StepFailed};

/// Publishes what has been handed over.
pub struct Relay {
    outbox: Arc<Outbox>,
    bus: Arc<dyn Bus>,
}

impl Relay {
    /// A relay from `outbox` to `bus`.
    pub fn new(outbox: Arc<Outbox>, bus: Arc<dyn Bus>) -> Self {
        Self { outbox, bus }
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
        self.outbox.published(entries.iter().map(|entry| entry.count));
        Ok(Progress::More)
    }
}
