//! How many tests passed and failed, read from what the test runners print.

use std::ops::AddAssign;

/// Tests and single checks, counted alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Came out as promised.
    pub passed: u64,
    /// Did not.
    pub failed: u64,
    /// Were not run.
    pub skipped: u64,
}

impl Tally {
    /// One check that passed.
    pub const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    /// One check that failed.
    pub const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// What one line of nextest or of `cargo test` says; nothing unless it is a summary.
    pub fn of_line(line: &str) -> Option<Self> {
        let line = without_colour(line);
        let counts = match line.trim_start().strip_prefix("test result: ") {
            Some(result) => result.split_once(". ")?.1.to_owned(),
            None => line.trim_start().strip_prefix("Summary [")?.split_once(" run: ")?.1.to_owned(),
        };
        let mut tally = Self::default();
        // `2 passed (1 slow), 1 failed, 1 timed out, 3 skipped` and `2 passed; 1 failed; 0 ignored;
        // …`
        for part in counts.split([',', ';', '(']) {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u64>().ok());
            let (Some(number), Some(kind)) = (number, words.next()) else { continue };
            match kind.trim_end_matches(')') {
                "passed" => tally.passed += number,
                "failed" | "timed" | "exec" => tally.failed += number,
                "skipped" | "ignored" => tally.skipped += number,
                _ => {}
            }
        }
        Some(tally)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// `line` without the escape sequences that colour it.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    for (index, part) in line.split('\u{1b}').enumerate() {
        let text =
            if index == 0 { part } else { part.split_once('m').map_or("", |(_, text)| text) };
        plain.push_str(text);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_runners_are_counted() {
        let cases = [
            ("     Summary [   0.186s] 38 tests run: 38 passed, 2 skipped", (38, 0, 2)),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [ 1s] \u{1b}[1m1\u{1b}[0m test run: \
                 \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped",
                (1, 0, 0),
            ),
            (
                "Summary [ 9s] 9 tests run: 5 passed (1 slow, 1 flaky), 2 failed, 1 timed out, \
                 1 exec failed, 0 skipped",
                (5, 4, 0),
            ),
            (
                "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out",
                (3, 1, 2),
            ),
        ];
        for (line, (passed, failed, skipped)) in cases {
            assert_eq!(Tally::of_line(line), Some(Tally { passed, failed, skipped }), "{line}");
        }
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in
            ["", "PASS [ 0.1s] a b", "test a ... ok", "3 passed, 0 failed", "Summary of all"]
        {
            assert_eq!(Tally::of_line(line), None, "{line}");
        }
    }
}
