//! What has not reached the bus, for whoever watches over it.

use std::sync::Arc;

use async_trait::async_trait;

use super::Outbox;
use crate::metrics::table::{OUTBOX_AGE, OUTBOX_DEPTH};
use crate::metrics::{Gauge, Look, Meters};
use crate::time::Clock;

/// Shows how much of an outbox waits, and how long.
pub struct Backlog {
    outbox: Arc<Outbox>,
    clock: Arc<dyn Clock>,
    depth: Gauge,
    age: Gauge,
}

impl Backlog {
    /// That of `outbox`.
    pub fn new(outbox: Arc<Outbox>, clock: Arc<dyn Clock>, meters: &Meters) -> Self {
        let (depth, age) = (meters.gauge(&OUTBOX_DEPTH, &[]), meters.gauge(&OUTBOX_AGE, &[]));
        Self { outbox, clock, depth, age }
    }
}

#[async_trait]
impl Look for Backlog {
    async fn look(&self) {
        let (many, since) = self.outbox.open();
        self.depth.set_count(many);
        let age = since.map_or_else(Default::default, |since| self.clock.now().since(since));
        self.age.set_time(age);
    }
}
