//! One round of the post: letters that are due are taken, sent, and what came of that is recorded.
//!
//! At most [`AT_ONCE`] are in its hands at a time, which bounds what a process that dies over them
//! holds up for a lease. As many as it has a hand free for are taken with one commit. Those that
//! come to something together, which they mostly do, are recorded with one commit: the first waits
//! for the others a moment ([`GATHER`]) and no longer, since one that is sent and not recorded is
//! what is sent again if the process dies now. Nothing waits for another before it is sent.
//!
//! All that goes on at the same time is driven by one loop, commits too: none stands still while
//! another is waited for, or a letter might be sent when its lease is over.

use std::collections::VecDeque;
use std::time::Duration;

use common::execute::Failure;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::commands::{RecordAttempts, TakeLetters, Tried};
use crate::domain::Letter;
use crate::post::{Post, TRACE};

/// How many are in hand at the same time.
const AT_ONCE: usize = 4;

/// How long what a letter came to waits for what others come to.
const GATHER: Duration = Duration::from_millis(50);

/// What has happened.
enum Happened {
    /// These are in hand, of so many that were wanted.
    Taken(usize, Result<Vec<Letter>, Failure>),
    /// One has come to something.
    Tried(Result<Tried, Failure>),
    /// What has come to something has waited long enough.
    Gathered,
    /// These are out of hand, of so many.
    Recorded(usize, Result<Vec<Letter>, Failure>),
}

/// A round.
pub(crate) struct Round<'a> {
    post: &'a Post,
    /// Which are to be taken yet, the first first.
    waiting: VecDeque<String>,
    going_on: FuturesUnordered<BoxFuture<'a, Happened>>,
    /// How many more may be taken.
    free: usize,
    sending: usize,
    /// What is to be recorded.
    tried: Vec<Tried>,
    failure: Option<Failure>,
}

impl<'a> Round<'a> {
    /// A round with these letters.
    pub(crate) fn of(post: &'a Post, due: Vec<Letter>) -> Self {
        Self {
            post,
            waiting: due.into_iter().map(|letter| letter.id).collect(),
            going_on: FuturesUnordered::new(),
            free: AT_ONCE,
            sending: 0,
            tried: Vec::new(),
            failure: None,
        }
    }

    /// Goes it to its end, whatever becomes of some: one that is dropped on its way is sent twice.
    ///
    /// # Errors
    /// The first time that the store did not serve.
    pub(crate) async fn go(mut self) -> Result<(), Failure> {
        loop {
            self.take();
            if self.free == AT_ONCE {
                return self.failure.map_or(Ok(()), Err);
            }
            let Some(happened) = self.going_on.next().await else {
                return self.failure.map_or(Ok(()), Err);
            };
            self.see(happened);
        }
    }

    fn see(&mut self, happened: Happened) {
        match happened {
            Happened::Taken(wanted, taken) => {
                let taken = self.unless_failed(taken);
                self.free += wanted - taken.len();
                self.sending += taken.len();
                let post = self.post;
                for letter in taken {
                    let sent = async move { Happened::Tried(post.attempt(letter).await) };
                    self.going_on.push(sent.boxed());
                }
            }
            Happened::Tried(tried) => {
                self.sending -= 1;
                match tried {
                    Ok(tried) => self.tried.push(tried),
                    Err(failure) => {
                        self.free += 1;
                        self.failure.get_or_insert(failure);
                    }
                }
                if self.sending == 0 {
                    self.record();
                } else if self.tried.len() == 1 {
                    let gathered = self.post.engine().clock().sleep(GATHER);
                    self.going_on.push(gathered.map(|()| Happened::Gathered).boxed());
                }
            }
            Happened::Gathered => self.record(),
            Happened::Recorded(many, recorded) => {
                self.free += many;
                for letter in self.unless_failed(recorded) {
                    self.post.tell(&letter);
                }
            }
        }
    }

    /// As many as there is a hand free for.
    fn take(&mut self) {
        let wanted = self.free.min(self.waiting.len());
        if wanted == 0 {
            return;
        }
        self.free -= wanted;
        let ids = self.waiting.drain(..wanted).collect();
        let take = TakeLetters { ids, lease: self.post.lease() };
        let taken = self.post.engine().run(take, TRACE);
        self.going_on.push(taken.map(move |taken| Happened::Taken(wanted, taken)).boxed());
    }

    fn record(&mut self) {
        if self.tried.is_empty() {
            return;
        }
        let tried = std::mem::take(&mut self.tried);
        let many = tried.len();
        let recorded = self.post.engine().run(RecordAttempts { tried }, TRACE);
        self.going_on.push(recorded.map(move |all| Happened::Recorded(many, all)).boxed());
    }

    fn unless_failed(&mut self, letters: Result<Vec<Letter>, Failure>) -> Vec<Letter> {
        letters.unwrap_or_else(|failure| {
            self.failure.get_or_insert(failure);
            Vec::new()
        })
    }
}
