//! What binds every route: the error shape, ids of requests, the cross-site defence, panics, time
//! limits.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use common::http::ClientKey;

use crate::rig::{Told, Toy};
use crate::toy::SECRET_CAUSE;

#[tokio::test]
async fn what_the_router_refuses_is_of_the_error_shape_too() {
    let toy = Toy::new().await;
    for path in ["/", "/api", "/api/nothing", "/api/notes/1/2", "/api/notes/%ff", "/api/notes/%2e"]
    {
        assert_eq!(toy.get(path).await.status, 404, "{path}");
    }
    let told = toy.post("/api/me", "{}").await;
    assert_eq!((told.status, told.header("allow")), (405, Some("GET,HEAD")));
    assert_eq!(toy.get("/api/notes/ABC").await.status, 404, "a malformed id names nothing");
}

#[tokio::test]
async fn failures_have_their_status_and_tell_no_cause() {
    let toy = Toy::new().await;
    for (how, status) in [
        ("broken", 500),
        ("panic", 500),
        ("down", 503),
        ("doubt", 503),
        ("overloaded", 503),
        ("often", 429),
        ("conflict", 409),
    ] {
        // That the cause does not leak is held against every answer, by the rig.
        let told = toy.get(&format!("/api/fail/{how}")).await;
        assert_eq!(told.status, status, "{how}");
    }
    let told = toy.get("/api/fail/often").await;
    assert_eq!(told.header("retry-after"), Some("7"));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_503() {
    let limit = Duration::from_millis(20);
    let toy = Toy::with(|settings| settings.request_timeout = limit).await;
    assert_eq!(toy.get("/api/fail/never").await.status, 503);
}

#[tokio::test]
async fn a_request_keeps_its_id_if_it_is_a_decent_one() {
    let toy = Toy::new().await;
    let ask = |id: &str| {
        let request = toy.write("GET", "/api/me").header("x-request-id", id);
        toy.send(request.body(Body::empty()).unwrap())
    };
    let told = ask("abc-1.2_3").await;
    assert_eq!(told.header("x-request-id"), Some("abc-1.2_3"));
    assert_eq!(told.json()["trace"], "abc-1.2_3", "handlers and events see the same");
    for odd in ["", "a b", "a\"b", &"x".repeat(65)] {
        let told = ask(odd).await;
        let made = told.header("x-request-id").unwrap().to_owned();
        assert_ne!(made, odd);
        assert_eq!(told.json()["trace"], made.as_str());
    }
    let [first, second] = [toy.get("/api/notes").await, toy.get("/api/notes").await];
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

async fn delete_from(toy: &Toy, headers: &[(&str, &str)]) -> Told {
    let mut request = toy.write("DELETE", "/api/notes/000000000000000000000000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    toy.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_write_from_another_site_is_403() {
    let url = Some("https://tickets.example".parse().unwrap());
    let toy = Toy::with(|settings| settings.public_url = url).await;
    let host = ("host", "127.0.0.1:3000");
    let foreign: [&[(&str, &str)]; 7] = [
        &[host, ("origin", "https://evil.example")],
        &[host, ("origin", "null")],
        &[host, ("origin", "http://127.0.0.1:3001")],
        &[host, ("origin", "http://tickets.example")],
        &[host, ("sec-fetch-site", "cross-site")],
        &[host, ("sec-fetch-site", "same-site")],
        &[host, ("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "cross-site")],
    ];
    for headers in foreign {
        assert_eq!(delete_from(&toy, headers).await.status, 403, "{headers:?}");
    }
    let own: [&[(&str, &str)]; 6] = [
        &[],
        &[host],
        &[host, ("origin", "http://127.0.0.1:3000")],
        &[host, ("origin", "https://tickets.example"), ("sec-fetch-site", "same-origin")],
        &[host, ("x-forwarded-host", "shop.example"), ("origin", "https://shop.example")],
        &[host, ("sec-fetch-site", "none")],
    ];
    for headers in own {
        assert_eq!(delete_from(&toy, headers).await.status, 404, "{headers:?}");
    }
    let read = Request::get("/api/notes").header("origin", "https://evil.example");
    assert_eq!(toy.send(read.body(Body::empty()).unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_clients_address_is_the_connections_unless_our_own_proxy_says_otherwise() {
    let peer: std::net::SocketAddr = "192.0.2.7:5000".parse().unwrap();
    for (behind_proxy, address) in [(false, "192.0.2.7"), (true, "203.0.113.9")] {
        let toy = Toy::with(|settings| settings.behind_proxy = behind_proxy).await;
        let request = toy
            .write("POST", "/api/peer")
            .header("x-forwarded-for", "198.51.100.1, 203.0.113.9")
            .extension(ConnectInfo(peer));
        let told = toy.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(told.json()["peer"], address);
    }
}

#[tokio::test]
async fn the_web_clients_server_tells_its_visitors_addresses_and_nobody_else_does() {
    let toy = Toy::with(|settings| settings.client_key = Some(ClientKey::new("secret"))).await;
    let asked = async |peer: &str, key: &str| {
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        let request = toy
            .write("POST", "/api/peer")
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-ticketing-client", key)
            .extension(ConnectInfo(peer));
        toy.send(request.body(Body::empty()).unwrap()).await.json()["peer"].clone()
    };
    assert_eq!(asked("127.0.0.1:5000", "secret").await, "203.0.113.9");
    assert_eq!(asked("127.0.0.1:5000", "secreT").await, "127.0.0.1");
    assert_eq!(asked("192.0.2.7:5000", "secret").await, "192.0.2.7", "not from outside");
}

#[tokio::test]
async fn a_site_served_over_https_says_so_with_every_answer() {
    for (url, told) in [("https://tickets.example", true), ("http://tickets.example", false)] {
        let toy = Toy::with(|settings| settings.public_url = Some(url.parse().unwrap())).await;
        for path in ["/api/notes", "/nothing"] {
            let header = toy.get(path).await.header("strict-transport-security").is_some();
            assert_eq!(header, told, "{url} {path}");
        }
    }
}

#[tokio::test]
async fn health_is_told() {
    let toy = Toy::new().await;
    assert_eq!(toy.get("/api/health/live").await.status, 200);
    assert_eq!(toy.get("/api/health/ready").await.status, 200);
}

#[tokio::test]
async fn above_what_can_be_under_way_requests_are_refused_at_once_and_health_is_still_told() {
    let toy = Toy::with(|settings| settings.max_under_way = 1).await;
    let refused = async {
        while toy.held.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let refused = toy.get("/api/notes").await;
        assert_eq!(toy.get("/api/health/live").await.status, 200);
        toy.go.add_permits(1);
        refused
    };
    let (held, refused) = tokio::join!(toy.post("/api/hold", ""), refused);
    assert_eq!((held.status, refused.status), (200, 503));
    assert_eq!(toy.get("/api/notes").await.status, 200, "there is room again");
}

#[tokio::test]
async fn the_log_is_told_the_cause_once_with_the_requests_id() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    let toy = Toy::new().await;
    let _guard = tracing::subscriber::set_default(subscriber);
    for how in ["broken", "panic", "down"] {
        let request = Request::get(format!("/api/fail/{how}?secret=1")).header("x-request-id", how);
        toy.send(request.body(Body::empty()).unwrap()).await;
        let told = log.take();
        assert_eq!(told.matches(SECRET_CAUSE).count(), 1, "{told}");
        assert!(told.contains(&format!("request=\"{how}\"")), "{told}");
        assert!(!told.contains("secret=1"), "no query in the log (I28): {told}");
    }
    toy.get("/api/notes").await;
    toy.get("/api/nothing").await;
    assert_eq!(log.take(), "", "what the client did or was told is no news");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
