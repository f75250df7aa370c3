//! Buyers whose banks take their money back: the order stays complete and says so, its seller sees
//! it in their books and reads of it, and none of it is lost when the process is killed in between.

use std::time::Duration;

use serde_json::{Value, json};
use tests::market::Person;
use tests::{Server, text, until};

/// How long a bank of the sandbox takes for both of its steps, and everybody to hear of it, also
/// where the process has to start again meanwhile.
const DECIDED: Duration = Duration::from_secs(60);

async fn until_dispute(buyer: &Person, order: &str, status: &str) -> Value {
    until("the order says where its dispute stands", DECIDED, || async {
        let shown = buyer.see_order(order).await;
        (shown["dispute"]["status"] == status).then_some(shown)
    })
    .await
}

async fn sale(seller: &Person, order: &str) -> Value {
    let sales = seller.client.get("/api/payments/sales?limit=100").await.expect(200).json();
    let sales = sales.as_array().cloned().unwrap_or_default();
    let sold = sales.into_iter().find(|sale| sale["orderId"] == order);
    sold.unwrap_or_else(|| panic!("{order} was sold"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_takes_money_back_for_good_or_not_and_everybody_is_told_through_kill_9() {
    let mut server = Server::usual().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let mut orders = Vec::new();
    for token in ["tok_createDispute", "tok_createDisputeWon", "tok_createDisputeLost"] {
        let ticket = seller.sell_units(1).await;
        let order = text(&buyer.order(&ticket).await, "id");
        let payment = text(&buyer.pay(&order, token).await.expect(201).json(), "id");
        orders.push((order, payment));
    }
    server.kill_9().await;
    server.start().await;
    let [(open, paid), (won, won_by), (lost, lost_by)] = &orders[..] else { panic!("{orders:?}") };
    for (order, status) in [(open, "open"), (won, "won"), (lost, "lost")] {
        let shown = until_dispute(&buyer, order, status).await;
        assert_eq!(shown["status"], "complete", "I2: {shown}");
        let is_with_bank = if status == "won" { json!(0) } else { shown["total"].clone() };
        assert_eq!(shown["dispute"]["taken"], is_with_bank, "{shown}");
        let sale = sale(&seller, order).await;
        assert_eq!((&sale["dispute"], &sale["disputed"]), (&json!(status), &is_with_bank));
    }
    let price = buyer.see_order(won).await["total"].clone();
    let balances = seller.client.get("/api/payments/balance").await.expect(200).json();
    assert_eq!(balances[0]["payable"], price, "what was won, and nothing else: {balances}");
    // Nothing of it is given back before it is decided, and nothing that is lost.
    let refund = async |payment: &str| {
        let path = format!("/api/payments/{payment}/refunds");
        seller.client.post(&path, &json!({"reason": "It rains"})).await
    };
    let refused = refund(paid).await.expect(409);
    assert!(refused.faults()[0].message.contains("not decided"), "{:?}", refused.faults());
    refund(lost_by).await.is(409);
    refund(won_by).await.is(201);
    until("what was won is given back", DECIDED, || async {
        let shown = buyer.see_order(won).await;
        (shown["refund"]["amount"] == price).then_some(())
    })
    .await;
    server.stop().await;
    server.check_clean().await;
}
