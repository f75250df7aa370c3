//! What is documented, alerted on and drawn of metrics is what there is.

use std::collections::BTreeSet;

use common::metrics::table::{Kind, TABLE};

const MANUAL: &str = include_str!("../../docs/observability.md");
const ALERTS: &str = include_str!("../../infra/observability/alerts.yml");
const DASHBOARD: &str = include_str!("../../infra/observability/dashboard.json");

/// The rows of the manual's tables of metrics: name and labels.
fn documented() -> BTreeSet<(String, String)> {
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let cells = rows.filter_map(|(name, rest)| Some((name, rest.split('|').next()?.trim())));
    // Spans have a table there too.
    let is_metric = |name: &str| name.starts_with("ticketing_") || name.starts_with("process_");
    cells
        .filter(|(name, _)| is_metric(name))
        .map(|(name, labels)| (name.to_owned(), labels.to_owned()))
        .collect()
}

#[test]
fn the_manual_lists_every_metric_with_its_labels_and_no_other() {
    let known: BTreeSet<_> =
        TABLE.iter().map(|metric| (metric.name.to_owned(), metric.labels.join(", "))).collect();
    let documented = documented();
    let missing: Vec<_> = known.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&known).collect();
    assert!(missing.is_empty(), "docs/observability.md does not tell what to do with {missing:?}");
    assert!(invented.is_empty(), "docs/observability.md lists what does not exist: {invented:?}");
}

/// The series of a metric: a histogram has three kinds, none of them under its own name.
fn series() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for metric in TABLE {
        let endings = match metric.kind {
            Kind::Histogram(_) => &["_bucket", "_sum", "_count"][..],
            Kind::Counter | Kind::Gauge => &[""],
        };
        all.extend(endings.iter().map(|end| format!("{}{end}", metric.name)));
    }
    all
}

/// The names of series in the expressions of a file.
fn asked(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_series = |word: &&str| word.starts_with("ticketing_") || word.starts_with("process_");
    words.filter(is_series).map(str::to_owned).collect()
}

#[test]
fn alerts_and_the_dashboard_ask_for_series_that_exist() {
    let known = series();
    for (file, text) in [("alerts.yml", ALERTS), ("dashboard.json", DASHBOARD)] {
        let asked = asked(text);
        assert!(asked.len() > 10, "{file}: only {asked:?}");
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} asks for what no process shows: {unknown:?}");
    }
}

#[test]
fn every_metric_is_drawn_or_alerted_on() {
    let asked: BTreeSet<_> = asked(ALERTS).union(&asked(DASHBOARD)).cloned().collect();
    let unseen = TABLE.iter().filter(|m| !asked.iter().any(|name| name.starts_with(m.name)));
    let unseen: Vec<_> = unseen.map(|metric| metric.name).collect();
    assert!(unseen.is_empty(), "nobody looks at {unseen:?}");
}
