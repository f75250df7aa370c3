//! Words that promise work, names that say nothing, and traces of one person's machine.

use super::Finding;
use super::source::{Source, find_word, item_end, words};

/// Notes of unfinished work belong in an issue. Spelled in halves so that this file passes its own
/// check.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Names for a module that holds whatever found no other place.
const NAMELESS: [&str; 7] = ["utils", "util", "helpers", "helper", "manager", "misc", "stuff"];
/// Where one person's files lie.
const MACHINE_FOLDERS: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
/// Where a test may pause: between two looks of a poll with a deadline, and to choose an instant.
const PAUSES: [(&str, &str); 2] = [
    ("tests/src", "the polls of the black-box suites"),
    ("common/src/testing", "settle() of the in-process suites"),
];

/// Findings in the text of any file.
pub fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(note) = UNFINISHED.iter().find(|note| words(line).contains(note)) {
            let complaint = format!("{note}: finish it or file an issue");
            found.push(Finding::new(path, index + 1, complaint));
        }
        if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| has_folder(line, folder)) {
            let complaint = format!("{folder}… is a path on one machine");
            found.push(Finding::new(path, index + 1, complaint));
        }
    }
    found
}

/// Whether `line` holds a path that begins with `folder`, not one that merely goes through such a
/// name.
fn has_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + folder.len()..].chars().next();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "./}-_".contains(letter))
            && after.is_some_and(char::is_alphanumeric)
    })
}

/// Findings in a Rust file: its name, its opening, its pauses.
pub fn check_source(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    let nameless = source.path.split(['/', '.']).find(|part| NAMELESS.contains(part));
    if let Some(name) = nameless {
        let complaint = format!("{name}: a module is named after what it does");
        found.push(Finding::new(&source.path, 1, complaint));
    }
    for start in find_word(&source.code, "mod") {
        let heading = source.code[start + 3..].lines().next().unwrap_or_default();
        if let Some(name) = words(heading).first().filter(|name| NAMELESS.contains(name)) {
            let complaint = format!("mod {name}: a module is named after what it does");
            found.push(Finding::new(&source.path, source.line_of(start), complaint));
        }
    }
    if !source.is_test_file() && !source.text.trim_start().starts_with("//!") {
        let complaint = "no `//!` that says what this module is for";
        found.push(Finding::new(&source.path, 1, complaint.to_owned()));
    }
    found.extend(sleeps(source));
    found
}

/// A test that waits a fixed time is slow where it passes and fails where the machine is slower.
fn sleeps(source: &Source) -> Vec<Finding> {
    if PAUSES.iter().any(|(home, _)| super::is_at(&source.path, home)) {
        return Vec::new();
    }
    let code = source.code.as_str();
    let is_call = |start: &usize| {
        let before = code[..*start].trim_end();
        // `clock.sleep(…)` is the faked clock's.
        code[start + 5..].starts_with('(') && !before.ends_with('.')
    };
    let found = find_word(code, "sleep");
    // A clock of a test passes its `sleep` on; that is no test that waits.
    let is_definition = |start: &&usize| code[..**start].trim_end().ends_with("fn");
    let clocks: Vec<(usize, usize)> =
        found.iter().filter(is_definition).map(|start| (*start, item_end(code, *start))).collect();
    let is_outside = |start: &usize| !clocks.iter().any(|(from, to)| (from..=to).contains(&start));
    let looks = polls(code);
    let is_fixed = |start: &usize| !looks.iter().any(|(from, to)| (from..=to).contains(&start));
    found
        .into_iter()
        .filter(is_call)
        .filter(is_outside)
        .filter(is_fixed)
        .map(|start| source.line_of(start))
        .filter(|line| source.is_test(*line))
        .map(|line| {
            let complaint = "a test sleeps: poll with a deadline, or move the fake clock";
            Finding::new(&source.path, line, complaint.to_owned())
        })
        .collect()
}

/// The bodies of `while` and `loop`: a pause there lies between two looks. A `for` counts, and
/// waits a fixed time.
fn polls(code: &str) -> Vec<(usize, usize)> {
    let mut loops = find_word(code, "while");
    loops.extend(find_word(code, "loop"));
    loops.into_iter().map(|start| (start, item_end(code, start))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_unfinished_work_are_found() {
        for note in UNFINISHED {
            assert_eq!(check_text("a.md", &format!("x\n// {note}: later")).len(), 1, "{note}");
        }
        assert_eq!(check_text("a.md", "a to-do list, METHODOLOGY").len(), 0);
    }

    #[test]
    fn paths_on_one_machine_are_found() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(check_text("a.rs", &format!("see {folder}x/file")).len(), 1, "{folder}");
            assert_eq!(check_text("a.rs", &format!("GET /api{folder}x")).len(), 0, "{folder}");
        }
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        for (path, text) in [
            ("a/src/utils.rs", "//! x"),
            ("a/src/misc/mod.rs", "//! x"),
            ("a/src/lib.rs", "//! x\npub mod helpers { }"),
        ] {
            assert_eq!(check_source(&Source::new(path, text)).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_module_opens_by_saying_what_it_is_for() {
        assert_eq!(check_source(&Source::new("a/src/b.rs", "use x;")).len(), 1);
        assert_eq!(check_source(&Source::new("a/src/b.rs", "//! Why.\nuse x;")).len(), 0);
        assert_eq!(check_source(&Source::new("a/tests/b.rs", "use x;")).len(), 0);
    }

    #[test]
    fn sleeps_in_tests_are_found_and_the_clocks_are_not() {
        let sleep = "//! x\nfn f() { std::thread::sleep(d); }";
        assert_eq!(check_source(&Source::new("a/tests/b.rs", sleep)).len(), 1);
        assert_eq!(check_source(&Source::new("a/src/b.rs", sleep)).len(), 0);
        assert_eq!(check_source(&Source::new("tests/src/poll.rs", sleep)).len(), 0);
        let fixed = "fn f() { for _ in 0..3 { sleep(d); } while a() { b(); } sleep(d); }";
        assert_eq!(check_source(&Source::new("a/tests/b.rs", fixed)).len(), 2);
        let poll = "fn f() { while !ready() { sleep(d); } loop { if a() { break; } sleep(d); } }";
        assert_eq!(check_source(&Source::new("a/tests/b.rs", poll)).len(), 0);
        let clock = "async fn sleep(&self) { t::sleep(d); }\nfn f() { clock.sleep(d); }";
        assert_eq!(check_source(&Source::new("a/tests/b.rs", clock)).len(), 0);
    }
}
