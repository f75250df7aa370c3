//! Promises of `find`.

use super::{
    Expect, Filter, Found, ODD_TEXTS, Query, THINGS, Tested, Value, committed, fields, ids, query,
    removal, search, thing, write_things,
};
use crate::store::{MAX_PAGE, Position};

fn number(number: i64) -> Value {
    Value::Integer(number)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn word(word: &str, prefix: bool) -> Filter {
    Filter::Term { field: "words", word: word.to_owned(), prefix }
}

/// The ids, in their order, of what meets `filters`.
async fn matching(store: &Tested, filters: &[Filter]) -> Vec<String> {
    let found = search(store, query(filters, None, false)).await;
    found.into_iter().map(|found| found.document.id).collect()
}

/// Equality finds documents with the value, never those without one.
pub async fn equality_finds_the_value_and_nothing_else(store: Tested) {
    let things = [
        ("a", fields(Some(0), Some(""), &[])),
        ("b", fields(Some(0), Some("0"), &[])),
        ("c", fields(Some(-1), None, &[])),
        ("d", fields(None, Some("0"), &[])),
        ("e", fields(None, None, &[])),
    ];
    write_things(&store, &things).await;
    let equals = async |field, value| matching(&store, &[Filter::Equals(field, value)]).await;
    assert_eq!(equals("number", number(0)).await, ["a", "b"]);
    assert_eq!(equals("number", number(-1)).await, ["c"]);
    assert_eq!(equals("number", number(1)).await, [""; 0]);
    assert_eq!(equals("text", text("")).await, ["a"]);
    assert_eq!(equals("text", text("0")).await, ["b", "d"]);
    assert_eq!(equals("number", Value::Absent).await, [""; 0]);
}

/// `AtLeast` and `AtMost` include their values, over the whole range of numbers.
pub async fn ranges_include_both_ends(store: Tested) {
    let numbers = [i64::MIN, -1, 0, 1, i64::MAX];
    let names = ["min", "minus", "null", "one", "top"];
    let things = names.iter().zip(numbers);
    let mut things: Vec<_> = things.map(|(id, n)| (*id, fields(Some(n), Some(id), &[]))).collect();
    things.push(("without", fields(None, None, &[])));
    write_things(&store, &things).await;
    for (low, from) in numbers.iter().enumerate() {
        for (high, to) in numbers.iter().enumerate() {
            let range =
                [Filter::AtLeast("number", number(*from)), Filter::AtMost("number", number(*to))];
            let expected = names.get(low..=high).unwrap_or_default();
            assert_eq!(matching(&store, &range).await, expected);
            let range = [
                Filter::AtLeast("text", text(names[low])),
                Filter::AtMost("text", text(names[high])),
            ];
            assert_eq!(matching(&store, &range).await, expected);
        }
    }
}

/// A word finds the documents that have it; with `prefix`, those that have one that starts with it.
pub async fn words_find_whole_and_by_their_start(store: Tested) {
    let things = [
        ("a", fields(None, None, &["rock", "rocks", "concert"])),
        ("b", fields(None, None, &["rocket"])),
        ("c", fields(None, None, &["roc", "rock", "rock"])),
        ("d", fields(None, None, &[])),
        ("e", fields(None, None, &["größe", "rn"])),
    ];
    write_things(&store, &things).await;
    assert_eq!(matching(&store, &[word("rock", false)]).await, ["a", "c"]);
    assert_eq!(matching(&store, &[word("rock", true)]).await, ["a", "b", "c"]);
    assert_eq!(matching(&store, &[word("ro", false)]).await, [""; 0]);
    assert_eq!(matching(&store, &[word("gr\u{f6}", true)]).await, ["e"]);
    assert_eq!(matching(&store, &[word("", true)]).await, ["a", "b", "c", "e"]);
    assert_eq!(matching(&store, &[word("", false)]).await, [""; 0]);
    let both = [word("rock", false), word("con", true)];
    assert_eq!(matching(&store, &both).await, ["a"]);
}

/// The end of a prefix's range is found for every last character.
pub async fn a_start_may_end_in_any_character(store: Tested) {
    let starts = ["a\u{10ffff}", "\u{10ffff}", "\u{d7ff}", "a\0", "%", "_", "\u{7f}", "a\u{7ff}"];
    for (n, start) in starts.iter().enumerate() {
        let longer = format!("{start}\u{10ffff}");
        let exact = fields(None, None, &[start]);
        let more = fields(None, None, &[&longer, "else"]);
        let (first, second) = (format!("{n} exact"), format!("{n} more"));
        write_things(&store, &[(&first, exact), (&second, more)]).await;
    }
    for start in starts {
        let mut expected = Vec::new();
        for (n, other) in starts.iter().enumerate() {
            if other.starts_with(start) {
                expected.push(format!("{n} exact"));
            }
            if format!("{other}\u{10ffff}").starts_with(start) {
                expected.push(format!("{n} more"));
            }
        }
        assert_eq!(matching(&store, &[word(start, true)]).await, expected, "{start:?}");
    }
}

/// An update changes which words find a document, and a removal leaves none.
pub async fn words_follow_the_document(store: Tested) {
    write_things(&store, &[("a", fields(None, None, &["one", "two"]))]).await;
    write_things(&store, &[("b", fields(None, None, &["two"]))]).await;
    let update = fields(None, None, &["two", "three"]);
    committed(store.commit(vec![thing("a", Expect::Version(0), 1, update.clone())]).await);
    for (word_, expected) in [("one", &[][..]), ("two", &["a", "b"]), ("three", &["a"])] {
        assert_eq!(matching(&store, &[word(word_, false)]).await, expected);
    }
    // Nothing about its words changes here.
    committed(store.commit(vec![thing("a", Expect::Version(1), 2, update)]).await);
    assert_eq!(matching(&store, &[word("three", false)]).await, ["a"]);
    let none = fields(Some(1), None, &[]);
    committed(store.commit(vec![thing("a", Expect::Version(2), 3, none)]).await);
    assert_eq!(matching(&store, &[word("t", true)]).await, ["b"]);
    committed(store.commit(vec![removal(&THINGS, "b", 0)]).await);
    assert_eq!(matching(&store, &[word("", true)]).await, [""; 0]);
    write_things(&store, &[("b", fields(None, None, &["four"]))]).await;
    assert_eq!(matching(&store, &[word("", true)]).await, ["b"]);
}

/// A range of ids has its first and not its last.
pub async fn a_range_of_ids_excludes_its_end(store: Tested) {
    let all = ["a", "b", "b\0", "ba", "c"];
    let things = all.map(|id| (id, fields(Some(1), None, &[])));
    write_things(&store, &things).await;
    let range = |from: &str, to: &str| Filter::Ids(from.to_owned(), to.to_owned());
    assert_eq!(matching(&store, &[range("b", "c")]).await, ["b", "b\0", "ba"]);
    assert_eq!(matching(&store, &[range("", "z")]).await, all);
    assert_eq!(matching(&store, &[range("b", "b")]).await, [""; 0]);
    assert_eq!(matching(&store, &[range("c", "a")]).await, [""; 0]);
    let found = search(&store, query(&[range("b", "c")], Some("number"), true)).await;
    assert_eq!(ids(&found), ["ba", "b\0", "b"]);
}

/// Filters of different kinds narrow one another.
pub async fn all_filters_hold_at_once(store: Tested) {
    for n in 0_i64..60 {
        let words = ["even", "odd"][usize::from(n % 2 == 1)];
        let of = fields(Some(n), Some(["x", "y", "z"][(n % 3).unsigned_abs() as usize]), &[words]);
        write_things(&store, &[(&format!("{n:02}"), of)]).await;
    }
    let filters = [
        Filter::Equals("text", text("y")),
        word("ev", true),
        Filter::AtLeast("number", number(10)),
        Filter::AtMost("number", number(52)),
        Filter::Ids("11".to_owned(), "50".to_owned()),
    ];
    let expected: Vec<_> =
        (11..50).filter(|n| n % 2 == 0 && n % 3 == 1).map(|n| format!("{n:02}")).collect();
    assert_eq!(matching(&store, &filters).await, expected);
    let found = search(&store, query(&filters, Some("number"), true)).await;
    let mut found: Vec<_> = found.into_iter().map(|found| found.document.id).collect();
    found.reverse();
    assert_eq!(found, expected);
}

/// Least first, equals by id; with `descending` exactly the other way round.
pub async fn documents_come_by_field_and_then_by_id(store: Tested) {
    let things = [
        ("a", fields(Some(2), Some("x"), &[])),
        ("b", fields(Some(1), Some("y"), &[])),
        ("c", fields(Some(2), Some("x"), &[])),
        ("d", fields(Some(-3), Some("x"), &[])),
        ("e", fields(Some(2), Some("w"), &[])),
    ];
    write_things(&store, &things).await;
    for (field, expected) in
        [("number", ["d", "b", "a", "c", "e"]), ("text", ["e", "a", "c", "d", "b"])]
    {
        let found = search(&store, query(&[], Some(field), false)).await;
        assert_eq!(ids(&found), expected);
        let mut found = search(&store, query(&[], Some(field), true)).await;
        found.reverse();
        assert_eq!(ids(&found), expected);
    }
    let found = search(&store, query(&[], Some("number"), false)).await;
    let first = Position { value: number(-3), id: "d".to_owned() };
    assert_eq!(found[0].position, first);
}

/// The order of ids alone; positions have no value then.
pub async fn without_a_field_documents_come_by_id(store: Tested) {
    let things = ["b", "a", "c"].map(|id| (id, fields(None, None, &[])));
    write_things(&store, &things).await;
    let found = search(&store, query(&[], None, false)).await;
    assert_eq!(ids(&found), ["a", "b", "c"]);
    assert!(found.iter().all(|found| found.position.value == Value::Absent));
    let found = search(&store, query(&[], None, true)).await;
    assert_eq!(ids(&found), ["c", "b", "a"]);
}

/// An order lists what has its field, with every filter and in both directions.
pub async fn a_document_without_the_field_is_not_listed(store: Tested) {
    let things = [
        ("a", fields(Some(1), Some("x"), &["w"])),
        ("b", fields(None, Some("x"), &["w"])),
        ("c", fields(Some(2), None, &["w"])),
    ];
    write_things(&store, &things).await;
    for descending in [false, true] {
        let found = search(&store, query(&[], Some("number"), descending)).await;
        assert_eq!(found.len(), 2);
        let filters = [Filter::Equals("text", text("x")), word("w", false)];
        let found = search(&store, query(&filters, Some("number"), descending)).await;
        assert_eq!(ids(&found), ["a"]);
    }
}

/// Texts are compared by their bytes, without regard for language, case or what a character is.
pub async fn texts_are_ordered_by_bytes(store: Tested) {
    let things = ODD_TEXTS.iter().enumerate();
    let things: Vec<_> = things
        .map(|(n, odd)| (format!("{:02}", ODD_TEXTS.len() - n), fields(None, Some(odd), &[odd])))
        .collect();
    for (id, fields) in &things {
        write_things(&store, &[(id, fields.clone())]).await;
    }
    let found = search(&store, query(&[], Some("text"), false)).await;
    let texts: Vec<_> = found.into_iter().map(|found| found.position.value).collect();
    let mut expected = ODD_TEXTS.to_vec();
    expected.sort_unstable();
    assert_eq!(texts, expected.iter().map(|odd| text(odd)).collect::<Vec<_>>());
    for odd in ODD_TEXTS {
        assert_eq!(matching(&store, &[Filter::Equals("text", text(odd))]).await.len(), 1);
        assert_eq!(matching(&store, &[word(odd, false)]).await.len(), 1);
    }
}

/// Every page after the last document of the one before, until a page is not full.
async fn walk(store: &Tested, mut query: Query) -> Vec<Found> {
    let mut all = Vec::new();
    loop {
        let page = search(store, query.clone()).await;
        let is_full = page.len() == query.limit;
        all.extend(page);
        if !is_full {
            return all;
        }
        query.after = all.last().map(|found: &Found| found.position.clone());
    }
}

async fn write_fifty(store: &Tested) {
    for n in 0..50_i64 {
        // Few different values, so that pages end among equals; some have none.
        let (number, label) = ((n % 7 != 6).then_some(n % 5), format!("t{}", n % 3));
        let of = fields(number, Some(&label), &["all", ["low", "high"][usize::from(n > 25)]]);
        write_things(store, &[(&format!("{:02}", n * 37 % 50), of)]).await;
    }
}

async fn assert_pages_add_up(store: &Tested, filters: &[Filter]) {
    for field in [None, Some("number"), Some("text")] {
        for descending in [false, true] {
            let query = query(filters, field, descending);
            let whole = search(store, query.clone()).await;
            assert!(whole.len() >= 4, "{filters:?}");
            for limit in [1, 2, 3, 7, 49, 50, 51] {
                let pages = walk(store, Query { limit, ..query.clone() }).await;
                assert_eq!(pages, whole, "{field:?} {descending} {limit}");
            }
        }
    }
}

/// Walking in pages of any size meets what one large page holds, in the same order.
pub async fn pages_add_up_to_the_whole(store: Tested) {
    write_fifty(&store).await;
    assert_pages_add_up(&store, &[]).await;
}

/// The same with filters of every kind.
pub async fn pages_with_filters_add_up_to_the_whole(store: Tested) {
    write_fifty(&store).await;
    let filters = [
        Filter::Equals("text", text("t1")),
        Filter::AtLeast("number", number(1)),
        Filter::AtMost("text", text("t1")),
        word("all", false),
        word("hi", true),
        Filter::Ids("10".to_owned(), "40".to_owned()),
    ];
    for filter in &filters {
        assert_pages_add_up(&store, std::slice::from_ref(filter)).await;
    }
    assert_pages_add_up(&store, &[word("low", false), Filter::AtLeast("number", number(1))]).await;
}

/// Documents written before and behind a walk neither hide nor repeat the others.
pub async fn a_walk_meets_every_document_once_while_others_are_written(store: Tested) {
    for n in 0..40_i64 {
        let of = fields(Some(n % 4), None, &[]);
        write_things(&store, &[(&format!("old {n:02}"), of)]).await;
    }
    for (round, descending) in [false, true].into_iter().enumerate() {
        let mut query = query(&[], Some("number"), descending);
        query.limit = 3;
        let mut met = Vec::new();
        for step in 0_i64.. {
            let page = search(&store, query.clone()).await;
            let Some(last) = page.last() else {
                break;
            };
            query.after = Some(last.position.clone());
            met.extend(page.into_iter().map(|found| found.document.id));
            // Bounded, or the walk would never end.
            if step < 30 {
                let of = fields(Some(step % 4), None, &[]);
                write_things(&store, &[(&format!("new {round} {step:02}"), of)]).await;
            }
        }
        let mut old: Vec<_> = met.iter().filter(|id| id.starts_with("old")).collect();
        assert_eq!(old.len(), 40);
        old.sort_unstable();
        old.dedup();
        assert_eq!(old.len(), 40);
        let mut all = met.clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), met.len());
    }
}

/// No more than asked for, and never more than [`MAX_PAGE`].
pub async fn limits_are_kept(store: Tested) {
    let batch = (0..MAX_PAGE + 10)
        .map(|n| thing(&format!("{n:05}"), Expect::Absent, 0, fields(Some(1), None, &[])));
    committed(store.commit(batch.collect()).await);
    for (limit, expected) in [(0, 0), (1, 1), (MAX_PAGE, MAX_PAGE), (usize::MAX, MAX_PAGE)] {
        for field in [None, Some("number")] {
            let found = search(&store, Query { limit, ..query(&[], field, false) }).await;
            assert_eq!(found.len(), expected);
        }
    }
}

/// Filters and orders go by the newest values, and forget documents that are gone.
pub async fn what_is_updated_or_deleted_is_found_as_it_is_now(store: Tested) {
    let things = [
        ("a", fields(Some(1), Some("x"), &[])),
        ("b", fields(Some(2), Some("x"), &[])),
        ("c", fields(Some(3), Some("x"), &[])),
    ];
    write_things(&store, &things).await;
    let moved = thing("a", Expect::Version(0), 1, fields(Some(9), Some("x"), &[]));
    let unset = thing("b", Expect::Version(0), 1, fields(None, Some("y"), &[]));
    committed(store.commit(vec![moved, unset]).await);
    let found = search(&store, query(&[], Some("number"), false)).await;
    assert_eq!(ids(&found), ["c", "a"]);
    assert_eq!(matching(&store, &[Filter::Equals("number", number(2))]).await, [""; 0]);
    assert_eq!(matching(&store, &[Filter::Equals("text", text("y"))]).await, ["b"]);
    committed(store.commit(vec![removal(&THINGS, "c", 0)]).await);
    let found = search(&store, query(&[], Some("number"), false)).await;
    assert_eq!(ids(&found), ["a"]);
    assert_eq!(found[0].document.version, 1);
    assert_eq!(matching(&store, &[]).await, ["a", "b"]);
}
