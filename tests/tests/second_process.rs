//! The process itself: one per data folder, a clean end on SIGTERM, a first screen and a help that
//! say what is needed.

use std::time::Duration;

use serde_json::json;
use tests::market::CROSSING;
use tests::{Request, Server, Setup, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused_with_a_sentence() {
    let mut server = Server::usual().await;
    let ada = server.person("ada").await;
    let second = server.setup().run_serve().await;
    assert!(!second.status.success(), "the second one must not serve");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    let data = server.setup().data_folder().to_string_lossy().into_owned();
    assert!(said.contains(&data), "it says which folder: {said}");
    assert!(!said.contains("panicked") && !said.contains("stack backtrace"), "{said}");
    println!("refused: {said}");
    let check = server.setup().run(&["check", "--data", &data]).await;
    println!("check beside a running server: {:?}", check.status.code());
    ada.sell_units(1).await;
    // Killed, it leaves nothing behind that bars the next.
    server.kill_9().await;
    server.start().await;
    assert_eq!(ada.client.walk("/api/tickets").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_requests_in_flight_finish_and_ends_with_0() {
    let mut server = Server::usual().await;
    let buyer = server.person("buyer").await;
    let order = text(&buyer.order(&buyer.sell_units(1).await).await, "id");
    // Payable for sure before the slow card is used: a declined one says so.
    buyer.pay(&order, "tok_chargeDeclined").await.is(400);
    let request = Request::new("POST", "/api/payments")
        .key("in flight")
        .json(&json!({"orderId": order, "token": "tok_slow"}));
    let client = buyer.client.clone();
    let sent = request.clone();
    let in_flight = tokio::spawn(async move { client.attempt(&sent).await });
    // The order has awaited a payment since the first; that the second has begun says its list.
    let list = format!("/api/payments?orderId={order}");
    until("the request is in flight", CROSSING, || async {
        let payments = buyer.client.walk(&list).await;
        payments.iter().any(|payment| payment["status"] == "started").then_some(())
    })
    .await;
    server.ask_to_stop();
    let answer = in_flight.await.expect("a task").expect("an answer, not a cut connection");
    let status = server.ended(Duration::from_secs(30)).await;
    assert!(status.success(), "ends with 0 after SIGTERM: {status}");
    server.start().await;
    let again = buyer.client.insist(&request, Duration::from_secs(60)).await.expect(201);
    if answer.status == 201 {
        assert_eq!(again.body, answer.body, "the answer given while draining holds");
    } else {
        answer.is(503);
    }
    buyer.until_order(&order, "complete", CROSSING).await;
    server.stop().await;
    server.check_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_screen_and_the_help_say_what_a_newcomer_needs() {
    let server = Server::usual().await;
    let screen = server.screen().join("\n");
    println!("{screen}");
    assert!(screen.contains(&server.address().to_string()), "where to go: {screen}");
    let help = server.setup().run(&["--help"]).await;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for wanted in ["--listen", "--data", "--order-window", "TICKETING_DATA", "check", "demo"] {
        assert!(help.contains(wanted), "{wanted} is explained:\n{help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_setting_is_refused_at_the_start_with_a_sentence() {
    let bad = [
        ("--order-window", "0s"),
        ("--order-window", "soon"),
        ("--listen", "nowhere"),
        ("--log-format", "xml"),
        ("--password-memory-kib", "1"),
    ];
    for (flag, value) in bad {
        let refused = Setup::new().flag(flag, value).run_serve().await;
        assert!(!refused.status.success(), "{flag} {value} is refused");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(flag.trim_start_matches('-')), "{flag} {value} is named: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_fills_an_empty_marketplace() {
    let server = Server::usual().await;
    let url = format!("http://{}", server.address());
    let done = server.setup().run(&["demo", "--url", &url]).await;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    let tickets = server.client().walk("/api/tickets").await;
    assert!(tickets.len() >= 5, "something to look at: {}", tickets.len());
    assert!(tickets.iter().all(|ticket| !text(ticket, "title").is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_two_folders_do_not_know_each_other() {
    let (one, two) = (Server::usual().await, Server::usual().await);
    let ada = one.person("ada").await;
    let foreign = two.client();
    foreign.hold_session(&ada.client.session().expect("a session"));
    foreign.get("/api/orders").await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_log_is_one_object_a_line() {
    let mut server =
        Setup::new().flag("--log-format", "json").flag("--log-level", "debug").start().await;
    let buyer = server.person("buyer").await;
    let order = text(&buyer.order(&buyer.sell_units(1).await).await, "id");
    buyer.pay(&order, "tok_visa").await.is(201);
    server.stop().await;
    let log = server.log();
    assert!(log.lines().count() > 3, "it says something: {log}");
    for line in log.lines() {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(parsed.is_ok_and(|line| line.is_object()), "no JSON object: {line}");
    }
}
