//! Somebody is about to send a letter.

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::Letter;

/// Takes a letter that is due, so that nobody else sends it meanwhile.
#[derive(Debug, Clone)]
pub struct TakeLetter {
    /// Which.
    pub id: String,
    /// For how long it is whoever's who takes it.
    pub lease: Duration,
}

impl Command for TakeLetter {
    /// The letter, for who has it now; nothing where it is not to be sent, or is somebody else's.
    type Reply = Option<Letter>;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Letter>(&self.id)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Option<Letter>>, Refusal> {
        let letter = docs.get::<Letter>(&self.id).map(|letter| letter.value.clone());
        let taken = letter.and_then(|letter| letter.take(at.now, self.lease).ok());
        Ok(match taken {
            Some(letter) => Change::nothing(Some(letter.clone())).put(letter),
            None => Change::nothing(None),
        })
    }
}
