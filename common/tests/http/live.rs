//! Live streams: every state that lasts is told, in order, and who may no longer read is no longer
//! told.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use common::events::Revocation;
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use crate::rig::{Toy, ended, revocation, user_id};

struct Stream(BodyDataStream);

impl Stream {
    async fn open(toy: &Toy, id: &str, token: Option<&str>) -> Self {
        let mut request = Request::get(format!("/api/notes/{id}/live"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = toy.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Option<String> {
        let piece = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        let piece = piece.expect("something happens")?.unwrap();
        Some(String::from_utf8(piece.to_vec()).unwrap())
    }
}

async fn rename(toy: &Toy, id: &str, title: &str) {
    let request = toy.write("PUT", &format!("/api/notes/{id}"));
    let body = Body::from(format!("{{\"title\":\"{title}\"}}"));
    assert_eq!(toy.send(request.body(body).unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_watcher_is_told_the_state_at_once_and_then_each_change() {
    let toy = Toy::new().await;
    let id = toy.note("Old").await;
    let mut stream = Stream::open(&toy, &id, None).await;
    let first = stream.next().await.unwrap();
    assert_eq!(
        first,
        format!(
            "event: note\nid: 0\ndata: {{\"id\":\"{id}\",\"title\":\"Old\",\"minor\":null}}\n\n"
        )
    );
    rename(&toy, &id, "New").await;
    assert!(stream.next().await.unwrap().contains("\"New\""));
    toy.send(toy.write("DELETE", &format!("/api/notes/{id}")).body(Body::empty()).unwrap()).await;
    assert_eq!(stream.next().await, None, "what is gone has no more states");
}

#[tokio::test]
async fn a_slow_watcher_misses_states_but_not_the_last() {
    let toy = Toy::new().await;
    let id = toy.note("Old").await;
    let mut stream = Stream::open(&toy, &id, None).await;
    stream.next().await.unwrap();
    for n in 1..=20 {
        rename(&toy, &id, &format!("T{n}")).await;
    }
    assert!(stream.next().await.unwrap().contains("\"T20\""));
}

#[tokio::test]
async fn a_quiet_stream_is_kept_open() {
    let toy = Toy::new().await;
    let id = toy.note("Old").await;
    let mut stream = Stream::open(&toy, &id, None).await;
    stream.next().await.unwrap();
    let time = async {
        loop {
            tokio::task::yield_now().await;
            toy.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        () = time => {}
        piece = stream.next() => assert_eq!(piece.as_deref(), Some(":\n\n")),
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_process() {
    let toy = Toy::new().await;
    let id = toy.note("Old").await;
    let mut stream = Stream::open(&toy, &id, None).await;
    stream.next().await.unwrap();
    toy.settings.stopping.begin();
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_asked_for_it() {
    let toy = Toy::new().await;
    let id = toy.note("Old").await;
    let session = toy.session(1);
    let token = toy.signer.sign(&session).unwrap();
    let mut stream = Stream::open(&toy, &id, Some(&token)).await;
    stream.next().await.unwrap();
    let change = Revocation { ended: vec![ended(&session)], ..revocation(1, 1) };
    assert_eq!(change.user_id, user_id(1));
    toy.revoke(change).await;
    rename_as_other(&toy, &id).await;
    assert_eq!(stream.next().await, None);
}

async fn rename_as_other(toy: &Toy, id: &str) {
    let mut request = toy.write("PUT", &format!("/api/notes/{id}"));
    request = request.header("authorization", format!("Bearer {}", toy.token(2)));
    toy.send(request.body(Body::from(r#"{"title":"New"}"#)).unwrap()).await;
}

#[tokio::test]
async fn a_stream_of_nothing_is_404() {
    let toy = Toy::new().await;
    for id in ["000000000000000000000000", "nonsense"] {
        assert_eq!(toy.get(&format!("/api/notes/{id}/live")).await.status, 404);
    }
}
