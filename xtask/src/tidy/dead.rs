//! Files that no crate reaches: rustc never reads them, so they rot without a warning.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::source::{Source, find_word, words};

/// Findings for each file that no crate's root reaches through `mod` or `include!`.
pub fn check(sources: &BTreeMap<String, Source>) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<String> = sources.keys().filter(|path| is_root(path)).cloned().collect();
    while let Some(path) = waiting.pop() {
        if let Some(source) = sources.get(&path)
            && reached.insert(path)
        {
            waiting.extend(declared(source).into_iter().flat_map(|module| module.files));
        }
    }
    let dead = sources.keys().filter(|path| !reached.contains(*path));
    let complaint = "no `mod` reaches this file: declare it or delete it";
    dead.map(|path| Finding::new(path, 1, complaint.to_owned())).collect()
}

/// A module that a file declares and another file holds.
pub struct Declared {
    /// Where it may be, from the root of the repository.
    pub files: Vec<String>,
    /// Whether it is declared under `#[cfg(test)]`.
    pub is_test: bool,
}

/// Where Cargo starts to read: the roots of libraries, programs, tests, benches and examples.
fn is_root(path: &str) -> bool {
    // A crate is a folder at the root, or in `infra`.
    let path = path.strip_prefix("infra/").unwrap_or(path);
    let Some((_, inner)) = path.split_once('/') else {
        return false;
    };
    let parts: Vec<&str> = inner.split('/').collect();
    matches!(
        parts[..],
        ["src", "lib.rs" | "main.rs"]
            | ["build.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

/// The files that `source` declares with `mod name;`, `#[path] mod name;` or `include!`.
pub fn declared(source: &Source) -> Vec<Declared> {
    let code = source.code.as_str();
    let mut found = Vec::new();
    for start in find_word(code, "mod") {
        let end = start + code[start..].find([';', '{', ')']).unwrap_or(code.len() - start);
        let is_file = code[end..].starts_with(';');
        let [_, name] = words(&code[start..end])[..] else {
            continue;
        };
        if is_file {
            let files = match path_attribute(source, start) {
                Some(path) => vec![join(folder(&source.path), &path)],
                None => places(source, name, start),
            };
            found.push(Declared { files, is_test: source.is_test(source.line_of(start)) });
        }
    }
    for start in find_word(code, "include") {
        let files = literal(source, start).map(|path| join(folder(&source.path), &path));
        found.extend(files.map(|file| Declared { files: vec![file], is_test: false }));
    }
    found
}

/// Where `mod name;` at `start` may live, with the inline modules around it as folders.
fn places(source: &Source, name: &str, start: usize) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = file.trim_end_matches(".rs");
    let mut base = folder.to_owned();
    if !matches!(stem, "mod" | "lib" | "main" | "build") && !is_root(&source.path) {
        base = format!("{base}/{stem}");
    }
    for outer in enclosing(&source.code, start) {
        base = format!("{base}/{outer}");
    }
    vec![format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]
}

/// The names of the inline modules that the byte at `at` lies in, outermost first.
fn enclosing(code: &str, at: usize) -> Vec<&str> {
    let mut around = Vec::new();
    for start in find_word(&code[..at], "mod") {
        let Some(brace) = code[start..].find(['{', ';']).map(|offset| start + offset) else {
            continue;
        };
        let inside = brace < at && super::source::closing(code, brace) > at;
        if let [_, name] = words(&code[start..brace])[..]
            && code[brace..].starts_with('{')
            && inside
        {
            around.push(name);
        }
    }
    around
}

/// The path in a `#[path = "…"]` right before the `mod` at `start`.
fn path_attribute(source: &Source, start: usize) -> Option<String> {
    let before = source.code[..start].trim_end().trim_end_matches("pub").trim_end();
    let open = before.rfind("#[")?;
    let attribute = &source.code[open..before.len()];
    let is_path = attribute.ends_with(']') && words(attribute).first() == Some(&"path");
    if is_path { literal(source, open) } else { None }
}

/// The first string literal after `start`, on the same line.
fn literal(source: &Source, start: usize) -> Option<String> {
    let line = source.text[start..].lines().next()?;
    Some(line.split('"').nth(1)?.to_owned())
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` as seen from `folder`, with its dots resolved.
pub fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Source::new(path, text)))
            .collect();
        check(&sources).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_file_that_no_mod_names_is_dead_and_so_is_what_only_it_names() {
        let files = [
            ("a/src/lib.rs", "pub mod b;\n// mod c;\nmod d { mod e; }"),
            ("a/src/b.rs", "mod f;"),
            ("a/src/b/f.rs", ""),
            ("a/src/c.rs", "mod g;"),
            ("a/src/c/g.rs", ""),
            ("a/src/d/e.rs", ""),
        ];
        assert_eq!(dead(&files), ["a/src/c.rs", "a/src/c/g.rs"]);
    }

    #[test]
    fn folders_paths_includes_and_roots_are_followed() {
        let files = [
            ("a/src/main.rs", "#[path = \"../shared/x.rs\"]\nmod y;\ninclude!(\"z.rs\");"),
            ("a/shared/x.rs", ""),
            ("a/src/z.rs", ""),
            ("a/tests/suite.rs", "mod kit;"),
            ("a/tests/kit/mod.rs", "pub mod more;"),
            ("a/tests/kit/more.rs", ""),
            ("a/src/bin/tool.rs", ""),
        ];
        assert_eq!(dead(&files), [""; 0]);
    }
}
