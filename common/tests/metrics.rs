//! What is documented of metrics is what there is.

use std::collections::BTreeSet;

use common::metrics::table::TABLE;

const MANUAL: &str = include_str!("../../docs/observability.md");

/// The rows of the manual's tables of metrics: name and labels.
fn documented() -> BTreeSet<(String, String)> {
    let rows = MANUAL.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let cells = rows.filter_map(|(name, rest)| Some((name, rest.split('|').next()?.trim())));
    cells.map(|(name, labels)| (name.to_owned(), labels.to_owned())).collect()
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
