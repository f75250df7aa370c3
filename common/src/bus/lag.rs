//! How far a service is behind the bus, for whoever watches over it.

use std::sync::Arc;

use async_trait::async_trait;

use super::Bus;
use crate::metrics::table::BUS_LAG;
use crate::metrics::{Gauge, Look, Meters};

/// Shows how far a group is behind.
pub struct Lag {
    bus: Arc<dyn Bus>,
    group: &'static str,
    behind: Gauge,
}

impl Lag {
    /// That of `group` on `bus`.
    pub fn new(bus: Arc<dyn Bus>, group: &'static str, meters: &Meters) -> Self {
        Self { bus, group, behind: meters.gauge(&BUS_LAG, &[]) }
    }
}

#[async_trait]
impl Look for Lag {
    async fn look(&self) {
        match self.bus.behind(self.group).await {
            Some(many) => self.behind.set_count(usize::try_from(many).unwrap_or(usize::MAX)),
            None => self.behind.set_unknown(),
        }
    }
}
