//! All documents of a type: for audits, and for operators' commands. Requests ask indexes.

use crate::command::{Entity, read};
use crate::store::{MAX_PAGE, Order, Position, Query, Store, Unavailable};

/// Every document of a type, read in pages.
///
/// # Errors
/// When the store cannot serve, or holds one that cannot be read.
pub async fn all<E: Entity>(store: &dyn Store) -> Result<Vec<E>, Unavailable> {
    let mut documents = Vec::new();
    let mut after: Option<Position> = None;
    loop {
        let query = Query {
            collection: E::COLLECTION,
            filters: vec![],
            order: Order { field: None, descending: false },
            after: after.take(),
            limit: MAX_PAGE,
        };
        let page = store.find(query).await?;
        for found in &page {
            let document = read(&found.document);
            documents.push(document.map_err(|error| Unavailable(error.to_string()))?);
        }
        match page.last() {
            Some(last) if page.len() == MAX_PAGE => after = Some(last.position.clone()),
            _ => return Ok(documents),
        }
    }
}
