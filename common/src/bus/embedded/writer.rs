//! The one thread that touches the file.
//!
//! It takes everything that waits, puts it into one transaction, and only then answers; meanwhile
//! the next gathers. It reads pages for members that lag and trims between two transactions, so the
//! file needs no second connection.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::OpenError;
use super::file::{self, File};
use super::log::{Round, Sleep};
use super::shared::Shared;

/// How long the writer waits for more to do before it saves the groups' places.
const SAVE_PERIOD: Duration = Duration::from_millis(100);

/// How long the writer waits for more to write along. Nobody's delivery waits for it, only a
/// publisher that comes again at once; and a transaction for each of a thousand messages a second
/// would cost more than all else about them.
const LINGER: Duration = Duration::from_millis(2);

/// How soon after a failure, and then how often, the file is opened again.
const RETRY_PERIOD: Duration = Duration::from_millis(250);

pub(super) struct Writer {
    shared: Arc<Shared>,
    path: PathBuf,
    /// `None` while it cannot be opened.
    file: Option<File>,
    /// The name for a file that has to be begun anew.
    spare_name: u64,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, path: PathBuf, file: File, spare_name: u64) -> Self {
        Self { shared, path, file: Some(file), spare_name }
    }

    /// Serves until the bus is closed.
    pub(super) fn run(mut self) {
        while let Some(file) = &self.file {
            let round = self.next_round();
            let last = round.last;
            if let Err(error) = self.perform(file, round) {
                self.recover(error);
            } else if last {
                break;
            }
        }
        if let Some(Err(error)) = self.file.take().map(File::close) {
            tracing::warn!(%error, "the event bus file could not be closed");
        }
    }

    fn next_round(&self) -> Round {
        let mut log = self.shared.lock();
        let mut saves = false;
        while !saves && !log.has_work() {
            if log.has_unsaved() {
                log.sleep = Sleep::UntilQuiet;
                let woken = self.shared.wake.wait_timeout(log, SAVE_PERIOD);
                let (guard, period) = woken.unwrap_or_else(PoisonError::into_inner);
                log = guard;
                saves = period.timed_out();
            } else {
                log.sleep = Sleep::UntilWoken;
                log = self.shared.wake.wait(log).unwrap_or_else(PoisonError::into_inner);
            }
            log.sleep = Sleep::Awake;
        }
        if !log.is_urgent() {
            log.sleep = Sleep::Lingering;
            let more = self.shared.wake.wait_timeout_while(log, LINGER, |log| !log.is_urgent());
            (log, _) = more.unwrap_or_else(PoisonError::into_inner);
            log.sleep = Sleep::Awake;
        }
        log.round(saves)
    }

    fn perform(&self, file: &File, round: Round) -> rusqlite::Result<()> {
        let Round { entries, places, epoch, .. } = &round;
        if !entries.is_empty() || !places.is_empty() || epoch.is_some() {
            self.shared.faults.check()?;
            file.write(entries, places, *epoch)?;
        }
        let mut log = self.shared.lock();
        let room = log.written(&round);
        let trim = log.to_trim();
        drop(log);
        self.shared.give_room(room);
        for read in round.reads {
            // A member that has gone away needs no page.
            drop(read.answer.send(file.read(&read.span)?));
        }
        if let Some((oldest, to)) = trim {
            let oldest = file.trim(oldest, to)?;
            self.shared.lock().trimmed(oldest);
        }
        Ok(())
    }

    /// Tells everyone that the bus is down, and tries until the file is open again and has all that
    /// memory holds, or the bus is closed.
    fn recover(&mut self, error: rusqlite::Error) {
        tracing::error!(%error, "the event bus is down until its file can be written");
        let room = self.shared.lock().fail(error.to_string());
        self.shared.give_room(room);
        let mut damaged = file::is_damage(&error);
        self.file = None;
        while self.file.is_none() && self.pause() {
            if damaged {
                damaged = file::set_aside(&self.path).is_err();
            }
            match self.reopen() {
                Ok(file) => {
                    tracing::info!("the event bus serves again");
                    self.file = Some(file);
                }
                Err(error) => tracing::debug!(%error, "the event bus file cannot be written yet"),
            }
        }
    }

    /// Opens the file and writes all that memory holds.
    fn reopen(&mut self) -> Result<File, OpenError> {
        let (file, held) = File::open(&self.path, self.spare_name)?;
        if held.epoch.name == self.spare_name {
            self.spare_name = self.spare_name.wrapping_add(1);
        }
        self.shared.lock().reopened(&held);
        while !self.shared.lock().serve() {
            let round = self.shared.lock().round(true);
            self.perform(&file, round)?;
        }
        Ok(file)
    }

    /// Waits a little. `false` where the bus is closed.
    fn pause(&self) -> bool {
        let log = self.shared.lock();
        let waited =
            self.shared.wake.wait_timeout_while(log, RETRY_PERIOD, |log| !log.is_closing());
        let (log, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !log.is_closing()
    }
}

impl Drop for Writer {
    /// Also when it panics: nobody may wait for a writer that is gone.
    fn drop(&mut self) {
        self.shared.close();
    }
}
