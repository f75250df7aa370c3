//! Server-Sent Events, read as a browser reads them.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::client::{Client, Request};

/// One event of a stream.
#[derive(Clone, Debug)]
pub struct Event {
    /// What follows `event:`.
    pub kind: String,
    /// What follows `data:`, as JSON.
    pub data: Value,
}

/// An open stream.
#[derive(Debug)]
pub struct Stream {
    body: Incoming,
    pending: String,
}

impl Stream {
    /// Opens the stream at `path`.
    ///
    /// # Panics
    /// If the server does not answer 200 with an event stream.
    pub async fn open(client: &Client, path: &str) -> Self {
        let request = Request::new("GET", path).header("accept", "text/event-stream");
        let response = client.open(&request).await.expect("the stream opens");
        assert_eq!(response.status().as_u16(), 200, "GET {path} opens a stream");
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        assert!(kind.unwrap_or_default().starts_with("text/event-stream"), "{path}: {kind:?}");
        Self { body: response.into_body(), pending: String::new() }
    }

    /// The next event; `None` once the server ended the stream.
    ///
    /// # Panics
    /// If neither happens within `limit`, or the stream is no event stream.
    pub async fn next(&mut self, limit: Duration) -> Option<Event> {
        let started = Instant::now();
        loop {
            if let Some((block, rest)) = self.pending.split_once("\n\n") {
                let event = parse(block);
                self.pending = rest.to_owned();
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let left = limit.saturating_sub(started.elapsed());
            match tokio::time::timeout(left, self.body.frame()).await {
                Err(_) => panic!("no event within {limit:?}"),
                Ok(None | Some(Err(_))) => return None,
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.pending += std::str::from_utf8(&data).expect("events are UTF-8");
                    }
                }
            }
        }
    }

    /// Reads on until an event satisfies `wanted`, and returns it.
    ///
    /// # Panics
    /// If none does within `limit`.
    pub async fn until(&mut self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Event {
        let started = Instant::now();
        loop {
            let left = limit.saturating_sub(started.elapsed());
            let event = self.next(left).await.expect("the stream goes on");
            if wanted(&event.data) {
                return event;
            }
        }
    }
}

/// One block of a stream; `None` for comments, which keep the connection alive.
fn parse(block: &str) -> Option<Event> {
    let mut kind = String::new();
    let mut data = String::new();
    for line in block.lines() {
        if let Some(value) = line.strip_prefix("event:") {
            kind = value.trim().to_owned();
        } else if let Some(value) = line.strip_prefix("data:") {
            data += value.trim();
        }
    }
    if data.is_empty() {
        return None;
    }
    let data = serde_json::from_str(&data).expect("the data of an event is JSON");
    Some(Event { kind, data })
}
