//! What an operator's Prometheus sees of a marketplace.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeMap;
use std::time::Duration;

use tests::market::GOOD_CARD;
use tests::raw::Raw;
use tests::{Server, Setup, text, until};

const SOON: Duration = Duration::from_secs(10);

/// What is shown at `/metrics`: each series with its value.
async fn shown(server: &Server) -> BTreeMap<String, f64> {
    let log = server.log();
    let line = log.lines().find(|line| line.contains("metrics are shown")).expect("its address");
    let address = line.split("address=").nth(1).and_then(|rest| rest.split(' ').next());
    let mut raw = Raw::connect(address.and_then(|a| a.parse().ok()).expect("an address")).await;
    raw.write(b"GET /metrics HTTP/1.1\r\nhost: metrics\r\nconnection: close\r\n\r\n").await;
    let answer = raw.until_closed(SOON).await.expect("an answer");
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let series = body.lines().filter(|line| !line.starts_with('#'));
    let series = series.filter_map(|line| line.rsplit_once(' '));
    series.map(|(name, value)| (name.to_owned(), value.parse().expect(value))).collect()
}

fn sum(shown: &BTreeMap<String, f64>, name: &str, labels: &[&str]) -> f64 {
    let is_meant = |series: &str| {
        let bare = series.split('{').next() == Some(name);
        bare && labels.iter().all(|label| series.contains(label))
    };
    shown.iter().filter(|(series, _)| is_meant(series)).map(|(_, value)| value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_purchase_is_seen_in_every_service_and_names_nobody() {
    let setup = Setup::new().flag("--metrics-listen", "127.0.0.1:0");
    let server = setup.env("NO_COLOR", "1").start().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    buyer.sign_in_elsewhere().await;
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    buyer.pay(&order, GOOD_CARD).await.is(201);
    let shown = until("all events are handled", SOON, || async {
        let shown = shown(&server).await;
        let settled = ["ticketing_outbox_depth", "ticketing_bus_lag_events"]
            .iter()
            .all(|name| sum(&shown, name, &[]) == 0.0);
        let seen = |service: &str, subject: &str| {
            let labels = [service, subject, "outcome=\"done\""];
            sum(&shown, "ticketing_events_handled_total", &labels) > 0.0
        };
        let heard = seen("service=\"tickets\"", "subject=\"orders\"")
            && seen("service=\"payments\"", "subject=\"orders\"")
            && seen("service=\"orders\"", "subject=\"payments\"");
        (settled && heard).then_some(shown)
    })
    .await;
    let paid = ["route=\"/api/payments\"", "method=\"POST\"", "status=\"2xx\""];
    assert_eq!(sum(&shown, "ticketing_http_requests_total", &paid), 1.0);
    assert_eq!(sum(&shown, "ticketing_http_request_seconds_count", &paid[..2]), 1.0);
    let of_order = ["route=\"/api/orders\"", "method=\"POST\"", "status=\"2xx\""];
    assert_eq!(sum(&shown, "ticketing_http_requests_total", &of_order), 1.0);
    for service in ["auth", "tickets", "orders", "payments"] {
        let label = format!("service=\"{service}\"");
        let committed = [label.as_str(), "outcome=\"committed\""];
        assert!(sum(&shown, "ticketing_commits_total", &committed) >= 1.0, "{service}");
        assert!(sum(&shown, "ticketing_commit_seconds_sum", &[&label]) > 0.0, "{service}");
        let published = sum(&shown, "ticketing_events_published_total", &[&label]);
        assert!(published >= 1.0, "{service}");
    }
    assert_eq!(sum(&shown, "ticketing_payments_total", &["outcome=\"captured\""]), 1.0);
    let charges = ["call=\"charge\"", "outcome=\"answered\""];
    assert_eq!(sum(&shown, "ticketing_provider_call_seconds_count", &charges), 1.0);
    assert_eq!(sum(&shown, "ticketing_password_checks_total", &["outcome=\"right\""]), 1.0);
    assert_eq!(sum(&shown, "ticketing_payments_unresolved", &[]), 0.0);
    assert_eq!(sum(&shown, "ticketing_expiry_due_orders", &[]), 0.0);
    assert_eq!(sum(&shown, "ticketing_http_requests_under_way", &[]), 0.0);
    assert!(sum(&shown, "process_cpu_seconds_total", &[]) > 0.0);
    for id in [&ticket, &order] {
        let named = shown.keys().find(|series| series.contains(id.as_str()));
        assert_eq!(named, None, "a series for each order or ticket is one too many");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_expire_say_how_late() {
    let setup = Setup::new().flag("--metrics-listen", "127.0.0.1:0");
    let server = setup.env("NO_COLOR", "1").flag("--order-window", "1s").start().await;
    let buyer = server.person("buyer").await;
    let order = text(&buyer.order(&buyer.sell_units(1).await).await, "id");
    buyer.until_order(&order, "cancelled", SOON).await;
    let count = || async {
        let shown = shown(&server).await;
        (sum(&shown, "ticketing_expiry_lag_seconds_count", &[]) > 0.0).then_some(shown)
    };
    let shown = until("an expiry is counted", SOON, count).await;
    assert_eq!(sum(&shown, "ticketing_expiry_lag_seconds_count", &[]), 1.0);
    let promised = ["le=\"5\""];
    assert_eq!(sum(&shown, "ticketing_expiry_lag_seconds_bucket", &promised), 1.0, "I13");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_nothing_is_shown_and_the_api_shows_none() {
    let server = Server::usual().await;
    assert!(!server.log().contains("metrics are shown"), "{}", server.log());
    let answer = server.client().get("/metrics").await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("ticketing_"), "{}", answer.written());
}
