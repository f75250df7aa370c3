//! Taste as a test: the rules of the repository that neither rustc nor clippy knows.
//!
//! Each check is a pure function over paths and texts, and a test beside it shows it fail. What a
//! check lets pass is in a table with a reason each; the tables only shrink.

mod bans;
mod dead;
mod imports;
mod lengths;
mod links;
mod mask;
mod names;
mod order;
mod source;
mod unused;
mod words;
mod wrap;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fmt, fs, io};

pub use imports::SERVICES;
use source::Source;

/// Folders that hold what was built or stored, not what was written.
const SKIPPED_FOLDERS: [&str; 6] =
    [".git", "target", "node_modules", ".next", "data", ".hypothesis"];
/// Files that are text of ours.
const TEXT_ENDINGS: [&str; 14] =
    ["rs", "toml", "md", "sh", "yml", "yaml", "json", "ts", "tsx", "mjs", "css", "html", "py", "c"];

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// From the root of the repository.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub complaint: String,
}

impl Finding {
    fn new(path: &str, line: usize, complaint: String) -> Self {
        Self { path: path.to_owned(), line, complaint }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.complaint)
    }
}

/// All findings in the repository at `root`, in order of path and line.
///
/// # Errors
/// When a file cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let mut texts = BTreeMap::new();
    let mut files = BTreeSet::new();
    read(root, "", &mut texts, &mut files)?;
    Ok(judge(&texts, &files))
}

/// Breaks the comments that are too long in all files, or in those at or below one of the paths in
/// `below`; gives the paths of the files that it changed.
///
/// # Errors
/// When a file cannot be read or written.
pub fn fix(root: &Path, below: &[String]) -> io::Result<Vec<String>> {
    let mut texts = BTreeMap::new();
    read(root, "", &mut texts, &mut BTreeSet::new())?;
    let mut changed = Vec::new();
    let is_meant = |path: &str| {
        below.is_empty()
            || below.iter().any(|home| path == home || is_at(path, home.trim_matches('/')))
    };
    for (path, text) in
        texts.into_iter().filter(|(path, _)| path.ends_with(".rs") && is_meant(path))
    {
        let wrapped = wrap::wrap(&text);
        if wrapped != text {
            fs::write(root.join(&path), wrapped)?;
            changed.push(path);
        }
    }
    Ok(changed)
}

/// All findings in `texts` (path → text), among `files`.
fn judge(texts: &BTreeMap<String, String>, files: &BTreeSet<String>) -> Vec<Finding> {
    let ending = |path: &str, ending: &str| path.ends_with(ending);
    let rust = texts.iter().filter(|(path, _)| ending(path, ".rs"));
    let mut sources: BTreeMap<String, Source> =
        rust.map(|(path, text)| (path.clone(), Source::new(path, text))).collect();
    mark_test_modules(&mut sources);
    let documents: BTreeMap<String, String> = texts
        .iter()
        .filter(|(path, _)| ending(path, ".md"))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();

    let mut found = dead::check(&sources);
    found.extend(order::check(&sources));
    found.extend(links::check(&documents, files));
    found.extend(unused::check(texts, &sources));
    for (path, text) in texts {
        found.extend(words::check_text(path, text));
        if ending(path, "Cargo.toml") {
            found.extend(imports::check_manifest(path, text));
        }
    }
    for source in sources.values() {
        found.extend(imports::check(source));
        found.extend(bans::check(source));
        found.extend(lengths::check(source));
        found.extend(words::check_source(source));
    }
    found.sort();
    found.dedup();
    found
}

/// A file that is declared under `#[cfg(test)]` is a test from its first line on, and so are its
/// own modules.
fn mark_test_modules(sources: &mut BTreeMap<String, Source>) {
    let mut waiting: Vec<String> = sources.keys().cloned().collect();
    while let Some(path) = waiting.pop() {
        let Some(source) = sources.get(&path) else {
            continue;
        };
        let declared = dead::declared(source).into_iter().filter(|module| module.is_test);
        for file in declared.flat_map(|module| module.files) {
            if let Some(module) = sources.get_mut(&file).filter(|module| !module.is_test_file()) {
                module.set_test();
                waiting.push(file);
            }
        }
    }
}

/// Whether the file at `path` is `home.rs` or lies in the folder `home`.
fn is_at(path: &str, home: &str) -> bool {
    let rest = path.strip_prefix(home);
    rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

/// Reads what was written below `folder` of `root`.
fn read(
    root: &Path,
    folder: &str,
    texts: &mut BTreeMap<String, String>,
    files: &mut BTreeSet<String>,
) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type()?.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                read(root, &path, texts, files)?;
            }
            continue;
        }
        if TEXT_ENDINGS
            .iter()
            .any(|ending| name.rsplit_once('.').is_some_and(|(_, own)| own == *ending))
        {
            texts.insert(path.clone(), fs::read_to_string(entry.path())?);
        }
        files.insert(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        let texts: BTreeMap<String, String> = files.iter().map(owned).collect();
        let files = texts.keys().cloned().collect();
        judge(&texts, &files).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn every_check_is_part_of_the_whole() {
        let note = concat!("TO", "DO");
        let cases = [
            ("orders/src/lib.rs", "//! x\nuse tickets::domain::ticket;".to_owned()),
            ("orders/src/lib.rs", "//! x\nfn f() { std::env::var(\"A\"); }".to_owned()),
            ("orders/src/lib.rs", format!("//! x\n// {}", "y".repeat(98))),
            ("orders/src/lost.rs", "//! x".to_owned()),
            ("orders/src/lib.rs", format!("//! x\n// {note}")),
            ("README.md", "[x](gone.md)".to_owned()),
            ("server/Cargo.toml", "[dependencies]\ntickets = \"1\"".to_owned()),
        ];
        for (path, text) in cases {
            assert_eq!(findings(&[(path, &text)]).len(), 1, "{path}: {text}");
        }
        let service = [
            ("orders/src/lib.rs", "//! x\n#[cfg(test)]\nmod t { use tickets::domain; }"),
            ("orders/Cargo.toml", "[dependencies]\ntickets = \"1\""),
        ];
        assert_eq!(findings(&service).len(), 1);
        let common = [("common/src/lib.rs", "//! x\npub mod id;"), ("common/src/id.rs", "//! x")];
        assert_eq!(findings(&common).len(), 1);
    }

    #[test]
    fn a_file_declared_under_cfg_test_is_a_test() {
        let spawn = "fn f() { tokio::spawn(x); }";
        let lib = ("orders/src/lib.rs", "//! x\n#[cfg(test)]\nmod proofs;");
        assert_eq!(findings(&[lib, ("orders/src/proofs.rs", spawn)]), [""; 0]);
    }

    #[test]
    fn a_home_is_a_file_or_a_folder() {
        assert!(is_at("common/src/run.rs", "common/src/run"));
        assert!(is_at("common/src/run/mod.rs", "common/src/run"));
        assert!(!is_at("common/src/runner.rs", "common/src/run"));
    }
}
