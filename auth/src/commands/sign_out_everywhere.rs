//! Somebody signs out of all sessions.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::UserKind;

use super::{Asker, tell};

/// Ends every session of the account, the one that asks for it included.
#[derive(Debug, Clone)]
pub struct SignOutEverywhere {
    /// Who asks.
    pub by: Asker,
}

impl Command for SignOutEverywhere {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.by.keys()
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let account = self.by.account(docs)?.sign_out_everywhere(&self.by.session)?;
        Ok(tell(docs, account, UserKind::Updated).answering(|_| ()))
    }
}
