//! The paths that a file names, written out in full.
//!
//! `use crate::{store, bus as b}` makes two names; a later `b::embedded::open` is then known to be
//! `common::bus::embedded::open`. Names that come through a glob or a macro stay as they are
//! written.

use std::collections::HashMap;

use super::mask::is_word;
use super::source::Source;

/// A path that the code names.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    /// The line, from 1.
    pub line: usize,
    /// As far as it can be told from the file alone, from the crate's name on: `["common", "store",
    /// "Query"]`.
    pub path: Vec<String>,
}

impl Name {
    /// Written as in code.
    pub fn text(&self) -> String {
        self.path.join("::")
    }

    /// Whether the path begins with `start`.
    pub fn starts_with(&self, start: &[&str]) -> bool {
        self.path.len() >= start.len() && self.path.iter().zip(start).all(|(own, part)| own == part)
    }

    /// Whether the path ends with `end`, written as in code.
    pub fn ends_with(&self, end: &str) -> bool {
        let end: Vec<&str> = end.split("::").collect();
        self.path.len() >= end.len()
            && self.path[self.path.len() - end.len()..]
                .iter()
                .zip(end)
                .all(|(own, part)| own == part)
    }
}

/// All paths of two or more parts that `source` names, in order.
pub fn names(source: &Source) -> Vec<Name> {
    let tokens = tokens(&source.code);
    let home: Vec<String> =
        std::iter::once(source.krate()).chain(source.module()).map(str::to_owned).collect();
    let mut reader =
        Reader { tokens: &tokens, at: 0, home, bound: HashMap::new(), found: Vec::new() };
    reader.read_uses();
    reader.at = 0;
    reader.read_paths();
    let mut found = reader.found;
    found.sort_by_key(|(at, _)| *at);
    found.dedup();
    found.into_iter().map(|(at, path)| Name { line: source.line_of(at), path }).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Colons,
    Mark(char),
}

/// The words and marks of `code`, each with where it stands.
fn tokens(code: &str) -> Vec<(usize, Token<'_>)> {
    let bytes = code.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let start = at;
        if is_word(bytes[at]) {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
            found.push((start, Token::Word(&code[start..at])));
        } else if bytes[at..].starts_with(b"::") {
            at += 2;
            found.push((start, Token::Colons));
        } else {
            at += 1;
            if !bytes[start].is_ascii_whitespace() {
                found.push((start, Token::Mark(char::from(bytes[start]))));
            }
        }
    }
    found
}

struct Reader<'a> {
    tokens: &'a [(usize, Token<'a>)],
    at: usize,
    /// The crate and the module that the file is.
    home: Vec<String>,
    /// What a `use` gave a short name to.
    bound: HashMap<String, Vec<String>>,
    found: Vec<(usize, Vec<String>)>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).map(|(_, token)| *token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(at, _)| *at)
    }

    fn read_uses(&mut self) {
        while self.at < self.tokens.len() {
            let is_use = self.peek() == Some(Token::Word("use"));
            self.at += 1;
            if is_use {
                self.read_tree(&[]);
            }
        }
    }

    /// One branch of a `use`, below `above`.
    fn read_tree(&mut self, above: &[String]) {
        let mut path = above.to_vec();
        let start = self.place();
        loop {
            match self.peek() {
                Some(Token::Word("as")) => {
                    self.at += 1;
                    if let Some(Token::Word(name)) = self.peek() {
                        self.bound.insert(name.to_owned(), self.resolve(&path));
                        self.at += 1;
                    }
                    break self.record(start, &path);
                }
                Some(Token::Word(word)) => path.push(word.to_owned()),
                Some(Token::Colons) => {}
                Some(Token::Mark('{')) => return self.read_branches(&path),
                Some(Token::Mark('*')) => {
                    self.at += 1;
                    break self.record(start, &path);
                }
                _ => {
                    self.bind(&path);
                    break self.record(start, &path);
                }
            }
            self.at += 1;
        }
    }

    fn read_branches(&mut self, above: &[String]) {
        self.at += 1;
        loop {
            match self.peek() {
                Some(Token::Mark('}')) | None => break self.at += 1,
                Some(Token::Mark(',')) => self.at += 1,
                Some(Token::Word(_) | Token::Colons | Token::Mark('*')) => self.read_tree(above),
                // Not a `use` at all, such as the word in a macro: give up on it.
                Some(Token::Mark(_)) => break,
            }
        }
    }

    fn bind(&mut self, path: &[String]) {
        let full = self.resolve(path);
        let named = path.last().map(String::as_str);
        let name =
            if named == Some("self") { full.last().cloned() } else { named.map(str::to_owned) };
        // `use serde;` binds the crate to its own name, which resolves to itself.
        if let Some(name) = name.filter(|_| full.len() > 1) {
            self.bound.insert(name, full);
        }
    }

    fn record(&mut self, at: usize, path: &[String]) {
        let full = self.resolve(path);
        if full.len() > 1 {
            self.found.push((at, full));
        }
    }

    /// Paths written out in the code itself.
    fn read_paths(&mut self) {
        while self.at < self.tokens.len() {
            match self.peek() {
                Some(Token::Word("use")) => {
                    while !matches!(self.peek(), Some(Token::Mark(';')) | None) {
                        self.at += 1;
                    }
                }
                Some(Token::Word(_)) => self.read_path(),
                _ => self.at += 1,
            }
        }
    }

    fn read_path(&mut self) {
        let start = self.place();
        let mut path = Vec::new();
        while let Some(Token::Word(word)) = self.peek() {
            path.push(word.to_owned());
            self.at += 1;
            if self.peek() != Some(Token::Colons) {
                break;
            }
            self.at += 1;
        }
        if path.len() > 1 {
            self.found.push((start, self.resolve(&path)));
        }
    }

    /// `path` with `crate`, `self`, `super` and names that a `use` made written out.
    fn resolve(&self, path: &[String]) -> Vec<String> {
        let mut full: Vec<String> = Vec::new();
        for (index, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" => full = self.home[..1].to_vec(),
                "self" if index == 0 => full = self.home.clone(),
                "self" => {}
                "super" => {
                    if index == 0 {
                        full = self.home.clone();
                    }
                    full.pop();
                }
                part => match self.bound.get(part).filter(|_| index == 0) {
                    Some(bound) => full.clone_from(bound),
                    None => full.push(part.to_owned()),
                },
            }
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        names(&Source::new(path, text)).iter().map(Name::text).collect()
    }

    #[test]
    fn uses_are_written_out_in_full() {
        let text = "use common::{store::{self, Query}, id::Id as Key};\nuse super::order::*;\n\
                    pub use crate::domain;";
        assert_eq!(
            found("orders/src/domain/stock.rs", text),
            [
                "common::store",
                "common::store::Query",
                "common::id::Id",
                "orders::domain::order",
                "orders::domain"
            ]
        );
    }

    #[test]
    fn short_names_are_followed_to_what_they_stand_for() {
        let text = "use std::time::Instant as I;\nuse common::bus;\n\
                    fn f() { I::now(); bus::embedded::open(); }";
        let all = found("orders/src/http.rs", text);
        assert!(all.contains(&"std::time::Instant::now".to_owned()), "{all:?}");
        assert!(all.contains(&"common::bus::embedded::open".to_owned()), "{all:?}");
    }

    #[test]
    fn words_in_comments_and_strings_are_not_names() {
        assert_eq!(found("a/src/b.rs", "// common::store\nconst A: &str = \"a::b\";"), [""; 0]);
    }

    #[test]
    fn a_name_knows_its_line_its_start_and_its_end() {
        let all = names(&Source::new("a/src/b.rs", "\n\nfn f() { std::env::var(\"A\"); }"));
        assert_eq!(all[0].line, 3);
        assert!(all[0].ends_with("env::var") && !all[0].ends_with("nv::var"));
        assert!(all[0].starts_with(&["std", "env"]));
    }
}
