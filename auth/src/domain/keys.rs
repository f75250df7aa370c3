//! The keys that sign sessions, and when each of them begins and ends.
//!
//! A key is *announced* first and signs only after everybody has had time to hear of it; then it is
//! *relieved* by its successor, and remembered without its secret until every token that it signed
//! has run out. So no token is ever refused because news of its key is late, and no secret lies
//! around longer than it is used.

use std::fmt;
use std::time::Duration;

use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// All keys that are good, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeySet {
    /// Those that sign or will.
    pub signing: Vec<SigningKey>,
    /// Those whose tokens have not all run out yet.
    pub retired: Vec<RetiredKey>,
}

/// A key that signs, or will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// The `kid` of the tokens that it signs.
    pub key_id: String,
    /// The public half, in base64url without padding.
    pub public: String,
    /// The secret half.
    pub secret: Secret,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
}

/// The public half of a key that signs no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetiredKey {
    /// The `kid` of the tokens that it signed.
    pub key_id: String,
    /// The public half, in base64url without padding.
    pub public: String,
    /// When the last of its tokens has run out.
    pub until: Timestamp,
}

/// The secret half of a key, as text. Its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret that this text is.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// For signing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// When keys begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// A key is succeeded when it is this old.
    pub rotate_after: Duration,
    /// For so long a key is only announced before it signs, and still kept after it is relieved.
    pub announced_for: Duration,
    /// How long a token is good.
    pub session_lifetime: Duration,
}

impl KeySet {
    /// Whether a new key is due.
    pub fn wants_key(&self, policy: &Policy, now: Timestamp) -> bool {
        self.signing.first().is_none_or(|newest| newest.made_at.plus(policy.rotate_after) <= now)
    }

    /// The keys as they should be by now, `fresh` among them if a new one is due; `None` if nothing
    /// is to change.
    #[must_use]
    pub fn rotated(
        &self,
        policy: &Policy,
        fresh: Option<SigningKey>,
        now: Timestamp,
    ) -> Option<Self> {
        let mut next = self.clone();
        if self.wants_key(policy, now)
            && let Some(mut fresh) = fresh
        {
            // The first key has nobody to sign in its place.
            let alone = next.signing.is_empty();
            fresh.made_at = now;
            fresh.signs_from = if alone { now } else { now.plus(policy.announced_for) };
            next.signing.insert(0, fresh);
        }
        next.relieve(policy, now);
        next.retired.retain(|key| now < key.until);
        (next != *self).then_some(next)
    }

    /// The key that signs at `now`. After a clock has jumped back none may be due, and the oldest
    /// serves.
    pub fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.signs_from <= now).or(self.signing.last())
    }

    /// The public half of every good key with its `kid`, newest first.
    pub fn public(&self) -> impl Iterator<Item = (&str, &str)> {
        let signing = self.signing.iter().map(|key| (&*key.key_id, &*key.public));
        signing.chain(self.retired.iter().map(|key| (&*key.key_id, &*key.public)))
    }

    /// Takes the secrets from keys whose successor has signed for long enough that every replica
    /// knows.
    fn relieve(&mut self, policy: &Policy, now: Timestamp) {
        while let [.., successor, oldest] = self.signing.as_slice() {
            let relieved = successor.signs_from.plus(policy.announced_for);
            if now < relieved {
                return;
            }
            let until = relieved.plus(policy.session_lifetime);
            let retired =
                RetiredKey { key_id: oldest.key_id.clone(), public: oldest.public.clone(), until };
            self.retired.insert(0, retired);
            self.signing.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const POLICY: Policy = Policy {
        rotate_after: Duration::from_secs(30 * 24 * 3_600),
        announced_for: MINUTE,
        session_lifetime: Duration::from_secs(7 * 24 * 3_600),
    };

    fn at(since_start: Duration) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000).plus(since_start)
    }

    fn key(name: &str) -> SigningKey {
        SigningKey {
            key_id: name.to_owned(),
            public: format!("public {name}"),
            secret: Secret::new(format!("secret {name}")),
            made_at: at(Duration::ZERO),
            signs_from: at(Duration::ZERO),
        }
    }

    fn rotate(keys: &KeySet, name: &str, now: Timestamp) -> Option<KeySet> {
        keys.rotated(&POLICY, Some(key(name)), now)
    }

    fn signer(keys: &KeySet, now: Timestamp) -> &str {
        &keys.signer(now).unwrap().key_id
    }

    #[test]
    fn the_first_key_signs_at_once_and_stays_until_it_is_old() {
        let keys = rotate(&KeySet::default(), "a", at(Duration::ZERO)).unwrap();
        assert_eq!(signer(&keys, at(Duration::ZERO)), "a");
        let almost = POLICY.rotate_after - Duration::from_millis(1);
        assert_eq!(rotate(&keys, "b", at(almost)), None);
        assert!(rotate(&keys, "b", at(POLICY.rotate_after)).is_some());
    }

    #[test]
    fn a_new_key_is_announced_before_it_signs() {
        let keys = rotate(&KeySet::default(), "a", at(Duration::ZERO)).unwrap();
        let due = at(POLICY.rotate_after);
        let keys = rotate(&keys, "b", due).unwrap();
        assert_eq!(keys.public().map(|(id, _)| id).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(signer(&keys, due), "a", "not everybody has heard of b");
        assert_eq!(signer(&keys, due.plus(MINUTE)), "b");
    }

    #[test]
    fn an_old_key_is_good_until_its_last_token_has_run_out_and_its_secret_is_gone_before() {
        let keys = rotate(&KeySet::default(), "a", at(Duration::ZERO)).unwrap();
        let due = at(POLICY.rotate_after);
        let keys = rotate(&keys, "b", due).unwrap();
        assert_eq!(rotate(&keys, "c", due.plus(MINUTE)), None);
        let relieved = due.plus(2 * MINUTE);
        let keys = rotate(&keys, "c", relieved).unwrap();
        assert_eq!(keys.signing.len(), 1);
        assert_eq!(keys.public().map(|(id, _)| id).collect::<Vec<_>>(), ["b", "a"]);
        let gone = relieved.plus(POLICY.session_lifetime);
        assert_eq!(rotate(&keys, "c", gone.plus_millis(-1)), None);
        let keys = rotate(&keys, "c", gone).unwrap();
        assert_eq!(keys.public().map(|(id, _)| id).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_clock_that_jumps_back_leaves_a_key_to_sign_with() {
        let keys = rotate(&KeySet::default(), "a", at(MINUTE)).unwrap();
        assert_eq!(signer(&keys, at(Duration::ZERO)), "a");
        assert_eq!(rotate(&keys, "b", at(Duration::ZERO)), None);
    }

    #[test]
    fn the_debug_form_of_a_key_shows_no_secret() {
        assert!(!format!("{:?}", key("a")).contains("secret a"));
    }
}
