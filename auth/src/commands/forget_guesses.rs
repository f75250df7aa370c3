//! Wrong passwords count no more.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::Guesses;

/// Forgets them.
#[derive(Debug, Clone)]
pub struct ForgetGuesses {
    /// For which addresses, as [`Guesses::of`] has them.
    pub of: Vec<String>,
    /// Whether only those are meant that are past.
    pub if_past: bool,
}

impl Command for ForgetGuesses {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.of.iter().map(Key::of::<Guesses>).collect()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let is_meant = |of: &&String| {
            let guesses = docs.get::<Guesses>(of);
            guesses.is_some_and(|guesses| !self.if_past || guesses.value.paced <= at.now)
        };
        let meant = self.of.iter().filter(is_meant);
        Ok(meant.fold(Change::nothing(()), |change, of| change.delete::<Guesses>(of)))
    }
}
