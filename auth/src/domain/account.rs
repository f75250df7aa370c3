//! An account, from sign-up to deletion.

use std::fmt;

use common::id::UserId;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Email, PasswordHash, SessionFacts, Sessions};

/// An account. What is left of a deleted one says which sessions are over and nothing about a
/// person (I29).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Which one.
    pub id: UserId,
    /// Which of its sessions are over.
    pub sessions: Sessions,
    /// Whether it is somebody's.
    pub state: AccountState,
}

/// Whether an account is somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum AccountState {
    /// It is.
    Active(Holder),
    /// It was.
    #[serde(rename_all = "camelCase")]
    Deleted {
        /// Until when.
        at: Timestamp,
    },
}

/// Whose account it is, and how they prove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Where they are reached, and how they sign in.
    pub email: Email,
    /// What is kept of their password.
    pub password: PasswordHash,
    /// When they signed up.
    pub created_at: Timestamp,
    /// When they chose the password.
    pub password_set_at: Timestamp,
    /// The request that set the password, if it may be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_set_by: Option<RequestMark>,
}

/// Recognises a request that is repeated under its idempotency key.
///
/// A password is never part of it. A digest of the whole request would be a second, fast hash of
/// the password beside the slow one, so whether a repeated request has the same password is found
/// out with the slow one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestMark {
    /// A digest of the idempotency key and of what it is used for.
    pub digest: String,
    /// Until when the request may be repeated.
    pub until: Timestamp,
}

impl RequestMark {
    /// Whether `other`, made at `now`, repeats this request.
    pub fn is_repeated_by(&self, other: &Self, now: Timestamp) -> bool {
        self.digest == other.digest && now < self.until
    }
}

impl fmt::Debug for RequestMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestMark(until {})", self.until)
    }
}

/// Whose an e-mail address is. Its id is the address, which is what makes addresses unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailOwner {
    /// The address.
    pub email: Email,
    /// Whose it is.
    pub user_id: UserId,
}

/// Why something cannot happen to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    /// The account has been deleted.
    #[error("the account has been deleted")]
    Gone,
    /// The session is over.
    #[error("the session is over")]
    SessionOver,
    /// The password is no longer the one that was proved.
    #[error("the password has been changed meanwhile")]
    PasswordChanged,
}

impl Account {
    /// A new account.
    pub fn open(id: UserId, holder: Holder) -> Self {
        Self { id, sessions: Sessions::default(), state: AccountState::Active(holder) }
    }

    /// Whose it is, unless it has been deleted.
    pub fn holder(&self) -> Option<&Holder> {
        match &self.state {
            AccountState::Active(holder) => Some(holder),
            AccountState::Deleted { .. } => None,
        }
    }

    /// The account with this session over.
    ///
    /// # Errors
    /// When it is over already.
    pub fn sign_out(mut self, session: &SessionFacts, now: Timestamp) -> Result<Self, NotPossible> {
        self.in_session(session)?;
        self.sessions = self.sessions.without(session, now);
        Ok(self)
    }

    /// The account with all sessions over.
    ///
    /// # Errors
    /// When the one that asks is over already.
    pub fn sign_out_everywhere(mut self, session: &SessionFacts) -> Result<Self, NotPossible> {
        self.in_session(session)?;
        self.sessions = self.sessions.none();
        Ok(self)
    }

    /// The account with another password and all sessions over. `proved` is what the old password
    /// was compared with.
    ///
    /// # Errors
    /// When the session is over, or the password is another one by now.
    pub fn change_password(
        mut self,
        session: &SessionFacts,
        proved: &PasswordHash,
        password: PasswordHash,
        mark: Option<RequestMark>,
        now: Timestamp,
    ) -> Result<Self, NotPossible> {
        let holder = self.in_session(session)?.proved(proved)?;
        let holder =
            Holder { password, password_set_at: now, password_set_by: mark, ..holder.clone() };
        self.state = AccountState::Active(holder);
        self.sessions = self.sessions.none();
        Ok(self)
    }

    /// The account with the same password hashed in another way.
    ///
    /// # Errors
    /// When the password is another one by now.
    pub fn rehash(
        mut self,
        proved: &PasswordHash,
        password: PasswordHash,
    ) -> Result<Self, NotPossible> {
        let holder = self.holder().ok_or(NotPossible::Gone)?.proved(proved)?;
        self.state = AccountState::Active(Holder { password, ..holder.clone() });
        Ok(self)
    }

    /// What is left of the account when it is deleted.
    ///
    /// # Errors
    /// When the session is over, or the password is another one by now.
    pub fn delete(
        mut self,
        session: &SessionFacts,
        proved: &PasswordHash,
        now: Timestamp,
    ) -> Result<Self, NotPossible> {
        self.in_session(session)?.proved(proved)?;
        self.sessions = self.sessions.none();
        self.state = AccountState::Deleted { at: now };
        Ok(self)
    }

    fn in_session(&self, session: &SessionFacts) -> Result<&Holder, NotPossible> {
        let holder = self.holder().ok_or(NotPossible::Gone)?;
        match self.sessions.are_over(session) {
            true => Err(NotPossible::SessionOver),
            false => Ok(holder),
        }
    }
}

impl Holder {
    fn proved(&self, proved: &PasswordHash) -> Result<&Self, NotPossible> {
        match self.password == *proved {
            true => Ok(self),
            false => Err(NotPossible::PasswordChanged),
        }
    }
}
