//! What an operator's collector is sent of a purchase.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tests::market::{GOOD_CARD, fresh_email};
use tests::{Client, Request, Setup, text, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(20);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// One span, and the service that it is of.
#[derive(Clone, Debug)]
struct Seen {
    service: String,
    span: Value,
}

/// A collector that understands what it is sent.
#[derive(Clone)]
struct Collector {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self { address, seen: Arc::default() };
        let taking = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                taking.take(stream).await;
            }
        });
        collector
    }

    /// One request: head, body, answer.
    async fn take(&self, mut stream: TcpStream) {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        let (head, from) = loop {
            let many = stream.read(&mut chunk).await.unwrap();
            assert!(many > 0, "a request without an end");
            bytes.extend_from_slice(&chunk[..many]);
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break (String::from_utf8_lossy(&bytes[..end]).to_lowercase(), end + 4);
            }
        };
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().unwrap();
        while bytes.len() < from + length {
            let many = stream.read(&mut chunk).await.unwrap();
            bytes.extend_from_slice(&chunk[..many]);
        }
        self.understand(&serde_json::from_slice(&bytes[from..]).unwrap());
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    fn understand(&self, request: &Value) {
        for resource in request["resourceSpans"].as_array().expect("resources") {
            let attributes = resource["resource"]["attributes"].as_array().unwrap();
            let service = attributes.iter().find(|pair| pair["key"] == "service.name").unwrap();
            let service = service["value"]["stringValue"].as_str().unwrap().to_owned();
            for span in resource["scopeSpans"][0]["spans"].as_array().expect("spans") {
                for (key, digits) in [("traceId", 32), ("spanId", 16)] {
                    assert_eq!(text(span, key).len(), digits, "{span}");
                }
                let at = |key: &str| text(span, key).parse::<u64>().unwrap();
                assert!(at("startTimeUnixNano") <= at("endTimeUnixNano"), "{span}");
                let seen = Seen { service: service.clone(), span: span.clone() };
                self.seen.lock().unwrap().push(seen);
            }
        }
    }

    /// Those of the purchase.
    fn of_trace(&self, trace: &str) -> Vec<Seen> {
        let all = self.seen.lock().unwrap();
        all.iter().filter(|seen| seen.span["traceId"] == trace).cloned().collect()
    }
}

fn names(spans: &[Seen]) -> Vec<(&str, &str)> {
    spans.iter().map(|seen| (seen.service.as_str(), seen.span["name"].as_str().unwrap())).collect()
}

/// A request as a caller makes it that traces too.
fn traced(request: Request) -> Request {
    request.header("traceparent", &format!("00-{TRACE}-{CALLER}-01"))
}

async fn buy(client: &Client) {
    let credentials = json!({"email": fresh_email("buyer"), "password": "a good password"});
    let post = |path: &str, body: &Value| traced(Request::new("POST", path).json(body));
    client.send(&post("/api/users/signup", &credentials)).await.is(201);
    let listing = json!({"title": "A seat", "price": 20});
    let ticket = client.send(&post("/api/tickets", &listing)).await.expect(201).json();
    let order = json!({"ticketId": text(&ticket, "id")});
    let order = client.send(&post("/api/orders", &order)).await.expect(201).json();
    let pay = json!({"orderId": text(&order, "id"), "token": GOOD_CARD});
    let paid = client.send(&post("/api/payments", &pay)).await;
    paid.is(201);
    let id = paid.header("x-request-id").unwrap();
    assert!(!id.contains('~') && !id.contains(TRACE), "an id is what it always was: {id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_purchase_is_one_connected_trace_through_all_services() {
    let collector = Collector::start().await;
    let setup = Setup::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    let server = setup.start().await;
    buy(&server.client()).await;
    let wanted = [
        ("ticketing-http", "POST /api/payments"),
        ("ticketing-auth", "SignUp"),
        ("ticketing-tickets", "hear"),
        ("ticketing-orders", "commit"),
        ("ticketing-orders", "publish"),
        ("ticketing-payments", "charge"),
        ("ticketing-payments", "hear"),
    ];
    let spans = until("the whole purchase has been told", SOON, || async {
        let spans = collector.of_trace(TRACE);
        let told = names(&spans);
        wanted.iter().all(|name| told.contains(name)).then_some(spans)
    })
    .await;
    let by_id: BTreeMap<_, _> = spans.iter().map(|s| (text(&s.span, "spanId"), s)).collect();
    assert_eq!(by_id.len(), spans.len(), "no id is given twice");
    // Each leads to the caller, over spans of which some may still be on their way.
    let connected = until("every span leads to the caller", SOON, || async {
        let spans = collector.of_trace(TRACE);
        let by_id: BTreeMap<_, _> =
            spans.iter().map(|seen| (text(&seen.span, "spanId"), seen)).collect();
        let leads_back = |seen: &Seen| {
            let mut at = seen;
            for _ in 0..spans.len() {
                let parent = text(&at.span, "parentSpanId");
                match by_id.get(&parent) {
                    Some(next) => at = next,
                    None => return parent == CALLER,
                }
            }
            false
        };
        spans.iter().all(leads_back).then_some(spans.len())
    })
    .await;
    assert!(connected >= wanted.len());
    // The payment's capture, heard by orders, follows from what payments published, committed and
    // asked the provider for, and that from the request.
    let parent_of = |seen: &Seen| by_id.get(&text(&seen.span, "parentSpanId")).copied();
    let heard = spans.iter().find(|seen| {
        seen.service == "ticketing-orders"
            && seen.span["name"] == "hear"
            && parent_of(seen).is_some_and(|from| from.service == "ticketing-payments")
    });
    let mut way = Vec::new();
    let mut at = heard;
    while let Some(seen) = at {
        way.push(seen.span["name"].as_str().unwrap());
        at = parent_of(seen);
    }
    assert_eq!(way[..3], ["hear", "publish", "commit"], "{way:?}");
    assert_eq!(way.last(), Some(&"POST /api/payments"), "{way:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_sends_what_is_left_and_logs_carry_the_trace() {
    let collector = Collector::start().await;
    let setup = Setup::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    for format in ["text", "json"] {
        let setup = setup.clone().flag("--log-format", format).flag("--log-level", "debug");
        let mut server = setup.start().await;
        let request = Request::new("GET", "/api/tickets").header("x-request-id", "mine");
        server.client().send(&request).await.is(200);
        server.stop().await;
        let seen = collector.seen.lock().unwrap().clone();
        let told = seen.iter().rfind(|seen| seen.span["name"] == "GET /api/tickets");
        let trace = text(&told.expect("the request's span").span, "traceId");
        let log = server.log();
        let line = log.lines().find(|line| line.contains(&trace)).expect("the trace in the log");
        assert!(line.contains("mine") && line.contains("answered"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_nothing_but_its_spans() {
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nowhere}");
    let server = Setup::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).start().await;
    buy(&server.client()).await;
    until("the log says so", SOON, || async {
        server.log().contains("spans are lost until the collector is back").then_some(())
    })
    .await;
}
