//! All numbers of a process, and how they are written for Prometheus.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{self, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry;

use super::handles::Number;
use super::table::{BUILD_INFO, Kind, Metric, PROCESS_CPU, SERVICE, TABLE};
use super::{Look, process};

/// What [`Registry::show`] writes.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

type Labels = Vec<(&'static str, String)>;

/// Makes histograms with these upper ends.
#[derive(Debug, Clone, Copy)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// The numbers of one metric, by the values of its labels.
#[derive(Debug, Clone)]
enum Family {
    Counters(family::Family<Labels, Counter>),
    Gauges(family::Family<Labels, Number>),
    Histograms(family::Family<Labels, Histogram, Buckets>),
}

/// All numbers of a process.
pub struct Registry {
    shown: registry::Registry,
    families: BTreeMap<&'static str, Family>,
    looks: Mutex<Vec<Arc<dyn Look>>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Default for Registry {
    fn default() -> Self {
        let (mut shown, mut families) = (registry::Registry::default(), BTreeMap::new());
        for metric in TABLE {
            // What the machine counts is read when somebody asks, and shown as it is.
            if **metric != PROCESS_CPU {
                families.insert(metric.name, register(&mut shown, metric));
            }
        }
        shown.register_collector(Box::new(process::Cpu));
        Self { shown, families, looks: Mutex::default() }
    }
}

fn register(shown: &mut registry::Registry, metric: &Metric) -> Family {
    let help = metric.help;
    match metric.kind {
        Kind::Counter => {
            let counters = family::Family::default();
            // The ending is put there again when it is written.
            let name = metric.name.trim_end_matches("_total");
            shown.register(name, help, counters.clone());
            Family::Counters(counters)
        }
        Kind::Gauge => {
            let gauges = family::Family::default();
            shown.register(metric.name, help, gauges.clone());
            Family::Gauges(gauges)
        }
        Kind::Histogram(buckets) => {
            let histograms = family::Family::new_with_constructor(Buckets(buckets));
            shown.register(metric.name, help, histograms.clone());
            Family::Histograms(histograms)
        }
    }
}

impl Registry {
    /// A registry that shows nothing: the handles made with it do nothing.
    pub fn unseen() -> Arc<Self> {
        let (shown, families) = (registry::Registry::default(), BTreeMap::new());
        Arc::new(Self { shown, families, looks: Mutex::default() })
    }

    /// A registry in which everything is nought, and that knows of the process it is in.
    pub fn new() -> Arc<Self> {
        let registry = Arc::new(Self::default());
        if let Some(build) = registry.gauge(&BUILD_INFO, "", &[env!("CARGO_PKG_VERSION")]) {
            build.set(1.0);
        }
        registry.ask(Arc::new(process::Process::of(&registry)));
        registry
    }

    /// All numbers as Prometheus reads them, [`CONTENT_TYPE`], after everything that had to be
    /// found out has been.
    ///
    /// # Errors
    /// When a number cannot be written, which none is known to do.
    pub async fn show(&self) -> Result<String, std::fmt::Error> {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(looks.iter().map(|look| look.look())).await;
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.shown)?;
        Ok(text)
    }

    pub(super) fn ask(&self, look: Arc<dyn Look>) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    pub(super) fn counter(
        &self,
        metric: &'static Metric,
        service: &str,
        values: &[&str],
    ) -> Option<Counter> {
        match self.families.get(metric.name)? {
            Family::Counters(all) => {
                Some(all.get_or_create_owned(&labels(metric, service, values)))
            }
            Family::Gauges(_) | Family::Histograms(_) => None,
        }
    }

    pub(super) fn gauge(
        &self,
        metric: &'static Metric,
        service: &str,
        values: &[&str],
    ) -> Option<Number> {
        match self.families.get(metric.name)? {
            Family::Gauges(all) => Some(all.get_or_create_owned(&labels(metric, service, values))),
            Family::Counters(_) | Family::Histograms(_) => None,
        }
    }

    pub(super) fn histogram(
        &self,
        metric: &'static Metric,
        service: &str,
        values: &[&str],
    ) -> Option<Histogram> {
        match self.families.get(metric.name)? {
            Family::Histograms(all) => {
                Some(all.get_or_create_owned(&labels(metric, service, values)))
            }
            Family::Counters(_) | Family::Gauges(_) => None,
        }
    }
}

/// # Panics
/// When there are not as many values as the metric has labels, which is a defect.
fn labels(metric: &Metric, service: &str, values: &[&str]) -> Labels {
    let of_service = metric.labels.first() == Some(&SERVICE);
    let all = of_service.then_some(service).into_iter().chain(values.iter().copied());
    let labels: Labels = metric.labels.iter().copied().zip(all.map(str::to_owned)).collect();
    let expected = values.len() + usize::from(of_service);
    assert_eq!((labels.len(), metric.labels.len()), (expected, expected), "{}", metric.name);
    labels
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::Meters;
    use crate::metrics::table::{COMMIT_SECONDS, COMMITS, LIVE_STREAMS};

    async fn shown(registry: &Registry) -> String {
        registry.show().await.unwrap()
    }

    #[tokio::test]
    async fn numbers_are_shown_with_their_labels() {
        let registry = Registry::new();
        let meters = Meters::of(&registry, "orders");
        meters.counter(&COMMITS, &["conflict"]).add(3);
        meters.counter(&COMMITS, &["conflict"]).inc();
        meters.histogram(&COMMIT_SECONDS, &[]).observe(0.003);
        let open = meters.gauge(&LIVE_STREAMS, &[]).hold();
        let text = shown(&registry).await;
        for line in [
            "# TYPE ticketing_commits_total counter",
            "ticketing_commits_total{service=\"orders\",outcome=\"conflict\"} 4",
            "# TYPE ticketing_commit_seconds histogram",
            "ticketing_commit_seconds_bucket{service=\"orders\",le=\"0.0025\"} 0",
            "ticketing_commit_seconds_bucket{service=\"orders\",le=\"0.005\"} 1",
            "ticketing_commit_seconds_count{service=\"orders\"} 1",
            "ticketing_live_streams{service=\"orders\"} 1.0",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
        drop(open);
        assert!(shown(&registry).await.contains("ticketing_live_streams{service=\"orders\"} 0.0"));
    }

    #[tokio::test]
    async fn what_nobody_shows_counts_nothing_and_keeps_no_registry() {
        let meters = Meters::unseen();
        meters.counter(&COMMITS, &["conflict"]).inc();
        assert!(meters.histogram(&COMMIT_SECONDS, &[]).0.is_none());
        let registry = Registry::new();
        let meters = Meters::of(&registry, "orders");
        drop(registry);
        assert!(meters.counter(&COMMITS, &["conflict"]).0.is_none());
    }

    #[test]
    fn names_are_as_prometheus_wants_them() {
        let names: BTreeSet<_> = TABLE.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), TABLE.len(), "a name is there twice");
        for metric in TABLE {
            let Metric { name, kind, labels, help } = metric;
            let ours = name.starts_with("ticketing_") || name.starts_with("process_");
            assert!(ours && !help.is_empty() && !help.ends_with('.'), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(!labels.iter().skip(1).any(|label| *label == SERVICE), "{name}");
            if let Kind::Histogram(buckets) = kind {
                assert!(buckets.is_sorted(), "{name}");
            }
        }
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn the_process_is_shown_as_the_machine_knows_it() {
        let text = shown(&Registry::new()).await;
        for name in ["process_resident_memory_bytes ", "process_open_fds ", "process_max_fds "] {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            let value: f64 = value.expect(name).parse().expect(name);
            assert!(value >= 1.0, "{name}{value}");
        }
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        let build =
            format!("ticketing_build_info{{version=\"{}\"}} 1.0", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&build), "{text}");
    }
}
