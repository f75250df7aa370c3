//! Notices that are forged, altered, stale or replayed change nothing; good ones in any order and
//! number end the same (I27).

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use common::events::OrderStatus;
use common::id::PaymentId;
use common::time::{Clock, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use payments::domain::State;
use payments::provider::sandbox::signature::HEADER;
use payments::provider::{BadNotice, Letter};
use payments::webhook::NotTaken;
use sha2::Sha256;

use kit::World;
use kit::faulty::Fault;

/// The sandbox's secret where all of its entropy is sevens.
const SECRET: [u8; 32] = [7; 32];

fn signed(body: &str, secret: &[u8], at: Timestamp) -> HeaderMap {
    let seconds = at.as_millis() / 1_000;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let value = HeaderValue::try_from(format!("t={seconds},v1={digits}")).unwrap();
    HeaderMap::from_iter([(HEADER, value)])
}

fn notice(id: &str, payment: PaymentId, verb: &str, at: Timestamp) -> String {
    format!(r#"{{"id":"{id}","type":"charge.{verb}","key":"{payment}","created":"{at}"}}"#)
}

async fn receive(world: &World, headers: &HeaderMap, body: &str) -> Result<(), NotTaken> {
    let letter = Letter { headers, query: None, body: body.as_bytes() };
    world.works.webhook.receive("sandbox", letter, "test").await
}

/// A payment whose provider has taken the money and keeps silent about it.
async fn in_silence(world: &World) -> PaymentId {
    let order = world.place().await;
    world.provider.script([Fault::Silent]);
    let gone = tokio::time::timeout(Duration::from_millis(50), world.pay(order.id, "tok_visa"));
    assert!(gone.await.is_err());
    world.payments_of(order.id).await[0].id
}

async fn is_started(world: &World, payment: PaymentId) -> bool {
    let seen = payments::queries::payment(&world.engine, payment).await.unwrap().unwrap();
    matches!(seen.payment.state, State::Started { .. })
}

#[tokio::test(start_paused = true)]
async fn a_good_notice_makes_the_truth_known_while_a_call_hangs() {
    let world = World::new();
    let payment = in_silence(&world).await;
    let now = world.clock.now();
    // What it says is wrong, and does not matter.
    let body = notice("evt_x", payment, "declined", now);
    receive(&world, &signed(&body, &SECRET, now), &body).await.unwrap();
    world.clock.sleep(Duration::from_millis(20)).await;
    assert!(!is_started(&world, payment).await);
    assert_eq!(world.provider.calls(), ["charge", "look_up"]);
    world.come_to_rest().await;
    let seen = payments::queries::payment(&world.engine, payment).await.unwrap().unwrap();
    assert!(matches!(seen.payment.state, State::Captured { .. }), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn i27_what_is_forged_altered_or_stale_changes_nothing() {
    let world = World::new();
    let payment = in_silence(&world).await;
    let now = world.clock.now();
    let body = notice("evt_x", payment, "captured", now);
    let good = signed(&body, &SECRET, now);
    let altered = body.replace("evt_x", "evt_y");
    let text = good[HEADER].to_str().unwrap().to_owned();
    let with = |value: &str| HeaderMap::from_iter([(HEADER, value.parse().unwrap())]);
    let (_, digest) = text.split_once(",v1=").unwrap();
    let newer = now.as_millis() / 1_000 + 1;
    let bad = [
        (HeaderMap::new(), &body),
        (signed(&body, &[8; 32], now), &body),
        (good.clone(), &altered),
        (signed(&body, &SECRET, now.plus_millis(-301_000)), &body),
        (signed(&body, &SECRET, now.plus_millis(301_000)), &body),
        (with(&format!("t={newer},v1={digest}")), &body),
        (with(&text[..text.len() - 2]), &body),
        (with("t=1,v1=00"), &body),
        (with("t=,v1="), &body),
        (with("v1=00"), &body),
        (with("forged"), &body),
        (with("t=1,v1=+1"), &body),
    ];
    for (headers, body) in bad {
        let taken = receive(&world, &headers, body).await;
        assert!(matches!(taken, Err(NotTaken::Bad(BadNotice::Signature(_)))), "{headers:?}");
    }
    let nonsense = r#"{"id":7}"#;
    let taken = receive(&world, &signed(nonsense, &SECRET, now), nonsense).await;
    assert!(matches!(taken, Err(NotTaken::Bad(BadNotice::Unreadable(_)))), "{taken:?}");
    assert!(is_started(&world, payment).await);
    assert_eq!(world.provider.calls(), ["charge"], "nobody was asked because of them");
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i27_a_replayed_notice_changes_nothing_and_costs_nothing() {
    let world = World::new();
    let payment = in_silence(&world).await;
    let now = world.clock.now();
    let body = notice("evt_x", payment, "captured", now);
    let headers = signed(&body, &SECRET, now);
    for _ in 0..10 {
        receive(&world, &headers, &body).await.unwrap();
    }
    world.come_to_rest().await;
    let at_rest = payments::queries::payment(&world.engine, payment).await.unwrap();
    let calls = world.provider.calls();
    for number in 0..10 {
        let body = notice(&format!("evt_{number}"), payment, "captured", now);
        receive(&world, &signed(&body, &SECRET, now), &body).await.unwrap();
    }
    let stranger: PaymentId = "0123456789abcdef01234567".parse().unwrap();
    let body = notice("evt_s", stranger, "captured", now);
    receive(&world, &signed(&body, &SECRET, now), &body).await.unwrap();
    world.clock.sleep(Duration::from_millis(200)).await;
    assert_eq!(payments::queries::payment(&world.engine, payment).await.unwrap(), at_rest);
    assert_eq!(world.provider.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn the_sandbox_sends_webhooks_twice_late_and_never_and_all_end_the_same() {
    let world = World::new();
    for token in ["tok_webhookTwice", "tok_webhookLate", "tok_webhookNever"] {
        let order = world.place().await;
        // Only a webhook, or looking again, can tell.
        let payment = world.pay(order.id, token).await.unwrap();
        assert_eq!(world.told(payment), ["payment:started", "payment:captured"], "{token}");
    }
    world.clock.sleep(Duration::from_secs(10)).await;
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_notice_about_a_refunded_payment_changes_nothing() {
    let world = World::new();
    let order = world.place().await;
    let (_, _) = tokio::join!(world.pay(order.id, "tok_webhookLate"), async {
        world.clock.sleep(Duration::from_millis(20)).await;
        world.change(order.id, OrderStatus::Cancelled).await
    });
    world.come_to_rest().await;
    let before = world.payments_of(order.id).await;
    world.clock.sleep(Duration::from_secs(10)).await;
    assert_eq!(world.payments_of(order.id).await, before);
    world.come_to_rest().await;
}
