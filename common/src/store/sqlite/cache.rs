//! The newest documents in memory, and the order in which reads and commits become known.
//!
//! This process is the only one on the file, so the cache can be exact rather than merely fresh: a
//! hit is always what the last published commit left. Three rules make it so.
//!
//! **Write-through.** When a COMMIT is durable, and before anyone is told, the writer puts what it
//! wrote into the cache and takes out what it deleted: it *publishes* the commit.
//!
//! **A fill must be of this moment.** A reader that missed may have read before a commit that was
//! published since. Comparing versions would not tell: the newer entry may have been evicted, or
//! the document deleted and written anew from version 0. So a reader notes the number of commits
//! published before it reads, and its fill is dropped unless that number is still the same. A fill
//! that comes before a publication is harmless, because the publication overwrites it.
//!
//! **Nobody hears of a commit before its publication.** SQLite shows a commit to readers a moment
//! before the writer can publish it. Someone who was answered from the file in that moment could
//! then hit the cache and go back in time (I19). So what is read while a COMMIT runs is answered
//! after its publication.
//!
//! The lock below orders these; a hit does not take it. Rejected: taking touched documents out of
//! the cache before each COMMIT, which turns every read of a busy document into a miss for as long
//! as the disk takes to sync.

use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Equivalent, Weighter};

/// What an entry costs beside its id and body: handles, allocations and the cache's own tables.
const ENTRY_OVERHEAD_BYTES: u64 = 192;

/// A typical entry, from which the cache sizes its tables.
const TYPICAL_ENTRY_BYTES: u64 = 768;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    table: u16,
    id: Box<str>,
}

struct KeyRef<'a> {
    table: u16,
    id: &'a str,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (table, id) = (self.table, &*self.id);
        KeyRef { table, id }.hash(state);
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.table.hash(state);
        self.id.hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.table == key.table && *self.id == *key.id
    }
}

/// A document without its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) version: u64,
    pub(super) body: Bytes,
}

#[derive(Debug, Clone)]
struct Weigh;

impl Weighter<Key, Content> for Weigh {
    fn weight(&self, key: &Key, content: &Content) -> u64 {
        let bytes = key.id.len() + content.body.len();
        u64::try_from(bytes).unwrap_or(u64::MAX / 2) + ENTRY_OVERHEAD_BYTES
    }
}

type Answer = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Publication {
    /// How many commits have been published.
    count: u64,
    /// Whether a COMMIT runs that has not been.
    committing: bool,
    /// Answers that wait for that.
    held_back: Vec<Answer>,
}

/// See the module's documentation.
pub(super) struct Documents {
    cache: Cache<Key, Content, Weigh, DefaultHashBuilder, DefaultLifecycle<Key, Content>>,
    publication: Mutex<Publication>,
}

impl Documents {
    /// A cache of at most `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / TYPICAL_ENTRY_BYTES).unwrap_or(usize::MAX);
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self {
            cache: Cache::with(entries, bytes, Weigh, hasher, lifecycle),
            publication: Mutex::default(),
        }
    }

    pub(super) fn get(&self, table: u16, id: &str) -> Option<Content> {
        self.cache.get(&KeyRef { table, id })
    }

    /// The version that is published. Does not count as a use of the document.
    pub(super) fn version(&self, table: u16, id: &str) -> Option<u64> {
        let content = self.cache.peek(&KeyRef { table, id });
        content.map(|content| content.version)
    }

    /// How many commits have been published, for [`Documents::fill`].
    pub(super) fn published(&self) -> u64 {
        self.lock().count
    }

    /// Adds what was read after `published` was asked for, unless a commit has been published
    /// since.
    pub(super) fn fill(&self, published: u64, table: u16, id: &str, content: Content) {
        let publication = self.lock();
        if publication.count == published {
            self.put(table, id.into(), content);
        }
    }

    /// Gives an answer: now, or after the publication of the commit that runs.
    pub(super) fn answer(&self, answer: impl FnOnce() + Send + 'static) {
        let mut publication = self.lock();
        if publication.committing {
            publication.held_back.push(Box::new(answer));
        } else {
            drop(publication);
            answer();
        }
    }

    /// A COMMIT begins. [`Documents::publish`] or [`Documents::clear`] must follow.
    pub(super) fn commit_begins(&self) {
        self.lock().committing = true;
    }

    /// What the commit wrote, `None` for a deletion.
    pub(super) fn publish(&self, changes: impl Iterator<Item = (u16, String, Option<Content>)>) {
        let mut publication = self.lock();
        publication.count += 1;
        publication.committing = false;
        for (table, id, content) in changes {
            match content {
                Some(content) => self.put(table, id.into(), content),
                None => self.remove(table, &id),
            }
        }
        let answers = std::mem::take(&mut publication.held_back);
        drop(publication);
        for answer in answers {
            answer();
        }
    }

    /// Forgets everything, answers held back included: what the file says is no longer known.
    pub(super) fn clear(&self) {
        let mut publication = self.lock();
        publication.count += 1;
        publication.committing = false;
        self.cache.clear();
        let answers = std::mem::take(&mut publication.held_back);
        drop((publication, answers));
    }

    fn put(&self, table: u16, id: Box<str>, content: Content) {
        let key = Key { table, id };
        // What the cache would not admit must not leave an older entry standing either.
        if Weigh.weight(&key, &content) > self.cache.shard_capacity() {
            self.remove(table, &key.id);
        } else {
            self.cache.insert(key, content);
        }
    }

    fn remove(&self, table: u16, id: &str) {
        self.cache.remove(&KeyRef { table, id });
    }

    fn lock(&self) -> MutexGuard<'_, Publication> {
        // The count and the flag are set before anything that could panic, so a poisoned lock is
        // still whole.
        self.publication.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn content(version: u64) -> Content {
        Content { version, body: Bytes::from_static(b"{}") }
    }

    fn one(
        id: &str,
        content: Option<Content>,
    ) -> impl Iterator<Item = (u16, String, Option<Content>)> {
        std::iter::once((0, id.to_owned(), content))
    }

    #[test]
    fn a_fill_read_before_a_publication_is_dropped_even_after_eviction_or_deletion() {
        let documents = Documents::new(1 << 20);
        let before = documents.published();
        documents.publish(one("a", Some(content(2))));
        documents.remove(0, "a"); // as an eviction would
        documents.fill(before, 0, "a", content(1));
        assert_eq!(documents.get(0, "a"), None);

        let before = documents.published();
        documents.publish(one("b", None));
        documents.fill(before, 0, "b", content(5));
        assert_eq!(documents.get(0, "b"), None);

        documents.fill(documents.published(), 0, "b", content(6));
        assert_eq!(documents.version(0, "b"), Some(6));
    }

    #[test]
    fn a_fill_while_a_commit_runs_is_overwritten_by_its_publication() {
        let documents = Documents::new(1 << 20);
        documents.commit_begins();
        documents.fill(documents.published(), 0, "a", content(1));
        documents.publish(one("a", Some(content(2))));
        assert_eq!(documents.version(0, "a"), Some(2));
    }

    #[test]
    fn what_is_read_while_a_commit_runs_is_answered_after_its_publication() {
        let documents = Documents::new(1 << 20);
        let answered = Arc::new(AtomicBool::new(false));
        let set = |flag: &Arc<AtomicBool>| {
            let flag = Arc::clone(flag);
            move || flag.store(true, Ordering::SeqCst)
        };
        documents.commit_begins();
        documents.answer(set(&answered));
        assert!(!answered.load(Ordering::SeqCst));
        documents.publish(std::iter::empty());
        assert!(answered.swap(false, Ordering::SeqCst));
        documents.answer(set(&answered));
        assert!(answered.load(Ordering::SeqCst));
    }

    #[test]
    fn a_document_too_large_for_the_cache_does_not_leave_its_older_self_there() {
        let documents = Documents::new(64 << 10);
        documents.publish(one("a", Some(content(1))));
        let body = Bytes::from(vec![b' '; 1 << 20]);
        documents.publish(one("a", Some(Content { version: 2, body })));
        assert_eq!(documents.get(0, "a"), None);
    }

    #[test]
    fn the_cache_keeps_to_its_bytes() {
        let documents = Documents::new(256 << 10);
        for n in 0..10_000 {
            documents.publish(one(&format!("{n:024x}"), Some(content(0))));
        }
        assert!(documents.cache.weight() <= 256 << 10);
        assert!(documents.cache.len() > 500);
    }
}
