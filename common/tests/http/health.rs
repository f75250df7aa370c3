//! What probes are told.

use std::time::Duration;

use serde_json::json;

use crate::rig::{State, Toy};

#[tokio::test]
async fn a_process_is_ready_and_says_whether_events_flow() {
    let toy = Toy::new().await;
    for (state, events) in [(State::There, "ok"), (State::Away, "waiting"), (State::There, "ok")] {
        *toy.line.state.lock().unwrap() = state;
        let ready = toy.get("/api/health/ready").await;
        assert_eq!(ready.status, 200, "writes succeed without the bus");
        assert_eq!(ready.json(), json!({"status": "ok", "events": events}));
    }
}

#[tokio::test]
async fn a_bus_that_says_nothing_is_not_waited_for_without_end() {
    let toy = Toy::new().await;
    *toy.line.state.lock().unwrap() = State::Silent;
    let asked = toy.get("/api/health/ready");
    tokio::pin!(asked);
    let ready = loop {
        tokio::select! {
            biased;
            ready = &mut asked => break ready,
            () = tokio::task::yield_now() => toy.clock.advance(Duration::from_millis(100)),
        }
    };
    assert_eq!(ready.json(), json!({"status": "ok", "events": "waiting"}));
}

#[tokio::test]
async fn a_process_that_knows_no_key_yet_is_alive_and_not_ready() {
    let toy = Toy::without_keys();
    assert_eq!(toy.get("/api/health/ready").await.status, 503);
    assert_eq!(toy.get("/api/health/live").await.status, 200);
    toy.trust(1, &[&toy.signer]).await;
    assert_eq!(toy.get("/api/health/ready").await.status, 200);
}

#[tokio::test]
async fn a_process_that_stops_is_not_ready_and_has_its_connections_closed() {
    let toy = Toy::new().await;
    assert_eq!(toy.get("/api/health/live").await.header("connection"), None);
    toy.settings.stopping.begin();
    assert_eq!(toy.get("/api/health/ready").await.status, 503);
    for path in ["/api/health/live", "/api/notes"] {
        let served = toy.get(path).await;
        assert_eq!(served.status, 200, "requests are served to the last");
        assert_eq!(served.header("connection"), Some("close"), "{path}");
    }
}
