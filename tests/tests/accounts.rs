//! Accounts beyond the core: throttling, revocation on every service, export, erasure, public keys.

use std::time::Duration;

use serde_json::{Value, json};
use tests::market::{CROSSING, GOOD_CARD, NOBODY, PASSWORD, Person};
use tests::{Client, Request, Server, Setup, text, until};

/// I25 and the issue: revoked on every service within this.
const REVOCATION: Duration = Duration::from_secs(2);

/// A request to each service that a session alone decides about.
fn probes() -> [Request; 5] {
    [
        Request::new("POST", "/api/tickets").json(&json!({"title": "T", "price": 1})),
        Request::new("GET", "/api/orders"),
        Request::new("POST", "/api/orders").json(&json!({"ticketId": NOBODY})),
        Request::new("POST", "/api/payments").json(&json!({"orderId": NOBODY, "token": GOOD_CARD})),
        Request::new("GET", "/api/users/export"),
    ]
}

async fn refused_everywhere(server: &Server, token: &str) {
    let client = server.client();
    client.hold_session(token);
    for probe in probes() {
        let what = format!("I25: {} refuses the revoked session", probe.line());
        until(&what, REVOCATION, || async {
            (client.send(&probe).await.status == 401).then_some(())
        })
        .await;
    }
    let me = client.get("/api/users/currentuser").await.expect(200).json();
    assert_eq!(me, json!({"currentUser": null}));
}

async fn accepted_everywhere(server: &Server, token: &str) {
    let client = server.client();
    client.hold_session(token);
    for probe in probes() {
        let answer = client.send(&probe).await;
        assert_ne!(answer.status, 401, "{answer}");
    }
}

async fn sign_in(client: &Client, email: &str, password: &str) -> tests::Answer {
    client.post("/api/users/signin", &json!({"email": email, "password": password})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_out_revokes_the_session_on_every_service_and_for_good() {
    let mut server = Server::usual().await;
    let ada = server.person("ada").await;
    let elsewhere = ada.sign_in_elsewhere().await;
    let token = ada.client.session().unwrap();
    accepted_everywhere(&server, &token).await;
    ada.client.post("/api/users/signout", &json!({})).await.is(200);
    refused_everywhere(&server, &token).await;
    accepted_everywhere(&server, &elsewhere.client.session().unwrap()).await;
    server.kill_9().await;
    server.start().await;
    refused_everywhere(&server, &token).await;
    accepted_everywhere(&server, &elsewhere.client.session().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_out_everywhere_revokes_all_sessions_of_one_user_only() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let bob = server.person("bob").await;
    let mut tokens = vec![ada.client.session().unwrap()];
    for _ in 0..3 {
        tokens.push(ada.sign_in_elsewhere().await.client.session().unwrap());
    }
    let done = ada.client.post("/api/users/signout-everywhere", &json!({})).await;
    assert!(done.succeeded(), "{done}");
    for token in &tokens {
        refused_everywhere(&server, token).await;
    }
    accepted_everywhere(&server, &bob.client.session().unwrap()).await;
    let back = ada.sign_in_elsewhere().await;
    accepted_everywhere(&server, &back.client.session().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let elsewhere = ada.sign_in_elsewhere().await.client.session().unwrap();
    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    let path = "/api/users/change-password";
    ada.client.post(path, &change("not the password", "a new password")).await.is(400);
    ada.client.post(path, &change(PASSWORD, "short")).await.blames("newPassword");
    accepted_everywhere(&server, &elsewhere).await;
    let done = ada.client.post(path, &change(PASSWORD, "a new password")).await;
    assert!(done.succeeded(), "{done}");
    refused_everywhere(&server, &elsewhere).await;
    sign_in(&server.client(), &ada.email, PASSWORD).await.is(400);
    let again = server.client();
    sign_in(&again, &ada.email, "a new password").await.is(200);
    accepted_everywhere(&server, &again.session().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_throttled_and_the_right_password_elsewhere_is_not() {
    let server = Setup::new().flag("--signin-failures-per-minute", "5").start().await;
    let ada = server.person("ada").await;
    let client = server.client();
    let mut throttled = None;
    for _ in 0..200 {
        let answer = sign_in(&client, &ada.email, "guess number one").await;
        if answer.status == 429 {
            throttled = Some(answer);
            break;
        }
        answer.is(400);
    }
    let throttled = throttled.expect("guessing is throttled");
    let after: u64 = throttled.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&after), "come back after {after} s");
    sign_in(&client, &ada.email, PASSWORD).await.expect_any(&[200, 429]).written();
    accepted_everywhere(&server, &ada.client.session().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_does_not_tell_whether_an_account_exists() {
    let server = Setup::new().flag("--signin-failures-per-minute", "5").start().await;
    let ada = server.person("ada").await;
    let mut tries = Vec::new();
    for email in [ada.email.as_str(), "nobody@example.com"] {
        // Another server each would be purer, but an address may be throttled too: let it be told
        // in order.
        let client = server.client();
        let mut count = 0;
        loop {
            let answer = sign_in(&client, email, "guess number one").await;
            if answer.status == 429 {
                tries.push((count, answer.faults()));
                break;
            }
            count += 1;
            assert!(count < 200, "guessing at {email} is throttled");
        }
    }
    println!("failures until 429: {} and {}", tries[0].0, tries[1].0);
    assert_eq!(tries[0].1, tries[1].1, "both are told the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ups_from_one_address_are_limited_only_above_the_configured_rate() {
    let server = Setup::new().flag("--signups-per-minute", "10").start().await;
    let client = server.client();
    let mut statuses = Vec::new();
    for n in 0..30 {
        let body = json!({"email": format!("n{n}@example.com"), "password": PASSWORD});
        statuses.push(client.stranger().post("/api/users/signup", &body).await.status);
    }
    let made = statuses.iter().filter(|status| **status == 201).count();
    assert!(statuses[..10].iter().all(|status| *status == 201), "{statuses:?}");
    assert!(statuses.contains(&429) && made < 30, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_what_is_ones_own_and_no_secrets() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let bob = server.person("bob").await;
    let ticket = ada.sell_units(2).await;
    let bobs = bob.order(&ticket).await;
    let export = ada.client.get("/api/users/export").await.expect(200);
    let shown = export.written();
    assert!(shown.contains(&ada.id) && shown.contains(&ada.email), "{shown}");
    for secret in ["$argon2", PASSWORD, &ada.client.session().unwrap(), &bob.email] {
        assert!(!shown.contains(secret), "I28: {secret} in an export");
    }
    println!("{} knows {bobs}", shown.len());
    server.client().get("/api/users/export").await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_gone_and_its_sessions_with_it() {
    let mut server = Server::usual().await;
    let ada = server.person("ada").await;
    let token = ada.client.session().unwrap();
    let bob = server.person("bob").await;
    let (free, shared) = (ada.sell_units(2).await, ada.sell_units(3).await);
    let order = text(&bob.order(&shared).await, "id");
    let delete = |password: &str| {
        Request::new("DELETE", "/api/users/me").json(&json!({"password": password}))
    };
    ada.client.send(&delete("not the password")).await.is(400);
    accepted_everywhere(&server, &token).await;
    let done = ada.client.send(&delete(PASSWORD)).await;
    assert!(done.succeeded(), "{done}");
    refused_everywhere(&server, &token).await;
    sign_in(&server.client(), &ada.email, PASSWORD).await.is(400);
    until("nothing of hers is on sale", CROSSING, || async {
        bob.client.walk("/api/tickets").await.is_empty().then_some(())
    })
    .await;
    bob.client.get(&format!("/api/tickets/{free}")).await.is(404);
    bob.until_ticket(&shared, |ticket| ticket["available"] == 0).await;
    until("no more of it can be ordered", CROSSING, || async {
        let more = bob.client.post("/api/orders", &json!({"ticketId": shared})).await;
        (more.status == 400).then_some(())
    })
    .await;
    bob.pay(&order, GOOD_CARD).await.is(201);
    assert_eq!(bob.see_order(&order).await["status"], "complete", "what he has stays his");
    server.stop().await;
    server.start().await;
    refused_everywhere(&server, &token).await;
    sign_in(&server.client(), &ada.email, PASSWORD).await.is(400);
    let again = Person::sign_up(server.client(), &ada.email).await;
    assert_ne!(again.id, ada.id, "the e-mail is free again, the old account does not come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_keys_are_public_and_nothing_more() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let keys = server.client().get("/api/users/jwks.json").await.expect(200).json();
    let keys = keys["keys"].as_array().unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")), "{key}");
        assert!(key.get("d").is_none(), "I28: a private key is shown");
        assert!(!text(key, "x").is_empty() && !text(key, "kid").is_empty(), "{key}");
    }
    let token = ada.client.session().unwrap();
    assert_eq!(token.split('.').count(), 3, "a session is a signed token");
    let listed: Vec<&Value> = keys.iter().map(|key| &key["kid"]).collect();
    assert!(!listed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_reaches_the_log() {
    let server = Setup::new().flag("--log-level", "debug").start().await;
    let ada = server.person("ada").await;
    sign_in(&server.client(), &ada.email, "a wrong secret").await.is(400);
    let order = text(&ada.order(&ada.sell_units(1).await).await, "id");
    ada.pay(&order, GOOD_CARD).await.is(201);
    let log = server.log();
    let token = ada.client.session().unwrap();
    let signature = token.rsplit('.').next().unwrap();
    for secret in [PASSWORD, "a wrong secret", "$argon2", signature, GOOD_CARD] {
        assert!(!log.contains(secret), "I28: the log holds {secret}");
    }
}
