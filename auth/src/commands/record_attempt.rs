//! An attempt to send a letter has come to something.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::{Attempt, Letter};

/// Records what an attempt came to.
#[derive(Debug, Clone)]
pub struct RecordAttempt {
    /// At which letter.
    pub id: String,
    /// Which attempt at it.
    pub number: u32,
    /// What it came to.
    pub attempt: Attempt,
}

impl Command for RecordAttempt {
    /// The letter since; nothing where this attempt counts no more.
    type Reply = Option<Letter>;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Letter>(&self.id)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Option<Letter>>, Refusal> {
        let letter = docs.get::<Letter>(&self.id).map(|letter| letter.value.clone());
        let tried = letter.map(|letter| letter.tried(self.number, self.attempt, at.now));
        Ok(match tried {
            Some(Ok(letter)) => Change::nothing(Some(letter.clone())).put(letter),
            Some(Err(_)) | None => Change::nothing(None),
        })
    }
}
