//! Somebody chooses another password.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::UserKind;

use super::{Asker, tell};
use crate::domain::{Account, PasswordHash, RequestMark};

/// Replaces the password and ends every session. Whoever asked is given a new one.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// Who asks.
    pub by: Asker,
    /// What the current password was compared with, and was found to be.
    pub proved: PasswordHash,
    /// What is kept of the new one.
    pub password: PasswordHash,
    /// Recognises this request if it comes again.
    pub mark: Option<RequestMark>,
}

impl Command for ChangePassword {
    /// The account with its new generation.
    type Reply = Account;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.by.keys()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Account>, Refusal> {
        let account = self.by.account(docs)?;
        let (password, mark) = (self.password.clone(), self.mark.clone());
        let changed =
            account.change_password(&self.by.session, &self.proved, password, mark, at.now)?;
        Ok(tell(docs, changed, UserKind::Updated))
    }
}
