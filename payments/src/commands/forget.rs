//! A request under an idempotency key is forgotten when its time is over.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};

use crate::domain::Request;

/// Requests whose time may be over.
#[derive(Debug, Clone)]
pub struct Forget {
    /// Their ids.
    pub requests: Vec<String>,
}

impl Command for Forget {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        self.requests.iter().map(Key::of::<Request>).collect()
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let mut change = Change::nothing(());
        for id in &self.requests {
            let request = docs.get::<Request>(id);
            if request.is_some_and(|request| request.value.expires <= at.now) {
                change = change.delete::<Request>(id);
            }
        }
        Ok(change)
    }
}
