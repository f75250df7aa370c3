//! A backend beside the model: whatever a history does to both, both say the same.

use super::{PLAIN, THINGS, Tested};
use crate::store::memory::MemoryStore;
use crate::store::{Batch, Query};

/// Something done to a store.
#[derive(Debug, Clone)]
pub enum Step {
    /// Commits a batch.
    Commit(Batch),
    /// Reads this document of both collections.
    Get(String),
    /// Finds documents, and then the page that follows.
    Find(Query),
}

/// Does the same to `store` as to the model.
///
/// # Panics
/// Where they differ.
pub async fn agrees_with_the_model(store: &Tested, model: &MemoryStore, history: &[Step]) {
    for (number, step) in history.iter().enumerate() {
        match step {
            Step::Commit(batch) => {
                let expected = model.commit_now(batch.clone());
                assert_eq!(store.commit(batch.clone()).await, expected, "step {number}: {step:?}");
            }
            Step::Get(id) => {
                for collection in [&THINGS, &PLAIN] {
                    let expected = Ok(model.get_now(collection, id));
                    assert_eq!(
                        store.get(collection, id).await,
                        expected,
                        "step {number}: {step:?}"
                    );
                }
            }
            Step::Find(query) => {
                let mut query = query.clone();
                for _page in 0..2 {
                    let expected = model.find_now(&query);
                    let last = expected.last().map(|found| found.position.clone());
                    let found = store.find(query.clone()).await;
                    assert_eq!(found, Ok(expected), "step {number}: {step:?}");
                    if last.is_none() {
                        break;
                    }
                    query.after = last;
                }
            }
        }
    }
}
