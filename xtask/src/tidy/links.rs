//! Links between the documents of the repository: each leads to a file, and to a heading where it
//! names one.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::dead::join;

/// Links in the markdown `documents` (path → text) that lead to none of `files` or their folders.
pub fn check(documents: &BTreeMap<String, String>, files: &BTreeSet<String>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in documents {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in links(text) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let full = if file.is_empty() { path.clone() } else { join(folder, file) };
            let inside = format!("{full}/");
            let exists = files.contains(&full)
                || full.is_empty()
                || files
                    .range(inside.clone()..)
                    .next()
                    .is_some_and(|next| next.starts_with(&inside));
            if !exists {
                found.push(Finding::new(path, line, format!("{target} leads nowhere")));
            } else if let Some(document) = documents.get(&full)
                && !heading.is_empty()
                && !headings(document).contains(heading)
            {
                found.push(Finding::new(path, line, format!("{target}: no such heading")));
            }
        }
    }
    found
}

/// The links of a markdown text that stay in the repository, each with its line (from 1).
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        let defined = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let defined = defined.and_then(|(_, target)| target.split(' ').next());
        let own = |target: &&str| {
            !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
        };
        found.extend(inline.chain(defined).filter(own).map(|target| (number, target)));
    }
    found
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// The headings of a document as a link names them.
fn headings(text: &str) -> BTreeSet<String> {
    let title = |line: &str| {
        let title = line.trim_start_matches('#').strip_prefix(' ')?.trim().to_lowercase();
        line.starts_with('#').then_some(title)
    };
    let slug = |title: String| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    prose(text).filter_map(|(_, line)| title(line)).map(slug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let files = ["README.md", "docs/a.md", "docs/decisions/0001.md"];
        let files = files.into_iter().map(str::to_owned).collect();
        let documents = BTreeMap::from([
            ("docs/a.md".to_owned(), text.to_owned()),
            ("README.md".to_owned(), "# What it is\n".to_owned()),
        ]);
        check(&documents, &files).into_iter().map(|finding| finding.complaint).collect()
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(complaints("[x](b.md)"), ["b.md leads nowhere"]);
        assert_eq!(complaints("[x]: ../b.md"), ["../b.md leads nowhere"]);
        assert_eq!(complaints("[x](../README.md#gone)"), ["../README.md#gone: no such heading"]);
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let good = "# Own\n[a](../README.md) [b](decisions) [c](decisions/0001.md \"title\")\n\
                    [d](https://example.org/b.md) [e](#own) [f](../README.md#what-it-is)\n\
                    ```\n[g](gone.md)\n```\n";
        assert_eq!(complaints(good), [""; 0]);
    }
}
