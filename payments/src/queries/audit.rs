//! What a stopped service's data must show (I3–I6): the books balance, and agree with the payments
//! and the provider.

use std::collections::{BTreeMap, BTreeSet};

use common::id::{OrderId, PaymentId, UserId};
use common::scan::all;
use common::store::{Store, Unavailable};

use crate::commands::sale_of;
use crate::domain::ledger::Balances;
use crate::domain::refund::{Fate, fate};
use crate::domain::{
    Account, Entry, EntryKind, PaidTo, Payable, Payment, Receipt, Series, Standing, State,
};
use crate::provider::sandbox;
use crate::provider::sandbox::ledger::{Line, statement};

/// Everything that is wrong with the payments in `store`, beside the provider's own ledger in
/// `sandbox`: a sentence each. Nothing is said about what was going on when the service stopped,
/// and will be settled when it starts.
///
/// # Errors
/// When a store cannot serve, or holds what cannot be read.
pub async fn findings(store: &dyn Store, sandbox: &dyn Store) -> Result<Vec<String>, Unavailable> {
    let mut books = Books::default();
    for entry in all::<Entry>(store).await? {
        books.add(entry);
    }
    books.close();
    let lines = statement(sandbox).await?;
    let payables: BTreeMap<OrderId, Payable> =
        all::<Payable>(store).await?.into_iter().map(|payable| (payable.order, payable)).collect();
    let mut known = BTreeSet::new();
    let mut kept: BTreeMap<OrderId, u32> = BTreeMap::new();
    for payment in all::<Payment>(store).await? {
        known.insert(payment.id);
        let is_kept = matches!(payment.state, State::Captured { .. });
        *kept.entry(payment.order).or_default() += u32::from(is_kept);
        let payable = payables.get(&payment.order);
        books.agree(&payment, payable);
        books.compare(&payment, lines.get(&payment.id));
        books.rest(&payment, payable);
    }
    books.strangers(&known, &lines);
    for (order, captures) in kept.into_iter().filter(|(_, captures)| *captures > 1) {
        books.findings.push(format!("I4: order {order} has {captures} captures"));
    }
    books.paid(all::<PaidTo>(store).await?);
    books.findings.extend(misnumbered(store).await?);
    Ok(books.findings)
}

/// What is wrong with the numbers of receipts (I31): those of a year are 1, 2, 3 and so on, up to
/// where its series has got.
async fn misnumbered(store: &dyn Store) -> Result<Vec<String>, Unavailable> {
    let mut given: BTreeMap<i16, Vec<u64>> = BTreeMap::new();
    for receipt in all::<Receipt>(store).await? {
        let Some(issued) = receipt.issued else { continue };
        given.entry(issued.number.year).or_default().push(issued.number.serial);
    }
    let series = all::<Series>(store).await?.into_iter().map(|series| (series.year, series.last));
    let mut last: BTreeMap<i16, u64> = series.collect();
    let mut findings = Vec::new();
    for (year, mut serials) in given {
        serials.sort_unstable();
        if !serials.into_iter().eq(1..=last.remove(&year).unwrap_or(0)) {
            findings.push(format!("I31: the receipts of {year} are not numbered without gaps"));
        }
    }
    let lost = last.into_iter().filter(|(_, last)| *last > 0);
    findings.extend(lost.map(|(year, _)| format!("I31: the receipts of {year} are not there")));
    Ok(findings)
}

#[derive(Default)]
struct Books {
    booked: BTreeMap<PaymentId, Vec<Entry>>,
    balances: Balances,
    /// What each seller was paid in a currency, by the id of its total.
    paid: BTreeMap<String, i64>,
    findings: Vec<String>,
}

impl Books {
    fn add(&mut self, entry: Entry) {
        if !entry.balances() {
            self.findings.push(format!("I6: entry {} does not sum to zero", entry.id()));
        }
        entry.post_to(&mut self.balances);
        match entry.payment {
            Some(payment) => self.booked.entry(payment).or_default().push(entry),
            None if entry.kind == EntryKind::PaidOut && entry.seller.is_some() => {
                let paid = entry.seller.zip(entry.currency());
                let total = paid.map(|(seller, currency)| PaidTo::id_of(seller, currency));
                *self.paid.entry(total.unwrap_or_default()).or_default() -=
                    entry.posted(Account::PaidOut);
            }
            None => self.findings.push(format!("I6: entry {} books nothing", entry.id())),
        }
    }

    /// What sellers were paid is what was booked: by their totals no more than was payable is paid.
    fn paid(&mut self, totals: Vec<PaidTo>) {
        let mut paid = std::mem::take(&mut self.paid);
        for PaidTo { seller, currency, total } in totals {
            if paid.remove(&PaidTo::id_of(seller, currency)) != Some(total) {
                let code = currency.code();
                let sentence =
                    format!("I6: seller {seller} was not paid {total} {code} by the books");
                self.findings.push(sentence);
            }
        }
        for total in paid.keys() {
            self.findings.push(format!("I6: payouts are booked without their total {total}"));
        }
    }

    fn close(&mut self) {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for ((_, currency), sum) in &self.balances {
            *sums.entry(currency).or_default() += sum;
        }
        for (currency, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            self.findings.push(format!("I6: the ledger sums to {sum} {currency}, not to zero"));
        }
    }

    /// The entries of a payment are those of its state.
    fn agree(&mut self, payment: &Payment, payable: Option<&Payable>) {
        let mut expected = expected(payment, payable.and_then(|payable| payable.seller));
        let booked = self.booked.remove(&payment.id).unwrap_or_default();
        if let Some(earned) = payable.and_then(|payable| earned(payment, payable)) {
            // One that is still to be looked at may be known to be kept a moment before it is
            // booked.
            let is_booked = booked.iter().any(|entry| entry.kind == EntryKind::Earned);
            if is_booked || payment.due.is_none() {
                expected.push(earned);
            }
        }
        let is_booked = booked.len() == expected.len()
            && expected.iter().all(|wanted| booked.iter().any(|entry| books_same(entry, wanted)));
        if !is_booked {
            let id = payment.id;
            self.findings.push(format!("I6: the ledger does not book payment {id} as it stands"));
        }
    }

    /// The provider says the same.
    fn compare(&mut self, payment: &Payment, line: Option<&Line>) {
        let (id, amount) = (payment.id, payment.amount);
        if payment.provider != sandbox::NAME {
            // Another provider's books are not in this folder.
            return;
        }
        let is_whole = line.is_none_or(|line| line.captured == amount);
        let agrees = is_whole
            && match (&payment.state, line) {
                // It is asked for again, and the answer will be what the provider has.
                (State::Started { .. }, line) => line.is_none_or(|line| line.refunds.is_empty()),
                (State::Declined { .. }, line) => line.is_none(),
                (State::Captured { .. }, Some(line)) => agree_on_parts(payment, line),
                (State::Refunding { .. }, Some(_)) => true,
                (State::Refunded { refund, .. }, Some(line)) => {
                    payment.is_by_dispute(refund) || line.is_refunded()
                }
                (_, None) => false,
            };
        let agrees = agrees && line.is_none_or(|line| agree_on_disputes(payment, line));
        if !agrees {
            self.findings.push(format!("I6: the provider does not say the same of payment {id}"));
        }
    }

    /// A payment that nothing can follow for is at an end that is allowed.
    fn rest(&mut self, payment: &Payment, payable: Option<&Payable>) {
        if payment.due.is_some() || !matches!(payment.state, State::Captured { .. }) {
            return;
        }
        let is_kept = payable.is_some_and(|payable| fate(payment, payable) == Fate::Kept);
        if !is_kept {
            let id = payment.id;
            self.findings.push(format!("I3: payment {id} is kept for an order that is not paid"));
        }
    }

    fn strangers(&mut self, known: &BTreeSet<PaymentId>, lines: &BTreeMap<PaymentId, Line>) {
        for payment in self.booked.keys() {
            self.findings
                .push(format!("I6: the ledger books payment {payment}, which is not there"));
        }
        for payment in lines.keys().filter(|payment| !known.contains(payment)) {
            self.findings
                .push(format!("I6: the provider took money for {payment}, which is not there"));
        }
    }
}

/// The entry that books what was earned by a payment; `None` where nothing was, or where it is not
/// known by whom.
fn earned(payment: &Payment, payable: &Payable) -> Option<Entry> {
    let is_held = matches!(payment.state, State::Captured { .. });
    let is_kept = is_held && fate(payment, payable) == Fate::Kept;
    let (sale, at) = (sale_of(payment, payable), payment.created_at);
    let seller = payable.seller.filter(|_| is_kept)?;
    Some(Entry::earned(payment.id, payment.amount, seller, sale, at))
}

/// The entries of a payment that stands where it does, but for what was earned by it.
fn expected(payment: &Payment, seller: Option<UserId>) -> Vec<Entry> {
    let (id, amount, at) = (payment.id, payment.amount, payment.created_at);
    let kinds: &[EntryKind] = match payment.state {
        State::Started { .. } | State::Declined { .. } => &[],
        State::Captured { .. } => &[EntryKind::Captured],
        State::Refunding { .. } => &[EntryKind::Captured, EntryKind::RefundOwed],
        State::Refunded { ref refund, .. } if payment.is_by_dispute(refund) => {
            &[EntryKind::Captured, EntryKind::RefundOwed]
        }
        State::Refunded { .. } => {
            &[EntryKind::Captured, EntryKind::RefundOwed, EntryKind::Refunded]
        }
    };
    let mut entries: Vec<_> = kinds.iter().map(|kind| Entry::new(id, *kind, amount, at)).collect();
    if matches!(&payment.state, State::Refunded { refund, .. } if payment.is_by_dispute(refund)) {
        entries.push(Entry::settled_by_dispute(payment, None, seller, at));
    }
    let moves = payment.disputes.iter().flat_map(|dispute| &dispute.moves);
    entries.extend(moves.map(|moved| Entry::of_dispute(payment, moved, seller)));
    let mut before = 0;
    for refund in &payment.refunds {
        let (part, amount) = (Some(refund.number), refund.amount);
        entries.push(Entry::part_owed(payment, amount, before, seller, at).of_part(part));
        before += amount.minor;
        entries.extend(refund.done.as_ref().map(|done| {
            if payment.is_by_dispute(&done.reference) {
                Entry::settled_by_dispute(payment, part, seller, at)
            } else {
                Entry::new(id, EntryKind::Refunded, amount, at).of_part(part)
            }
        }));
    }
    entries
}

/// Whether the provider gave back what we know that it did, at most what we owe besides, and
/// nothing else.
fn agree_on_parts(payment: &Payment, line: &Line) -> bool {
    let parts: BTreeMap<_, _> =
        payment.refunds.iter().map(|refund| (Some(refund.number), refund)).collect();
    let are_ours = line
        .refunds
        .iter()
        .all(|(part, amount)| parts.get(part).is_some_and(|refund| refund.amount == *amount));
    are_ours
        && payment.done().all(|(refund, done)| {
            payment.is_by_dispute(&done.reference)
                || line.refunds.contains_key(&Some(refund.number))
        })
}

/// Whether the provider has what we know of disputes. It may know more: that is asked for.
fn agree_on_disputes(payment: &Payment, line: &Line) -> bool {
    let is_open = payment.disputes.iter().any(|known| known.standing == Standing::Open);
    match line.disputed {
        None => payment.disputes.is_empty(),
        Some(taken) => is_open || payment.disputes.is_empty() || payment.taken() == taken,
    }
}

fn books_same(one: &Entry, other: &Entry) -> bool {
    let facts = |entry: &Entry| (entry.kind, entry.part, entry.seller, entry.postings.clone());
    facts(one) == facts(other)
}
