//! What must be so in the end, whatever happened: judged by the provider's own books.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use common::command::{self, Entity};
use common::events::OrderStatus;
use common::store::{Order as Sort, Query};
use common::time::Clock;
use payments::domain::payment::LONGEST_REST;
use payments::domain::{Account, Entry, Payment, State};
use payments::reconciliation;
use scripted::Fault;

use crate::make::Make;
use crate::shop::Market;

/// By when everything is settled once faults are over (I3).
const SETTLED: Duration = Duration::from_secs(60);

/// What was met.
#[derive(Debug, Default)]
pub struct Counts {
    pub histories: u64,
    pub orders: u64,
    pub payments: u64,
    /// Payments whose end was not known in time.
    pub unresolved: u64,
    /// Payments whose money was taken, and those of which that was so more than once.
    pub captured: u64,
    pub doubled: u64,
    /// By how much our books and the provider's differ, payment by payment, in minor units.
    pub difference: u64,
    pub kept: u64,
    pub refunded: u64,
    pub declined: u64,
    pub parts: u64,
    pub disputes: u64,
    pub calls: u64,
    pub faults: BTreeMap<Fault, u64>,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.histories += other.histories;
        self.orders += other.orders;
        self.payments += other.payments;
        self.unresolved += other.unresolved;
        self.captured += other.captured;
        self.doubled += other.doubled;
        self.difference += other.difference;
        self.kept += other.kept;
        self.refunded += other.refunded;
        self.declined += other.declined;
        self.parts += other.parts;
        self.disputes += other.disputes;
        self.calls += other.calls;
        for (fault, times) in other.faults {
            *self.faults.entry(fault).or_default() += times;
        }
    }

    pub fn must_have_met_everything(&self) {
        assert_eq!((self.unresolved, self.doubled, self.difference), (0, 0, 0), "{self}");
        assert_eq!(self.captured, self.kept + self.refunded, "I3: {self}");
        assert!(self.kept > 0 && self.refunded > 0 && self.declined > 0, "{self}");
        assert!(self.parts > 0 && self.disputes > 0, "{self}");
        for fault in scripted::script::FAULTS {
            assert!(self.faults.get(&fault).is_some_and(|times| *times > 0), "{fault:?}: {self}");
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, orders, payments, unresolved, captured, doubled, .. } = self;
        let Self { difference, kept, refunded, declined, parts, calls, faults, .. } = self;
        let disputes = self.disputes;
        let (major, minor) = (difference / 100, difference % 100);
        write!(
            f,
            "{payments} payments of {orders} orders in {histories} histories: {captured} \
             captured, {doubled} of them twice; {unresolved} unresolved; ledger difference \
             {major}.{minor:02}. {kept} are of a complete order (of which {parts} parts went \
             back), {refunded} refunded in full, {declined} declined, {disputes} \
             disputed. {calls} calls, of which went wrong: {faults:?}"
        )
    }
}

/// Waits until nothing is unresolved, and judges.
pub async fn of<M: Make>(shop: &Market<M>, seed: u64, mut counts: Counts) -> Counts {
    shop.there.pass_time();
    counts.histories += 1;
    let unresolved = settle(shop, seed).await;
    assert_eq!(unresolved, 0, "I3, seed {seed}");
    counts.unresolved += unresolved;
    let (held, captures) = shop.there.with_ledger(|ledger| (ledger.held(), ledger.captures()));
    counts.captured += captures.len() as u64;
    counts.doubled += captures.values().filter(|times| **times != 1).count() as u64;
    assert!(captures.values().all(|times| *times == 1), "I4, seed {seed}: {captures:?}");
    reconcile(shop, seed).await;
    let booked = booked(shop);
    counts.calls += shop.there.calls();
    counts.faults = shop.there.faults();
    for order in shop.orders() {
        counts.orders += 1;
        let (mut net, mut asked_back) = (0, 0);
        for payment in shop.payments_of(order.id).await {
            counts.payments += 1;
            let id = payment.id.to_string();
            let at_provider = held.get(&id).copied().unwrap_or_default();
            let in_books = booked.get(&id).copied().unwrap_or_default();
            counts.difference += at_provider.abs_diff(in_books);
            assert_eq!(at_provider, in_books, "I6, seed {seed}: {payment:?}");
            net += at_provider;
            asked_back += gone(&payment);
            counts.disputes += payment.disputes.len() as u64;
            counts.parts += payment.done().count() as u64;
            match payment.state {
                State::Captured { .. } => counts.kept += 1,
                State::Refunded { .. } => counts.refunded += 1,
                State::Declined { .. } => counts.declined += 1,
                State::Started { .. } | State::Refunding { .. } => {
                    panic!("I3, seed {seed}: {payment:?}")
                }
            }
        }
        let is_replaced = order.late.is_some_and(|late| late.replaced_by.is_some());
        let is_complete = is_replaced || order.status == OrderStatus::Complete;
        let wanted = if is_complete { order.total.minor } else { 0 };
        assert_eq!(net, wanted - asked_back, "I3, I4, I5, seed {seed}: {order:?}");
    }
    let known: i64 = held.values().sum();
    assert_eq!(known, booked.values().sum::<i64>(), "I6, seed {seed}: in all");
    counts
}

/// Waits until the end of every payment is known; of how many it is not. What is on its way back is
/// asked after once in an hour.
async fn settle<M: Make>(shop: &Market<M>, seed: u64) -> u64 {
    let started = shop.clock.now();
    let mut rested = BTreeSet::new();
    loop {
        let now = shop.clock.now();
        let mut unresolved = shop.unresolved().await;
        if unresolved.is_empty() {
            return 0;
        }
        rested.extend(unresolved.iter().filter(|found| found.rests(now)).map(|found| found.id));
        if now < started.plus(SETTLED + LONGEST_REST) {
            // What goes back in parts is asked for one after the other.
            unresolved.retain(|payment| !rested.contains(&payment.id));
        }
        if now >= started.plus(SETTLED) && !unresolved.is_empty() {
            println!("I3, seed {seed}: unresolved: {:?}", unresolved[0]);
            return unresolved.len() as u64;
        }
        shop.clock.sleep(Duration::from_millis(200)).await;
    }
}

/// How much less is held for a payment than what its order's end calls for, because it was asked
/// back, or a bank has it; and what was charged for that.
fn gone(payment: &Payment) -> i64 {
    let is_over = |reference: &String| payment.is_by_dispute(reference);
    let by_dispute = match &payment.state {
        State::Refunded { refund, .. } if is_over(refund) => payment.amount.minor,
        _ => {
            let parts = payment.done().filter(|(_, done)| is_over(&done.reference));
            parts.map(|(part, _)| part.amount.minor).sum()
        }
    };
    let moves = payment.disputes.iter().flat_map(|dispute| &dispute.moves);
    let taken: i64 = moves.map(|moved| moved.amount.minor).sum();
    payment.asked_back().minor + taken - by_dispute
}

/// The provider's report, read as an operator's is, differs from our books by nothing; and by what
/// it lacks.
async fn reconcile<M: Make>(shop: &Market<M>, seed: u64) {
    let mut payments = Vec::new();
    for order in shop.orders() {
        payments.extend(shop.payments_of(order.id).await);
    }
    let booked = reconciliation::booked(payments.iter(), M::NAME);
    let read = |less| reconciliation::read(shop.there.report(less).as_bytes()).unwrap();
    let (report, less) = (read(0), read(1));
    assert_eq!(report.provider, M::NAME);
    let differences = reconciliation::differences(&booked, &report);
    assert!(differences.is_empty(), "I6, seed {seed}: {differences:?}");
    let found = reconciliation::differences(&booked, &less).len();
    assert_eq!(found, usize::from(report.lines > 0), "seed {seed}: without the last line");
}

/// What our own books say the provider holds, for each payment.
fn booked<M>(shop: &Market<M>) -> BTreeMap<String, i64> {
    let mut booked = BTreeMap::new();
    let query = Query {
        collection: Entry::COLLECTION,
        filters: vec![],
        order: Sort { field: None, descending: false },
        after: None,
        limit: usize::MAX,
    };
    for found in shop.store.find_now(&query) {
        let entry: Entry = command::read(&found.document).unwrap();
        assert!(entry.balances(), "I6: {entry:?}");
        for posting in entry.postings.iter().filter(|p| p.account == Account::ProviderClearing) {
            let payment = entry.payment.unwrap();
            *booked.entry(payment.to_string()).or_default() += posting.amount.minor;
        }
    }
    booked
}
