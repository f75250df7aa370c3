//! A seller deletes their account: nothing of theirs is sold any more.
//!
//! Word of it ([`SellerLeft`]) leaves a departure behind, for which each ticket is taken off the
//! market ([`Retire`]): withdrawn where nobody has a unit of it, and else without units that could
//! be had. What others hold stays theirs, and a unit that comes back later is not sold again: that
//! is for [`super::ApplyOrder`] to see to.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::Revocation;
use common::id::{TicketId, UserId};
use common::session::RevocationCopy;
use common::session::copies::HearRevocation;

use super::changed;
use crate::domain::{Departure, Ticket};

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

/// A ticket whose seller has left goes off the market.
#[derive(Debug, Clone)]
pub struct Retire {
    /// Which ticket.
    pub id: TicketId,
}

impl Command for Retire {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Ticket>(self.id))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Ticket>(self.id)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let known = docs.get::<Ticket>(self.id).ok_or(Refusal::NotFound)?;
        let version = known.version + 1;
        Ok(match known.value.retire(version, at.now) {
            Some(ticket) => {
                let told = changed(&ticket, version);
                Change::nothing(()).tell(&told).put(ticket)
            }
            None => Change::nothing(()),
        })
    }
}

/// The tickets of a seller who has left have been looked at.
#[derive(Debug, Clone)]
pub struct LookedAt {
    /// Whose.
    pub seller: UserId,
}

impl Command for LookedAt {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Departure>(self.seller)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let Some(departure) = docs.get::<Departure>(self.seller) else {
            return Ok(Change::nothing(()));
        };
        Ok(match departure.value.looked_at(at.now) {
            Some(again) => Change::nothing(()).put(again),
            None => Change::nothing(()).delete::<Departure>(self.seller),
        })
    }
}
