//! The core contract of accounts and sessions, as api.md words it.

use serde_json::{Value, json};
use tests::market::{PASSWORD, Person, fresh_email};
use tests::{Answer, Client, Request, Server, text};

fn is_id(value: &Value) -> bool {
    let written = value.as_str().unwrap_or_default();
    written.len() == 24 && written.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn session_cookie(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie");
    let mut lines = cookies.iter().filter_map(|line| line.to_str().ok());
    match lines.find(|line| line.starts_with("session=")) {
        Some(line) => line.to_owned(),
        None => panic!("a session cookie: {answer} {:?}", answer.headers),
    }
}

fn attributes(cookie: &str) -> Vec<String> {
    cookie.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase()).collect()
}

async fn sign_up(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/api/users/signup", &json!({"email": email, "password": password})).await
}

async fn sign_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/api/users/signin", &json!({"email": email, "password": password})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_answers_201_with_the_user_and_a_session() {
    let server = Server::usual().await;
    let client = server.client();
    let body = json!({"email": "Ada@example.com", "password": PASSWORD, "admin": true});
    let answer = client.post("/api/users/signup", &body).await.expect(201);
    let user = answer.json();
    assert!(is_id(&user["id"]), "an id of 24 lower-case hex digits: {user}");
    assert!(text(&user, "email").eq_ignore_ascii_case("ada@example.com"), "{user}");
    assert!(!answer.written().contains("assword"), "a user shows no password: {user}");
    let cookie = session_cookie(&answer);
    let attributes = attributes(&cookie);
    for wanted in ["httponly", "samesite=lax", "path=/"] {
        assert!(attributes.iter().any(|have| have == wanted), "{wanted} is missing: {cookie}");
    }
    let secure = attributes.iter().any(|have| have == "secure");
    assert!(!secure, "a cookie of a plain http site is not Secure: {cookie}");
    let me = client.get("/api/users/currentuser").await.expect(200).json();
    assert_eq!(me["currentUser"]["id"], user["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_email_or_password_is_refused_on_its_field() {
    let server = Server::usual().await;
    let client = server.client();
    let long = format!("{}@example.com", "a".repeat(400));
    for email in ["", "ada", "ada@", "@example.com", "a b@example.com", "a@b@c.com", &long] {
        sign_up(&client, email, PASSWORD).await.blames("email");
    }
    for password in ["", "1234567", &"x".repeat(129)] {
        sign_up(&client, "ada@example.com", password).await.blames("password");
    }
    let both = sign_up(&client, "ada", "short").await.expect(400);
    let fields: Vec<_> = both.faults().into_iter().filter_map(|fault| fault.field).collect();
    assert!(fields.contains(&"email".to_owned()), "all faults at once: {both}");
    assert!(fields.contains(&"password".to_owned()), "all faults at once: {both}");
    assert_eq!(client.session(), None, "a refused sign-up starts no session");
    sign_up(&client, "ada@example.com", PASSWORD).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_in_use_is_refused_whatever_its_case() {
    let server = Server::usual().await;
    let client = server.client();
    sign_up(&client, "ada@example.com", PASSWORD).await.is(201);
    for email in ["ada@example.com", "ADA@Example.COM"] {
        let answer = sign_up(&client.stranger(), email, PASSWORD).await.expect(400);
        assert!(answer.header("set-cookie").is_none(), "a refusal starts no session");
    }
    sign_in(&client.stranger(), "ADA@EXAMPLE.com", PASSWORD).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_any_8_to_128_characters_and_never_trimmed() {
    let server = Server::usual().await;
    let client = server.client();
    let longest = "é".repeat(128);
    for password in ["12345678", "        ", "пароль-日本語-🔑", " padded with blanks ", &longest]
    {
        let email = fresh_email("any");
        sign_up(&client.stranger(), &email, password).await.is(201);
        sign_in(&client.stranger(), &email, password).await.is(200);
        if password.trim() != password {
            sign_in(&client.stranger(), &email, password.trim()).await.is(400);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_tells_nobody_whether_the_account_exists() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let stranger = ada.client.stranger();
    let signed_in = sign_in(&stranger, &ada.email, PASSWORD).await.expect(200);
    assert_eq!(signed_in.json(), json!({"id": ada.id, "email": ada.email}));
    session_cookie(&signed_in);
    let wrong = sign_in(&ada.client.stranger(), &ada.email, "not the password").await.expect(400);
    let nobody = sign_in(&ada.client.stranger(), "no@example.com", PASSWORD).await.expect(400);
    assert_eq!(wrong.faults()[0].message, "Invalid credentials");
    assert_eq!(wrong.body, nobody.body, "the same answer, byte for byte");
    assert!(wrong.header("set-cookie").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_out_clears_the_cookie_and_is_fine_without_a_session() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let answer = ada.client.post("/api/users/signout", &json!({})).await.expect(200);
    assert_eq!(answer.json(), json!({}));
    let cookie = session_cookie(&answer);
    let gone = cookie.starts_with("session=;") || attributes(&cookie).contains(&"max-age=0".into());
    assert!(gone, "the cookie is cleared: {cookie}");
    let me = ada.client.get("/api/users/currentuser").await.expect(200);
    assert_eq!(me.json(), json!({"currentUser": null}));
    let bare = server.client().send(&Request::new("POST", "/api/users/signout")).await.expect(200);
    assert_eq!(bare.json(), json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn current_user_shows_who_is_signed_in_or_null() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let me = ada.client.get("/api/users/currentuser").await.expect(200).json();
    assert_eq!(me["currentUser"]["id"], ada.id.as_str());
    assert_eq!(me["currentUser"]["email"], ada.email.as_str());
    let iat = me["currentUser"]["iat"].as_i64().unwrap();
    let off = (jiff::Timestamp::now().as_second() - iat).abs();
    assert!(off <= 60, "iat is when the session began, in seconds: {iat}");
    let none = server.client().get("/api/users/currentuser").await.expect(200).json();
    assert_eq!(none, json!({"currentUser": null}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_token_serves_instead_of_the_cookie() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let token = ada.client.session().unwrap();
    let bearer = |path: &str, token: &str| {
        Request::new("GET", path).header("authorization", &format!("Bearer {token}"))
    };
    let stranger = server.client();
    let me = stranger.send(&bearer("/api/users/currentuser", &token)).await.expect(200).json();
    assert_eq!(me["currentUser"]["id"], ada.id.as_str());
    stranger.send(&bearer("/api/orders", &token)).await.is(200);
    let request = Request::new("POST", "/api/tickets")
        .header("authorization", &format!("Bearer {token}"))
        .json(&json!({"title": "By token", "price": 5}));
    assert_eq!(stranger.send(&request).await.expect(201).json()["userId"], ada.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_broken_token_is_nobody() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let token = ada.client.session().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let flipped: String = signature
        .chars()
        .rev()
        .enumerate()
        .map(|(i, c)| if i == 40 { flip(c) } else { c })
        .collect();
    let flipped: String = flipped.chars().rev().collect();
    let forged = [
        format!("{head}.{claims}.{flipped}"),
        format!("{head}.{claims}."),
        // {"alg":"none"}
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        format!("eyJhbGciOiJub25lIn0.{claims}.{signature}"),
        format!("{claims}.{signature}"),
        "x".repeat(6000),
        "🔑".to_owned(),
        String::new(),
    ];
    for token in forged {
        let client = server.client();
        if token.is_ascii() {
            client.hold_session(&token);
            client.get("/api/orders").await.is(401);
            let me = client.get("/api/users/currentuser").await.expect(200).json();
            assert_eq!(me, json!({"currentUser": null}), "{token}");
        }
        let request =
            Request::new("GET", "/api/orders").header("authorization", &format!("Bearer {token}"));
        client.stranger().send(&request).await.is(401);
    }
}

fn flip(c: char) -> char {
    if c == 'A' { 'B' } else { 'A' }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_survives_a_restart() {
    let mut server = Server::usual().await;
    let ada = server.person("ada").await;
    server.stop().await;
    server.start().await;
    ada.client.get("/api/orders").await.is(200);
    let again = Person::sign_in_elsewhere(&ada).await;
    again.client.get("/api/orders").await.is(200);
}
