//! Somebody deletes their account.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::UserKind;

use super::{Asker, tell};
use crate::domain::{Account, EmailOwner, PasswordHash};

/// Removes everything that is known of a person, and ends their sessions. The address is free
/// again.
#[derive(Debug, Clone)]
pub struct DeleteAccount {
    /// Who asks.
    pub by: Asker,
    /// What the password was compared with, and was found to be.
    pub proved: PasswordHash,
}

impl Command for DeleteAccount {
    type Reply = ();

    fn keys(&self, docs: &Docs) -> Vec<Key> {
        let mut keys = self.by.keys();
        if let Some(holder) = docs.get::<Account>(self.by.user).and_then(|a| a.value.holder()) {
            keys.push(Key::of::<EmailOwner>(&holder.email));
        }
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let account = self.by.account(docs)?;
        let email = account.holder().map(|holder| holder.email.clone());
        let deleted = account.delete(&self.by.session, &self.proved, at.now)?;
        let change = tell(docs, deleted, UserKind::Deleted).answering(|_| ());
        Ok(match email {
            Some(email) => change.delete::<EmailOwner>(email),
            None => change,
        })
    }
}
