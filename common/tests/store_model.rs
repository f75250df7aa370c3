//! Random histories of commits and finds: SQLite says what the model says, whatever the size of its
//! cache, and also after it has been closed and opened in between.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::sync::Arc;

use common::store::contract::history::{Step, agrees_with_the_model};
use common::store::contract::{COLLECTIONS, PLAIN, THINGS, Tested, body_of};
use common::store::memory::MemoryStore;
use common::store::sqlite::{SqliteOptions, SqliteStore};
use common::store::{Action, Expect, Filter, Order, Position, Query, Value, Write};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

const WORDS: [&str; 7] = ["a", "ab", "abc", "b", "b\0", "\u{10ffff}", "\u{e9}t\u{e9}"];

fn id() -> impl Strategy<Value = String> {
    (0..8_usize).prop_map(|n| ["a", "a\0", "aa", "b", "c", "d", "e'", "\u{e9}"][n].to_owned())
}

fn word() -> impl Strategy<Value = String> {
    (0..WORDS.len()).prop_map(|n| WORDS[n].to_owned())
}

fn integer() -> impl Strategy<Value = Value> {
    prop_oneof![8 => -3..3_i64, 1 => any::<i64>()].prop_map(Value::Integer)
}

fn text() -> impl Strategy<Value = Value> {
    word().prop_map(Value::Text)
}

fn or_absent(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Absent), 4 => value]
}

fn put() -> impl Strategy<Value = (u64, Vec<Value>)> {
    let words = vec(word(), 0..4).prop_map(Value::Terms);
    (0..4_u64, or_absent(integer()), or_absent(text()), or_absent(words))
        .prop_map(|(version, number, text, words)| (version, vec![number, text, words]))
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![Just(Expect::Absent), (0..4_u64).prop_map(Expect::Version)]
}

fn commit() -> impl Strategy<Value = Step> {
    let write = (expect(), prop_oneof![1 => Just(None), 5 => put().prop_map(Some)]);
    // A map, because no two writes of a batch name the same document.
    btree_map((any::<bool>(), id()), write, 1..4).prop_map(|writes| {
        let write = |((is_thing, id), (expect, put)): ((bool, String), (Expect, Option<_>))| {
            let action = match put {
                None => Action::Delete,
                Some((version, fields)) => Action::Put {
                    version,
                    body: body_of(version),
                    fields: if is_thing { fields } else { Vec::new() },
                },
            };
            let collection = if is_thing { &THINGS } else { &PLAIN };
            Write { collection, id, expect, action }
        };
        Step::Commit(writes.into_iter().map(write).collect())
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        integer().prop_map(|value| Filter::Equals("number", value)),
        or_absent(text()).prop_map(|value| Filter::Equals("text", value)),
        or_absent(integer()).prop_map(|value| Filter::AtLeast("number", value)),
        integer().prop_map(|value| Filter::AtMost("number", value)),
        text().prop_map(|value| Filter::AtLeast("text", value)),
        text().prop_map(|value| Filter::AtMost("text", value)),
        (word(), any::<bool>(), 0..3_usize).prop_map(|(word, prefix, kept)| {
            let word = if prefix { word.chars().take(kept).collect() } else { word };
            Filter::Term { field: "words", word, prefix }
        }),
        (id(), id()).prop_map(|(from, to)| Filter::Ids(from, to)),
    ]
}

fn find() -> impl Strategy<Value = Step> {
    let order = prop_oneof![
        (Just(None), Just(Value::Absent)),
        (Just(Some("number")), or_absent(integer())),
        (Just(Some("text")), or_absent(text())),
    ];
    (vec(filter(), 0..3), order, any::<bool>(), proptest::option::of(id()), 0..9_usize).prop_map(
        |(filters, (field, value), descending, id, limit)| {
            let after = id.map(|id| Position { value, id });
            let order = Order { field, descending };
            Step::Find(Query { collection: &THINGS, filters, order, after, limit })
        },
    )
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    vec(prop_oneof![6 => commit(), 2 => id().prop_map(Step::Get), 3 => find()], 1..60)
}

fn run(histories: &[Vec<Step>], cache_bytes: u64) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let model = MemoryStore::new();
    for history in histories {
        let options = SqliteOptions { cache_bytes, ..SqliteOptions::default() };
        let store = SqliteStore::open(&folder.path().join("store.db"), COLLECTIONS, options);
        let store: Tested = Arc::new(store.unwrap());
        runtime.block_on(agrees_with_the_model(&store, &model, history));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn sqlite_says_what_the_model_says(
        histories in vec(history(), 1..4),
        cache_bytes in prop_oneof![Just(0), Just(1 << 10), Just(1 << 20)],
    ) {
        run(&histories, cache_bytes);
    }
}
