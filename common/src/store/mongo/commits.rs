//! Which batches are written together: those that wait while others are being written.
//!
//! A group is one transaction, so it is there or not, wholly, and so is each of its batches. Where
//! a batch meets a conflict nothing of its group is written. Then those that somebody else was
//! quicker than are looked for, and are told; the others are committed, as if they had been alone.
//! Whoever is quicker may be in the middle of it, so this looks a few times; where it still cannot
//! be seen, the group is halved until it is known which batch it was.
//!
//! Batches that write the same document are never under way together: the servers would refuse one
//! of them, and with it its group.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

use super::commit::commit;
use super::reads::Wanted;
use super::server::{Server, in_time};
use super::together::{Together, Waiting, work};
use crate::store::{Action, Batch, CommitError, Expect, MAX_WRITES, Unavailable, Write};
use crate::task::Tasks;

/// Most groups under way at once. With two, each is half as large, and costs as much.
const MOST_GROUPS: usize = 1;

/// Most batches of a group: where one of so many meets a conflict, seven steps find it.
const MOST_BATCHES: usize = 128;

/// Most bytes of the documents of a group; a single batch may have more. The servers take 48 MB in
/// a message.
const MOST_BYTES: usize = 8 << 20;

type Outcome = Result<(), CommitError>;

/// A batch that somebody waits for.
#[derive(Debug)]
struct Asked {
    batch: Batch,
    /// What it writes: hashes of names. Two that are taken for the same by chance only wait for
    /// each other.
    documents: Vec<u64>,
    answer: oneshot::Sender<Outcome>,
}

/// What waits to be written.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Asked>,
    /// What is being written.
    busy: HashSet<u64>,
}

/// Writes batches, many with one call.
pub(super) struct Commits {
    queue: Arc<Together<Queue>>,
    hasher: RandomState,
}

impl Commits {
    pub(super) fn new() -> Self {
        let queue = Together::new(Queue::default(), MOST_GROUPS);
        Self { queue, hasher: RandomState::new() }
    }

    /// Writes `batch`, all or nothing.
    pub(super) async fn commit(
        &self,
        server: &Arc<Server>,
        tasks: &Tasks,
        batch: Batch,
    ) -> Outcome {
        let name = |write: &Write| self.hasher.hash_one((write.collection.name, &write.id));
        let documents = batch.iter().map(name).collect();
        let (answer, answered) = oneshot::channel();
        let asked = Asked { batch, documents, answer };
        if let Some(worker) = self.queue.add(|queue| queue.waiting.push_back(asked)) {
            let (server, queue) = (Arc::clone(server), Arc::clone(&self.queue));
            let call = move |group| write(Arc::clone(&server), Arc::clone(&queue), group);
            tasks.spawn(work(Arc::clone(tasks), worker, call, sleep));
        }
        let gone = |_| Err(CommitError::Unknown("the commit was given up".to_owned()));
        in_time(async { answered.await.unwrap_or_else(gone) }, CommitError::Unknown).await
    }
}

impl Waiting for Queue {
    type Taken = Vec<Asked>;

    /// The batches to be written next, without those that nobody waits for any more.
    fn take(&mut self) -> Option<Vec<Asked>> {
        let (mut taken, mut kept) = (Vec::new(), VecDeque::new());
        let (mut writes, mut bytes) = (0, 0);
        while let Some(asked) = self.waiting.pop_front() {
            if asked.answer.is_closed() {
                continue;
            }
            let size: usize = asked.batch.iter().map(size_of).sum();
            let has_room = taken.len() < MOST_BATCHES
                && writes + asked.batch.len() <= MAX_WRITES
                && bytes + size <= MOST_BYTES;
            if !taken.is_empty() && !has_room {
                kept.push_back(asked);
                break;
            }
            if asked.documents.iter().any(|document| self.busy.contains(document)) {
                kept.push_back(asked);
                continue;
            }
            self.busy.extend(&asked.documents);
            writes += asked.batch.len();
            bytes += size;
            taken.push(asked);
        }
        kept.append(&mut self.waiting);
        self.waiting = kept;
        Some(taken).filter(|taken| !taken.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn size_of(write: &Write) -> usize {
    match &write.action {
        Action::Put { body, .. } => body.len(),
        Action::Delete => 0,
    }
}

/// What a group writes, which no other group does meanwhile.
struct Busy {
    queue: Arc<Together<Queue>>,
    documents: Vec<u64>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.queue.with(|queue| {
            for document in &self.documents {
                queue.busy.remove(document);
            }
        });
    }
}

/// The pauses before looking for what somebody else was quicker than: a healthy replica set ends a
/// transaction within these.
const LOOKS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(2), Duration::from_millis(4), Duration::from_millis(8)];

/// Writes a group, or the parts of it that can be written.
async fn write(server: Arc<Server>, queue: Arc<Together<Queue>>, group: Vec<Asked>) {
    let documents = group.iter().flat_map(|asked| &asked.documents).copied().collect();
    let busy = Busy { queue, documents };
    let mut groups = vec![group];
    while let Some(mut group) = groups.pop() {
        let writes: Vec<&Write> = group.iter().flat_map(|asked| &asked.batch).collect();
        let outcome = in_time(commit(&server, &writes), CommitError::Unknown).await;
        if outcome == Err(CommitError::Conflict) && group.len() > 1 {
            if overtaken_are_told(&server, &mut group).await {
                groups.extend(Some(group).filter(|group| !group.is_empty()));
            } else {
                let second = group.split_off(group.len() / 2);
                groups.extend([second, group]);
            }
            continue;
        }
        for asked in group {
            // Whoever asked may be gone.
            drop(asked.answer.send(outcome.clone()));
        }
    }
    drop(busy);
}

/// Tells the batches of a group that somebody else was quicker than, which are then no longer part
/// of it; whether there were any.
async fn overtaken_are_told(server: &Server, group: &mut Vec<Asked>) -> bool {
    for pause in LOOKS {
        sleep(pause).await;
        let Ok(documents) = in_time(written(server, group), Unavailable).await else {
            return false;
        };
        let is_overtaken = |asked: &mut Asked| {
            asked.batch.iter().any(|write| {
                let there = documents.get(&(write.collection.name, write.id.clone()));
                match write.expect {
                    Expect::Absent => there.is_some(),
                    Expect::Version(version) => there != Some(&version),
                }
            })
        };
        let overtaken: Vec<Asked> = group.extract_if(.., is_overtaken).collect();
        if !overtaken.is_empty() {
            for asked in overtaken {
                // Whoever asked may be gone.
                drop(asked.answer.send(Err(CommitError::Conflict)));
            }
            return true;
        }
    }
    false
}

/// The versions of what there is of the documents that a group writes.
async fn written(
    server: &Server,
    group: &[Asked],
) -> Result<HashMap<(&'static str, String), u64>, Unavailable> {
    let mut wanted = Wanted::default();
    for write in group.iter().flat_map(|asked| &asked.batch) {
        wanted.add(write.collection, &write.id);
    }
    let there = wanted.read(server).await?.into_iter();
    there.map(|(name, document)| Ok((name, document?.version))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::{PLAIN, plain, removal};

    /// A batch that removes these documents, and whoever waits for it.
    fn asked(documents: &[u64]) -> (Asked, oneshot::Receiver<Outcome>) {
        let (answer, answered) = oneshot::channel();
        let removal = |document: &u64| removal(&PLAIN, &document.to_string(), 0);
        let batch = documents.iter().map(removal).collect();
        (Asked { batch, documents: documents.to_vec(), answer }, answered)
    }

    /// Where these wait, in their order.
    fn queue(batches: &[&[u64]]) -> (Arc<Together<Queue>>, Vec<oneshot::Receiver<Outcome>>) {
        let (waiting, answered) = batches.iter().map(|documents| asked(documents)).unzip();
        (Together::new(Queue { waiting, busy: HashSet::new() }, MOST_GROUPS), answered)
    }

    /// What is taken next, and the mark that it is busy.
    fn take(queue: &Arc<Together<Queue>>) -> (Vec<Vec<u64>>, Busy) {
        let mut taken = Vec::new();
        queue.with(|queue| taken = queue.take().unwrap_or_default());
        let documents: Vec<_> = taken.into_iter().map(|asked| asked.documents).collect();
        let busy = Busy { queue: Arc::clone(queue), documents: documents.concat() };
        (documents, busy)
    }

    #[test]
    fn batches_that_write_the_same_document_are_never_under_way_together() {
        let (queue, _answered) = queue(&[&[1, 2], &[2, 3], &[4], &[3]]);
        let (first, busy) = take(&queue);
        assert_eq!(first, [vec![1, 2], vec![4], vec![3]]);
        let (none, _) = take(&queue);
        assert!(none.is_empty());
        drop(busy);
        assert_eq!(take(&queue).0, [vec![2, 3]]);
    }

    #[test]
    fn a_group_has_its_bounds_and_the_rest_keeps_its_order() {
        let many: Vec<Vec<u64>> = (0..300).map(|n| vec![n]).collect();
        let many: Vec<&[u64]> = many.iter().map(Vec::as_slice).collect();
        let (queue, _answered) = queue(&many);
        let taken = [take(&queue).0, take(&queue).0, take(&queue).0];
        assert_eq!(taken.each_ref().map(Vec::len), [128, 128, 44]);
        assert_eq!(taken.concat().concat(), (0..300).collect::<Vec<_>>());
    }

    #[test]
    fn documents_that_are_too_large_together_are_written_apart() {
        let (queue, _answered) = queue(&[&[1], &[2], &[3]]);
        queue.with(|queue| {
            for asked in &mut queue.waiting {
                let mut large = plain("large", Expect::Absent, 0);
                if let Action::Put { body, .. } = &mut large.action {
                    *body = vec![b' '; MOST_BYTES / 2].into();
                }
                asked.batch.push(large);
            }
        });
        assert_eq!(take(&queue).0, [vec![1], vec![2]]);
        assert_eq!(take(&queue).0, [vec![3]]);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_written() {
        let (queue, mut answered) = queue(&[&[1], &[2]]);
        drop(answered.remove(0));
        assert_eq!(take(&queue).0, [vec![2]]);
    }
}
