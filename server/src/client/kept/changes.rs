//! What has changed since a page was made.
//!
//! A page names what it shows: all tickets on sale, or one of them. The tickets service tells of
//! each commit, and a page that shows what was committed is stale from then on. It is told by
//! commits and not by events, because what a page shows is the service's own documents: an event of
//! an order says that they will change, but a page made at that moment would show them as they
//! were.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use common::time::Timestamp;

/// Changes within this are told apart by their count alone, and share the time of the first.
const SHARED_TIME: Duration = Duration::from_millis(250);

/// So many times are remembered. Together they reach further back than a stale page is served.
const TIMES: usize = 16;

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Any number of tickets.
    Browse,
    /// One ticket.
    Ticket(String),
}

impl Subject {
    /// Longest id of a ticket that is taken for one.
    const MAX_ID_BYTES: usize = 64;

    /// What the client's server says with `x-ticketing-keep`.
    pub fn read(told: &str) -> Option<Self> {
        if told == "browse" {
            return Some(Self::Browse);
        }
        let id = told.strip_prefix("ticket/")?;
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let fits = (1..=Self::MAX_ID_BYTES).contains(&id.len());
        (plain && fits).then(|| Self::Ticket(id.to_owned()))
    }
}

/// How often a subject has changed, and when.
#[derive(Debug, Default)]
pub struct Record {
    count: AtomicU64,
    /// The count after a change and its time, oldest first.
    times: Mutex<VecDeque<(u64, Timestamp)>>,
}

impl Record {
    /// How often it has changed.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Since when what was made at `count` has been stale at the latest; `None` where that is too
    /// long ago to be remembered.
    pub fn since(&self, count: u64) -> Option<Timestamp> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let until = times.iter().take_while(|(first, _)| *first <= count + 1);
        until.last().map(|(_, time)| *time)
    }

    fn changed(&self, now: Timestamp) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        if times.back().is_some_and(|(_, time)| within(*time, now, SHARED_TIME)) {
            return;
        }
        if times.len() == TIMES {
            times.pop_front();
        }
        times.push_back((count, now));
    }
}

/// Whether `now` is `limit` after `then` at most. A clock that was set back says no.
pub fn within(then: Timestamp, now: Timestamp, limit: Duration) -> bool {
    let passed = now.as_millis().checked_sub(then.as_millis());
    let limit = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
    passed.is_some_and(|passed| (0..=limit).contains(&passed))
}

/// The records of all subjects that pages show.
#[derive(Debug, Default)]
pub struct Changes {
    all: Arc<Record>,
    tickets: Mutex<HashMap<String, Weak<Record>>>,
}

impl Changes {
    /// The record of what changes with any ticket.
    pub fn all(&self) -> &Arc<Record> {
        &self.all
    }

    /// The record of `subject`, for as long as a page holds it.
    pub fn record(&self, subject: &Subject) -> Arc<Record> {
        let Subject::Ticket(id) = subject else { return Arc::clone(&self.all) };
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        // Records that no page holds any more are only noticed here, so that there cannot be many
        // more than there are pages.
        if tickets.len().is_power_of_two() {
            tickets.retain(|_, record| record.strong_count() > 0);
        }
        if let Some(record) = tickets.get(id).and_then(Weak::upgrade) {
            return record;
        }
        let record = Arc::new(Record::default());
        tickets.insert(id.clone(), Arc::downgrade(&record));
        record
    }

    /// A ticket has changed.
    pub fn ticket(&self, id: &str, now: Timestamp) {
        self.all.changed(now);
        let record = {
            let tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
            tickets.get(id).and_then(Weak::upgrade)
        };
        if let Some(record) = record {
            record.changed(now);
        }
    }

    /// The record of what a page shows that was made while `before` was the count of all changes,
    /// and the count that it was made at. If anything changed while it was made and nobody watched
    /// its subject yet, the page counts as stale since now.
    pub fn judge(
        &self,
        subject: &Subject,
        known: Option<(&Arc<Record>, u64)>,
        before: u64,
        now: Timestamp,
    ) -> (Arc<Record>, u64) {
        let record = self.record(subject);
        if let Some((known, count)) = known
            && Arc::ptr_eq(known, &record)
        {
            return (record, count);
        }
        if Arc::ptr_eq(&self.all, &record) {
            return (record, before);
        }
        let count = record.count();
        if self.all.count() != before {
            record.changed(now);
        }
        (record, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn only_what_is_well_formed_is_a_subject() {
        assert_eq!(Subject::read("browse"), Some(Subject::Browse));
        assert_eq!(Subject::read("ticket/6afd"), Some(Subject::Ticket("6afd".to_owned())));
        let long = format!("ticket/{}", "a".repeat(65));
        for told in ["", "Browse", "ticket/", "ticket/a b", "ticket/../a", "user/1", &long] {
            assert_eq!(Subject::read(told), None, "{told}");
        }
    }

    #[test]
    fn a_ticket_makes_its_own_page_and_every_list_stale_and_no_other_page() {
        let changes = Changes::default();
        let one = changes.record(&Subject::Ticket("1".to_owned()));
        let two = changes.record(&Subject::Ticket("2".to_owned()));
        changes.ticket("1", at(5));
        assert_eq!((one.count(), two.count(), changes.all().count()), (1, 0, 1));
        assert_eq!(one.since(0), Some(at(5)));
    }

    #[test]
    fn since_when_is_the_time_of_the_first_change_and_forgotten_after_a_while() {
        let record = Record::default();
        for time in [1_000, 1_100, 2_000, 2_100, 3_000] {
            record.changed(at(time));
        }
        assert_eq!(record.since(0), Some(at(1_000)));
        assert_eq!(record.since(1), Some(at(1_000)), "shared, never later than it was");
        assert_eq!(record.since(2), Some(at(2_000)));
        assert_eq!(record.since(4), Some(at(3_000)));
        for more in 4..30 {
            record.changed(at(more * 1_000));
        }
        assert_eq!(record.since(0), None);
    }

    #[test]
    fn what_changes_while_its_page_is_made_for_the_first_time_makes_it_stale() {
        let changes = Changes::default();
        let subject = Subject::Ticket("1".to_owned());
        let before = changes.all().count();
        let (record, count) = changes.judge(&subject, None, before, at(9));
        assert_eq!(record.count(), count, "nothing changed");
        drop(record);
        changes.ticket("1", at(10));
        let (record, count) = changes.judge(&subject, None, before, at(11));
        assert_eq!((record.count(), record.since(count)), (count + 1, Some(at(11))));
        let known = (Arc::clone(&record), record.count());
        changes.ticket("2", at(12));
        let (again, count) = changes.judge(&subject, Some((&known.0, known.1)), before, at(13));
        assert_eq!(again.count(), count, "another ticket's change is not this one's");
    }

    #[test]
    fn records_that_nobody_holds_are_let_go() {
        let changes = Changes::default();
        for id in 0..10_000 {
            changes.record(&Subject::Ticket(id.to_string()));
        }
        assert!(changes.tickets.lock().unwrap().len() <= 2);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_fresh() {
        assert!(within(at(1_000), at(1_000), Duration::from_millis(1)));
        assert!(within(at(1_000), at(1_001), Duration::from_millis(1)));
        assert!(!within(at(1_000), at(1_002), Duration::from_millis(1)));
        assert!(!within(at(1_000), at(999), Duration::from_secs(1)));
    }
}
