//! A wrong password was given.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::{Guesses, Pace};

/// Counts it, for every replica to see.
#[derive(Debug, Clone)]
pub struct CountGuess {
    /// For which address, as [`Guesses::of`] has it.
    pub of: String,
    /// How many there may be.
    pub pace: Pace,
}

impl Command for CountGuess {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Guesses>(&self.of)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let earlier = docs.get::<Guesses>(&self.of);
        let earlier = earlier.as_ref().map(|earlier| earlier.value);
        Ok(Change::nothing(()).put(Guesses::one_more(earlier, &self.of, self.pace, at.now)))
    }
}
