//! Tokens, keys and revocations as other services see them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod app;

use std::time::Duration;

use app::{App, Elsewhere, PASSWORD, Wishes};
use auth::hashing::Cost;
use common::events::Envelope;
use common::session::{LIFETIME, REVOCATIONS, SIGNING_KEYS};
use common::store::memory::MemoryStore;
use serde_json::{Value, json};

const ADA: &str = "ada@example.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn kids(app: &App) -> Vec<String> {
    let keys = app.ask("GET", "/api/users/jwks.json").send().await.expect(200).json();
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_public_keys_are_public_and_nothing_more() {
    let app = App::new();
    let none = app.ask("GET", "/api/users/jwks.json").send().await.expect(200);
    assert_eq!(none.json(), json!({"keys": []}));
    app.rotate_keys().await;
    let keys = app.ask("GET", "/api/users/jwks.json").send().await.expect(200).json();
    let [key] = &keys["keys"].as_array().unwrap()[..] else { panic!("{keys}") };
    let members: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
}

#[tokio::test]
async fn another_service_accepts_a_session_once_it_has_heard_of_the_keys() {
    let app = App::new();
    let elsewhere = Elsewhere::new(&app.clock);
    let token = app.sign_up(ADA).await.token();
    assert!(!elsewhere.accepts(&token).await);
    elsewhere.hear(&app.events()).await;
    assert!(elsewhere.accepts(&token).await);
}

#[tokio::test]
async fn what_ends_a_session_here_ends_it_elsewhere() {
    let app = App::new();
    let elsewhere = Elsewhere::new(&app.clock);
    app.sign_up(ADA).await.expect(201);
    let first = app.sign_in(ADA, PASSWORD).await.token();
    let second = app.sign_in(ADA, PASSWORD).await.token();
    elsewhere.hear(&app.events()).await;
    assert!(elsewhere.accepts(&first).await && elsewhere.accepts(&second).await);
    app.ask("POST", "/api/users/signout").session(&first).send().await.expect(200);
    elsewhere.hear(&app.events()).await;
    assert!(!elsewhere.accepts(&first).await && elsewhere.accepts(&second).await);
    app.ask("POST", "/api/users/signout-everywhere").session(&second).send().await.expect(200);
    elsewhere.hear(&app.events()).await;
    assert!(!elsewhere.accepts(&second).await);
    let third = app.sign_in(ADA, PASSWORD).await.token();
    assert!(elsewhere.accepts(&third).await);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "a new password"});
    let path = "/api/users/change-password";
    let fourth = app.ask("POST", path).session(&third).json(change).send().await.token();
    elsewhere.hear(&app.events()).await;
    assert!(!elsewhere.accepts(&third).await && elsewhere.accepts(&fourth).await);
    let delete = app.ask("DELETE", "/api/users/me").session(&fourth);
    delete.json(json!({"password": "a new password"})).send().await.expect(204);
    elsewhere.hear(&app.events()).await;
    assert!(!elsewhere.accepts(&fourth).await);
}

fn copies(store: &MemoryStore, user: &str) -> Vec<Option<Vec<u8>>> {
    let all = [(&REVOCATIONS, user), (&SIGNING_KEYS, "keys")];
    let body = |(collection, id)| store.get_now(collection, id).map(|d| d.body.to_vec());
    all.into_iter().map(body).collect()
}

#[tokio::test]
async fn copies_come_out_the_same_however_often_and_in_whatever_order_events_come() {
    let app = App::new();
    let made = app.sign_up(ADA).await.expect(201);
    let user = made.json()["id"].as_str().unwrap().to_owned();
    let here = app.sign_in(ADA, PASSWORD).await.token();
    app.ask("POST", "/api/users/signout").session(&made.token()).send().await.expect(200);
    app.ask("POST", "/api/users/signout-everywhere").session(&here).send().await.expect(200);
    let original = copies(&app.store, &user);
    assert!(original.iter().all(Option::is_some));
    let events = app.events();
    let mut reversed = events.clone();
    reversed.reverse();
    let twice = [events.clone(), events.clone()].concat();
    for order in [&events, &reversed, &twice] {
        let elsewhere = Elsewhere::new(&app.clock);
        elsewhere.hear(order).await;
        assert_eq!(copies(&elsewhere.store, &user), original);
        assert!(!elsewhere.accepts(&here).await);
    }
    let myself = Elsewhere::new(&app.clock);
    myself.hear(&app.events()).await;
    assert_eq!(copies(&app.store, &user), original, "hearing oneself changes nothing");
}

#[tokio::test]
async fn the_newest_event_of_an_account_has_its_copys_version_though_the_hash_was_renewed() {
    let app = App::new();
    let made = app.sign_up(ADA).await.expect(201);
    let earlier = Some((app.store.clone(), app.clock.clone()));
    let cost = Cost::new(16, 1).unwrap();
    let raised = App::with(Wishes { cost, earlier, ..Wishes::default() });
    raised.sign_in(ADA, PASSWORD).await.expect(200);
    let copy = app.store.get_now(&REVOCATIONS, made.json()["id"].as_str().unwrap()).unwrap();
    let events = app.events().into_iter().map(|event| Envelope::read(&event.body).unwrap());
    let newest = events.filter(|event| event.kind.starts_with("user:")).map(|e| e.version).max();
    // Otherwise the event would be trimmed as an old one, and copies could not be rebuilt (I21).
    assert_eq!(newest, Some(copy.version));
}

#[tokio::test]
async fn a_restart_ends_no_session_and_brings_none_back() {
    let app = App::new();
    let over = app.sign_up(ADA).await.token();
    let good = app.sign_in(ADA, PASSWORD).await.token();
    app.ask("POST", "/api/users/signout").session(&over).send().await.expect(200);
    let earlier = Some((app.store.clone(), app.clock.clone()));
    let successor = App::with(Wishes { earlier, ..Wishes::default() });
    assert_eq!(successor.current_user(&over).await, Value::Null);
    assert_ne!(successor.current_user(&good).await, Value::Null);
    let fresh = successor.sign_in(ADA, PASSWORD).await.token();
    assert_ne!(app.current_user(&fresh).await, Value::Null, "replicas sign with the same keys");
    assert_eq!(kids(&app).await.len(), 1);
}

#[tokio::test]
async fn keys_are_rotated_and_no_session_is_lost_by_it() {
    let app = App::new();
    app.rotate_keys().await;
    app.sign_up(ADA).await.expect(201);
    let first = kids(&app).await;
    app.clock.forward(30 * DAY);
    let old = app.sign_in(ADA, PASSWORD).await.token();
    app.rotate_keys().await;
    let both = kids(&app).await;
    assert_eq!((both.len(), &both[1]), (2, &first[0]), "newest first");
    let elsewhere = Elsewhere::new(&app.clock);
    elsewhere.hear(&app.events()).await;
    app.clock.forward(DAY);
    app.rotate_keys().await;
    let new = app.sign_in(ADA, PASSWORD).await.token();
    assert_ne!(new.split('.').next(), old.split('.').next(), "another key signs");
    assert!(elsewhere.accepts(&new).await, "it was announced before it signed");
    assert!(elsewhere.accepts(&old).await);
    assert_ne!(app.current_user(&old).await, Value::Null);
    app.clock.forward(LIFETIME);
    app.rotate_keys().await;
    assert_eq!(kids(&app).await, [both[0].clone()], "the old key is forgotten with its tokens");
    assert_eq!(app.session_of(&old).await, None);
}

#[tokio::test]
async fn replicas_that_start_together_agree_on_one_key() {
    let app = App::new();
    let earlier = || Some((app.store.clone(), app.clock.clone()));
    let other = App::with(Wishes { earlier: earlier(), ..Wishes::default() });
    let (mine, theirs) = tokio::join!(app.sign_up(ADA), other.sign_up("bob@example.com"));
    let (mine, theirs) = (mine.expect(201).token(), theirs.expect(201).token());
    assert_eq!(kids(&app).await.len(), 1);
    assert_ne!(other.current_user(&mine).await, Value::Null);
    assert_ne!(app.current_user(&theirs).await, Value::Null);
}

#[tokio::test]
async fn a_token_that_was_tampered_with_is_nobodys() {
    let app = App::new();
    let token = app.sign_up(ADA).await.token();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    for forged in [
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        format!("{claims}.{signature}"),
        token[..token.len() - 1].to_owned(),
    ] {
        assert_eq!(app.current_user(&forged).await, Value::Null, "{forged}");
        let export = app.ask("GET", "/api/users/export").session(&forged).send().await;
        export.expect(401);
    }
}
