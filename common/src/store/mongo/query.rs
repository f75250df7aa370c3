//! How searches become filters, orders and indexes.
//!
//! MongoDB compares texts by their bytes and numbers as numbers, as the port does; a comparison
//! finds only values of its own type, so a document without the field is never found.

use mongodb::IndexModel;
use mongodb::bson::{Bson, Document as Bsons, doc};
use mongodb::options::IndexOptions;

use super::documents::{FIELDS, bson};
use crate::store::{Collection, Filter, Kind, Order, Position, Query, Value};

/// The filter that a query comes to.
pub(super) fn filter(query: &Query) -> Bsons {
    let mut all: Vec<Bsons> = query.filters.iter().map(condition).collect();
    if let Some(field) = query.order.field {
        // What has no such value is not listed.
        all.push(doc! { path(field): { "$exists": true } });
    }
    if let Some(after) = &query.after {
        all.extend(beyond(query.order, after));
    }
    if all.is_empty() {
        Bsons::new()
    } else {
        doc! { "$and": all }
    }
}

/// The order that a query comes to.
pub(super) fn sort(order: Order) -> Bsons {
    let direction = if order.descending { -1 } else { 1 };
    let mut sort = Bsons::new();
    if let Some(field) = order.field {
        sort.insert(path(field), direction);
    }
    sort.insert("_id", direction);
    sort
}

/// The indexes that a collection needs.
pub(super) fn indexes(collection: &Collection) -> Vec<IndexModel> {
    let words = collection.fields.iter().filter(|field| field.kind == Kind::Terms);
    let words = words.map(|field| vec![field.name]);
    let declared = collection.indexes.iter().map(|fields| fields.to_vec());
    declared.chain(words).map(|fields| index(&fields)).collect()
}

/// An index's name, which says what it covers.
pub(super) fn name_of(index: &IndexModel) -> String {
    index.options.as_ref().and_then(|options| options.name.clone()).unwrap_or_default()
}

fn index(fields: &[&str]) -> IndexModel {
    let mut keys = Bsons::new();
    for field in fields {
        keys.insert(path(field), 1);
    }
    keys.insert("_id", 1);
    let name = format!("by_{}", fields.join("_and_"));
    let options = IndexOptions::builder().name(name).build();
    IndexModel::builder().keys(keys).options(options).build()
}

fn path(field: &str) -> String {
    format!("{FIELDS}.{field}")
}

fn condition(filter: &Filter) -> Bsons {
    match filter {
        Filter::Equals(field, value) => compare(field, "$eq", value),
        Filter::AtLeast(field, value) => compare(field, "$gte", value),
        Filter::AtMost(field, value) => compare(field, "$lte", value),
        Filter::Term { field, word, prefix: false } => doc! { path(field): word.as_str() },
        Filter::Term { field, word, prefix: true } => {
            let mut range = doc! { "$gte": word.as_str() };
            if let Some(end) = end_of_prefix(word) {
                range.insert("$lt", end);
            }
            // One word must be within both ends, not one within each.
            doc! { path(field): { "$elemMatch": range } }
        }
        Filter::Ids(from, to) => doc! { "_id": { "$gte": from.as_str(), "$lt": to.as_str() } },
    }
}

fn compare(field: &str, operator: &str, value: &Value) -> Bsons {
    match bson(value) {
        Some(value) => doc! { path(field): { operator: value } },
        None => nothing(),
    }
}

/// A condition that no document meets.
fn nothing() -> Bsons {
    doc! { "_id": { "$in": Vec::<Bson>::new() } }
}

/// What comes after a position: a greater value, or the same value and a greater id. Said as a
/// range as well, from which an index can begin.
fn beyond(order: Order, after: &Position) -> Vec<Bsons> {
    let (past, from) = if order.descending { ("$lt", "$lte") } else { ("$gt", "$gte") };
    let id = after.id.as_str();
    let Some(field) = order.field else {
        return vec![doc! { "_id": { past: id } }];
    };
    let Some(value) = bson(&after.value) else {
        return vec![nothing()];
    };
    let field = path(field);
    let later = doc! { &field: { past: value.clone() } };
    let same = doc! { &field: value.clone(), "_id": { past: id } };
    vec![doc! { &field: { from: value } }, doc! { "$or": [later, same] }]
}

/// The first text after all that start with `start`; `None` where there is none.
fn end_of_prefix(start: &str) -> Option<String> {
    let mut end: Vec<char> = start.chars().collect();
    while let Some(last) = end.pop() {
        let next = match last {
            char::MAX => continue,
            // Surrogates are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        end.extend(next);
        return Some(end.into_iter().collect());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text() {
        assert_eq!(end_of_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(end_of_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
        assert_eq!(end_of_prefix(""), None);
    }

    #[test]
    fn an_index_is_named_by_what_it_covers() {
        let names = |collection| indexes(collection).iter().map(name_of).collect::<Vec<_>>();
        let things = &crate::store::contract::THINGS;
        assert_eq!(names(things), ["by_number", "by_text", "by_text_and_number", "by_words"]);
    }
}
