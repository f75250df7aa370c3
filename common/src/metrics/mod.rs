//! What is counted and measured, for whoever watches over a marketplace. Nothing decides by it.
//!
//! [`table`] names every metric. A process has one [`Registry`], and each service in it gets
//! [`Meters`], which make the handles that it counts with. What costs something to find out, such
//! as how many orders are due, is found out by a [`Look`] when somebody asks, and not before.
//!
//! Rejected: one registry for all of a process as a global. The simulation plays thousands of
//! marketplaces in one process, and tests want to see the numbers of theirs alone.

mod handles;
mod process;
mod registry;
pub mod table;

use std::borrow::Cow;
use std::sync::{Arc, Weak};

use async_trait::async_trait;

use crate::trace::{self, Span, Tracer};

pub use handles::{Counter, Gauge, Held, Histogram, Stopwatch};
pub use registry::{CONTENT_TYPE, Registry};
pub use table::Metric;

/// Something that is found out when somebody asks for the metrics.
#[async_trait]
pub trait Look: Send + Sync + 'static {
    /// Finds it out, and says so in its gauges.
    async fn look(&self);
}

/// Makes the handles of one service. It does not keep the registry alive, which knows the service.
#[derive(Debug, Clone, Default)]
pub struct Meters {
    registry: Weak<Registry>,
    service: &'static str,
    tracer: Tracer,
}

impl Meters {
    /// Those of `service`, shown by `registry`.
    pub fn of(registry: &Arc<Registry>, service: &'static str) -> Self {
        Self { registry: Arc::downgrade(registry), service, tracer: Tracer::default() }
    }

    /// The same, whose service makes spans with `tracer`.
    #[must_use]
    pub fn traced(self, tracer: &Tracer) -> Self {
        Self { tracer: tracer.clone(), ..self }
    }

    /// A span of this service that follows from what `text` names; none where that is not traced.
    pub fn span(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: trace::Kind,
        text: &str,
    ) -> Option<Span> {
        self.tracer.follow(self.service, name, kind, text)
    }

    /// Those whose numbers nobody shows.
    pub fn unseen() -> Self {
        Self::default()
    }

    /// The counter with these values of the metric's labels; the service's own name is put before
    /// them where the metric wants it.
    pub fn counter(&self, metric: &'static Metric, labels: &[&str]) -> Counter {
        Counter(self.registry.upgrade().and_then(|all| all.counter(metric, self.service, labels)))
    }

    /// As [`Meters::counter`].
    pub fn gauge(&self, metric: &'static Metric, labels: &[&str]) -> Gauge {
        Gauge(self.registry.upgrade().and_then(|all| all.gauge(metric, self.service, labels)))
    }

    /// As [`Meters::counter`].
    pub fn histogram(&self, metric: &'static Metric, labels: &[&str]) -> Histogram {
        let histogram = |all: Arc<Registry>| all.histogram(metric, self.service, labels);
        Histogram(self.registry.upgrade().and_then(histogram))
    }

    /// Looks whenever somebody asks for the metrics, from now on.
    pub fn ask(&self, look: Arc<dyn Look>) {
        if let Some(registry) = self.registry.upgrade() {
            registry.ask(look);
        }
    }
}
