//! What code holds to count with: made once, where a service is put together, so that counting is
//! an atomic addition and looks nothing up.
//!
//! A handle that nobody shows ([`super::Meters::unseen`]) does nothing and reads no clock.

use std::time::{Duration, Instant};

use prometheus_client::metrics;

/// A number that only rises.
#[derive(Debug, Clone, Default)]
pub struct Counter(pub(super) Option<metrics::counter::Counter>);

impl Counter {
    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, many: u64) {
        if let Some(counter) = &self.0 {
            counter.inc_by(many);
        }
    }
}

pub(super) type Number = metrics::gauge::Gauge<f64, std::sync::atomic::AtomicU64>;

/// A number that rises and falls.
#[derive(Debug, Clone, Default)]
pub struct Gauge(pub(super) Option<Number>);

impl Gauge {
    /// It is this now.
    pub fn set(&self, value: f64) {
        if let Some(gauge) = &self.0 {
            gauge.set(value);
        }
    }

    /// It is so many now.
    pub fn set_count(&self, many: usize) {
        self.set(number(many));
    }

    /// It is so long now.
    pub fn set_time(&self, time: Duration) {
        self.set(time.as_secs_f64());
    }

    /// It is not known now.
    pub fn set_unknown(&self) {
        self.set(f64::NAN);
    }

    /// One more, for as long as what is returned lives.
    pub fn hold(&self) -> Held {
        if let Some(gauge) = &self.0 {
            gauge.inc();
        }
        Held(self.clone())
    }
}

/// Counts as one in a [`Gauge`] while it lives.
#[derive(Debug)]
pub struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(gauge) = &self.0.0 {
            gauge.dec();
        }
    }
}

/// How many of what size.
#[derive(Debug, Clone, Default)]
pub struct Histogram(pub(super) Option<metrics::histogram::Histogram>);

impl Histogram {
    /// One of this size.
    pub fn observe(&self, value: f64) {
        if let Some(histogram) = &self.0 {
            histogram.observe(value);
        }
    }

    /// One of so many.
    pub fn observe_count(&self, many: usize) {
        self.observe(number(many));
    }

    /// One that took so long.
    pub fn took(&self, time: Duration) {
        self.observe(time.as_secs_f64());
    }

    /// Begins to measure how long something takes.
    #[expect(clippy::disallowed_methods, reason = "nothing is decided by what is measured")]
    pub fn start(&self) -> Stopwatch {
        Stopwatch(self.0.as_ref().map(|_| Instant::now()))
    }

    /// What was measured is over.
    pub fn stop(&self, begun: Stopwatch) {
        if let Stopwatch(Some(begun)) = begun {
            self.took(begun.elapsed());
        }
    }
}

/// When something that is measured began.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Stopwatch(Option<Instant>);

/// There are never more of anything here than four billion.
fn number(many: usize) -> f64 {
    u32::try_from(many).map_or(f64::INFINITY, f64::from)
}
