//! The bus of the all-in-one process: a log in a file of its own, with its end in memory.
//!
//! ```text
//! publish ──► log in memory ──► members, at once
//!                  │  ▲
//!                  ▼  └── pages, for members that lag
//!             writer thread ──► one transaction for all that waits ──► publish returns
//! ```
//!
//! **Delivered before written.** A message reaches its subscribers as soon as it is in memory;
//! `publish` returns when the file has it. That is sound because the file is not the record, the
//! outbox is: a message that was delivered and then lost with the process was never acknowledged to
//! its publisher, which publishes it again, and who has applied it already sees that it is not
//! newer. For the same reason the file is not synced at each commit (`synchronous=NORMAL`). A
//! killed process loses nothing by that. A power cut may take the newest messages, and with them
//! the positions written after them, so no group is ever ahead of the log; but their publishers may
//! have noted them as published. So the file knows whether it was closed and on which boot of the
//! machine it was open, and one that was cut off is opened under another epoch ([`file`]).
//!
//! **Groups.** A group has a cursor into the log, the messages that its members hold, and those
//! that came back. The least of these is its position, which is written lazily: after a crash some
//! messages come again. A member holds its messages until it acknowledges them, gives them back or
//! is dropped; no timer takes them away, because a member in the same process cannot vanish
//! unnoticed. The members of a group are expected to ask for the same subjects; the newest member's
//! count. A group that asks for a new subject starts over.
//!
//! **Bounds.** What every group has acknowledged is deleted, except the newest, for groups to come.
//! A group that never comes back keeps at most [`Options::max_messages`]. Where a group finds that
//! messages were deleted before it saw them, the bus takes another epoch as soon as that group has
//! caught up: every outbox then publishes everything again, and nothing is lost for good (I9, I21).
//!
//! **Faults.** When the file fails, publishers are told [`BusDown`], what is in memory stays there
//! and goes on to its subscribers, and the writer opens the file again until it can write it. A
//! damaged file is set aside and begun anew, under another epoch.
//!
//! Rejected: a table of deliveries per group (a write for every message and group), and reading the
//! file back for every delivery (a commit's wait in every event's way).

mod chunks;
mod file;
mod group;
mod log;
mod member;
mod shared;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;

use self::file::File;
use self::log::Log;
use self::member::Member;
pub use self::shared::Faults;
use self::shared::Shared;
use self::writer::Writer;
use super::{Bus, BusDown, MAX_MESSAGES, Message, Subscription};
use crate::id::{Entropy, NoEntropy, random_u64};

/// How much history the bus keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The newest messages stay, whoever has acknowledged them, for groups to come. Default:
    /// 10,000.
    pub keep_messages: u64,
    /// The oldest messages beyond so many go, whoever has not acknowledged them. Default:
    /// 1,000,000.
    pub max_messages: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { keep_messages: 10_000, max_messages: 1_000_000 }
    }
}

/// The file of the bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite cannot open, read or write it; another process may have it open.
    #[error("the event bus file cannot be opened: {0}")]
    File(#[from] rusqlite::Error),
    /// It is somebody else's database.
    #[error("{0} is not an event bus file")]
    Foreign(String),
    /// It is damaged and cannot be set aside, or no thread can be started.
    #[error("the event bus cannot be started: {0}")]
    System(#[from] std::io::Error),
    /// The bus needs a name that no other has.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// The embedded bus. Dropping it writes what is left to write; its subscriptions then say that it
/// is down.
#[derive(Debug)]
pub struct EmbeddedBus {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    next_member: AtomicU64,
}

impl EmbeddedBus {
    /// Opens the bus whose log is at `path`, or begins one there. One process at a time can have it
    /// open.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(
        path: &Path,
        options: Options,
        entropy: &dyn Entropy,
    ) -> Result<Arc<Self>, OpenError> {
        let name = random_u64(entropy)?;
        let (file, held) = File::open(path, name)?;
        let shared = Arc::new(Shared::new(Log::durable(options, held)));
        // Should the file be lost while the bus is open, its successor needs a name too.
        let spare = random_u64(entropy)?;
        let writer = Writer::new(Arc::clone(&shared), path.to_owned(), file, spare);
        #[expect(clippy::disallowed_methods, reason = "the log's one writer, joined in close")]
        let thread = thread::Builder::new().name("bus".to_owned()).spawn(move || writer.run())?;
        Ok(Self::with(shared, Some(thread)))
    }

    /// A bus that keeps everything in memory and needs no thread, for tests.
    pub fn in_memory() -> Arc<Self> {
        Self::in_memory_with(Options::default())
    }

    /// As [`EmbeddedBus::in_memory`], keeping as much as `options` say.
    pub fn in_memory_with(options: Options) -> Arc<Self> {
        static BUSES: AtomicU64 = AtomicU64::new(0);
        let name = BUSES.fetch_add(1, Ordering::Relaxed);
        Self::with(Arc::new(Shared::new(Log::in_memory(options, name))), None)
    }

    fn with(shared: Arc<Shared>, thread: Option<JoinHandle<()>>) -> Arc<Self> {
        let (writer, next_member) = (Mutex::new(thread), AtomicU64::new(0));
        Arc::new(Self { shared, writer, next_member })
    }

    /// Writes what is left to write and closes the file. Nothing is served afterwards. Waits for
    /// the disk.
    pub fn close(&self) {
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.shared.ask_to_close();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the event bus's writer panicked");
        }
        self.shared.close();
    }

    /// Troubles to order, for tests.
    #[doc(hidden)]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }
}

impl Drop for EmbeddedBus {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    /// # Panics
    /// When there are more than [`MAX_MESSAGES`].
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusDown> {
        assert!(messages.len() <= MAX_MESSAGES, "{} messages in one publish", messages.len());
        if messages.is_empty() {
            return Ok(());
        }
        self.shared.publish(messages).await
    }

    async fn subscribe(
        &self,
        group: &'static str,
        subjects: &[&'static str],
    ) -> Result<Box<dyn Subscription>, BusDown> {
        let me = self.next_member.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Member::join(Arc::clone(&self.shared), me, group, subjects)?))
    }

    async fn epoch(&self) -> Result<String, BusDown> {
        let log = self.shared.lock();
        log.check()?;
        Ok(log.epoch.to_string())
    }

    async fn behind(&self, group: &'static str) -> Option<u64> {
        self.shared.lock().behind(group)
    }
}
