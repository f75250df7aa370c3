//! I24: safety never depends on the wall clock; a clock that jumps moves only when timers fire.

use std::time::Duration;

use serde_json::json;
use tests::clock::Clock;
use tests::market::{CROSSING, GOOD_CARD, PASSWORD, Person};
use tests::{Server, Setup, text};

/// What expiry may take: the window of these tests, the promise of at most 5 s, and a busy machine.
const WINDOW_AND_LATEST: Duration = Duration::from_secs(10);

/// After a jump of a day a session may be over, or not yet begun: people sign in again.
async fn still_here(person: &Person) {
    let me = person.client.get("/api/users/currentuser").await.expect(200).json();
    if me["currentUser"].is_null() {
        println!("a session did not outlive the jump");
        let body = json!({"email": person.email, "password": PASSWORD});
        person.client.post("/api/users/signin", &body).await.is(200);
        let me = person.client.get("/api/users/currentuser").await.expect(200).json();
        assert!(!me["currentUser"].is_null(), "a fresh session holds");
    }
}

/// Selling, ordering, paying and expiring all work at this time of the clock.
async fn business_as_usual(seller: &Person, buyer: &Person) {
    still_here(seller).await;
    still_here(buyer).await;
    let ticket = seller.sell_units(2).await;
    let paid = text(&buyer.order(&ticket).await, "id");
    buyer.pay(&paid, GOOD_CARD).await.is(201);
    let left = text(&buyer.order(&ticket).await, "id");
    buyer.client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    buyer.until_order(&left, "cancelled", WINDOW_AND_LATEST).await;
    seller.until_ticket(&ticket, |t| t["available"] == 1).await;
    assert_eq!(buyer.see_order(&paid).await["status"], "complete", "I12");
}

async fn market() -> (Clock, Server, Person, Person) {
    let (clock, setup) = Clock::rule(Setup::new());
    let server = setup.flag("--order-window", "2s").start().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    (clock, server, seller, buyer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_a_day_ahead_expires_what_is_due_and_sells_nothing_twice() {
    let (clock, mut server, seller, buyer) = market().await;
    business_as_usual(&seller, &buyer).await;
    server.change(|setup| setup.flag("--order-window", "10m"));
    server.stop().await;
    server.start().await;
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    clock.jump("+1d");
    still_here(&buyer).await;
    buyer.until_order(&order, "cancelled", CROSSING).await;
    let next = text(&buyer.order(&ticket).await, "id");
    // And back: what was reserved by the clock of tomorrow is reserved still, and can be paid.
    clock.jump("+0");
    still_here(&buyer).await;
    assert_eq!(buyer.see_order(&next).await["status"], "created");
    seller.client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    buyer.pay(&next, GOOD_CARD).await.is(201);
    server.change(|setup| setup.flag("--order-window", "2s"));
    server.stop().await;
    server.start().await;
    business_as_usual(&seller, &buyer).await;
    server.stop().await;
    server.check_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_a_day_behind_loses_no_reservation_and_business_goes_on() {
    let (clock, mut server, seller, buyer) = market().await;
    server.change(|setup| setup.flag("--order-window", "10m"));
    server.stop().await;
    server.start().await;
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    clock.jump("-1d");
    still_here(&seller).await;
    still_here(&buyer).await;
    assert_eq!(buyer.see_order(&order).await["status"], "created");
    seller.client.post("/api/orders", &json!({"ticketId": ticket})).await.is(400);
    buyer.pay(&order, GOOD_CARD).await.is(201);
    server.change(|setup| setup.flag("--order-window", "2s"));
    server.kill_9().await;
    server.start().await;
    business_as_usual(&seller, &buyer).await;
    clock.jump("+0");
    business_as_usual(&seller, &buyer).await;
    server.stop().await;
    server.check_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_and_forth_breaks_nothing() {
    let (clock, mut server, seller, buyer) = market().await;
    for offset in ["-1d", "+1d", "+0", "-1h", "+1h", "+0"] {
        clock.jump(offset);
        business_as_usual(&seller, &buyer).await;
    }
    server.stop().await;
    server.check_clean().await;
}
