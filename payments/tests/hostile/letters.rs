//! Stripe's webhooks: what is forged changes nothing (I27), and what is secret is kept nowhere
//! (I28).

use std::collections::BTreeSet;
use std::time::Duration;

use common::time::Clock;
use payments::domain::{State, Token};
use scripted::stripe::{SECRET_KEY, WEBHOOK_SECRET, signature};
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
        ("no signature", String::new()),
        ("a word", "forged".to_owned()),
        ("names without values", "t=,v1=".to_owned()),
        ("a time alone", format!("t={now}")),
        ("an empty digest", format!("t={now},v1=")),
        ("a digest of one byte", format!("t={now},v1=00")),
        ("a digest alone", format!("v1={digest}")),
        ("a second later", format!("t={},v1={digest}", now + 1)),
        ("a second earlier", format!("t={},v1={digest}", now - 1)),
        ("a time with a sign", format!("t=+{now},v1={digest}")),
        ("a time with a space", format!("t= {now},v1={digest}")),
        ("a time with a nought", format!("t=0{now},v1={digest}")),
        ("a time with a fraction", format!("t={now}.0,v1={digest}")),
        ("the time twice", format!("t={now},t={now},v1={digest}")),
        ("the scheme before", format!("t={now},v0={digest}")),
        ("a scheme to come", format!("t={now},v2={digest}")),
        ("a scheme in capitals", format!("t={now},V1={digest}")),
        ("another one's secret", format!("t={now},v1={foreign}")),
        ("a digest cut off", format!("t={now},v1={}", &digest[2..])),
        ("a digest and more", format!("t={now},v1={digest}00")),
        ("a digest that is no number", format!("t={now},v1=g{}", &digest[1..])),
        ("a digest with a sign", format!("t={now},v1=+{}", &digest[1..])),
        ("a semicolon", format!("t={now};v1={digest}")),
        ("more digests than are looked at", format!("t={now},v1={}", [digest; 9].join(",v1="))),
        ("too old", signature(WEBHOOK_SECRET, now - 301, &body)),
        ("from the future", signature(WEBHOOK_SECRET, now + 301, &body)),
        ("an empty secret", signature("", now, &body)),
        ("the key of the API", signature(SECRET_KEY, now, &body)),
    ];
    let altered = [
        ("another event", body.replace("evt_x", "evt_y")),
        ("another kind", body.replace("succeeded", "payment_failed")),
        ("another payment", body.replace(&id.to_string(), "0123456789abcdef01234567")),
        ("a space more", body.clone() + " "),
        ("a byte less", body[1..].to_owned()),
        ("nothing", String::new()),
    ];
    let mut all: Vec<(&str, &str, &str)> = Vec::new();
    all.extend(forgeries.iter().map(|(what, forged)| (*what, forged.as_str(), body.as_str())));
    all.extend(altered.iter().map(|(what, altered)| (*what, good.as_str(), altered.as_str())));
    let distinct: BTreeSet<_> = all.iter().map(|(_, signature, body)| (signature, body)).collect();
    assert!(distinct.len() == all.len() && all.len() >= 20, "{} forgeries", distinct.len());
    let calls = shop.there.calls();
    let mut taken = Vec::new();
    for (what, signature, body) in &all {
        if shop.receive(signature, body).await.unwrap().is_ok() {
            taken.push(*what);
        }
    }
    assert!(taken.is_empty(), "I27: {} of {} are taken: {taken:?}", taken.len(), all.len());
    println!("{} forgeries are refused", all.len());
    assert_eq!(shop.there.calls(), calls, "nobody was asked because of them");
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
    assert_eq!(shop.there.calls(), 0);
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
