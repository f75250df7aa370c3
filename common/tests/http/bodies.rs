//! Bodies: all faults at once, nothing guessed, nothing that breaks the reader.

use axum::body::Body;
use common::command::Refusal;
use common::http::Fields;
use common::money::Currency;
use proptest::prelude::*;

use crate::rig::Toy;

/// The faults of a body when a text `t`, a number `n` and a price `p` are asked of it.
fn faults(body: &str) -> Vec<String> {
    let mut fields = match Fields::read(body.as_bytes()) {
        Ok(fields) => fields,
        Err(refusal) => return told(refusal),
    };
    fields.text("t", 1..=5);
    fields.optional_integer("n", -5..=300);
    fields.optional_price("p", Currency::USD);
    fields.check().err().map(told).unwrap_or_default()
}

fn told(refusal: Refusal) -> Vec<String> {
    let Refusal::Invalid(faults) = refusal else { panic!("{refusal}") };
    faults.into_iter().map(|fault| fault.message).collect()
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once() {
    let toy = Toy::new().await;
    let body = r#"{"title":5,"price":"free","count":1.5,"place":{"name":"","opens":"soon"}}"#;
    let blamed = toy.post("/api/notes", body).await.blamed();
    assert_eq!(blamed, ["title", "price", "count", "place.name", "place.opens"]);
    assert_eq!(toy.post("/api/notes", "{}").await.messages(), ["title: title is required"]);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_400() {
    let toy = Toy::new().await;
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    let bodies: [&[u8]; 14] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"5",
        b"{}{}",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"a=1",
        b"\0\0",
        b"{\"price\": NaN}",
        b"{\"title\": \"\xff\"}",
        b"{\"title\": \"\xed\xa0\x80\"}",
        b"{\"title\": \"\0\"}",
    ];
    for body in bodies {
        let told = toy.post("/api/notes", body.to_vec()).await;
        assert_eq!(told.blamed(), [""], "{:?}", String::from_utf8_lossy(body));
    }
    for levels in [32, 10_000] {
        let told = toy.post("/api/notes", deep(levels)).await;
        assert_eq!(told.messages(), [": The JSON is nested more than 32 levels deep"]);
    }
    assert_eq!(toy.post("/api/notes", deep(31)).await.blamed(), ["title"]);
    let brackets = format!("{{\"title\":\"{}\"}}", "[".repeat(40));
    assert_eq!(toy.post("/api/notes", brackets).await.blamed(), ["title"], "no depth in a text");
}

#[test]
fn a_field_that_is_given_twice_is_refused_by_name() {
    assert_eq!(faults(r#"{"t":"a","t":"b"}"#), ["t is given more than once"]);
    assert_eq!(faults(r#"{"t":"a","x":1,"x":1,"x":1}"#), ["x is given more than once"]);
    let many: String = (0..9_000).map(|n| format!("\"k{n}\":0,\"k{n}\":0,")).collect();
    assert!(faults(&format!("{{{many}\"t\":\"a\"}}")).len() <= 20);
}

#[test]
fn texts_are_trimmed_counted_in_characters_and_free_of_control_characters() {
    assert!(faults(r#"{"t":"  a\n\tb  "}"#).is_empty());
    assert!(faults(r#"{"t":"ÄÖÜßé"}"#).is_empty(), "five characters");
    assert_eq!(faults(r#"{"t":"abcdef"}"#), ["t must have 1 to 5 characters"]);
    assert_eq!(faults(r#"{"t":"   "}"#), ["t must have 1 to 5 characters"]);
    for odd in [r"a\u0000", r"\u0001", r"\u001b[", r"\u007f"] {
        let body = format!("{{\"t\":\"{odd}\"}}");
        assert_eq!(faults(&body), ["t must not contain control characters"], "{odd}");
    }
    for half in [r"\ud800", r"\udfff x"] {
        assert_eq!(faults(&format!("{{\"t\":\"{half}\"}}")), ["t is not valid Unicode"]);
    }
    for wrong in ["5", "true", "[]", "{}", "[\"x\"]"] {
        assert_eq!(faults(&format!("{{\"t\":{wrong}}}")), ["t must be a text"]);
    }
    assert_eq!(faults(r#"{"t":null}"#), ["t is required"]);
}

#[test]
fn passwords_are_taken_as_they_are() {
    let mut fields = Fields::read("{\"p\":\"  a\\u0000 \"}".as_bytes()).unwrap();
    assert_eq!(fields.raw_text("p", 1..=9).as_deref(), Some("  a\0 "));
    fields.check().unwrap();
}

#[test]
fn whole_numbers_are_whole_however_they_are_written() {
    let number = |text: &str| {
        let mut fields = Fields::read(format!("{{\"n\":{text}}}").as_bytes()).unwrap();
        fields.integer("n", i64::MIN..=i64::MAX)
    };
    for (text, value) in [
        ("3", 3),
        ("-3", -3),
        ("3.0", 3),
        ("3e2", 300),
        ("1.50e1", 15),
        ("100e-2", 1),
        ("0.0", 0),
        ("-0", 0),
        ("0e9", 0),
        ("10", 10),
        ("9223372036854775807", i64::MAX),
        ("120.0e0", 120),
    ] {
        assert_eq!(number(text), Some(value), "{text}");
    }
    for text in ["1.5", "1e-1", "1e400", "1e99999999999", "9223372036854775808", "\"3\"", "true"] {
        assert_eq!(number(text), None, "{text}");
    }
    assert_eq!(faults(r#"{"t":"a","n":301}"#), ["n must be a whole number from -5 to 300"]);
}

#[test]
fn prices_are_exact_and_may_be_texts() {
    let minor = |text: &str| {
        let mut fields = Fields::read(format!("{{\"p\":{text}}}").as_bytes()).unwrap();
        fields.price("p", Currency::USD).map(|money| money.minor)
    };
    for (text, cents) in [("0.1", 10), ("20", 2_000), ("\"10.50\"", 1_050), ("1e1", 1_000)] {
        assert_eq!(minor(text), Some(cents), "{text}");
    }
    for text in ["0", "-1", "0.001", "1e400", "1000000.01", "\"\"", "\" 5\"", "true", "[5]"] {
        assert_eq!(minor(text), None, "{text}");
    }
}

#[tokio::test]
async fn only_json_is_taken_and_only_so_much_of_it() {
    let toy = Toy::new().await;
    let send = |kind: Option<&'static str>, body: String| {
        let mut request = toy.write("POST", "/api/notes").body(Body::from(body)).unwrap();
        request.headers_mut().remove("content-type");
        if let Some(kind) = kind {
            request.headers_mut().insert("content-type", kind.parse().unwrap());
        }
        toy.send(request)
    };
    let body = r#"{"title":"T"}"#;
    for kind in [None, Some("text/plain"), Some("x"), Some("application/x-www-form-urlencoded")] {
        assert_eq!(send(kind, body.into()).await.status, 415, "{kind:?}");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/merge+json"] {
        assert_eq!(send(Some(kind), body.into()).await.status, 201, "{kind}");
    }
    let padded = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    assert_eq!(send(Some("application/json"), padded(65_536)).await.status, 201);
    assert_eq!(send(Some("application/json"), padded(65_537)).await.status, 413);
    let chunks = (0..5).map(|_| Ok::<_, std::io::Error>(" ".repeat(20_000)));
    let streamed = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(toy.post("/api/notes", streamed).await.status, 413);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408_and_one_that_breaks_off_400() {
    let toy = Toy::new().await;
    let never =
        Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
    let (told, ()) = tokio::join!(toy.post("/api/notes", never), async {
        tokio::task::yield_now().await;
        toy.clock.advance(std::time::Duration::from_secs(15));
    });
    assert_eq!(told.status, 408);
    let cut = [Ok("{\"title\"".to_owned()), Err(std::io::Error::other("reset"))];
    let cut = Body::from_stream(futures_util::stream::iter(cut));
    assert_eq!(toy.post("/api/notes", cut).await.status, 400);
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_that_before_what_is_wrong_with_the_body() {
    let toy = Toy::new().await;
    let mut request = toy.write("POST", "/api/notes").body(Body::from("nonsense")).unwrap();
    request.headers_mut().remove("cookie");
    assert_eq!(toy.send(request).await.status, 401);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&body);
    }

    #[test]
    fn no_json_makes_the_reader_panic(value in "[\\[\\]{}\",:a-c0-9eE+.\\\\ud-]{0,60}") {
        read_everything(format!("{{\"a\":{value}}}").as_bytes());
        read_everything(format!("{{\"a\":\"{value}\"}}").as_bytes());
    }

    #[test]
    fn whole_numbers_read_back(number: i64, zeros in 0_usize..5) {
        let body = format!("{{\"a\":{number}.0{}}}", "0".repeat(zeros));
        let mut fields = Fields::read(body.as_bytes()).unwrap();
        prop_assert_eq!(fields.integer("a", i64::MIN..=i64::MAX), Some(number));
    }
}

fn read_everything(body: &[u8]) {
    let Ok(mut fields) = Fields::read(body) else { return };
    fields.text("a", 1..=5);
    fields.raw_text("a", 1..=5);
    fields.integer("a", 0..=5);
    fields.price("a", Currency::USD);
    fields.currency("a", Currency::USD);
    fields.id::<common::id::Id>("a");
    fields.time("a");
    if let Some(mut inner) = fields.object("a") {
        inner.text("a", 1..=5);
    }
    drop(fields.check());
}
