//! `Idempotency-Key`: the first answer again, byte for byte (I17).

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use common::replies::KEPT_FOR;

use crate::rig::{Told, Toy};

async fn keyed(toy: &Toy, key: &str, user: u8, body: &'static str) -> Told {
    let mut request =
        toy.write("POST", "/api/notes").header("idempotency-key", key).body(body.into()).unwrap();
    let cookie = format!("session={}", toy.token(user)).parse().unwrap();
    request.headers_mut().insert("cookie", cookie);
    toy.send(request).await
}

async fn count(toy: &Toy) -> usize {
    toy.get("/api/notes").await.json().as_array().unwrap().len()
}

const ONE: &str = r#"{"title":"One"}"#;

#[tokio::test]
async fn a_retry_gets_the_first_answer_byte_for_byte() {
    let toy = Toy::new().await;
    let first = keyed(&toy, "k", 1, ONE).await;
    toy.clock.advance(Duration::from_secs(3_600));
    let again = keyed(&toy, "k", 1, ONE).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    for name in ["etag", "location", "content-type"] {
        assert_eq!(first.header(name), again.header(name));
    }
    assert_eq!(count(&toy).await, 1);
}

#[tokio::test]
async fn a_refusal_is_an_answer_too() {
    let toy = Toy::new().await;
    let first = keyed(&toy, "k", 1, r#"{"title":"taken"}"#).await;
    let again = keyed(&toy, "k", 1, r#"{"title":"taken"}"#).await;
    assert_eq!((first.status, again.status), (400, 400));
    assert_eq!(first.messages(), [": This title is taken"]);
    assert_eq!(first.body, again.body);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_422() {
    let toy = Toy::new().await;
    let first = keyed(&toy, "k", 1, ONE).await;
    assert_eq!(keyed(&toy, "k", 1, r#"{"title":"Two"}"#).await.status, 422);
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let elsewhere = toy.write("PUT", &format!("/api/notes/{id}")).header("idempotency-key", "k");
    assert_eq!(toy.send(elsewhere.body(ONE.into()).unwrap()).await.status, 422);
    assert_eq!(keyed(&toy, "k", 1, ONE).await.body, first.body);
}

#[tokio::test]
async fn a_key_belongs_to_its_user_and_lasts_a_day() {
    let toy = Toy::new().await;
    let first = keyed(&toy, "k", 1, ONE).await;
    assert_ne!(keyed(&toy, "k", 2, ONE).await.body, first.body);
    toy.clock.advance(KEPT_FOR);
    assert_ne!(keyed(&toy, "k", 1, ONE).await.body, first.body);
    assert_eq!(count(&toy).await, 3);
}

#[tokio::test]
async fn a_key_that_is_too_long_or_empty_is_400() {
    let toy = Toy::new().await;
    assert_eq!(keyed(&toy, &"k".repeat(255), 1, ONE).await.status, 201);
    for bad in ["k".repeat(256), String::new()] {
        assert_eq!(keyed(&toy, &bad, 1, ONE).await.blamed(), ["Idempotency-Key"]);
    }
    assert_eq!(count(&toy).await, 1);
}

#[tokio::test]
async fn while_the_first_is_being_worked_on_a_retry_is_409() {
    let toy = Toy::new().await;
    let hold = |key: &str| {
        let request = toy.write("POST", "/api/hold").header("idempotency-key", key);
        toy.send(request.body(Body::empty()).unwrap())
    };
    let second = async {
        while toy.held.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let second = hold("k").await;
        toy.go.add_permits(2);
        assert_eq!(hold("another").await.status, 200, "other requests are not held up");
        second
    };
    let (first, second) = tokio::join!(hold("k"), second);
    assert_eq!((first.status, second.status), (200, 409));
    toy.go.add_permits(1);
    assert_eq!(hold("k").await.status, 200, "once it is answered, the key is free again");
}

#[tokio::test]
async fn neither_the_key_nor_the_body_is_stored() {
    let toy = Toy::new().await;
    keyed(&toy, "a-very-recognisable-key", 1, r#"{"title":"Recognisable"}"#).await;
    let replies = common::store::Query {
        collection: &common::replies::REPLIES,
        filters: Vec::new(),
        order: common::store::Order { field: None, descending: false },
        after: None,
        limit: 10,
    };
    let stored = toy.engine.store().find(replies).await.unwrap();
    assert_eq!(stored.len(), 1);
    let text = String::from_utf8(stored[0].document.body.to_vec()).unwrap();
    assert!(!text.contains("a-very"), "{text}");
}
