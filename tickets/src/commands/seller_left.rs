//! A seller has deleted their account: nothing of theirs is to be sold any more.
//!
//! Word of it leaves a departure behind, for which each ticket is taken off the market
//! ([`super::Retire`]), and the copy by which sessions are judged is made in the same commit.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::Revocation;
use common::session::RevocationCopy;
use common::session::copies::HearRevocation;

use crate::domain::Departure;

/// An account is gone: its sessions are over, and its tickets go.
#[derive(Debug, Clone)]
pub struct SellerLeft {
    /// Of a deleted account.
    pub revocation: Revocation,
}

impl Command for SellerLeft {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let user = self.revocation.user_id;
        vec![Key::of::<RevocationCopy>(user), Key::of::<Departure>(user)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let user = self.revocation.user_id;
        let sessions = HearRevocation { revocation: self.revocation.clone() }.decide(docs, at)?;
        let known = docs.get::<RevocationCopy>(user);
        if known.is_some_and(|copy| copy.value.0.deleted) {
            return Ok(sessions);
        }
        Ok(sessions.put(Departure::of(user)))
    }
}
