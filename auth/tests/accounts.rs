//! Signing up, in and out, and what becomes of an account.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod app;

use app::{App, PASSWORD, Wishes, credentials};
use auth::documents::{ACCOUNTS, EMAILS, KEYS};
use auth::hashing::Cost;
use common::outbox::OUTBOX;
use common::replies::REPLIES;
use common::session::{LIFETIME, REVOCATIONS, SIGNING_KEYS};
use common::store::Collection;
use serde_json::{Value, json};
use std::time::Duration;

const ADA: &str = "ada@example.com";

/// Everything but the signing keys, which are secret and no person's.
static ABOUT_PEOPLE: &[&Collection] =
    &[&ACCOUNTS, &EMAILS, &OUTBOX, &REPLIES, &REVOCATIONS, &SIGNING_KEYS];

#[tokio::test]
async fn a_sign_up_answers_with_the_user_and_a_session() {
    let app = App::new();
    let answer = app.sign_up("  Ada@Example.com ").await.expect(201);
    let id = answer.json()["id"].clone();
    assert_eq!(answer.json(), json!({"id": id, "email": ADA}));
    assert!(answer.cookie().contains("HttpOnly") && !answer.cookie().contains("Secure"));
    let me = app.current_user(&answer.token()).await;
    assert_eq!(me, json!({"id": id, "email": ADA, "iat": 1_800_000_000}));
}

#[tokio::test]
async fn a_site_on_https_marks_its_cookies_secure() {
    let app =
        App::with(Wishes { public_url: Some("https://tickets.example"), ..Wishes::default() });
    let answer = app.sign_up(ADA).await.expect(201);
    assert!(answer.cookie().contains("Secure"), "{}", answer.cookie());
    let gone = app.ask("POST", "/api/users/signout").send().await.expect(200);
    assert!(gone.cookie().contains("Secure"), "{}", gone.cookie());
}

#[tokio::test]
async fn all_faults_of_a_sign_up_are_told_at_once_and_nothing_is_made() {
    let app = App::new();
    let both = app.post("/api/users/signup", credentials("ada", "short")).await;
    assert_eq!(both.message(), "Email must be valid");
    both.blames("email").blames("password");
    for body in [json!({}), json!({"email": 1, "password": ["x"]}), json!({"email": null})] {
        app.post("/api/users/signup", body).await.blames("email").blames("password");
    }
    for password in ["1234567", &"x".repeat(129), "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"] {
        app.post("/api/users/signup", credentials(ADA, password)).await.blames("password");
    }
    assert_eq!(app.stored(ABOUT_PEOPLE), "");
    assert_eq!(app.passwords.operations(), 0, "nothing was hashed");
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_written_and_whoever_is_quicker() {
    let app = App::new();
    let (one, two, three) = tokio::join!(
        app.sign_up(ADA),
        app.sign_up("ADA@example.com"),
        app.sign_up(" ada@EXAMPLE.com")
    );
    let all = [one, two, three];
    let made = all.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{all:?}");
    for answer in all.into_iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.message(), "Email in use");
        assert_eq!(answer.blames("email").cookie(), "", "a refusal starts no session");
    }
    let before = app.passwords.operations();
    app.sign_up(ADA).await.expect(400);
    assert_eq!(app.passwords.operations(), before, "what is known to fail is not hashed");
}

#[tokio::test]
async fn a_sign_in_says_and_does_the_same_whether_the_account_exists_or_not() {
    let app = App::new();
    let made = app.sign_up(ADA).await.expect(201);
    let right = app.sign_in("ADA@example.com", PASSWORD).await.expect(200);
    assert_eq!(right.json(), made.json());
    assert_ne!(right.token(), made.token(), "each sign-in is a session of its own");
    let start = app.passwords.operations();
    let wrong = app.sign_in(ADA, "not the password").await.expect(400);
    let after_wrong = app.passwords.operations();
    let nobody = app.sign_in("nobody@example.com", PASSWORD).await.expect(400);
    assert_eq!(wrong.message(), "Invalid credentials");
    assert_eq!(wrong.text, nobody.text, "byte for byte");
    assert_eq!((wrong.cookie(), nobody.cookie()), ("", ""));
    assert_eq!(after_wrong - start, app.passwords.operations() - after_wrong, "as much work");
    assert_eq!(after_wrong - start, 1);
}

#[tokio::test]
async fn a_password_counts_exactly_as_it_was_typed() {
    let app = App::new();
    let password = " пароль-日本語-🔑 ";
    app.post("/api/users/signup", credentials(ADA, password)).await.expect(201);
    app.sign_in(ADA, password).await.expect(200);
    app.sign_in(ADA, password.trim()).await.expect(400);
}

#[tokio::test]
async fn a_sign_in_with_a_stale_hash_renews_it_and_ends_no_session() {
    let app = App::new();
    let first = app.sign_up(ADA).await.expect(201).token();
    let wishes = Wishes {
        cost: Cost::new(16, 1).unwrap(),
        earlier: Some((app.store.clone(), app.clock.clone())),
        ..Wishes::default()
    };
    let raised = App::with(wishes);
    assert!(raised.stored(&[&ACCOUNTS]).contains("$m=8,"));
    raised.sign_in(ADA, "wrong password").await.expect(400);
    assert!(raised.stored(&[&ACCOUNTS]).contains("$m=8,"), "only who proves it renews it");
    raised.sign_in(ADA, PASSWORD).await.expect(200);
    assert!(raised.stored(&[&ACCOUNTS]).contains("$m=16,"));
    assert_eq!(raised.passwords.operations(), 3, "once more than to verify");
    raised.sign_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(raised.passwords.operations(), 4, "and only once");
    assert_ne!(raised.current_user(&first).await, Value::Null);
}

#[tokio::test]
async fn a_sign_out_ends_this_session_at_once_and_no_other() {
    let app = App::new();
    let here = app.sign_up(ADA).await.token();
    let there = app.sign_in(ADA, PASSWORD).await.token();
    let answer = app.ask("POST", "/api/users/signout").session(&here).send().await.expect(200);
    assert_eq!(answer.text, "{}");
    assert!(answer.cookie().starts_with("session=; Max-Age=0"), "{}", answer.cookie());
    assert_eq!(app.current_user(&here).await, Value::Null);
    assert_ne!(app.current_user(&there).await, Value::Null);
    let again = app.ask("POST", "/api/users/signout").session(&here).send().await.expect(200);
    assert_eq!(again.text, "{}");
}

#[tokio::test]
async fn a_sign_out_of_nobody_is_fine() {
    let app = App::new();
    for token in ["", "garbage", "a.b.c"] {
        let answer = app.ask("POST", "/api/users/signout").session(token).send().await.expect(200);
        assert_eq!(answer.text, "{}");
        assert!(answer.cookie().contains("Max-Age=0"));
        assert_eq!(app.current_user(token).await, Value::Null);
    }
}

#[tokio::test]
async fn a_sign_out_everywhere_ends_every_session_of_one_account() {
    let app = App::new();
    let (here, bob) =
        (app.sign_up(ADA).await.token(), app.sign_up("bob@example.com").await.token());
    let there = app.sign_in(ADA, PASSWORD).await.token();
    let path = "/api/users/signout-everywhere";
    app.ask("POST", path).send().await.expect(401);
    app.ask("POST", path).session(&here).send().await.expect(200);
    assert_eq!(app.current_user(&here).await, Value::Null);
    assert_eq!(app.current_user(&there).await, Value::Null);
    assert_ne!(app.current_user(&bob).await, Value::Null);
    app.ask("POST", path).session(&there).send().await.expect(401);
    let back = app.sign_in(ADA, PASSWORD).await.token();
    assert_ne!(app.current_user(&back).await, Value::Null);
}

fn change(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

#[tokio::test]
async fn a_changed_password_ends_all_sessions_but_a_fresh_one() {
    let app = App::new();
    let (here, there) = (app.sign_up(ADA).await.token(), app.sign_in(ADA, PASSWORD).await.token());
    let path = "/api/users/change-password";
    let ask = |body| app.ask("POST", path).session(&here).json(body).send();
    app.post(path, json!({})).await.expect(401);
    ask(change("not it", "short")).await.blames("newPassword");
    ask(json!({})).await.blames("currentPassword").blames("newPassword");
    ask(change("not the password", "a new password")).await.blames("currentPassword");
    assert_ne!(app.current_user(&there).await, Value::Null, "nothing has happened");
    let fresh = ask(change(PASSWORD, "a new password")).await.expect(200).token();
    for over in [&here, &there] {
        assert_eq!(app.current_user(over).await, Value::Null);
    }
    assert_ne!(app.current_user(&fresh).await, Value::Null);
    app.sign_in(ADA, PASSWORD).await.expect(400);
    app.sign_in(ADA, "a new password").await.expect(200);
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_account_but_that_its_sessions_are_over() {
    let app = App::new();
    let made = app.sign_up(ADA).await.expect(201);
    let (id, token) = (made.json()["id"].clone(), made.token());
    let delete = |body| {
        app.ask("DELETE", "/api/users/me")
            .session(&token)
            .header("idempotency-key", "d")
            .json(body)
            .send()
    };
    app.ask("DELETE", "/api/users/me").json(json!({})).send().await.expect(401);
    delete(json!({})).await.blames("password");
    delete(json!({"password": "not the password"})).await.blames("password");
    let gone = delete(json!({"password": PASSWORD})).await.expect(204);
    assert!(gone.cookie().contains("Max-Age=0"));
    assert_eq!(app.current_user(&token).await, Value::Null);
    app.sign_in(ADA, PASSWORD).await.expect(400);
    let stored = app.stored(ABOUT_PEOPLE);
    assert!(!stored.contains("ada@") && !stored.contains("argon2"), "I29: {stored}");
    let again = app.sign_up(ADA).await.expect(201);
    assert_ne!(again.json()["id"], id, "the address is free, the old account stays gone");
    assert_eq!(app.current_user(&token).await, Value::Null);
}

#[tokio::test]
async fn a_sign_up_that_is_repeated_is_answered_alike_with_a_session_that_is_good() {
    let app = App::new();
    let ask = |key: &str, email: &str, password: &str| {
        let body = credentials(email, password);
        app.ask("POST", "/api/users/signup").header("idempotency-key", key).json(body).send()
    };
    let first = ask("k", ADA, PASSWORD).await.expect(201);
    let again = ask("k", ADA, PASSWORD).await.expect(201);
    assert_eq!(first.text, again.text, "byte for byte");
    assert_ne!(app.current_user(&again.token()).await, Value::Null);
    assert_ne!(first.token(), again.token());
    ask("k", ADA, "another password").await.expect(422);
    ask("other", ADA, PASSWORD).await.blames("email");
    ask("k", "bob@example.com", PASSWORD).await.expect(201);
    let stored = app.stored(ABOUT_PEOPLE);
    for secret in [PASSWORD, &first.token(), &again.token()] {
        assert!(!stored.contains(secret), "I28: {secret} is stored");
    }
    app.clock.forward(Duration::from_secs(24 * 60 * 60));
    ask("k", ADA, PASSWORD).await.blames("email");
    ask(&"k".repeat(256), "eve@example.com", PASSWORD).await.expect(400);
}

#[tokio::test]
async fn a_change_of_password_that_is_repeated_is_answered_alike() {
    let app = App::new();
    let token = app.sign_up(ADA).await.token();
    let ask = |token: String, new: &'static str| {
        let request = app.ask("POST", "/api/users/change-password").session(&token);
        request.header("idempotency-key", "k").json(change(PASSWORD, new)).send()
    };
    let first = ask(token, "a new password").await.expect(200);
    let again = ask(first.token(), "a new password").await.expect(200);
    assert_eq!(first.text, again.text);
    assert_ne!(app.current_user(&first.token()).await, Value::Null, "it was not changed twice");
    ask(again.token(), "another password").await.expect(422);
}

#[tokio::test]
async fn an_export_holds_what_is_known_and_no_secret() {
    let app = App::new();
    let made = app.sign_up(ADA).await.expect(201);
    let token = app.sign_in(ADA, PASSWORD).await.token();
    app.ask("POST", "/api/users/signout").session(&made.token()).send().await.expect(200);
    app.ask("GET", "/api/users/export").send().await.expect(401);
    let export = app.ask("GET", "/api/users/export").session(&token).send().await.expect(200);
    let shown = export.json();
    assert_eq!(shown["account"]["id"], made.json()["id"]);
    assert_eq!(shown["account"]["email"], ADA);
    assert_eq!(shown["account"]["createdAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!(shown["endedSessions"].as_array().unwrap().len(), 1);
    assert_eq!(shown["elsewhere"]["orders"], "/api/orders");
    for secret in ["argon2", PASSWORD, &token] {
        assert!(!export.text.contains(secret), "I28: {secret} is shown");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let app = App::new();
    let token = app.sign_up(ADA).await.token();
    app.clock.forward(LIFETIME - Duration::from_secs(1));
    assert_ne!(app.current_user(&token).await, Value::Null);
    app.clock.forward(Duration::from_secs(1));
    assert_eq!(app.current_user(&token).await, Value::Null);
}

#[tokio::test]
async fn nothing_that_is_told_or_stored_holds_a_secret_but_the_keys_themselves() {
    let app = App::new();
    let token = app.sign_up(ADA).await.token();
    app.ask("POST", "/api/users/signout").session(&token).send().await.expect(200);
    let told = app.stored(&[&OUTBOX, &SIGNING_KEYS, &REVOCATIONS]);
    assert!(!told.contains(ADA) && !told.contains("argon2"), "no person in an event: {told}");
    let keys: Value =
        serde_json::from_str(app.stored(&[&KEYS]).split_once(' ').unwrap().1).unwrap();
    let secret = keys["signing"][0]["secret"].as_str().unwrap();
    assert!(!secret.is_empty() && !told.contains(secret), "I28: a private key is told");
}
