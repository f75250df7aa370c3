//! A password is hashed anew, because the parameters have been raised since.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::UserId;

use crate::domain::{Account, PasswordHash};

/// Replaces the hash of a password that has just been proved. Nobody is told: sessions and public
/// state stay as they are.
#[derive(Debug, Clone)]
pub struct Rehash {
    /// Whose password.
    pub user: UserId,
    /// What it was compared with, and was found to be.
    pub proved: PasswordHash,
    /// The same password's hash by the parameters of today.
    pub password: PasswordHash,
}

impl Command for Rehash {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Account>(self.user)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let Some(account) = docs.get::<Account>(self.user) else {
            return Ok(Change::nothing(()));
        };
        let rehashed = account.value.clone().rehash(&self.proved, self.password.clone());
        // Changed meanwhile: what is kept now was hashed just now.
        Ok(rehashed
            .map_or_else(|_| Change::nothing(()), |account| Change::nothing(()).put(account)))
    }
}
