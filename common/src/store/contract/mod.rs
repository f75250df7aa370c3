//! What every backend of the store promises, as a suite that each of them passes.
//!
//! A promise is a function with a name that says it, given a store that nothing has been written
//! to. A backend's tests run all of them through [`store_contract!`](crate::store_contract), and
//! [`history`] compares a backend with the model over histories that a test makes up.

pub mod commits;
pub mod crowds;
pub mod finds;
pub mod history;

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Action, Collection, CommitError, Document, Expect, Field, Filter, Found, Kind, Order, Query,
    Store, Value, Write,
};

/// A store under test.
pub type Tested = Arc<dyn Store>;

/// Documents with a field of each kind.
pub static THINGS: Collection = Collection {
    name: "things",
    fields: &[
        Field { name: "number", kind: Kind::Integer },
        Field { name: "text", kind: Kind::Text },
        Field { name: "words", kind: Kind::Terms },
    ],
    indexes: &[&["number"], &["text"], &["text", "number"]],
};

/// Documents that are only looked up by their ids.
pub static PLAIN: Collection = Collection { name: "plain", fields: &[], indexes: &[] };

/// What a store under test is opened with.
pub static COLLECTIONS: &[&Collection] = &[&THINGS, &PLAIN];

/// Characters that encodings, quoting and comparisons stumble over, in the order of their bytes.
pub const ODD_TEXTS: [&str; 18] = [
    "\u{1}",
    " ",
    "\"",
    "$set",
    "%",
    "'; DROP TABLE things; --",
    "A",
    "Z",
    "_",
    "a",
    "a\0",
    "a\0b",
    "a b",
    "ab",
    "z",
    "\u{e9}",
    "\u{ffff}",
    "\u{10ffff}",
];

/// Makes a test of every promise for the stores that `$open` opens: an `async fn() -> (Tested, T)`,
/// where `T` is whatever must live as long as the store, such as its folder.
#[macro_export]
macro_rules! store_contract {
    ($open:path) => {
        $crate::store_contract! { $open;
            commits::a_store_that_was_opened_is_ready,
            commits::an_absent_document_is_written_once,
            commits::a_version_holds_for_that_version_alone,
            commits::versions_and_bodies_come_back_as_given,
            commits::a_batch_is_committed_wholly_or_not_at_all,
            commits::the_same_id_in_two_collections_names_two_documents,
            commits::a_deleted_document_is_gone_and_may_be_written_anew,
            commits::of_many_who_write_one_absent_document_one_wins,
            commits::of_many_who_count_none_is_lost,
            commits::what_was_committed_is_read_at_once,
            commits::readers_never_go_back_in_time,
            commits::a_batch_may_be_as_large_as_promised,
            commits::bodies_of_a_mebibyte_come_back,
            commits::ids_may_hold_any_character_and_are_ordered_by_bytes,
            crowds::batches_that_come_at_once_stand_or_fall_by_themselves,
            crowds::batches_that_come_at_once_for_the_same_documents_take_turns,
            crowds::readers_that_come_at_once_get_what_each_asked_for,
            finds::equality_finds_the_value_and_nothing_else,
            finds::ranges_include_both_ends,
            finds::words_find_whole_and_by_their_start,
            finds::a_start_may_end_in_any_character,
            finds::words_follow_the_document,
            finds::a_range_of_ids_excludes_its_end,
            finds::all_filters_hold_at_once,
            finds::documents_come_by_field_and_then_by_id,
            finds::without_a_field_documents_come_by_id,
            finds::a_document_without_the_field_is_not_listed,
            finds::texts_are_ordered_by_bytes,
            finds::pages_add_up_to_the_whole,
            finds::pages_with_filters_add_up_to_the_whole,
            finds::a_walk_meets_every_document_once_while_others_are_written,
            finds::limits_are_kept,
            finds::what_is_updated_or_deleted_is_found_as_it_is_now,
        }
    };
    ($open:path; $($group:ident :: $promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let (store, kept) = $open().await;
                $crate::store::contract::$group::$promise(store).await;
                drop(kept);
            }
        )*
    };
}

/// The values of a thing's fields; `Absent` where nothing is given.
pub fn fields(number: Option<i64>, text: Option<&str>, words: &[&str]) -> Vec<Value> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    vec![
        number.map_or(Value::Absent, Value::Integer),
        text.map_or(Value::Absent, |text| Value::Text(text.to_owned())),
        if words.is_empty() { Value::Absent } else { Value::Terms(words) },
    ]
}

/// A write of a [`PLAIN`] document whose body says its version.
pub fn plain(id: &str, expect: Expect, version: u64) -> Write {
    let action = Action::Put { version, body: body_of(version), fields: Vec::new() };
    Write { collection: &PLAIN, id: id.to_owned(), expect, action }
}

/// A write of a [`THINGS`] document whose body says its version.
pub fn thing(id: &str, expect: Expect, version: u64, fields: Vec<Value>) -> Write {
    let action = Action::Put { version, body: body_of(version), fields };
    Write { collection: &THINGS, id: id.to_owned(), expect, action }
}

/// A removal.
pub fn removal(collection: &'static Collection, id: &str, version: u64) -> Write {
    let (expect, action) = (Expect::Version(version), Action::Delete);
    Write { collection, id: id.to_owned(), expect, action }
}

/// The body that [`plain`] and [`thing`] give to a version.
pub fn body_of(version: u64) -> Bytes {
    Bytes::from(format!("{{\"version\":{version}}}"))
}

/// A query for things.
pub fn query(filters: &[Filter], field: Option<&'static str>, descending: bool) -> Query {
    Query {
        collection: &THINGS,
        filters: filters.to_vec(),
        order: Order { field, descending },
        after: None,
        limit: 100,
    }
}

fn ids(found: &[Found]) -> Vec<&str> {
    found.iter().map(|found| found.document.id.as_str()).collect()
}

#[track_caller]
fn committed(outcome: Result<(), CommitError>) {
    assert_eq!(outcome, Ok(()));
}

#[track_caller]
fn refused(outcome: Result<(), CommitError>) {
    assert_eq!(outcome, Err(CommitError::Conflict));
}

async fn read(store: &Tested, collection: &'static Collection, id: &str) -> Option<Document> {
    let read = store.get(collection, id).await;
    assert!(read.is_ok(), "{read:?}");
    read.ok().flatten()
}

async fn search(store: &Tested, query: Query) -> Vec<Found> {
    let found = store.find(query).await;
    assert!(found.is_ok(), "{found:?}");
    found.unwrap_or_default()
}

async fn write_things(store: &Tested, things: &[(&str, Vec<Value>)]) {
    let writes = things.iter();
    let writes = writes.map(|(id, fields)| thing(id, Expect::Absent, 0, fields.clone()));
    committed(store.commit(writes.collect()).await);
}
