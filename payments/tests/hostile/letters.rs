//! Stripe's webhooks: what is forged changes nothing (I27), and what is secret is kept nowhere
//! (I28).

use std::time::Duration;

use common::time::Clock;
use payments::domain::{State, Token};
use scripted::stripe::{WEBHOOK_SECRET, signature};
use scripted::{Outcome, Script};

use crate::line::Life;
use crate::shop::Shop;
use crate::verdict::{self, Counts};

#[tokio::test(start_paused = true)]
async fn i27_twenty_forgeries_and_more_are_refused_and_the_real_one_is_not() {
    let shop = Shop::new(Script::new(1, 0), Life::without_end());
    let order = shop.place(Duration::from_secs(900)).await;
    let (id, name) = shop.check_out(order).await.unwrap();
    let now = shop.clock.now().as_millis() / 1_000;
    let body = format!(
        r#"{{"id":"evt_x","type":"payment_intent.succeeded",
            "data":{{"object":{{"id":"{name}","metadata":{{"payment":"{id}"}}}}}}}}"#
    );
    let good = signature(WEBHOOK_SECRET, now, &body);
    let (_, digest) = good.split_once(",v1=").unwrap();
    let other = signature("whsec_other", now, &body);
    let (_, foreign) = other.split_once(",v1=").unwrap();
    let upper = digest.to_uppercase();
    let forgeries = [
        String::new(),
        "forged".to_owned(),
        "t=,v1=".to_owned(),
        format!("t={now}"),
        format!("t={now},v1="),
        format!("t={now},v1=00"),
        format!("v1={digest}"),
        format!("t={},v1={digest}", now + 1),
        format!("t={},v1={digest}", now - 1),
        format!("t=+{now},v1={digest}"),
        format!("t= {now},v1={digest}"),
        format!("t=0{now},v1={digest}"),
        format!("t={now}.0,v1={digest}"),
        format!("t={now},t={now},v1={digest}"),
        format!("t={now},v0={digest}"),
        format!("t={now},v2={digest}"),
        format!("t={now},V1={digest}"),
        format!("t={now},v1={foreign}"),
        format!("t={now},v1={}", &digest[2..]),
        format!("t={now},v1={digest}00"),
        format!("t={now},v1={}", digest.replace('a', "g")),
        format!("t={now},v1=+{}", &digest[1..]),
        format!("t={now};v1={digest}"),
        format!("t={now},v1={}", [digest; 9].join(",v1=")),
        signature(WEBHOOK_SECRET, now - 301, &body),
        signature(WEBHOOK_SECRET, now + 301, &body),
        signature("", now, &body),
    ];
    assert!(forgeries.len() >= 20);
    let calls = shop.stripe.calls();
    for forgery in &forgeries {
        let taken = shop.receive(forgery, &body).await.unwrap();
        assert!(taken.is_err(), "{forgery}");
    }
    for altered in [body.replace("evt_x", "evt_y"), body.clone() + " ", body[1..].to_owned()] {
        assert!(shop.receive(&good, &altered).await.unwrap().is_err(), "{altered}");
    }
    assert_eq!(shop.stripe.calls(), calls, "nobody was asked because of them");
    for real in [
        format!("t={now},v1={foreign},v1={digest}"),
        format!("t={now}, v0={foreign}, v1={digest}"),
        format!("t={now},v1={upper}"),
        good,
    ] {
        assert_eq!(shop.receive(&real, &body).await, Some(Ok(())), "{real}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_about_something_else_is_taken_and_changes_nothing() {
    let shop = Shop::new(Script::new(2, 0), Life::without_end());
    let now = shop.clock.now().as_millis() / 1_000;
    for (kind, object) in [
        ("customer.created", r#"{"id":"cus_1"}"#),
        ("payment_intent.succeeded", r#"{"id":"pi_9","metadata":{}}"#),
        ("payment_intent.succeeded", r#"{"id":"pi_9","metadata":{"payment":"42"}}"#),
        ("charge.dispute.created", r#"{"id":"dp_1","payment_intent":"../v1/refunds"}"#),
    ] {
        let body = format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{object}}}}}"#);
        let signed = signature(WEBHOOK_SECRET, now, &body);
        assert_eq!(shop.receive(&signed, &body).await, Some(Ok(())), "{body}");
    }
    assert_eq!(shop.stripe.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn i28_card_numbers_and_tokens_are_stored_nowhere() {
    const CARDS: [&str; 3] = ["4242424242424242", "4000 0000 0000 3220", "3782-822463-10005"];
    for card in CARDS {
        let refused = card.parse::<Token>().unwrap_err();
        assert!(!refused.to_string().contains("42"), "{refused}");
    }
    let shop = Shop::new(Script::new(3, 0), Life::without_end());
    for token in ["tok_visa_71", "tok_chargeDeclined_72", "tok_nobodyKnows_73"] {
        let order = shop.place(Duration::from_secs(900)).await;
        drop(shop.pay(order, token).await);
        let payment = &shop.payments_of(order).await[0];
        assert!(!matches!(payment.state, State::Started { .. }), "{payment:?}");
        let kept = serde_json::to_string(payment).unwrap();
        assert!(!kept.contains("tok_") && !kept.contains("sk_test"), "{kept}");
    }
    verdict::of(&shop, 3, Counts::default()).await;
}

#[test]
fn the_scripted_provider_refuses_who_has_no_key() {
    let stripe = scripted::Stripe::new(Script::new(1, 0));
    let call = scripted::Call {
        method: "GET".to_owned(),
        target: "/v1/payment_intents/pi_1".to_owned(),
        ..scripted::Call::default()
    };
    let Outcome::Answered(answer, _) = stripe.take(&call) else { panic!("silent") };
    assert_eq!(answer.status, 401);
}
