//! What the account's owner fetches to hold their books against: balance transactions, newest
//! first, in pages.

use serde_json::{Value, json};

use super::Mollie;
use super::payments::written;
use crate::ledger::{Kind, Line};

/// Transactions on one page.
const PAGE: usize = 50;

/// What Mollie keeps of a payment.
const FEE: i64 = 29;

impl Mollie {
    /// All pages, one after the other, but for the last `less` movements of payments' money.
    pub fn report(&self, less: usize) -> String {
        let lines = self.with_ledger(|ledger| ledger.lines().to_vec());
        let kept = lines.len().saturating_sub(less);
        let mut transactions: Vec<Value> = vec![paid_out()];
        let listed = lines.iter().enumerate().take(kept).rev();
        transactions.extend(listed.map(|(number, line)| transaction(number, line)));
        let pages: Vec<&[Value]> = transactions.chunks(PAGE).collect();
        let page = |(number, page): (usize, &&[Value])| {
            let next = pages.get(number + 1).and_then(|next| next.first());
            let next = next.and_then(|next| next["id"].as_str()).map(|first| {
                let path = "v2/balances/primary/transactions";
                json!({"href": format!("https://api.mollie.example/{path}?from={first}")})
            });
            let list = json!({"balance_transactions": page});
            json!({"count": page.len(), "_embedded": list, "_links": {"next": next}}).to_string()
        };
        pages.iter().enumerate().map(page).collect::<Vec<_>>().join("\n")
    }
}

/// What the owner was paid: it is of no payment.
fn paid_out() -> Value {
    json!({
        "resource": "balance_transaction",
        "id": "baltr_paid",
        "type": "outgoing-transfer",
        "resultAmount": {"currency": "USD", "value": "-100.00"},
        "initialAmount": {"currency": "USD", "value": "-100.00"},
        "context": {"settlementId": "stl_1"},
    })
}

fn transaction(number: usize, line: &Line) -> Value {
    let kind = match line.kind {
        Kind::Captured => "payment",
        Kind::Refunded if line.amount < 0 => "returned-refund",
        Kind::Refunded => "refund",
        Kind::Disputed => "chargeback",
        Kind::DisputeWon => "chargeback-reversal",
        Kind::DisputeFee => "balance-correction",
    };
    let fee = if line.kind == Kind::Captured { FEE } else { 0 };
    let currency = line.currency.to_ascii_uppercase();
    let amount = |minor: i64| {
        let sign = if minor < 0 { "-" } else { "" };
        json!({"currency": currency, "value": format!("{sign}{}", written(minor.abs()))})
    };
    json!({
        "resource": "balance_transaction",
        "id": format!("baltr_{number}"),
        "type": kind,
        "resultAmount": amount(line.signed() - fee),
        "initialAmount": amount(line.signed()),
        "deductions": amount(-fee),
        "context": {"paymentId": line.name},
    })
}
