//! A group: how far into the log it is, what its members hold, and what came back.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::sync::Arc;

use tokio::sync::Notify;

use super::log::Entry;

/// A group as the file knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: Arc<str>,
    /// What it hears, each ending a line.
    pub(super) subjects: Arc<str>,
    /// Everything below is acknowledged, or is not for it.
    pub(super) position: u64,
    /// Whether messages were deleted before it saw them, and have not been asked for yet.
    pub(super) missed: bool,
}

/// A message with a member.
#[derive(Debug)]
struct Holding {
    member: u64,
    entry: Arc<Entry>,
}

#[derive(Debug)]
pub(super) struct Group {
    name: Arc<str>,
    subjects_text: Arc<str>,
    pub(super) subjects: Arc<[Box<str>]>,
    /// Everything below has been looked at.
    cursor: u64,
    held: BTreeMap<u64, Holding>,
    back: BTreeMap<u64, Arc<Entry>>,
    pub(super) missed: bool,
    /// Members that live.
    pub(super) members: usize,
    /// What the file has.
    pub(super) saved: Option<Place>,
    /// Wakes its members.
    pub(super) news: Arc<Notify>,
}

impl Group {
    /// A group that begins with the first message there ever was.
    pub(super) fn new(name: &str) -> Self {
        let place = Place { name: name.into(), subjects: "".into(), position: 1, missed: false };
        Self { saved: None, ..Self::known(place) }
    }

    /// A group that the file knows.
    pub(super) fn known(place: Place) -> Self {
        Self {
            name: Arc::clone(&place.name),
            subjects: place.subjects.lines().map(Box::from).collect(),
            subjects_text: Arc::clone(&place.subjects),
            cursor: place.position,
            held: BTreeMap::new(),
            back: BTreeMap::new(),
            missed: place.missed,
            members: 0,
            saved: Some(place),
            news: Arc::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Hears these from now on, and from the beginning if one of them is new to it.
    pub(super) fn hear(&mut self, subjects: &[&'static str]) {
        if !subjects.iter().all(|subject| self.hears(subject)) {
            self.cursor = 1;
        }
        self.subjects = subjects.iter().map(|subject| Box::from(*subject)).collect();
        let lines: String = subjects.iter().flat_map(|subject| [*subject, "\n"]).collect();
        self.subjects_text = lines.into();
    }

    pub(super) fn hears(&self, subject: &str) -> bool {
        self.subjects.iter().any(|heard| **heard == *subject)
    }

    /// Skips to `number`: what lies before is not for it.
    pub(super) fn skip_to(&mut self, number: u64) {
        self.cursor = self.cursor.max(number);
    }

    /// Skips to `oldest` if messages from its cursor on are gone, and notes that it missed them.
    pub(super) fn note_missed(&mut self, oldest: u64) {
        if self.cursor < oldest {
            self.missed = true;
            self.cursor = oldest;
        }
    }

    /// Hands up to `room` messages that came back to `member`.
    pub(super) fn take_back(&mut self, member: u64, room: usize) -> Vec<Arc<Entry>> {
        let mut taken = Vec::new();
        while taken.len() < room {
            let Some((number, entry)) = self.back.pop_first() else { break };
            self.held.insert(number, Holding { member, entry: Arc::clone(&entry) });
            taken.push(entry);
        }
        taken
    }

    /// Hands those of `entries` that it has not looked at to `member`, until `taken` has `room` of
    /// them.
    pub(super) fn take<'e>(
        &mut self,
        member: u64,
        room: usize,
        entries: impl Iterator<Item = &'e Arc<Entry>>,
        taken: &mut Vec<Arc<Entry>>,
    ) {
        let cursor = self.cursor;
        for entry in entries.skip_while(|entry| entry.number < cursor) {
            if taken.len() == room {
                return;
            }
            self.cursor = entry.number + 1;
            // One that starts over meets what its members hold or gave back.
            if !self.hears(&entry.subject) || self.back.contains_key(&entry.number) {
                continue;
            }
            if let btree_map::Entry::Vacant(place) = self.held.entry(entry.number) {
                place.insert(Holding { member, entry: Arc::clone(entry) });
                taken.push(Arc::clone(entry));
            }
        }
    }

    /// Lets go of those that `member` holds. How many these were.
    pub(super) fn acknowledge(&mut self, member: u64, numbers: &[u64]) -> usize {
        numbers.iter().filter(|number| self.release(member, **number).is_some()).count()
    }

    /// Takes those back that `member` holds. How many these were.
    pub(super) fn give_back(&mut self, member: u64, numbers: &[u64]) -> usize {
        let mut count = 0;
        for &number in numbers {
            if let Some(entry) = self.release(member, number) {
                self.back.insert(number, entry);
                count += 1;
            }
        }
        self.news.notify_waiters();
        count
    }

    /// Takes back everything that `member` holds: it is gone.
    pub(super) fn leave(&mut self, member: u64) {
        let of_member = |_: &u64, holding: &mut Holding| holding.member == member;
        let gone = self.held.extract_if(.., of_member);
        self.back.extend(gone.map(|(number, holding)| (number, holding.entry)));
        self.members -= 1;
        self.news.notify_waiters();
    }

    fn release(&mut self, member: u64, number: u64) -> Option<Arc<Entry>> {
        match self.held.entry(number) {
            btree_map::Entry::Occupied(held) if held.get().member == member => {
                Some(held.remove().entry)
            }
            btree_map::Entry::Occupied(_) | btree_map::Entry::Vacant(_) => None,
        }
    }

    /// Everything below is acknowledged, or is not for it.
    pub(super) fn position(&self) -> u64 {
        let held = self.held.first_key_value().map(|(number, _)| *number);
        let back = self.back.first_key_value().map(|(number, _)| *number);
        held.into_iter().chain(back).fold(self.cursor, u64::min)
    }

    /// What the file is to know once it has the messages below `committed`, if it knows something
    /// else.
    pub(super) fn to_save(&self, committed: u64) -> Option<Place> {
        let place = Place {
            name: Arc::clone(&self.name),
            subjects: Arc::clone(&self.subjects_text),
            // Never ahead of the log: a number that is lost with the process is given to another
            // message.
            position: self.position().min(committed),
            missed: self.missed,
        };
        (self.saved.as_ref() != Some(&place)).then_some(place)
    }
}
