//! What is printed: a line for each rule, and below it what breaks it.

use std::io::{self, Write};

use super::facts::Facts;
use super::rules;

/// Most sentences printed for one rule: enough to see what is wrong, few enough to be read.
const MOST_SHOWN: usize = 20;

/// The longest of [`Line::about`], for the column.
const ABOUT_WIDTH: usize = 36;

/// The longest of [`Line::counted`], as a rule.
const COUNTED_WIDTH: usize = 54;

/// A rule, what it was tried on, and what breaks it.
#[derive(Debug)]
pub struct Line {
    /// As in docs/invariants.md; empty where it has no number.
    pub rule: &'static str,
    about: &'static str,
    counted: String,
    /// A sentence for each finding.
    pub findings: Vec<String>,
}

/// All rules on `facts`. `unpublished` is how many events were committed and not published when the
/// services were stopped.
pub fn lines(facts: &Facts, unpublished: usize) -> Vec<Line> {
    let orders = count(facts.orders.len(), "order");
    let stocks = count(facts.stocks.len(), "stock");
    let tickets = count(facts.tickets.len(), "ticket");
    let payments = count(facts.payments.len(), "payment");
    let told = count(facts.told.events, "event");
    let payables = count(facts.payables.len(), "payable");
    let sessions = facts.sessions.values().map(|known| known.len()).sum();
    let sessions = count(sessions, "account");
    let open = count(facts.orders_that_are(|status| !status.is_terminal()), "open one");
    let live = facts.orders.values().filter(|order| order.is_live()).count();
    let live = count(live, "live order");
    let mut events = rules::events(facts);
    if unpublished > 0 {
        events.push(format!("{} not published", count(unpublished, "event")));
    }
    let line = |rule, about, counted, findings| Line { rule, about, counted, findings };
    vec![
        line("I1", "units in live orders", format!("{live}, {stocks}"), rules::units(facts)),
        line("I2", "order states move forward", format!("{orders}, {open}"), rules::states(facts)),
        line("I6", "the books, and the provider's", payments.clone(), rules::money(facts)),
        line(
            "I9",
            "each change has its event",
            format!("{tickets}, {orders}, {payments}, {told}"),
            events,
        ),
        line(
            "I18",
            "copies equal the originals",
            format!("{stocks}, {payables}, {sessions}"),
            rules::copies(facts),
        ),
        line("I21", "copies can be rebuilt from outboxes", told, rules::rebuilt(facts)),
        line(
            "",
            "no event is set aside",
            count(facts.set_aside.len(), "event"),
            facts.set_aside.clone(),
        ),
    ]
}

/// Writes the lines.
///
/// # Errors
/// When `out` cannot be written.
pub fn print(out: &mut dyn Write, lines: &[Line]) -> io::Result<()> {
    for line in lines {
        let Line { rule, about, counted, findings } = line;
        let verdict = match findings.len() {
            0 => "ok".to_owned(),
            many => count(many, "finding"),
        };
        writeln!(out, "{rule:<4} {about:<ABOUT_WIDTH$} {counted:<COUNTED_WIDTH$} {verdict}")?;
        for finding in findings.iter().take(MOST_SHOWN) {
            writeln!(out, "     - {finding}")?;
        }
        if let Some(more) = findings.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
            writeln!(out, "     and {} more", grouped(more))?;
        }
    }
    out.flush()
}

/// `1 order`, `1,204 orders`.
fn count(many: usize, what: &str) -> String {
    let plural = if many == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(many))
}

/// With a comma between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_tried_and_what_was_found() {
        let findings: Vec<String> = (0..22).map(|n| format!("order {n} is odd")).collect();
        let tried = |findings| Line {
            rule: "I1",
            about: "units",
            counted: count(1_204, "order"),
            findings,
        };
        let mut out = Vec::new();
        print(&mut out, &[tried(vec![]), tried(findings)]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("I1   units"), "{text}");
        assert!(lines[0].contains("1,204 orders") && lines[0].ends_with("ok"), "{text}");
        assert!(lines[1].ends_with("22 findings"), "{text}");
        assert_eq!(lines[2], "     - order 0 is odd");
        assert_eq!((lines.len(), lines[22]), (23, "     and 2 more"));
    }

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(count(1, "order"), "1 order");
    }
}
