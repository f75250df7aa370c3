//! The signing keys become what they should be by now.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{KeysEvent, PublicKey};
use common::session::SigningKeys;
use common::session::copies::KEYS_ID;

use crate::domain::{KeySet, Policy, SigningKey};

/// Makes the first key, adds the next, and retires old ones: whatever is due.
#[derive(Debug, Clone)]
pub struct RotateKeys {
    /// When keys begin and end.
    pub policy: Policy,
    /// A new key, used if one is due.
    pub fresh: Option<SigningKey>,
}

impl Command for RotateKeys {
    /// The keys as they are now.
    type Reply = KeySet;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<KeySet>(KEYS_ID), Key::of::<SigningKeys>(KEYS_ID)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<KeySet>, Refusal> {
        let current = docs.get::<KeySet>(KEYS_ID).map(|keys| keys.value.clone());
        let current = current.unwrap_or_default();
        let Some(next) = current.rotated(&self.policy, self.fresh.clone(), at.now) else {
            return Ok(Change::nothing(current));
        };
        let public = next.public();
        let told = KeysEvent {
            version: docs.next_version::<SigningKeys>(KEYS_ID),
            keys: public
                .map(|(key_id, x)| PublicKey { key_id: key_id.to_owned(), x: x.to_owned() })
                .collect(),
        };
        Ok(Change::nothing(next.clone()).put(next).tell(&told).put(SigningKeys(told)))
    }
}
