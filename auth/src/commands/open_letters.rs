//! From now on there are letters.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use super::opening;
use crate::domain::Opening;

/// Notes since when there are letters, where that is not noted yet.
#[derive(Debug, Clone, Copy)]
pub struct OpenLetters;

impl Command for OpenLetters {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Opening>(Opening::ID)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        Ok(opening(docs, at.now).1)
    }
}
