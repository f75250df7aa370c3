//! Which faults a history has, and how often each situation came about.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::executor::Executor;

/// How likely each fault is, in percent of the occasions for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// A process dies just before a commit.
    pub crash_before_commit: f64,
    /// A process dies just after a commit.
    pub crash_after_commit: f64,
    /// A commit lands, and the store says that it does not know.
    pub unknown_landed: f64,
    /// A commit is lost, and the store says that it does not know.
    pub unknown_lost: f64,
    /// A commit lands a while after the store said that it does not know.
    pub unknown_late: f64,
    /// The store says that it cannot serve.
    pub unavailable: f64,
    /// A delivery comes twice.
    pub duplicate: f64,
    /// A delivery is lost on its way, and comes again only after a while.
    pub drop: f64,
    /// An acknowledgement is lost, and what it was for comes again.
    pub acknowledgement_lost: f64,
    /// The broker refuses what is published.
    pub publish_refused: f64,
    /// The broker loses everything it holds.
    pub wipe: f64,
    /// A client never sees the answer.
    pub reply_lost: f64,
    /// The provider misbehaves.
    pub provider: f64,
    /// Longest delay of a delivery; whatever is delayed is overtaken.
    pub delay_ms: u64,
    /// Longest pause at a store.
    pub store_ms: u64,
    /// Most deaths of a process at a random instant.
    pub kills: u64,
}

impl Faults {
    /// A mix of faults of its own for every seed: some histories have a few of one kind, some have
    /// all of them.
    pub fn drawn(executor: &Executor) -> Self {
        let rate = |most: f64| if executor.chance(45.0) { most } else { 0.0 };
        Self {
            crash_before_commit: rate(1.5),
            crash_after_commit: rate(1.5),
            unknown_landed: rate(5.0),
            unknown_lost: rate(5.0),
            unknown_late: rate(3.0),
            unavailable: rate(2.0),
            duplicate: rate(20.0),
            drop: rate(10.0),
            acknowledgement_lost: rate(10.0),
            publish_refused: rate(5.0),
            wipe: rate(2.0),
            reply_lost: rate(10.0),
            provider: rate(50.0),
            delay_ms: if executor.chance(30.0) { 3_000 } else { 50 },
            store_ms: if executor.chance(20.0) { 300 } else { 4 },
            kills: if executor.chance(30.0) { 1 + executor.below(3) } else { 0 },
        }
    }
}

/// How often each situation came about.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    counts: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl Marks {
    /// It came about.
    pub fn hit(&self, situation: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(situation).or_default() += 1;
    }

    /// All counts so far.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Every situation that a run of many histories claims to cover. One that never came about makes
/// the run fail.
pub const CLAIMED: &[&str] = &[
    "commit: crash before",
    "commit: crash after",
    "commit: unknown, and landed",
    "commit: unknown, and lost",
    "commit: unknown, and landed late",
    "commit: unknown, and met a conflict late",
    "store: unavailable",
    "process: killed at a random instant",
    "process: started again",
    "broker: delivered twice",
    "broker: delivery dropped",
    "broker: acknowledgement lost",
    "broker: refused what was published",
    "broker: wiped",
    "broker: redelivered after a death",
    "network: answer lost",
    "network: nobody listens",
    "client: double click",
    "client: told twice the same under one key",
    "client: key used for something else",
    "client: in doubt, and then known",
    "place: accepted",
    "place: nothing left",
    "place: price has changed",
    "place: too many by one buyer",
    "place: withdrawn ticket",
    "cancel: accepted",
    "cancel: of a paid order",
    "cancel: after expiry",
    "cancel: while a payment is on its way",
    "expiry: freed the units",
    "expiry: raced a payment and won",
    "expiry: raced a payment and lost",
    "expiry: held off by a payment",
    "pay: complete",
    "pay: complete at the second attempt",
    "pay: in the last millisecond",
    "pay: declined",
    "pay: too late",
    "pay: money returned",
    "pay: not known in time",
    "provider: declined",
    "provider: silent after taking the money",
    "provider: silent before",
    "provider: 5xx after taking the money",
    "provider: 5xx before",
    "provider: slow",
    "provider: pending",
    "provider: repeated charge under one key",
    "provider: repeated refund under one key",
    "provider: abandoned before it was asked",
    "provider: refunded",
    "provider: webhook sent",
    "provider: webhook sent twice",
    "provider: webhook of a capture that is not one",
    "webhook: forged",
    "late money: completed in its place",
    "late money: its units were gone",
    "late money: after its buyer had cancelled",
    "late money: given up before",
    "refund: accepted",
    "refund: refused, more than is left",
    "refund: refused, nothing is left",
    "refund: refused, somebody else's sale",
    "refund: of a part, after another",
    "refund: units are on sale again",
    "refund: of an order in another's place",
    "ticket: edited",
    "ticket: edit refused, reserved",
    "ticket: edit refused, stale",
    "ticket: withdrawn",
    "ticket: withdrawal refused, taken",
];
