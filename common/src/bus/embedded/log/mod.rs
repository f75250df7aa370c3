//! The log in memory: what the groups have not taken yet, and who waits for what.

mod rounds;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Options;
use super::file::{Epoch, Held, Page, Span};
use super::group::{Group, Place};
use crate::bus::{BusDown, Message};
pub(super) use rounds::Round;

/// A message in the log.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in the log; also the token of its deliveries.
    pub(super) number: u64,
    pub(super) subject: Cow<'static, str>,
    pub(super) id: String,
    pub(super) body: Bytes,
}

/// Whether the bus serves.
#[derive(Debug)]
enum State {
    Serving,
    Down(String),
    Closed,
}

/// Whether the writer sleeps, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sleep {
    Awake,
    Lingering,
    UntilQuiet,
    UntilWoken,
}

/// Somebody who waits until the file has what it published.
#[derive(Debug)]
struct Publisher {
    /// The number after its last message.
    upto: u64,
    room: usize,
    answer: oneshot::Sender<()>,
}

/// A member that waits for a page of the file.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) span: Span,
    pub(super) answer: oneshot::Sender<Page>,
}

/// What a member gets when it asks.
#[derive(Debug)]
pub(super) enum Taken {
    Messages(Vec<Arc<Entry>>),
    /// What comes next is in the file.
    Behind(oneshot::Receiver<Page>, Span),
    /// There is nothing yet.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Log {
    options: Options,
    /// Whether there is a file behind it.
    durable: bool,
    state: State,
    closing: bool,
    /// The number of the message to come.
    next: u64,
    /// The file has every message below, or had it.
    committed: u64,
    /// Messages below are in the file no more.
    oldest: u64,
    /// The newest messages, without a gap, up to `next`.
    tail: VecDeque<Arc<Entry>>,
    tail_bytes: usize,
    groups: Vec<Group>,
    pub(super) epoch: Epoch,
    /// A group has missed messages, and it is time to have everything published again.
    renew: bool,
    publishers: VecDeque<Publisher>,
    reads: Vec<Read>,
    /// Whether a group has moved since places were saved.
    unsaved: bool,
    /// How the writer sleeps: waking one that does not sleep costs a system call as well.
    pub(super) sleep: Sleep,
    messages_since_save: usize,
    writes_since_save: usize,
}

impl Log {
    /// The log of an open file.
    pub(super) fn durable(options: Options, held: Held) -> Self {
        let Held { epoch, oldest, next, places } = held;
        let bounded = |place: Place| Place { position: place.position.min(next), ..place };
        Self {
            options,
            durable: true,
            state: State::Serving,
            closing: false,
            next,
            committed: next,
            oldest,
            tail: VecDeque::new(),
            tail_bytes: 0,
            groups: places.into_iter().map(|place| Group::known(bounded(place))).collect(),
            epoch,
            renew: false,
            publishers: VecDeque::new(),
            reads: Vec::new(),
            unsaved: false,
            sleep: Sleep::Awake,
            messages_since_save: 0,
            writes_since_save: 0,
        }
    }

    /// A log without a file.
    pub(super) fn in_memory(options: Options, name: u64) -> Self {
        let epoch = Epoch { name, turn: 0 };
        let held = Held { epoch, oldest: 1, next: 1, places: Vec::new() };
        Self { durable: false, ..Self::durable(options, held) }
    }

    /// # Errors
    /// When the bus does not serve.
    pub(super) fn check(&self) -> Result<(), BusDown> {
        match &self.state {
            State::Serving => Ok(()),
            State::Down(reason) => Err(BusDown(reason.clone())),
            State::Closed => Err(BusDown("it is closed".to_owned())),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Appends messages and wakes those who hear them. `None` where there is no file to wait for.
    pub(super) fn append(
        &mut self,
        messages: Vec<Message>,
        room: usize,
    ) -> Option<oneshot::Receiver<()>> {
        let first = self.next;
        for Message { subject, id, body } in messages {
            self.tail_bytes += body.len();
            let subject = Cow::Borrowed(subject);
            let entry = Entry { number: self.next, subject, id, body };
            self.tail.push_back(Arc::new(entry));
            self.next += 1;
        }
        let from = self.tail_index(first);
        for group in &mut self.groups {
            if self.tail.range(from..).any(|entry| group.hears(&entry.subject)) {
                group.news.notify_waiters();
            } else if group.cursor() == first {
                group.skip_to(self.next);
            }
        }
        if !self.durable {
            self.committed = self.next;
            self.trim_memory();
            return None;
        }
        let (answer, written) = oneshot::channel();
        self.publishers.push_back(Publisher { upto: self.next, room, answer });
        Some(written)
    }

    /// A new member of the group `name`. Returns the group's index.
    pub(super) fn join(&mut self, name: &str, subjects: &[&'static str]) -> usize {
        let known = self.groups.iter().position(|group| group.name() == name);
        let index = known.unwrap_or_else(|| {
            self.groups.push(Group::new(name));
            self.groups.len() - 1
        });
        let group = &mut self.groups[index];
        group.hear(subjects);
        group.members += 1;
        self.unsaved = true;
        index
    }

    /// How many messages lie between the position of the group `name` and the end.
    pub(super) fn behind(&self, name: &str) -> Option<u64> {
        let group = self.groups.iter().find(|group| group.name() == name)?;
        Some(self.next.saturating_sub(group.position()))
    }

    pub(super) fn group(&mut self, index: usize) -> &mut Group {
        &mut self.groups[index]
    }

    /// Hands up to `room` messages of the group at `index` to `member`.
    pub(super) fn take(
        &mut self,
        index: usize,
        member: u64,
        room: usize,
    ) -> Result<Taken, BusDown> {
        if self.is_closed() {
            self.check()?;
        }
        let start = self.tail_start();
        let group = &mut self.groups[index];
        let mut taken = group.take_back(member, room);
        group.note_missed(self.oldest.min(start));
        if taken.is_empty() && group.cursor() < start {
            let span =
                Span { from: group.cursor(), to: start, subjects: Arc::clone(&group.subjects) };
            self.check()?;
            let (answer, page) = oneshot::channel();
            self.reads.push(Read { span: span.clone(), answer });
            return Ok(Taken::Behind(page, span));
        }
        if group.cursor() >= start {
            let from = usize::try_from(group.cursor() - start).unwrap_or(usize::MAX);
            let rest = self.tail.range(from.min(self.tail.len())..);
            group.take(member, room, rest, &mut taken);
        }
        self.renew_if_caught_up(index);
        Ok(if taken.is_empty() { Taken::Nothing } else { Taken::Messages(taken) })
    }

    /// Hands up to `room` messages of a page that was read for the group at `index` to `member`.
    pub(super) fn take_page(
        &mut self,
        index: usize,
        member: u64,
        room: usize,
        span: &Span,
        page: &Page,
    ) -> Vec<Arc<Entry>> {
        let mut taken = Vec::new();
        let group = &mut self.groups[index];
        // Another member may have started the group over, or taken all of this already.
        let fits = Arc::ptr_eq(&span.subjects, &group.subjects)
            && (span.from..page.reached).contains(&group.cursor());
        if fits {
            if span.from < self.oldest {
                group.missed = true;
            }
            group.take(member, room, page.entries.iter(), &mut taken);
            if taken.len() < room || page.entries.last().is_none_or(|e| e.number < group.cursor()) {
                group.skip_to(page.reached);
            }
        }
        taken
    }

    /// A group that missed something and has taken all there is asks for everything to be published
    /// again: not earlier, or what comes again would push out what it has not seen yet.
    fn renew_if_caught_up(&mut self, index: usize) {
        let group = &self.groups[index];
        if group.missed && group.cursor() == self.next {
            if self.durable {
                self.renew = true;
            } else {
                self.epoch.turn += 1;
                self.groups.iter_mut().for_each(|group| group.missed = false);
            }
        }
    }

    /// A group has moved.
    pub(super) fn moved(&mut self) {
        self.unsaved = true;
        if !self.durable {
            self.trim_memory();
        }
    }

    fn tail_start(&self) -> u64 {
        self.next - self.tail.len() as u64
    }

    fn tail_index(&self, number: u64) -> usize {
        let index = number.saturating_sub(self.tail_start());
        usize::try_from(index).map_or(self.tail.len(), |index| index.min(self.tail.len()))
    }
}
