//! Each service's copy of what auth tells about sessions, and the commands that make it.
//!
//! Auth itself writes these documents in the very commits that rotate a key or end a session, so
//! that it sees its own writes at once; hearing of them again changes nothing.

use serde::{Deserialize, Serialize};

use crate::command::{Change, Command, Docs, Entity, Key, Moment, Refusal};
use crate::events::{Envelope, KeysEvent, NotUnderstood, Revocation, USERS};
use crate::inbox::{Hears, Reaction};
use crate::store::Collection;

/// The public keys that are good now: one document.
pub static SIGNING_KEYS: Collection =
    Collection { name: "signing_keys", fields: &[], indexes: &[] };

/// Which sessions are over: a document for each account.
pub static REVOCATIONS: Collection = Collection { name: "revocations", fields: &[], indexes: &[] };

/// The id of the one document of [`SIGNING_KEYS`].
pub const KEYS_ID: &str = "keys";

/// The public keys that session tokens are verified with, as auth last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningKeys(pub KeysEvent);

impl Entity for SigningKeys {
    const COLLECTION: &'static Collection = &SIGNING_KEYS;

    fn id(&self) -> String {
        KEYS_ID.to_owned()
    }
}

/// Which sessions of an account are over, as auth last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevocationCopy(pub Revocation);

impl Entity for RevocationCopy {
    const COLLECTION: &'static Collection = &REVOCATIONS;

    fn id(&self) -> String {
        self.0.user_id.to_string()
    }
}

/// What every service hears about sessions.
pub fn hears() -> Hears {
    Hears { subject: USERS, read }
}

fn read(envelope: &Envelope) -> Result<Reaction, NotUnderstood> {
    match envelope.kind.as_str() {
        "keys:updated" => Ok(Reaction::command(HearKeys { keys: envelope.data()? })),
        "user:created" | "user:updated" | "user:deleted" => {
            Ok(Reaction::command(HearRevocation { revocation: envelope.data()? }))
        }
        _ => Err(NotUnderstood::UnknownKind(envelope.kind.clone())),
    }
}

/// The signing keys have changed.
pub struct HearKeys {
    /// These are good now.
    pub keys: KeysEvent,
}

impl Command for HearKeys {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<SigningKeys>(KEYS_ID)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let known = docs.get::<SigningKeys>(KEYS_ID).map(|copy| copy.value.0.version);
        if known.is_some_and(|version| version >= self.keys.version) {
            return Ok(Change::nothing(()));
        }
        Ok(Change::nothing(()).put(SigningKeys(self.keys.clone())))
    }
}

/// Some of an account's sessions have ended.
pub struct HearRevocation {
    /// Which.
    pub revocation: Revocation,
}

impl Command for HearRevocation {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<RevocationCopy>(self.revocation.user_id)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let known = docs.get::<RevocationCopy>(self.revocation.user_id);
        if known.is_some_and(|copy| copy.value.0.version >= self.revocation.version) {
            return Ok(Change::nothing(()));
        }
        Ok(Change::nothing(()).put(RevocationCopy(self.revocation.clone())))
    }
}
