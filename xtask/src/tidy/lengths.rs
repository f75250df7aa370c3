//! What fits a screen and a head: columns of a line, lines of a function, lines of a file.

use super::Finding;
use super::source::{Source, find_word, item_end, words};

/// Characters in a line.
pub const LINE_COLUMNS: usize = 100;
/// Lines of a file, and of one that is all tests.
const FILE_LINES: usize = 400;
const TEST_FILE_LINES: usize = 800;
/// Lines of a function from `fn` to its last brace, and of one in a test.
const FUNCTION_LINES: usize = 70;
const TEST_FUNCTION_LINES: usize = 100;

/// Lines, functions and the file itself, where they are too long.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut found = long_lines(source);
    found.extend(long_functions(source));
    found.extend(long_file(source));
    found
}

fn long_lines(source: &Source) -> Vec<Finding> {
    // An address cannot be broken, and neither can the row of a table.
    let is_whole = |line: &str| {
        line.contains("://")
            || ["//! |", "/// |"].iter().any(|row| line.trim_start().starts_with(row))
    };
    let too_long = |line: &str| line.chars().count() > LINE_COLUMNS && !is_whole(line);
    let lines = source.text.lines().enumerate();
    lines
        .filter(|(_, line)| too_long(line))
        .map(|(index, line)| {
            let complaint = format!("{} columns; at most {LINE_COLUMNS}", line.chars().count());
            Finding::new(&source.path, index + 1, complaint)
        })
        .collect()
}

/// The lines of tests inside a file do not count against it.
fn long_file(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let (count, limit) = if source.is_test_file() {
        (lines, TEST_FILE_LINES)
    } else {
        ((1..=lines).filter(|line| !source.is_test(*line)).count(), FILE_LINES)
    };
    (count > limit).then(|| {
        let complaint =
            format!("{count} lines without tests; at most {limit}: split it by what it does");
        Finding::new(&source.path, 1, complaint)
    })
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let code = source.code.as_str();
    let mut found = Vec::new();
    for start in find_word(code, "fn") {
        // `fn(u8) -> u8` is a type and has no name.
        let next = code[start + 2..].trim_start().chars().next();
        if !next.is_some_and(|next| next == '_' || next.is_alphabetic()) {
            continue;
        }
        let heading = code[start + 2..].lines().next().unwrap_or_default();
        let name = words(heading).first().copied().unwrap_or_default();
        let (first, last) = (source.line_of(start), source.line_of(item_end(code, start)));
        let limit = if source.is_test(first) { TEST_FUNCTION_LINES } else { FUNCTION_LINES };
        let lines = last - first + 1;
        if lines > limit {
            let complaint = format!("fn {name} has {lines} lines; at most {limit}");
            found.push(Finding::new(&source.path, first, complaint));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).into_iter().map(|finding| finding.complaint).collect()
    }

    #[test]
    fn long_lines_are_found_and_addresses_are_not() {
        let line = format!("// {}", "é".repeat(97));
        assert!(complaints("a/src/b.rs", &line).is_empty());
        assert_eq!(complaints("a/src/b.rs", &format!("{line}é")), ["101 columns; at most 100"]);
        assert!(complaints("a/src/b.rs", &format!("// https://{line}")).is_empty());
        assert!(complaints("a/src/b.rs", &format!("//! | {line}")).is_empty());
    }

    #[test]
    fn long_functions_are_found_by_name() {
        let body = "    // }\n    g(\"}\");\n".repeat(34);
        assert!(complaints("a/src/b.rs", &format!("fn f() {{\n{body}}}\n")).is_empty());
        let long = format!("fn f() {{\n{body}\n}}\nfn g(h: fn(u8) -> u8);\n");
        assert_eq!(complaints("a/src/b.rs", &long), ["fn f has 71 lines; at most 70"]);
        assert!(complaints("a/tests/b.rs", &long).is_empty());
    }

    #[test]
    fn long_files_are_found_and_tests_inside_do_not_count() {
        let text = "const A: u8 = 1;\n".repeat(401);
        assert_eq!(complaints("a/src/b.rs", &text).len(), 1);
        assert_eq!(complaints("a/tests/b.rs", &text).len(), 0);
        assert_eq!(complaints("a/tests/b.rs", &text.repeat(2)).len(), 1);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{text}}}\n");
        assert_eq!(complaints("a/src/b.rs", &tests).len(), 0);
    }
}
