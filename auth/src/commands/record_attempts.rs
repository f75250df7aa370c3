//! Attempts to send letters have come to something.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::{Attempt, Letter};

/// Records what attempts came to.
#[derive(Debug, Clone)]
pub struct RecordAttempts {
    /// Those attempts, of different letters.
    pub tried: Vec<Tried>,
}

/// An attempt that has come to something.
#[derive(Debug, Clone)]
pub struct Tried {
    /// At which letter.
    pub id: String,
    /// Which attempt at it.
    pub number: u32,
    /// What it came to.
    pub attempt: Attempt,
}

impl Command for RecordAttempts {
    /// The letters since; without those whose attempt counts no more.
    type Reply = Vec<Letter>;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.tried.iter().map(|tried| Key::of::<Letter>(&tried.id)).collect()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Vec<Letter>>, Refusal> {
        let since = self.tried.iter().filter_map(|tried| {
            let letter = docs.get::<Letter>(&tried.id)?.value.clone();
            letter.tried(tried.number, tried.attempt, at.now).ok()
        });
        let since: Vec<Letter> = since.collect();
        let change = Change::nothing(since.clone());
        Ok(since.into_iter().fold(change, Change::put))
    }
}
