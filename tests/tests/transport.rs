//! What clients send that is no decent request: bodies too large or of another type, floods of
//! headers, heads and bodies that never end.

use std::time::Duration;

use serde_json::json;
use tests::market::CROSSING;
use tests::raw::{Raw, status};
use tests::{Request, Server};

/// Generous: the server's own limits for slow clients are far below it.
const CUT_OFF: Duration = Duration::from_secs(75);

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_type_is_415_and_one_too_large_413() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let body = json!({"title": "T", "price": 1}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"] {
        let request =
            Request::new("POST", "/api/tickets").header("content-type", kind).bytes(body.clone());
        ada.client.send(&request).await.is(415);
    }
    ada.client.send(&Request::new("POST", "/api/tickets").bytes(body.clone())).await.is(415);
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let request =
            Request::new("POST", "/api/tickets").header("content-type", kind).bytes(body.clone());
        ada.client.send(&request).await.is(201);
    }
    let padded = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    let json = |bytes: usize| {
        Request::new("POST", "/api/tickets")
            .header("content-type", "application/json")
            .bytes(padded(bytes))
    };
    ada.client.send(&json(64 * 1024)).await.is(201);
    ada.client.send(&json(64 * 1024 + 1)).await.is(413);
    ada.client.send(&json(1024 * 1024)).await.is(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unstated_length_is_held_to_the_same_limit() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let mut raw = Raw::connect(server.address()).await;
    let head = format!(
        "POST /api/tickets HTTP/1.1\r\nhost: x\r\ncookie: session={}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        ada.client.session().unwrap()
    );
    raw.write(head.as_bytes()).await;
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    for _ in 0..4 {
        raw.write(chunk.as_bytes()).await;
    }
    let answer = raw.some(CROSSING).await;
    assert_eq!(status(&answer), Some(413), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_refused_and_hurts_nobody_else() {
    let server = Server::usual().await;
    let address = server.address();
    let mut many = String::from("GET /api/tickets HTTP/1.1\r\nhost: x\r\n");
    for n in 0..5000 {
        many += &format!("x-{n}: {n}\r\n");
    }
    many += "\r\n";
    let huge =
        format!("GET /api/tickets HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let long = format!("GET /api/tickets?q={} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(1 << 20));
    for flood in [many, huge, long] {
        let mut raw = Raw::connect(address).await;
        raw.write(flood.as_bytes()).await;
        let answer = raw.some(CROSSING).await;
        let code = status(&answer);
        assert!(
            answer.is_empty() || code.is_some_and(|code| (400..500).contains(&code)),
            "a flood is refused: {}",
            String::from_utf8_lossy(&answer)
        );
        server.client().get("/api/tickets").await.is(200);
    }
    for junk in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n"]
    {
        let mut raw = Raw::connect(address).await;
        raw.write(junk).await;
        raw.some(CROSSING).await;
        server.client().get("/api/tickets").await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_finishes_is_cut_off() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let head = format!(
        "POST /api/tickets HTTP/1.1\r\nhost: x\r\ncookie: session={}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        ada.client.session().unwrap()
    );
    let mut slow_head = Raw::connect(server.address()).await;
    slow_head.write(b"GET /api/tickets HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    let mut slow_body = Raw::connect(server.address()).await;
    slow_body.write(head.as_bytes()).await;
    let (by_head, by_body) =
        tokio::join!(slow_head.until_closed(CUT_OFF), slow_body.until_closed(CUT_OFF));
    for (what, said) in [("head", by_head), ("body", by_body)] {
        let said = said.unwrap_or_else(|| panic!("a {what} that never ends is cut off"));
        let code = status(&said);
        assert!(code.is_none_or(|code| code >= 400), "no success for half a {what}: {code:?}");
    }
    assert_eq!(ada.client.get("/api/tickets").await.json(), json!([]));
}
