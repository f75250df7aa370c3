//! Proving and choosing passwords: throttled, then hashed.
//!
//! A claim is counted against the account before it is looked at, so that a thousand guesses at
//! once are no better than a thousand in a row, and given back where it was no guess after all.
//! Against an address only failures are counted, since many people share one. Neither depends on
//! whether the account exists.
//!
//! Each replica counts for itself, and what was wrong is counted for all of them besides
//! ([`Guesses`]), before anybody is told that it was: docs/decisions/0023 says why so.

use std::net::IpAddr;
use std::sync::Arc;

use common::command::Refusal;
use common::execute::{Engine, Failure};
use common::metrics::table::PASSWORD_CHECKS;
use common::metrics::{Counter, Meters};
use common::time::Timestamp;

use crate::commands::{CountGuess, ForgetGuesses};
use crate::domain::{Email, Guesses, Pace, Password, PasswordHash};
use crate::hashing::{Claim, Hashing, HashingFailed};
use crate::queries;
use crate::throttle::{Throttle, party};

/// How often somebody may try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wrong passwords a minute for one account.
    pub failures_per_account: u32,
    /// Wrong passwords a minute from one address, for whichever account.
    pub failures_per_address: u32,
    /// Sign-ups a minute from one address.
    pub sign_ups_per_address: u32,
}

/// Where passwords are proved and chosen.
pub struct Passwords {
    hashing: Hashing,
    engine: Arc<Engine>,
    per_account: Pace,
    accounts: Throttle,
    addresses: Throttle,
    sign_ups: Throttle,
    counts: Counts,
}

/// What came of the passwords that somebody gave as theirs.
#[derive(Debug, Default)]
struct Counts {
    right: Counter,
    wrong: Counter,
    throttled: Counter,
    busy: Counter,
}

impl Counts {
    fn of(meters: &Meters) -> Self {
        let outcome = |outcome| meters.counter(&PASSWORD_CHECKS, &[outcome]);
        Self {
            right: outcome("right"),
            wrong: outcome("wrong"),
            throttled: outcome("throttled"),
            busy: outcome("busy"),
        }
    }

    fn count(&self, checked: &Result<Claim, Failure>) {
        match checked {
            Ok(Claim::Right | Claim::RightButStale) => self.right.inc(),
            Ok(Claim::Wrong) => self.wrong.inc(),
            Err(Failure::Refused(_)) => self.throttled.inc(),
            Err(_) => self.busy.inc(),
        }
    }
}

/// A password that somebody says is theirs.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Whose.
    pub email: &'a Email,
    /// Where they are.
    pub address: IpAddr,
    /// The password.
    pub password: Password,
    /// What is kept of the account's password, if there is such an account.
    pub kept: Option<&'a PasswordHash>,
}

impl Passwords {
    /// Hashes on `hashing`, within `limits`.
    pub fn new(hashing: Hashing, limits: Limits, engine: Arc<Engine>) -> Self {
        Self {
            hashing,
            engine,
            per_account: Pace::per_minute(limits.failures_per_account),
            accounts: Throttle::new(limits.failures_per_account),
            addresses: Throttle::new(limits.failures_per_address),
            sign_ups: Throttle::new(limits.sign_ups_per_address),
            counts: Counts::default(),
        }
    }

    /// The same, counting with `meters`.
    #[must_use]
    pub fn metered(self, meters: &Meters) -> Self {
        Self { counts: Counts::of(meters), ..self }
    }

    /// Whether the password is theirs.
    ///
    /// # Errors
    /// When there were too many failures, or passwords cannot be hashed at the moment.
    pub async fn prove(&self, attempt: Attempt<'_>) -> Result<Claim, Failure> {
        let checked = self.check(attempt).await;
        self.counts.count(&checked);
        checked
    }

    async fn check(&self, attempt: Attempt<'_>) -> Result<Claim, Failure> {
        let Attempt { email, address, password, kept } = attempt;
        let address = party(address);
        self.addresses.check(&address, self.now())?;
        self.accounts.take(email, self.now())?;
        let of = Guesses::of(email);
        let was_guessed = match self.admit(&of).await {
            Ok(was_guessed) => was_guessed,
            Err(failure) => {
                self.accounts.give_back(email);
                return Err(failure);
            }
        };
        let claim = self.hashing.verify(password, kept).await;
        match &claim {
            Ok(Claim::Right | Claim::RightButStale) => {
                self.accounts.forget(email);
                if was_guessed {
                    self.forget(of).await;
                }
            }
            Ok(Claim::Wrong) => {
                self.addresses.count(&address, self.now());
                let guess = CountGuess { of, pace: self.per_account };
                self.engine.run(guess, "").await?;
            }
            Err(_) => self.accounts.give_back(email),
        }
        Ok(claim?)
    }

    /// Whether replicas together have room for another guess; returns whether there were any.
    async fn admit(&self, of: &str) -> Result<bool, Failure> {
        let Some(guesses) = queries::guesses(&self.engine, of).await? else { return Ok(false) };
        guesses.room(self.per_account, self.now()).map_err(Refusal::from)?;
        Ok(true)
    }

    /// Who knows the password has not guessed. Signing in does not depend on this.
    async fn forget(&self, of: String) {
        let forget = ForgetGuesses { of: vec![of], if_past: false };
        if let Err(error) = self.engine.run(forget, "").await {
            tracing::warn!(%error, "wrong passwords before a right one still count");
        }
    }

    /// Whether somebody may sign up from this address. It counts as one.
    ///
    /// # Errors
    /// When too many have.
    pub fn admit_sign_up(&self, address: IpAddr) -> Result<(), Failure> {
        Ok(self.sign_ups.take(&party(address), self.now())?)
    }

    /// What is to be kept of a password.
    ///
    /// # Errors
    /// When passwords cannot be hashed at the moment.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Failure> {
        Ok(self.hashing.hash(password).await?)
    }

    /// How many hashes have been computed so far.
    pub fn operations(&self) -> u64 {
        self.hashing.operations()
    }

    fn now(&self) -> Timestamp {
        self.engine.now()
    }
}

impl From<HashingFailed> for Failure {
    fn from(cause: HashingFailed) -> Self {
        match cause {
            HashingFailed::Busy => Self::Overloaded,
            HashingFailed::Broken(cause) => Self::Broken(cause),
        }
    }
}
