//! The store in memory: the model that the other backends are compared with, and the simulator's
//! disk.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{
    Action, Batch, Collection, CommitError, Document, Expect, Filter, Found, MAX_PAGE, Position,
    Query, Store, Unavailable, Value,
};

type Table = BTreeMap<String, (Document, Vec<Value>)>;

/// Every commit it acknowledged, until the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<HashMap<&'static str, Table>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Store::get`], at once.
    pub fn get_now(&self, collection: &'static Collection, id: &str) -> Option<Document> {
        self.lock().get(collection.name)?.get(id).map(|(document, _)| document.clone())
    }

    /// [`Store::find`], at once.
    pub fn find_now(&self, query: &Query) -> Vec<Found> {
        let tables = self.lock();
        let Some(table) = tables.get(query.collection.name) else {
            return Vec::new();
        };
        let candidates = range_of(table, &query.filters);
        let matching = candidates.filter(|(document, fields)| {
            query.filters.iter().all(|filter| matches(query.collection, filter, document, fields))
        });
        let placed = matching.filter_map(|(document, fields)| {
            let value = match query.order.field {
                None => Value::Absent,
                Some(field) => fields.get(query.collection.position(field)?)?.clone(),
            };
            if query.order.field.is_some() && value == Value::Absent {
                return None;
            }
            let position = Position { value, id: document.id.clone() };
            Some((document, position))
        });
        let mut found: Vec<_> = placed.filter(|(_, place)| comes_after(query, place)).collect();
        found.sort_by(|(_, a), (_, b)| {
            let ordering = (&a.value, &a.id).cmp(&(&b.value, &b.id));
            if query.order.descending { ordering.reverse() } else { ordering }
        });
        found.truncate(query.limit.min(MAX_PAGE));
        let owned = |(document, position): (&Document, Position)| Found {
            document: document.clone(),
            position,
        };
        found.into_iter().map(owned).collect()
    }

    /// [`Store::commit`], at once.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] where a condition does not hold; a memory has no other troubles.
    pub fn commit_now(&self, batch: Batch) -> Result<(), CommitError> {
        let mut tables = self.lock();
        for write in &batch {
            let current = tables.get(write.collection.name).and_then(|t| t.get(&write.id));
            let holds = match (write.expect, current) {
                (Expect::Absent, None) => true,
                (Expect::Version(expected), Some((document, _))) => document.version == expected,
                _ => false,
            };
            if !holds {
                return Err(CommitError::Conflict);
            }
        }
        for write in batch {
            let table = tables.entry(write.collection.name).or_default();
            match write.action {
                Action::Delete => {
                    table.remove(&write.id);
                }
                Action::Put { version, body, fields } => {
                    let document = Document { id: write.id.clone(), version, body };
                    table.insert(write.id, (document, fields));
                }
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Table>> {
        // No code that holds the lock can panic half-way through a change, so a poisoned lock is
        // still whole.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The documents whose id a filter on ids allows; all, where there is no such filter.
fn range_of<'a>(
    table: &'a Table,
    filters: &[Filter],
) -> impl Iterator<Item = (&'a Document, &'a Vec<Value>)> {
    let mut bounds = (Bound::Unbounded, Bound::Unbounded);
    for filter in filters {
        if let Filter::Ids(from, to) = filter {
            // An empty range would make the map's `range` panic; the filter itself rejects all of
            // it.
            if from < to {
                bounds = (Bound::Included(from.clone()), Bound::Excluded(to.clone()));
            }
        }
    }
    table.range(bounds).map(|(_, (document, fields))| (document, fields))
}

fn comes_after(query: &Query, place: &Position) -> bool {
    let Some(after) = &query.after else {
        return true;
    };
    let (here, there) = ((&place.value, &place.id), (&after.value, &after.id));
    if query.order.descending { here < there } else { here > there }
}

fn matches(
    collection: &Collection,
    filter: &Filter,
    document: &Document,
    fields: &[Value],
) -> bool {
    let value = |field: &str| {
        let value = collection.position(field).and_then(|position| fields.get(position));
        value.filter(|value| **value != Value::Absent)
    };
    match filter {
        Filter::Equals(field, wanted) => value(field) == Some(wanted),
        Filter::AtLeast(field, least) => value(field).is_some_and(|value| value >= least),
        Filter::AtMost(field, most) => value(field).is_some_and(|value| value <= most),
        Filter::Term { field, word, prefix } => match value(field) {
            Some(Value::Terms(terms)) if *prefix => terms.iter().any(|t| t.starts_with(word)),
            Some(Value::Terms(terms)) => terms.contains(word),
            _ => false,
        },
        Filter::Ids(from, to) => *from <= document.id && document.id < *to,
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable> {
        Ok(self.get_now(collection, id))
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        Ok(self.find_now(&query))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.commit_now(batch)
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        Ok(())
    }
}
