//! Mollie's list of balance transactions, as its API gives it at `/v2/balances/{id}/transactions`:
//! page after page in one file, of all balances and of all time.
//!
//! | type | what it is |
//! | --- | --- |
//! | `payment`, `capture` | captured |
//! | `failed-payment`, `unauthorized-direct-debit` | captured, and not paid after all |
//! | `refund`, `returned-refund` | given back, and come back |
//! | `chargeback`, `chargeback-reversal` | taken back by the buyer's bank, and given back by it |
//!
//! An amount is what was to be moved before Mollie kept its fees (`initialAmount`), in the currency
//! of the balance.

use std::collections::BTreeSet;

use common::money::Currency;
use serde::Deserialize;
use serde_json::Value;

use super::{BadReport, Report, signed};
use crate::provider::mollie::NAME;

/// A page.
#[derive(Deserialize)]
struct Page {
    #[serde(rename = "_embedded")]
    embedded: Embedded,
    #[serde(default, rename = "_links")]
    links: Links,
}

#[derive(Deserialize)]
struct Embedded {
    balance_transactions: Vec<Transaction>,
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(default)]
    next: Option<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

/// A movement of money.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    initial_amount: Amount,
    /// What it is of: names, in one object or in one for each kind.
    #[serde(default)]
    context: Value,
}

#[derive(Deserialize)]
struct Amount {
    currency: String,
    value: String,
}

/// Which column of [`super::Moved`] a type of transaction is of.
enum Column {
    Taken,
    Returned,
    Disputed,
}

/// Reads a report.
pub(super) fn read(text: &[u8]) -> Result<Report, BadReport> {
    let mut report = Report::of(NAME);
    let (mut known, mut wanted) = (BTreeSet::new(), Vec::new());
    for page in serde_json::Deserializer::from_slice(text).into_iter::<Page>() {
        let page = page.map_err(BadReport::List)?;
        wanted.extend(page.links.next.as_ref().and_then(first_of));
        for transaction in page.embedded.balance_transactions {
            // A page that was fetched twice says nothing more by that.
            if known.insert(transaction.id.clone()) {
                add(&mut report, &transaction)?;
            }
        }
    }
    match wanted.into_iter().find(|first| !known.contains(first)) {
        Some(first) => Err(BadReport::Page(first)),
        None => Ok(report),
    }
}

/// The transaction that the page behind a link begins with.
fn first_of(link: &Link) -> Option<String> {
    let (_, query) = link.href.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == "from").map(|(_, first)| first.into_owned())
}

fn add(report: &mut Report, transaction: &Transaction) -> Result<(), BadReport> {
    let Transaction { id, kind, initial_amount, context } = transaction;
    let column = match kind.as_str() {
        "payment" | "capture" | "failed-payment" | "unauthorized-direct-debit" => Column::Taken,
        "refund" | "returned-refund" => Column::Returned,
        "chargeback" | "chargeback-reversal" => Column::Disputed,
        _ => {
            *report.others.entry(kind.clone()).or_default() += 1;
            return Ok(());
        }
    };
    let bad = |what: String| BadReport::Transaction { id: id.clone(), what };
    let Amount { currency, value } = initial_amount;
    let currency: Currency = currency
        .to_ascii_lowercase()
        .parse()
        .map_err(|why| bad(format!("{currency:?} is {why}")))?;
    let minor = signed(value, currency)
        .ok_or_else(|| bad(format!("{value:?} is no amount of {}", currency.code())))?;
    let payment =
        payment_in(context).ok_or_else(|| bad(format!("a {kind} without a paymentId")))?;
    let moved = report.moves.entry((payment.to_owned(), currency.code())).or_default();
    match column {
        Column::Taken => moved.taken += minor,
        Column::Returned => moved.returned -= minor,
        Column::Disputed => moved.disputed -= minor,
    }
    report.lines += 1;
    Ok(())
}

/// Mollie's name for the payment that something is of.
fn payment_in(context: &Value) -> Option<&str> {
    let named = |object: &'_ Value| object.get("paymentId").is_some_and(Value::is_string);
    let nested = || context.as_object()?.values().find(|object| named(object));
    let object = if named(context) { Some(context) } else { nested() };
    object?.get("paymentId")?.as_str()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Moved, differences};
    use super::*;

    fn transaction(id: u32, kind: &str, value: &str, context: &str) -> String {
        format!(
            r#"{{"resource":"balance_transaction","id":"baltr_{id}","type":"{kind}",
                "initialAmount":{{"currency":"EUR","value":"{value}"}},
                "resultAmount":{{"currency":"EUR","value":"{value}"}},"context":{context}}}"#
        )
    }

    fn page(transactions: &[String], next: Option<u32>) -> String {
        let next = next.map_or("null".to_owned(), |id| {
            format!(r#"{{"href":"https://api.mollie.com/v2/x?limit=250&from=baltr_{id}"}}"#)
        });
        let list = transactions.join(",");
        format!(
            r#"{{"count":1,"_embedded":{{"balance_transactions":[{list}]}},
                "_links":{{"next":{next}}}}}"#
        )
    }

    const OF_1: &str = r#"{"paymentId":"tr_1"}"#;
    const OF_2: &str = r#"{"payment":{"paymentId":"tr_2","paymentDescription":"…"}}"#;

    #[test]
    fn what_was_moved_is_read_of_all_pages_in_any_order_and_once() {
        let later = page(
            &[
                transaction(9, "outgoing-transfer", "-50.00", "{}"),
                transaction(8, "chargeback", "-41.00", OF_1),
                transaction(7, "chargeback-reversal", "41.00", OF_1),
            ],
            Some(6),
        );
        let earlier = page(
            &[
                transaction(6, "returned-refund", "3.00", OF_1),
                transaction(5, "refund", "-3.00", r#"{"paymentId":"tr_1","refundId":"re_1"}"#),
                transaction(4, "refund", "-10.00", OF_1),
                transaction(3, "unauthorized-direct-debit", "-7.00", OF_2),
                transaction(2, "payment", "7.00", OF_2),
                transaction(1, "payment", "41.00", OF_1),
            ],
            None,
        );
        for text in [
            format!("{later}{earlier}"),
            format!("\n{earlier}{later}"),
            format!("{later}{later}{earlier}"),
        ] {
            let report = read(text.as_bytes()).unwrap();
            assert_eq!(report.lines, 8);
            assert_eq!(report.others, BTreeMap::from([("outgoing-transfer".to_owned(), 1)]));
            let one = Moved { taken: 4_100, returned: 1_000, disputed: 0 };
            let moves = BTreeMap::from([
                (("tr_1".to_owned(), "eur"), one),
                (("tr_2".to_owned(), "eur"), Moved::default()),
            ]);
            assert_eq!(report.moves, moves);
            assert_eq!(differences(&moves, &report), []);
        }
    }

    #[test]
    fn what_is_no_report_is_refused_by_what_is_wrong_with_it() {
        let said = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        for other in ["{}", "[]", r#"{"count":0,"_embedded":{"payments":[]}}"#, "{\"count\":"] {
            assert!(said(other).contains("no list of Mollie's balance transactions"), "{other}");
        }
        let missing = page(&[transaction(9, "payment", "1.00", OF_1)], Some(8));
        assert!(said(&missing).contains("baltr_8"), "{}", said(&missing));
        for (wrong, value, context) in [
            ("baltr_1: a payment without a paymentId", "1.00", "{}"),
            ("baltr_1: a payment without a paymentId", "1.00", r#"{"paymentId":null}"#),
            ("baltr_1: \"1.001\" is no amount of eur", "1.001", OF_1),
            ("baltr_1: \"1e3\" is no amount of eur", "1e3", OF_1),
        ] {
            let told = said(&page(&[transaction(1, "payment", value, context)], None));
            assert!(told.contains(wrong), "{told}");
        }
    }
}
