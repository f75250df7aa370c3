//! The tickets of a seller who has left have been looked at.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::UserId;

use crate::domain::Departure;

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
