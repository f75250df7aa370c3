//! What the auth service tells: which keys sign sessions, and which sessions have ended.

use serde::{Deserialize, Serialize};

use super::{Event, USERS};
use crate::id::{Id, UserId};
use crate::time::Timestamp;

/// The aggregate of [`KeysEvent`]: there is one set of keys.
pub const KEYS_AGGREGATE: &str = "keys";

/// What happened to an account's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// The account was made.
    Created,
    /// Some of its sessions were ended.
    Updated,
    /// The account is gone, and all its sessions with it.
    Deleted,
}

/// Which sessions of an account are no longer good. It says nothing about the person: no e-mail
/// leaves auth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Whose sessions.
    pub user_id: UserId,
    /// Raised by every change of the account.
    pub version: u64,
    /// Sessions begun before this generation are over; a session carries the generation it began
    /// in.
    pub generation: u64,
    /// Single sessions that are over, until they would have ended anyway.
    #[serde(default)]
    pub ended: Vec<EndedSession>,
    /// Whether the account is gone.
    #[serde(default)]
    pub deleted: bool,
}

/// A session that was signed out of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndedSession {
    /// Which session.
    pub session_id: Id,
    /// When its token would have run out; it need not be remembered after that.
    pub until: Timestamp,
}

/// Something happened to an account.
#[derive(Debug, Clone)]
pub struct UserEvent {
    /// What.
    pub kind: UserKind,
    /// Which sessions are over since.
    pub revocation: Revocation,
}

impl Serialize for UserEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.revocation.serialize(serializer)
    }
}

impl Event for UserEvent {
    const SUBJECT: &'static str = USERS;

    fn kind(&self) -> &'static str {
        match self.kind {
            UserKind::Created => "user:created",
            UserKind::Updated => "user:updated",
            UserKind::Deleted => "user:deleted",
        }
    }

    fn aggregate(&self) -> String {
        self.revocation.user_id.to_string()
    }

    fn version(&self) -> u64 {
        self.revocation.version
    }
}

/// A public key that session tokens are verified with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicKey {
    /// The `kid` of tokens signed with it.
    pub key_id: String,
    /// The 32 bytes of an Ed25519 public key, in base64url without padding: the `x` of its JWK.
    pub x: String,
}

/// The signing keys have changed: these are all that are good now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysEvent {
    /// Raised by every rotation.
    pub version: u64,
    /// Newest first.
    pub keys: Vec<PublicKey>,
}

impl Event for KeysEvent {
    const SUBJECT: &'static str = USERS;

    fn kind(&self) -> &'static str {
        "keys:updated"
    }

    fn aggregate(&self) -> String {
        KEYS_AGGREGATE.to_owned()
    }

    fn version(&self) -> u64 {
        self.version
    }
}
