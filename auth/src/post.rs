//! Sends letters: takes one that is due, sends it, records what came of it.
//!
//! It looks at the letters and takes no input, so a restart forgets none. Of several replicas one
//! has a letter at a time: to take it is a conditional commit that puts it off for a while, the
//! lease, which is longer than anybody may try to send it. A process that dies between sending and
//! recording, or whose store is away just then, leaves a letter that is sent again once the lease
//! is over, under the Message-ID of the first time. In no other way is a letter sent twice, as long
//! as clocks of replicas do not differ by more than a lease.
//!
//! Letters may wait, and purchases may not: it sends a few at a time ([`crate::round`]), and rests
//! in between.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Failure};
use common::metrics::table::{LETTERS, LETTERS_OLDEST, LETTERS_WAITING};
use common::metrics::{Counter, Gauge, Look, Meters};
use common::worker::{Progress, Reconciler, StepFailed};

use crate::commands::{ForgetLetters, OpenLetters, Tried};
use crate::domain::{Attempt, Letter, REMEMBERED_FOR, State};
use crate::mail::{Mail, SendError, message};
use crate::queries;
use crate::round::Round;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(250);

/// Most letters sent in one step: with [`PERIOD`], some 250 a second.
const PAGE: usize = 64;

/// Most letters forgotten in one step.
const FORGET_PAGE: usize = 200;

/// Most letters that are counted for whoever watches.
const MOST_COUNTED: usize = 1_000;

/// The trace of what follows.
pub(crate) const TRACE: &str = "post";

/// The reconciler. It also shows how much waits.
pub struct Post {
    engine: Arc<Engine>,
    mail: Mail,
    counts: Counts,
}

struct Counts {
    sent: Counter,
    again: Counter,
    refused: Counter,
    set_aside: Counter,
    unaddressed: Counter,
    waiting: Gauge,
    oldest: Gauge,
}

impl Counts {
    fn of(meters: &Meters) -> Self {
        let outcome = |outcome| meters.counter(&LETTERS, &[outcome]);
        Self {
            sent: outcome("sent"),
            again: outcome("again"),
            refused: outcome("refused"),
            set_aside: outcome("set_aside"),
            unaddressed: outcome("unaddressed"),
            waiting: meters.gauge(&LETTERS_WAITING, &[]),
            oldest: meters.gauge(&LETTERS_OLDEST, &[]),
        }
    }
}

impl Post {
    /// Sends letters by `mail`.
    pub fn new(engine: Arc<Engine>, mail: Mail) -> Self {
        let counts = Counts::of(engine.meters());
        Self { engine, mail, counts }
    }

    /// For so long a letter is whoever's who has taken it: twice as long as it may take.
    pub(crate) fn lease(&self) -> Duration {
        2 * self.mail.mailer.timeout()
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Tries to send a letter that was taken.
    pub(crate) async fn attempt(&self, letter: Letter) -> Result<Tried, Failure> {
        let attempt = match queries::account(&self.engine, letter.to).await? {
            Some(account) => match account.holder() {
                Some(holder) => self.send(&letter, holder).await,
                None => Attempt::NoReader,
            },
            None => Attempt::NoReader,
        };
        let number = letter.attempts();
        Ok(Tried { id: letter.id, number, attempt })
    }

    async fn send(&self, letter: &Letter, to: &crate::domain::Holder) -> Attempt {
        let sent = match message::parcel(letter, &to.email, &self.mail.letterhead) {
            Ok(parcel) => tokio::select! {
                biased;
                sent = self.mail.mailer.send(&parcel) => sent,
                () = self.engine.clock().sleep(self.mail.mailer.timeout()) => {
                    Err(SendError::Failed("it takes too long".to_owned()))
                }
            },
            Err(error) => Err(error),
        };
        let (letter, number) = (&letter.id, letter.attempts());
        match sent {
            Ok(()) => {
                tracing::debug!(letter, number, "sent");
                Attempt::Taken
            }
            Err(error @ SendError::Failed(_)) => {
                tracing::warn!(letter, number, %error, "a letter is not sent yet");
                Attempt::Failed
            }
            Err(error @ SendError::Refused(_)) => {
                tracing::warn!(letter, number, %error, "a letter is refused for ever");
                Attempt::Refused
            }
        }
    }

    /// Says what became of a letter.
    pub(crate) fn tell(&self, letter: &Letter) {
        match letter.state {
            State::Sent { .. } => self.counts.sent.inc(),
            State::Announced | State::Waiting { .. } => self.counts.again.inc(),
            State::Unaddressed { .. } => self.counts.unaddressed.inc(),
            State::SetAside { refused: true, .. } => self.counts.refused.inc(),
            State::SetAside { refused: false, .. } => {
                self.counts.set_aside.inc();
                let letter = &letter.id;
                tracing::error!(letter, "a letter could not be sent in time: somebody must look");
            }
        }
    }

    async fn step_once(&self) -> Result<(), Failure> {
        let due = queries::due_letters(&self.engine, self.engine.now(), PAGE).await?;
        Round::of(self, due).go().await
    }
}

#[async_trait]
impl Reconciler for Post {
    fn name(&self) -> &'static str {
        "post"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        self.step_once().await.map_err(StepFailed::new)?;
        // A full page too: what waits further has time.
        Ok(Progress::Idle)
    }
}

#[async_trait]
impl Look for Post {
    async fn look(&self) {
        match queries::waiting_letters(&self.engine, MOST_COUNTED).await {
            Ok(waiting) => {
                self.counts.waiting.set_count(waiting.len());
                let since = |letter: &Letter| match letter.state {
                    State::Waiting { since, .. } => Some(since),
                    _ => None,
                };
                let oldest = waiting.iter().filter_map(since).min();
                let now = self.engine.now();
                let age = oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
                self.counts.oldest.set_time(age);
            }
            Err(_) => {
                self.counts.waiting.set_unknown();
                self.counts.oldest.set_unknown();
            }
        }
    }
}

/// Notes since when there are letters, and forgets those that ended long ago.
pub struct Keep {
    engine: Arc<Engine>,
}

impl Keep {
    /// A reconciler on the store of `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    async fn keep(&self) -> Result<Progress, Failure> {
        self.engine.run(OpenLetters, TRACE).await?;
        let now = self.engine.now();
        let long_ago = i64::try_from(REMEMBERED_FOR.as_millis()).unwrap_or(i64::MAX);
        let before = now.plus_millis(-long_ago);
        let over = queries::ended_letters(&self.engine, before, FORGET_PAGE).await?;
        if over.is_empty() {
            return Ok(Progress::Idle);
        }
        let ids = over.into_iter().map(|letter| letter.id).collect();
        self.engine.run(ForgetLetters { ids }, TRACE).await?;
        Ok(Progress::More)
    }
}

#[async_trait]
impl Reconciler for Keep {
    fn name(&self) -> &'static str {
        "keep-letters"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        self.keep().await.map_err(StepFailed::new)
    }
}
