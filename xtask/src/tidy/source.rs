//! One Rust file as the checks see it: its text, its code without comments, and which lines are
//! tests.

use super::mask::{is_word, mask};

/// A Rust file.
pub struct Source {
    /// From the root of the repository, with `/` between folders.
    pub path: String,
    /// As it is on disk.
    pub text: String,
    /// The text with comments and literals blanked, line for line.
    pub code: String,
    /// Where each line begins.
    line_starts: Vec<usize>,
    test_lines: Vec<bool>,
}

impl Source {
    /// The file at `path`, which holds `text`.
    pub fn new(path: &str, text: &str) -> Self {
        let code = mask(text);
        let breaks = code.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts: Vec<usize> = std::iter::once(0).chain(breaks).collect();
        let test_lines = vec![is_test_path(path); line_starts.len()];
        let (path, text) = (path.to_owned(), text.to_owned());
        let mut source = Self { path, text, code, line_starts, test_lines };
        for (first, last) in test_items(&source.code) {
            let (first, last) = (source.line_of(first), source.line_of(last));
            source.test_lines[first - 1..last].fill(true);
        }
        source
    }

    /// The line (from 1) that the byte at `at` is on.
    pub fn line_of(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// Makes every line count as a test: the file is declared by a `#[cfg(test)] mod`.
    pub fn set_test(&mut self) {
        self.test_lines.fill(true);
    }

    /// Whether line `number` (from 1) belongs to a test.
    pub fn is_test(&self, number: usize) -> bool {
        self.test_lines.get(number.saturating_sub(1)).copied().unwrap_or(false)
    }

    /// Whether the file holds nothing but tests.
    pub fn is_test_file(&self) -> bool {
        self.test_lines.iter().all(|test| *test)
    }

    /// The crate's folder: `orders` of `orders/src/http.rs`.
    pub fn krate(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The file's path below its crate's `src`: `domain/order.rs` of `orders/src/domain/order.rs`.
    pub fn in_src(&self) -> Option<&str> {
        self.path.strip_prefix(self.krate())?.strip_prefix("/src/")
    }

    /// The module that the file is: `["domain", "order"]` of `orders/src/domain/order.rs`.
    pub fn module(&self) -> Vec<&str> {
        let Some(inner) = self.in_src() else {
            return Vec::new();
        };
        let mut names: Vec<&str> = inner.trim_end_matches(".rs").split('/').collect();
        if matches!(names.last(), Some(&("mod" | "lib" | "main"))) {
            names.pop();
        }
        names
    }
}

/// Whether every file at such a path is a test: in a folder `tests`, or named `tests.rs`.
fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// Where each item begins and ends that is under `#[cfg(test)]`, `#[test]` or the like.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    let mut items = Vec::new();
    for (start, _) in code.match_indices("#[") {
        let end = closing(code, start + 1);
        if is_test_attribute(&code[start + 2..end]) {
            items.push((start, item_end(code, end + 1)));
        }
    }
    items
}

fn is_test_attribute(attribute: &str) -> bool {
    let names = words(attribute);
    names.contains(&"test") && names.first() != Some(&"cfg_attr") && !names.contains(&"not")
}

/// Where the item that begins at `from` ends: at the `}` of its body, or at its `;`.
pub fn item_end(code: &str, from: usize) -> usize {
    let bytes = code.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => return closing(code, at),
            b'(' | b'[' => at = closing(code, at),
            b';' => return at,
            _ => {}
        }
        at += 1;
    }
    code.len().saturating_sub(1)
}

/// Where the bracket that opens at `open` closes; the end of the text if it never does.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.as_bytes().iter().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// The words of `text`: the runs of letters, digits and underscores.
pub fn words(text: &str) -> Vec<&str> {
    text.split(|letter: char| !(letter == '_' || letter.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Where `word` stands in `code` as a word of its own.
pub fn find_word(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    let alone = |at: &usize| {
        let before = at.checked_sub(1).is_some_and(|left| is_word(bytes[left]));
        let after = bytes.get(at + word.len()).is_some_and(|right| is_word(*right));
        !before && !after
    };
    code.match_indices(word).map(|(at, _)| at).filter(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_under_cfg_test_are_tests_and_others_are_not() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n\
                    #[cfg(not(test))]\nfn d() {}\n#[tokio::test]\nasync fn e() {\n}\n";
        let source = Source::new("orders/src/x.rs", text);
        let tests: Vec<usize> = (1..=11).filter(|line| source.is_test(*line)).collect();
        assert_eq!(tests, [2, 3, 4, 5, 9, 10, 11]);
        assert!(!source.is_test_file());
        assert!(Source::new("orders/tests/x.rs", text).is_test_file());
        assert!(Source::new("orders/src/domain/tests.rs", text).is_test_file());
    }

    #[test]
    fn a_path_names_its_crate_and_its_module() {
        let file = |path| Source::new(path, "");
        assert_eq!(file("orders/src/domain/order.rs").module(), ["domain", "order"]);
        assert_eq!(file("orders/src/domain/mod.rs").module(), ["domain"]);
        assert_eq!(file("orders/src/lib.rs").module(), [""; 0]);
        assert_eq!(file("orders/src/lib.rs").krate(), "orders");
        assert_eq!(file("orders/tests/x.rs").in_src(), None);
    }

    #[test]
    fn words_are_found_only_when_they_stand_alone() {
        assert_eq!(find_word("mod a; fn modest() {} amod", "mod"), [0]);
    }
}
