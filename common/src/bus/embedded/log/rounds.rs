//! The writer's side of the log: what there is to write, and what follows from its being written.

use std::sync::Arc;

use super::{Entry, Log, Read, Sleep, State};
use crate::bus::embedded::Options;
use crate::bus::embedded::chunks::CHUNK_MESSAGES;
use crate::bus::embedded::file::{Epoch, Held};
use crate::bus::embedded::group::{Group, Place};

/// Most messages that stay in memory for members that are behind, and most bytes of them. Beyond it
/// they read the file. What is not yet in the file stays whatever there is; `shared` bounds that.
const TAIL_MESSAGES: usize = 8_192;
const TAIL_BYTES: usize = 8 << 20;

/// Most messages in one transaction: the first of them waits for the last.
const MAX_WRITTEN: usize = 1_024;

/// The writer saves places along with so many messages or transactions, so that the wait for a
/// quiet moment has an end.
const SAVE_AFTER_MESSAGES: usize = 1_024;
const SAVE_AFTER_WRITES: usize = 16;

/// What the writer is to do in one go.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) entries: Vec<Arc<Entry>>,
    pub(crate) places: Vec<Place>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) reads: Vec<Read>,
    /// Whether nothing comes after it.
    pub(crate) last: bool,
}

impl Log {
    /// Whether the writer is wanted at once.
    pub(crate) fn has_work(&self) -> bool {
        self.committed < self.next
            || self.renew
            || self.closing
            || !self.reads.is_empty()
            || self.to_trim().is_some()
    }

    /// Whether the writer should not wait for more: somebody waits for it, or it has enough.
    pub(crate) fn is_urgent(&self) -> bool {
        let waiting = usize::try_from(self.next - self.committed).unwrap_or(usize::MAX);
        self.closing || !self.reads.is_empty() || waiting >= MAX_WRITTEN / 2
    }

    pub(crate) fn has_unsaved(&self) -> bool {
        self.unsaved
    }

    /// Whether the writer has to be woken; it is then awake.
    pub(crate) fn wakes_writer(&mut self) -> bool {
        let wakes = match self.sleep {
            Sleep::Awake => false,
            Sleep::Lingering => self.is_urgent(),
            Sleep::UntilQuiet => self.has_work(),
            Sleep::UntilWoken => self.unsaved || self.has_work(),
        };
        if wakes {
            self.sleep = Sleep::Awake;
        }
        wakes
    }

    pub(crate) fn ask_to_close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    /// What the writer is to do now; places too if it `saves`, or has not for long.
    pub(crate) fn round(&mut self, saves: bool) -> Round {
        let from = self.tail_index(self.committed);
        let entries: Vec<_> = self.tail.range(from..).take(MAX_WRITTEN).cloned().collect();
        let end = self.committed + entries.len() as u64;
        let last = self.closing && end == self.next;
        self.messages_since_save += entries.len();
        self.writes_since_save += 1;
        let saves = saves
            || last
            || self.renew
            || self.messages_since_save >= SAVE_AFTER_MESSAGES
            || self.writes_since_save >= SAVE_AFTER_WRITES;
        let mut places = Vec::new();
        if saves {
            (self.messages_since_save, self.writes_since_save) = (0, 0);
            self.unsaved = false;
            if self.renew {
                self.groups.iter_mut().for_each(|group| group.missed = false);
            }
            places = self.groups.iter().filter_map(|group| group.to_save(end)).collect();
        }
        let epoch = self.renew.then_some(Epoch { turn: self.epoch.turn + 1, ..self.epoch });
        Round { entries, places, epoch, reads: std::mem::take(&mut self.reads), last }
    }

    /// The file has all of `round`: tells who waits for it. Returns the room that they used.
    pub(crate) fn written(&mut self, round: &Round) -> usize {
        self.committed += round.entries.len() as u64;
        for place in &round.places {
            let group = self.groups.iter_mut().find(|group| group.name() == &*place.name);
            if let Some(group) = group {
                group.saved = Some(place.clone());
            }
        }
        if let Some(epoch) = round.epoch {
            self.epoch = epoch;
            self.renew = false;
        }
        let mut room = 0;
        while let Some(publisher) = self.publishers.pop_front_if(|p| p.upto <= self.committed) {
            room += publisher.room;
            // Whoever published may have gone away; what was written stays written.
            let _gone = publisher.answer.send(());
        }
        self.shorten_tail();
        room
    }

    /// The file failed: sends those who wait away. What is in memory stays. Returns the room that
    /// they used.
    pub(crate) fn fail(&mut self, reason: String) -> usize {
        self.state = State::Down(reason);
        self.reads.clear();
        self.publishers.drain(..).map(|publisher| publisher.room).sum()
    }

    /// The file is open again, and holds what `held` says.
    pub(crate) fn reopened(&mut self, held: &Held) {
        if held.epoch.name != self.epoch.name {
            // Another file: what only the old one had is gone, and the epoch tells.
            self.epoch = held.epoch;
            self.oldest = self.committed;
        }
        self.groups.iter_mut().for_each(|group| group.saved = None);
    }

    /// Serves again if everything in memory is in the file.
    pub(crate) fn serve(&mut self) -> bool {
        let all = self.committed == self.next;
        if all {
            self.state = State::Serving;
        }
        all
    }

    pub(crate) fn close(&mut self) -> usize {
        let room = self.fail(String::new());
        self.state = State::Closed;
        self.groups.iter().for_each(|group| group.news.notify_waiters());
        room
    }

    /// Keeps of the tail what the file lacks, and what a living group has not taken, as far as
    /// there is room.
    fn shorten_tail(&mut self) {
        let living = self.groups.iter().filter(|group| group.members > 0);
        let slowest = living.map(Group::cursor).min().unwrap_or(self.next);
        while let Some(front) = self.tail.front() {
            let is_full = self.tail.len() > TAIL_MESSAGES || self.tail_bytes > TAIL_BYTES;
            if front.number >= self.committed || (front.number >= slowest && !is_full) {
                return;
            }
            self.tail_bytes -= front.body.len();
            self.tail.pop_front();
        }
    }

    pub(super) fn trim_memory(&mut self) {
        let to = self.trimmable(Group::position);
        while self.tail.front().is_some_and(|front| front.number < to) {
            let gone = self.tail.pop_front();
            self.tail_bytes -= gone.map_or(0, |gone| gone.body.len());
        }
        self.oldest = self.tail_start();
    }

    /// What can go of the file: from the oldest message up to that number.
    pub(crate) fn to_trim(&self) -> Option<(u64, u64)> {
        // By what the file knows of the groups, for that is where they start after a crash.
        let to = self.trimmable(|group| group.saved.as_ref().map_or(1, |place| place.position));
        // Not for every message that goes, but a hundredth of what is kept at a time, and not
        // before there is sure to be a whole chunk to delete.
        let lazily = (self.options.keep_messages / 100).clamp(CHUNK_MESSAGES, 1_000);
        (to >= self.oldest + lazily).then_some((self.oldest, to))
    }

    /// Below which number messages can go. The newest never goes, for its number says where to go
    /// on.
    fn trimmable(&self, position: impl Fn(&Group) -> u64) -> u64 {
        let Options { keep_messages, max_messages } = self.options;
        let acknowledged = self.groups.iter().map(position).min().unwrap_or(self.committed);
        let unkept = self.committed.saturating_sub(keep_messages.max(1));
        acknowledged.min(unkept).max(self.committed.saturating_sub(max_messages.max(1)))
    }

    pub(crate) fn trimmed(&mut self, oldest: u64) {
        self.oldest = oldest;
    }
}
