//! The books as a whole, for whoever holds them against something: what is on each account, what is
//! wrong, and what the provider's report says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use common::id::OrderId;
use common::money::{Currency, Money};
use common::scan::all;
use common::store::{Store, Unavailable};
use common::time::Clock;

use super::audit;
use crate::domain::ledger::Balances;
use crate::domain::refund::{Fate, fate};
use crate::domain::{Account, Entry, Payable, Payment, State};
use crate::provider::{mollie, stripe};
use crate::reconciliation::{self, Difference, Moves, Report};

/// Most sentences printed of one kind: enough to see what is wrong, few enough to be read.
const MOST_SHOWN: usize = 20;

/// Most readings of books that are written meanwhile.
const READINGS: u32 = 4;

/// Between two of them: longer than any commit takes, so that what they have in common is no
/// passing thing.
const PAUSE: Duration = Duration::from_secs(5);

/// The books.
#[derive(Debug)]
pub struct Books {
    /// How many entries there are.
    pub entries: usize,
    /// What is on each account, by currency.
    pub balances: Balances,
    /// What is held for orders that are complete and whose seller is not known.
    pub unassigned: BTreeMap<&'static str, i128>,
    /// What is wrong, a sentence each.
    pub findings: Vec<String>,
    /// What each provider of real money should have moved.
    booked: BTreeMap<&'static str, Moves>,
}

/// The books beside a report.
#[derive(Debug)]
pub struct Compared {
    /// What to print.
    pub text: String,
    /// How many differences there are.
    pub wrong: usize,
}

impl Books {
    /// Reads the books in `store`, and audits them beside the sandbox's in `sandbox`.
    ///
    /// # Errors
    /// When a store cannot serve, or holds what cannot be read.
    pub async fn read(store: &dyn Store, sandbox: &dyn Store) -> Result<Self, Unavailable> {
        let findings = audit::findings(store, sandbox).await?;
        let entries = all::<Entry>(store).await?;
        let mut balances = Balances::new();
        for entry in &entries {
            entry.post_to(&mut balances);
        }
        let payments = all::<Payment>(store).await?;
        let payables = all::<Payable>(store).await?;
        let payables = payables.into_iter().map(|payable| (payable.order, payable)).collect();
        let mut unassigned = BTreeMap::new();
        for payment in payments.iter().filter(|payment| is_unassigned(payment, &payables)) {
            let Money { minor, currency } = payment.amount;
            *unassigned.entry(currency.code()).or_default() += i128::from(minor);
        }
        let of = |provider| (provider, reconciliation::booked(payments.iter(), provider));
        let booked = [stripe::NAME, mollie::NAME].map(of).into();
        Ok(Self { entries: entries.len(), balances, unassigned, findings, booked })
    }

    /// The same beside a service that is at work, with what is wrong in each of several readings.
    /// One reading of books that are written meanwhile sees some of a commit before it and some
    /// after it, and finds that they differ.
    ///
    /// # Errors
    /// When a store cannot serve, or holds what cannot be read.
    pub async fn read_beside(
        store: &dyn Store,
        sandbox: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<Self, Unavailable> {
        let mut books = Self::read(store, sandbox).await?;
        for _ in 1..READINGS {
            if books.findings.is_empty() {
                break;
            }
            clock.sleep(PAUSE).await;
            let before: BTreeSet<String> = books.findings.into_iter().collect();
            books = Self::read(store, sandbox).await?;
            books.findings.retain(|finding| before.contains(finding));
        }
        Ok(books)
    }
}

fn is_unassigned(payment: &Payment, payables: &BTreeMap<OrderId, Payable>) -> bool {
    let payable = payables.get(&payment.order);
    matches!(payment.state, State::Captured { .. })
        && payable.is_some_and(|known| known.seller.is_none() && fate(payment, known) == Fate::Kept)
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} entries; what is on each account, + debit, - credit:", self.entries)?;
        for ((account, currency), sum) in &self.balances {
            writeln!(f, "  {:<18} {:>20}", name(*account), major(*sum, currency))?;
        }
        for (currency, sum) in &self.unassigned {
            let held = major(*sum, currency);
            writeln!(f, "{held} of order_funds are of orders whose seller is not known")?;
        }
        if self.findings.is_empty() {
            writeln!(f, "every entry sums to zero, and the payments say the same as the entries")?;
        }
        list(f, &self.findings)
    }
}

/// The books beside the provider's report.
pub fn compare(books: &Books, report: &Report) -> Compared {
    let none = Moves::new();
    let booked = books.booked.get(report.provider).unwrap_or(&none);
    let differences = reconciliation::differences(booked, report);
    let mut net: BTreeMap<&str, i128> = BTreeMap::new();
    for (_, currency) in booked.keys().chain(report.moves.keys()) {
        net.entry(currency).or_default();
    }
    for difference in &differences {
        *net.entry(difference.currency.code()).or_default() += i128::from(difference.net());
    }
    let others: Vec<String> =
        report.others.iter().map(|(category, lines)| format!("{lines} {category}")).collect();
    let mut text = format!("the report of {}: {} lines of payments", report.provider, report.lines);
    if !others.is_empty() {
        text += &format!(", and of what is not in these books {}", others.join(", "));
    }
    text.push('\n');
    for (currency, sum) in net {
        text += &format!("difference {}\n", major(sum, currency));
    }
    if report.moves.is_empty() && booked.is_empty() {
        text += "difference 0.00: neither says anything\n";
    }
    text += &Listed(&differences).to_string();
    Compared { text, wrong: differences.len() }
}

struct Listed<'a>(&'a [Difference]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.0)
    }
}

fn list(f: &mut fmt::Formatter<'_>, sentences: &[impl fmt::Display]) -> fmt::Result {
    for sentence in sentences.iter().take(MOST_SHOWN) {
        writeln!(f, "  {sentence}")?;
    }
    match sentences.len().saturating_sub(MOST_SHOWN) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}

/// An account's name, as entries write it.
fn name(account: Account) -> &'static str {
    match account {
        Account::ProviderClearing => "provider_clearing",
        Account::OrderFunds => "order_funds",
        Account::BuyerRefunds => "buyer_refunds",
        Account::SellerPayable => "seller_payable",
        Account::PlatformFee => "platform_fee",
        Account::PaidOut => "paid_out",
        Account::DisputeCosts => "dispute_costs",
    }
}

/// A sum with all the decimals of its currency.
fn major(sum: i128, code: &str) -> String {
    let decimals = code.parse().map_or(2, Currency::decimals);
    let width = usize::try_from(decimals).unwrap_or(0);
    let (sign, size, scale) =
        (if sum < 0 { "-" } else { "" }, sum.unsigned_abs(), 10_u128.pow(decimals));
    let (whole, part) = (size / scale, size % scale);
    let code = code.to_ascii_uppercase();
    if decimals == 0 {
        return format!("{sign}{whole} {code}");
    }
    format!("{sign}{whole}.{part:0width$} {code}")
}
