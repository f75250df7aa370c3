//! Somebody signs out of one session.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::UserKind;

use super::{Asker, tell};

/// Ends the session that asks for it.
#[derive(Debug, Clone)]
pub struct SignOut {
    /// Who asks.
    pub by: Asker,
}

impl Command for SignOut {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.by.keys()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let account = self.by.account(docs);
        let signed_out = account.and_then(|a| Ok(a.sign_out(&self.by.session, at.now)?));
        Ok(match signed_out {
            Ok(account) => tell(docs, account, UserKind::Updated).answering(|_| ()),
            // The session is over already: whoever wants to be signed out is.
            Err(_) => Change::nothing(()),
        })
    }
}
