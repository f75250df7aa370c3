//! The outbox: the record of every event, in the database of the service whose change it tells.
//!
//! [`crate::execute`] commits an event in the same batch as the change, and then hands it to
//! [`Outbox`] in memory, so that the common path never reads it back. A [`Relay`] publishes what
//! was handed over. What a crash, a lost acknowledgement or a wiped broker kept from its
//! subscribers is found again in the store by [`Sweep`].
//!
//! Each process that writes to a service's database is a *writer* with an id of its own, and counts
//! its entries: an entry's document id is `{writer}-{count}`. So entries are only ever appended, no
//! index of their own is needed, and no two replicas contend for a sequence. A writer's *watermark*
//! is the count below which every entry has been published or was never committed; it is saved now
//! and then, and all a successor needs is to publish what lies above it. Publishing twice is
//! harmless (I10, I11), so saving late is too.
//!
//! Rejected: marking each entry as published (a second write for every event), and one sequence for
//! all replicas (every commit would conflict with every other).

mod backlog;
mod published;
mod relay;
mod sweep;
mod trim;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::bus::Message;
use crate::id::Id;
use crate::store::{Action, Collection, Document, Expect, Write};
use crate::time::Timestamp;
use crate::trace::Span;

pub use backlog::Backlog;
pub use relay::Relay;
pub use sweep::Sweep;
pub use trim::{PARTITIONS, RETENTION, Trim};

/// Every event of the service, by writer and count.
pub static OUTBOX: Collection = Collection { name: "outbox", fields: &[], indexes: &[] };

/// How far each writer's entries are known to have been published.
pub static WATERMARKS: Collection = Collection { name: "watermarks", fields: &[], indexes: &[] };

/// Most entries that wait in memory for the bus; beyond it they are left to be read from the store.
/// It holds the events of several seconds at full speed in a few megabytes.
const MAX_WAITING: usize = 20_000;

/// After so many sweeps, a second apart, an entry whose commit was in doubt will not appear any
/// more: no commit takes ten minutes.
const LOOKS_FOR_DOUBTFUL: u32 = 600;

/// The body of a void entry: no envelope is so.
const VOID: &[u8] = b"null";

/// An event that has been committed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its count within its writer.
    pub count: u64,
    /// As the bus takes it.
    pub message: Message,
    /// From its decision until the bus has it, where that is traced.
    pub span: Option<Span>,
}

/// This process's end of the outbox.
#[derive(Debug)]
pub struct Outbox {
    writer: Id,
    state: Mutex<State>,
    handed_over: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Reserved, and not yet known to be published or never committed; with each, since when.
    open: BTreeMap<u64, Timestamp>,
    /// Committed and waiting for the bus.
    waiting: VecDeque<Entry>,
    /// Counts left to the sweep: nobody knows whether they were committed, or memory had no room
    /// for them. With each, how often the sweep has looked for its entry in vain.
    left: BTreeMap<u64, u32>,
}

impl Outbox {
    /// The outbox of a new writer. `writer` must never have been one before.
    pub fn new(writer: Id) -> Self {
        Self { writer, state: Mutex::default(), handed_over: Notify::new() }
    }

    /// Whose entries these are.
    pub fn writer(&self) -> Id {
        self.writer
    }

    /// Counts for `many` entries that are decided now.
    pub(crate) fn reserve(&self, many: usize, now: Timestamp) -> Range<u64> {
        let mut state = self.lock();
        let first = state.next;
        state.next += many as u64;
        let counts = first..state.next;
        state.open.extend(counts.clone().map(|count| (count, now)));
        counts
    }

    /// The document id of an entry of this writer.
    pub(crate) fn id_of(&self, count: u64) -> String {
        entry_id(self.writer, count)
    }

    /// The write that makes `entry` part of a batch.
    pub(crate) fn write(entry: &Entry) -> Write {
        Write {
            collection: &OUTBOX,
            id: entry.message.id.clone(),
            expect: Expect::Absent,
            action: Action::Put { version: 0, body: entry.message.body.clone(), fields: vec![] },
        }
    }

    /// The write that takes the place of `entry`, so that the batch it is part of cannot land
    /// later.
    pub(crate) fn void(entry: &Entry) -> Write {
        let body = Bytes::from_static(VOID);
        let id = entry.message.id.clone();
        let action = Action::Put { version: 0, body, fields: vec![] };
        Write { collection: &OUTBOX, id, expect: Expect::Absent, action }
    }

    /// These entries are committed: they are published as soon as the bus takes them.
    pub(crate) fn committed(&self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let mut state = self.lock();
        let room = MAX_WAITING.saturating_sub(state.waiting.len());
        let mut entries = entries.into_iter();
        state.waiting.extend(entries.by_ref().take(room));
        state.left.extend(entries.map(|entry| (entry.count, 0)));
        drop(state);
        self.handed_over.notify_one();
    }

    /// These counts will never be committed.
    pub(crate) fn abandoned(&self, counts: Range<u64>) {
        let mut state = self.lock();
        for count in counts {
            state.open.remove(&count);
        }
    }

    /// Nobody knows whether these counts were committed: the sweep finds out.
    pub(crate) fn in_doubt(&self, counts: Range<u64>) {
        self.lock().left.extend(counts.map(|count| (count, 0)));
    }

    /// How many entries are committed and not yet known to be published.
    pub fn depth(&self) -> usize {
        let state = self.lock();
        state.waiting.len() + state.left.len()
    }

    /// How many entries are decided and not known to be published or never committed, and since
    /// when the oldest of them is.
    fn open(&self) -> (usize, Option<Timestamp>) {
        let state = self.lock();
        (state.open.len(), state.open.first_key_value().map(|(_, since)| *since))
    }

    fn watermark(&self) -> u64 {
        let state = self.lock();
        state.open.first_key_value().map_or(state.next, |(count, _)| *count)
    }

    fn take(&self, most: usize) -> Vec<Entry> {
        let mut state = self.lock();
        let many = state.waiting.len().min(most);
        state.waiting.drain(..many).collect()
    }

    fn put_back(&self, entries: Vec<Entry>) {
        let mut state = self.lock();
        for entry in entries.into_iter().rev() {
            state.waiting.push_front(entry);
        }
    }

    fn published(&self, counts: impl IntoIterator<Item = u64>) {
        let mut state = self.lock();
        for count in counts {
            state.open.remove(&count);
        }
    }

    fn left(&self, most: usize) -> Vec<u64> {
        self.lock().left.keys().take(most).copied().collect()
    }

    fn found_published(&self, count: u64) {
        let mut state = self.lock();
        state.left.remove(&count);
        state.open.remove(&count);
    }

    /// Looked for in vain; whether that was often enough to be sure that it was never committed.
    fn not_found(&self, count: u64) {
        let mut state = self.lock();
        let Some(times) = state.left.get_mut(&count) else {
            return;
        };
        *times += 1;
        if *times > LOOKS_FOR_DOUBTFUL {
            state.left.remove(&count);
            state.open.remove(&count);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a document of the outbox is no event, but the place of one that was never committed.
pub fn is_void(document: &Document) -> bool {
    *document.body == *VOID
}

fn entry_id(writer: Id, count: u64) -> String {
    format!("{writer}-{count:016x}")
}
