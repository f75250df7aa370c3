//! Dependencies that a manifest declares and no code names: everybody who builds pays for them.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::source::{Source, find_word};

/// Findings for the manifests among `texts` (path → text).
pub fn check(texts: &BTreeMap<String, String>, sources: &BTreeMap<String, Source>) -> Vec<Finding> {
    let manifests = texts.iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
    let declared: Vec<_> = manifests
        .flat_map(|(path, text)| dependencies(text).into_iter().map(move |found| (path, found)))
        .collect();
    let members: BTreeSet<&str> = declared
        .iter()
        .filter(|(path, _)| path.contains('/'))
        .map(|(_, (_, name))| *name)
        .collect();
    let mut findings = Vec::new();
    for (path, (line, name)) in &declared {
        let (is_used, complaint) = match path.strip_suffix("/Cargo.toml") {
            Some(krate) => (
                sources.values().any(|source| source.krate() == krate && names(source, name)),
                format!("no code of {krate} names {name}: remove it"),
            ),
            None => (members.contains(name), format!("no crate depends on {name}: remove it")),
        };
        if !is_used {
            findings.push(Finding::new(path, *line, complaint));
        }
    }
    findings
}

/// The dependencies that a manifest declares, of whatever kind, with their lines.
pub fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut section = "";
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        let name = if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            section.rsplit_once("dependencies.").map(|(_, name)| name)
        } else if section.ends_with("dependencies") && !line.starts_with('#') {
            line.split(['=', '.', ' ']).next().filter(|name| !name.is_empty())
        } else {
            None
        };
        found.extend(name.map(|name| (index + 1, name)));
    }
    found
}

/// Whether `source` says `name::…` or `use name`; a variable of that name is something else.
fn names(source: &Source, name: &str) -> bool {
    let (code, name) = (&source.code, name.replace('-', "_"));
    find_word(code, &name).into_iter().any(|at| {
        code[at + name.len()..].starts_with("::") || code[..at].trim_end().ends_with("use")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(manifest: &str, code: &str) -> Vec<String> {
        let texts = [("a/Cargo.toml", manifest), ("a/src/lib.rs", code), ("b/src/lib.rs", "x::y")];
        let own = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
        let texts: BTreeMap<_, _> = texts.into_iter().map(own).collect();
        let sources = texts.iter().filter(|(path, _)| path.ends_with(".rs"));
        let sources = sources.map(|(path, text)| (path.clone(), Source::new(path, text))).collect();
        check(&texts, &sources).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn what_no_code_names_is_found_whatever_kind_it_is() {
        let kinds = [
            "[dependencies]\nx.workspace = true",
            "[dependencies]\n# why\nx = \"1\"",
            "[dev-dependencies]\nx = { version = \"1\" }",
            "[target.'cfg(unix)'.dependencies]\nx = \"1\"",
            "[dependencies.x]\nversion = \"1\"",
        ];
        for kind in kinds {
            for unnamed in ["", "// x::y", "let x = \"x::y\"; x.len();", "xx::y"] {
                assert_eq!(findings(kind, unnamed).len(), 1, "{kind}: {unnamed}");
            }
            for named in ["use x::y;", "use x as y;", "#[x::test]", "x::y!()"] {
                assert_eq!(findings(kind, named), [""; 0], "{kind}: {named}");
            }
        }
        assert_eq!(findings("[dependencies]\na-b = \"1\"", "use a_b::c;"), [""; 0]);
        assert_eq!(findings("[features]\nx = []", ""), [""; 0]);
    }

    #[test]
    fn the_workspace_offers_only_what_somebody_takes() {
        let root = "[workspace.dependencies]\nx = \"1\"\ny = \"1\"";
        let texts = [("Cargo.toml", root), ("a/Cargo.toml", "[dependencies]\nx.workspace = true")];
        let own = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
        let texts = texts.into_iter().map(own).collect();
        let source = Source::new("a/src/lib.rs", "use x::z;");
        let sources = [(source.path.clone(), source)].into();
        let found: Vec<_> = check(&texts, &sources).iter().map(Finding::to_string).collect();
        assert_eq!(found, ["Cargo.toml:3: no crate depends on y: remove it"]);
    }
}
