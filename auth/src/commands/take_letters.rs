//! Somebody is about to send letters.

use std::time::Duration;

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::Letter;

/// Takes letters that are due, so that nobody else sends them meanwhile.
#[derive(Debug, Clone)]
pub struct TakeLetters {
    /// Which.
    pub ids: Vec<String>,
    /// For how long they are whoever's who takes them.
    pub lease: Duration,
}

impl Command for TakeLetters {
    /// The letters, for who has them now; without those that are not to be sent, or are somebody
    /// else's.
    type Reply = Vec<Letter>;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.ids.iter().map(Key::of::<Letter>).collect()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Vec<Letter>>, Refusal> {
        let found = self.ids.iter().filter_map(|id| docs.get::<Letter>(id));
        let taken = found.filter_map(|letter| letter.value.clone().take(at.now, self.lease).ok());
        let taken: Vec<Letter> = taken.collect();
        let change = Change::nothing(taken.clone());
        Ok(taken.into_iter().fold(change, Change::put))
    }
}
