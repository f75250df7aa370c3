//! Letters have been remembered long enough.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::{Letter, REMEMBERED_FOR};

/// Removes letters whose end is long past.
#[derive(Debug, Clone)]
pub struct ForgetLetters {
    /// Which may be.
    pub ids: Vec<String>,
}

impl Command for ForgetLetters {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.ids.iter().map(Key::of::<Letter>).collect()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let is_over = |id: &&String| {
            let ended = docs.get::<Letter>(id).and_then(|letter| letter.value.ended());
            ended.is_some_and(|ended| at.now.since(ended) >= REMEMBERED_FOR)
        };
        let over = self.ids.iter().filter(is_over);
        Ok(over.fold(Change::nothing(()), |change, id| change.delete::<Letter>(id)))
    }
}
