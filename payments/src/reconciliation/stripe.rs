//! Stripe's itemised *balance change from activity*: a table of comma-separated values with a line
//! for each movement of money. Looked at are the lines of these categories, by the payment intent
//! that they are of.
//!
//! | category | what it is |
//! | --- | --- |
//! | `charge` | captured |
//! | `refund`, `refund_failure` | given back, and come back |
//! | `dispute`, `dispute_reversal` | taken back by the buyer's bank, and given back by it |
//!
//! An amount is in the currency that the buyer paid in, where the report says it apart from the one
//! that it was converted into.

use common::money::Currency;

use super::{BadReport, Report, signed};
use crate::provider::stripe::NAME;

/// Columns without which a report says nothing.
const NEEDED: [&str; 4] = ["reporting_category", "currency", "gross", "payment_intent_id"];

/// The categories of lines that are looked at.
const CATEGORIES: [&str; 5] = ["charge", "refund", "refund_failure", "dispute", "dispute_reversal"];

/// Reads a report.
pub(super) fn read(text: &[u8]) -> Result<Report, BadReport> {
    let mut table = csv::Reader::from_reader(text);
    let columns = table.headers()?.clone();
    let place = |name: &str| columns.iter().position(|column| column.trim() == name);
    for name in NEEDED {
        place(name).ok_or(BadReport::Column(name))?;
    }
    let mut report = Report::of(NAME);
    for record in table.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let of = |name: &str| place(name).and_then(|at| record.get(at)).unwrap_or("").trim();
        let category = of("reporting_category");
        if !CATEGORIES.contains(&category) {
            *report.others.entry(category.to_owned()).or_default() += 1;
            continue;
        }
        let bad = |what: String| BadReport::Value { line, what };
        let is_apart = !of("customer_facing_amount").is_empty();
        let (amount, currency) = if is_apart {
            (of("customer_facing_amount"), of("customer_facing_currency"))
        } else {
            (of("gross"), of("currency"))
        };
        let currency: Currency =
            currency.parse().map_err(|why| bad(format!("{currency:?} is {why}")))?;
        let minor = signed(amount, currency)
            .ok_or_else(|| bad(format!("{amount:?} is no amount of {}", currency.code())))?;
        let payment = of("payment_intent_id");
        if payment.is_empty() {
            return Err(bad(format!("a {category} without a payment_intent_id")));
        }
        let moved = report.moves.entry((payment.to_owned(), currency.code())).or_default();
        match category {
            "charge" => moved.taken += minor,
            "dispute" | "dispute_reversal" => moved.disputed -= minor,
            _ => moved.returned -= minor,
        }
        report.lines += 1;
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Difference, Moved, Moves, differences};
    use super::*;

    const HEAD: &str = "balance_transaction_id,created_utc,currency,gross,fee,net,\
        reporting_category,source_id,description,customer_facing_amount,\
        customer_facing_currency,charge_id,payment_intent_id\n";

    fn report(lines: &str) -> Report {
        read(format!("{HEAD}{lines}").as_bytes()).unwrap()
    }

    fn moves(of: &[(&str, i64, i64)]) -> Moves {
        let moved = |(id, taken, returned): &(&str, i64, i64)| {
            let key = ((*id).to_owned(), "usd");
            (key, Moved { taken: *taken, returned: *returned, disputed: 0 })
        };
        of.iter().map(moved).collect()
    }

    #[test]
    fn a_report_that_says_the_same_differs_by_nothing() {
        let report = report(
            "txn_1,2026-11-27,usd,41.00,1.49,39.51,charge,ch_1,\"2, \"\"front\"\"\",,,ch_1,pi_1\n\
             txn_2,2026-11-27 10:00:00,eur,30.1,1,29.1,charge,ch_2,x,35.50,usd,ch_2,pi_2\n\
             txn_3,2026-11-27 11:00:00,usd,-41,0,-41,refund,re_1,x,,,ch_1,pi_1\n\
             txn_4,2026-11-27 12:00:00,usd,-100,0,-100,payout,po_1,x,,,,\n",
        );
        assert_eq!(report.lines, 3);
        assert_eq!(report.others, BTreeMap::from([("payout".to_owned(), 1)]));
        let booked = moves(&[("pi_1", 4_100, 4_100), ("pi_2", 3_550, 0)]);
        assert_eq!(differences(&booked, &report), []);
    }

    #[test]
    fn each_difference_is_told_on_both_sides() {
        let report = report(
            "txn_1,x,usd,40.99,1,1,charge,ch_1,x,,,ch_1,pi_1\n\
             txn_2,x,usd,5,1,1,charge,ch_9,x,,,ch_9,pi_9\n",
        );
        let booked = moves(&[("pi_1", 4_100, 0), ("pi_2", 700, 700)]);
        let found = differences(&booked, &report);
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "pi_1: 41 USD captured by the books, 40.99 USD captured by the report",
                "pi_2: 7 USD captured and 7 USD given back by the books, nothing by the report",
                "pi_9: nothing by the books, 5 USD captured by the report",
            ]
        );
        assert_eq!(found.iter().map(Difference::net).collect::<Vec<_>>(), [-1, 0, 500]);
    }

    #[test]
    fn what_is_no_report_is_refused_by_what_is_wrong_with_it() {
        let said = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(said("id,amount\n1,2\n").contains("reporting_category"));
        for (line, wrong) in [
            ("t,x,usd,4.999,1,1,charge,c,x,,,c,pi_1\n", "line 2: \"4.999\" is no amount of usd"),
            ("t,x,usd,1e3,1,1,charge,c,x,,,c,pi_1\n", "is no amount"),
            ("t,x,xxx,1,1,1,charge,c,x,,,c,pi_1\n", "line 2: \"xxx\" is not a known"),
            ("t,x,usd,1,1,1,charge,c,x,,,c,\n", "without a payment_intent_id"),
            ("t,x\n", "not a table"),
        ] {
            let told = said(&format!("{HEAD}{line}"));
            assert!(told.contains(wrong), "{told}");
        }
    }
}
