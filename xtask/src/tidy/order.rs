//! common's reading order: a module uses its own line of the table in `common/src/lib.rs` and the
//! lines above.
//!
//! The table is what a newcomer reads, so it is what is checked: a module that is missing there, or
//! that uses a later one, is a finding.

use std::collections::BTreeMap;

use super::Finding;
use super::names::{Name, names};
use super::source::Source;

/// Where the table is.
const MAP: &str = "common/src/lib.rs";

/// Findings in common, if it is among `sources`.
pub fn check(sources: &BTreeMap<String, Source>) -> Vec<Finding> {
    let Some(map) = sources.get(MAP) else {
        return Vec::new();
    };
    let rows = rows(&map.text);
    let mut found = Vec::new();
    for source in sources.values().filter(|source| source.krate() == "common") {
        if let Some(module) = source.module().first().filter(|_| !source.is_test_file()) {
            found.extend(check_module(source, module, &rows));
        }
    }
    found
}

/// The modules of each row of the table: the code spans of its first cell.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .filter_map(|line| line.strip_prefix("//! |")?.split('|').next())
        .map(|cell| cell.split('`').skip(1).step_by(2).collect())
        .filter(|modules: &Vec<&str>| !modules.is_empty())
        .collect()
}

fn check_module(source: &Source, module: &str, rows: &[Vec<&str>]) -> Vec<Finding> {
    let row = |module: &str| rows.iter().position(|row| row.contains(&module));
    let Some(own) = row(module) else {
        let complaint = format!("{module} has no row in the reading order");
        return vec![Finding::new(MAP, 1, complaint)];
    };
    let is_later = |name: &Name| {
        !source.is_test(name.line)
            && name.starts_with(&["common"])
            && row(&name.path[1]).is_some_and(|row| row > own)
    };
    names(source)
        .into_iter()
        .filter(is_later)
        .map(|name| {
            let complaint = format!("names {}: in {MAP} it comes after {module}", name.text());
            Finding::new(&source.path, name.line, complaint)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "//! | module | what |\n//! | --- | --- |\n\
                         //! | [`id`], [`time`] | x |\n//! | [`store`] | x |\n\
                         //! | [`execute`] | x |\npub use crate::execute::Engine;\n";

    fn complaints(path: &str, text: &str) -> usize {
        let files = [(MAP, TABLE), (path, text)];
        let sources = files.map(|(path, text)| (path.to_owned(), Source::new(path, text)));
        check(&BTreeMap::from(sources)).len()
    }

    #[test]
    fn commons_modules_use_only_the_lines_above() {
        assert_eq!(complaints("common/src/store/mod.rs", "use crate::execute::Engine;"), 1);
        assert_eq!(complaints("common/src/execute.rs", "use crate::store::Query;"), 0);
        assert_eq!(complaints("common/src/id.rs", "use crate::time::Timestamp;"), 0);
        assert_eq!(complaints("common/src/novel.rs", ""), 1);
        assert_eq!(complaints("orders/src/novel.rs", ""), 0);
    }

    #[test]
    fn tests_may_use_what_comes_later() {
        assert_eq!(complaints("common/tests/store.rs", "use common::execute::Engine;"), 0);
        let inside = "#[cfg(test)]\nmod tests { use crate::execute::Engine; }";
        assert_eq!(complaints("common/src/store/mod.rs", inside), 0);
    }
}
