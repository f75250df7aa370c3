//! What paying does with each kind of card, with double clicks, and with orders that cannot be
//! paid.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::market::{CROSSING, GOOD_CARD, Person};
use tests::{Answer, Request, Server, text, until};

/// How long a payment may take to become known when the provider is at its worst.
const SETTLED: Duration = Duration::from_secs(60);

async fn reserve(seller: &Person, buyer: &Person) -> String {
    let ticket = seller.sell_units(1).await;
    text(&buyer.order(&ticket).await, "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn good_cards_complete_the_order() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let stranger = server.person("stranger").await;
    for token in ["tok_visa", "tok_visa_debit", "tok_mastercard", "tok_amex", "tok_discover"] {
        let order = reserve(&seller, &buyer).await;
        let payment = buyer.pay(&order, token).await.expect(201).json();
        assert_eq!(buyer.see_order(&order).await["status"], "complete", "{token}");
        let path = format!("/api/payments/{}", text(&payment, "id"));
        let shown = buyer.client.get(&path).await.expect(200).json();
        assert_eq!(shown["id"], payment["id"]);
        assert_eq!(shown["orderId"], order.as_str());
        // Its seller sees it too, who may give the money back.
        let sold = seller.client.get(&path).await.expect(200).json();
        assert_eq!(sold["id"], payment["id"]);
        assert_eq!(stranger.client.get(&path).await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_cards_are_a_readable_400_and_another_card_may_follow() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let order = reserve(&seller, &buyer).await;
    let declined = [
        "tok_chargeDeclined",
        "tok_chargeDeclinedInsufficientFunds",
        "tok_chargeDeclinedExpiredCard",
        "tok_chargeDeclinedProcessingError",
        "tok_chargeDeclinedIncorrectCvc",
        "tok_chargeDeclinedFraudulent",
    ];
    for token in declined {
        let answer = buyer.pay(&order, token).await.expect(400);
        let message = answer.faults()[0].message.clone();
        assert!(message.len() > 10 && !message.contains("tok_"), "{token}: {message}");
        // I2: it stays where the payment had brought it, with none on its way any more.
        until("the order awaits another payment", CROSSING, || async {
            let shown = buyer.see_order(&order).await;
            let is_tried = shown["status"] == "awaiting:payment";
            (is_tried && shown.get("paymentId").is_none()).then_some(())
        })
        .await;
    }
    for unknown in ["tok_unknown", "4242424242424242", "", "tok_VISA"] {
        buyer.pay(&order, unknown).await.blames("token");
    }
    let paid = buyer.pay(&order, GOOD_CARD).await.expect(201).json();
    let shown = buyer.see_order(&order).await;
    assert_eq!((&shown["status"], &shown["paymentId"]), (&json!("complete"), &paid["id"]));
    let of_order = format!("/api/payments?orderId={order}");
    let attempts = buyer.client.walk(&of_order).await;
    let stand: Vec<String> = attempts.iter().map(|payment| text(payment, "status")).collect();
    assert_eq!((stand.len(), stand[6].as_str()), (declined.len() + 1, "captured"));
    assert!(stand[..6].iter().all(|status| status == "declined"), "{stand:?}");
    assert!(seller.client.walk(&of_order).await.is_empty(), "I26");
    buyer.client.get("/api/payments?orderId=nonsense").await.blames("orderId");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_at_its_worst_still_charges_once() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let tokens = [
        "tok_timeoutAfterCapture",
        "tok_serverError",
        "tok_slow",
        "tok_webhookTwice",
        "tok_webhookLate",
        "tok_webhookNever",
    ];
    for token in tokens {
        let order = reserve(&seller, &buyer).await;
        let first = buyer.pay_until_definite(&order, token).await.expect(201).json();
        let shown = buyer.until_order(&order, "complete", SETTLED).await;
        assert_eq!(shown["id"], order.as_str());
        // Paid is paid: whoever clicks again is told so, and told of no second payment.
        let again = buyer.pay(&order, token).await.expect(400);
        assert!(!again.faults().is_empty());
        buyer.client.get(&format!("/api/payments/{}", text(&first, "id"))).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn double_clicks_charge_once() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    for token in [GOOD_CARD, "tok_slow", "tok_timeoutAfterCapture", GOOD_CARD, GOOD_CARD] {
        let order = reserve(&seller, &buyer).await;
        let clicks = (0..8).map(|_| buyer.pay_until_definite(&order, token));
        let answers = join_all(clicks).await;
        let told: Vec<Value> =
            answers.iter().filter(|a| a.status == 201).map(Answer::json).collect();
        assert!(!told.is_empty(), "{token}: one click is told of success");
        assert!(told.iter().all(|id| *id == told[0]), "I4: one payment: {told:?}");
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.is(400);
        }
        assert_eq!(buyer.see_order(&order).await["status"], "complete");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_or_cancelled_cannot_be_paid() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let paid = reserve(&seller, &buyer).await;
    buyer.pay(&paid, GOOD_CARD).await.is(201);
    let again = buyer.pay(&paid, GOOD_CARD).await.expect(400);
    println!("paying a paid order: {again}");
    let cancelled = reserve(&seller, &buyer).await;
    buyer.client.delete(&format!("/api/orders/{cancelled}")).await.is(204);
    buyer.pay(&cancelled, GOOD_CARD).await.is(400);
    assert_eq!(buyer.see_order(&cancelled).await["status"], "cancelled");
    assert_eq!(buyer.see_order(&paid).await["status"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_races_a_cancel_and_exactly_one_wins() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let (mut paid, mut cancelled) = (0, 0);
    for round in 0..60 {
        let order = reserve(&seller, &buyer).await;
        let path = format!("/api/orders/{order}");
        let cancel = async {
            tests::poll::rest(Duration::from_micros(150 * (round % 20))).await;
            buyer.client.delete(&path).await
        };
        let (payment, cancel) = tokio::join!(buyer.pay(&order, GOOD_CARD), cancel);
        let end = tests::until("the order comes to an end", CROSSING, || async {
            let status = text(&buyer.see_order(&order).await, "status");
            ["complete", "cancelled"].contains(&status.as_str()).then_some(status)
        })
        .await;
        match end.as_str() {
            "complete" => {
                payment.is(201);
                cancel.is(400);
                paid += 1;
            }
            _ => {
                payment.is(400);
                cancel.is(204);
                cancelled += 1;
            }
        }
    }
    println!("paid {paid}, cancelled {cancelled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_webhooks_change_nothing() {
    let server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let order = reserve(&seller, &buyer).await;
    let forged = json!({"type": "captured", "orderId": order, "paymentId": order, "id": order});
    for signature in ["", "t=1,v1=00", "forged"] {
        let request = Request::new("POST", "/api/payments/webhooks/sandbox")
            .header("webhook-signature", signature)
            .header("stripe-signature", signature)
            .json(&forged);
        let answer = server.client().send(&request).await;
        assert!(answer.status >= 400, "I27: {answer}");
    }
    server.client().post("/api/payments/webhooks/nobody", &forged).await.is(404);
    assert_eq!(buyer.see_order(&order).await["status"], "created");
}
