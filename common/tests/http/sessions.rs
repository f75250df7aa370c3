//! Sessions: who is signed in, as a service sees it on its own.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use common::events::Revocation;
use common::session::token::{self, VerifyingKey};
use common::session::{LIFETIME, Signer, cookie};
use proptest::prelude::*;

use crate::rig::{Toy, ended, revocation};

async fn status_of(toy: &Toy, header: (&str, &str)) -> u16 {
    let request = Request::get("/api/me").header(header.0, header.1);
    toy.send(request.body(Body::empty()).unwrap()).await.status
}

async fn is_good(toy: &Toy, token: &str) -> bool {
    let by_cookie = status_of(toy, ("cookie", &format!("a=b; session={token}; c=d"))).await;
    let by_header = status_of(toy, ("authorization", &format!("Bearer {token}"))).await;
    assert_eq!(by_cookie, by_header);
    by_cookie == 200
}

#[tokio::test]
async fn a_session_is_carried_by_cookie_or_header() {
    let toy = Toy::new().await;
    let token = toy.token(1);
    assert!(is_good(&toy, &token).await);
    assert_eq!(toy.get("/api/me").await.status, 401);
    for header in ["Basic abc", "Bearer", "Bearer ", "bearer x.y.z"] {
        assert_eq!(status_of(&toy, ("authorization", header)).await, 401, "{header}");
    }
    for header in ["session=", "session", "xsession=1", "session=x.y.z", ";;="] {
        assert_eq!(status_of(&toy, ("cookie", header)).await, 401, "{header}");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let toy = Toy::new().await;
    let token = toy.token(1);
    toy.clock.advance(LIFETIME - Duration::from_secs(2));
    assert!(is_good(&toy, &token).await);
    toy.clock.advance(Duration::from_secs(2));
    assert!(!is_good(&toy, &token).await);
}

#[tokio::test]
async fn what_was_revoked_is_over_at_once_and_other_sessions_are_not() {
    let toy = Toy::new().await;
    let (first, second) = (toy.session(1), toy.session(1));
    let tokens = [toy.signer.sign(&first).unwrap(), toy.signer.sign(&second).unwrap()];
    let other = toy.token(2);
    for token in tokens.iter().chain([&other]) {
        assert!(is_good(&toy, token).await);
    }
    toy.revoke(Revocation { ended: vec![ended(&first)], ..revocation(1, 3) }).await;
    assert!(!is_good(&toy, &tokens[0]).await);
    assert!(is_good(&toy, &tokens[1]).await);
    toy.revoke(revocation(1, 2)).await;
    assert!(!is_good(&toy, &tokens[0]).await, "an older word changes nothing (I11)");
    toy.revoke(Revocation { generation: 1, ..revocation(1, 4) }).await;
    assert!(!is_good(&toy, &tokens[1]).await);
    let mut renewed = toy.session(1);
    renewed.generation = 1;
    assert!(is_good(&toy, &toy.signer.sign(&renewed).unwrap()).await);
    toy.revoke(Revocation { deleted: true, generation: 1, ..revocation(1, 5) }).await;
    assert!(!is_good(&toy, &toy.signer.sign(&renewed).unwrap()).await);
    assert!(is_good(&toy, &other).await);
}

#[tokio::test]
async fn a_key_that_was_rotated_in_is_known_at_once_and_one_rotated_out_soon_refused() {
    let toy = Toy::new().await;
    let old = toy.token(1);
    assert!(is_good(&toy, &old).await);
    let next = Signer::new("k2", &[8; 32]);
    let new = next.sign(&toy.session(1)).unwrap();
    assert!(!is_good(&toy, &new).await, "nobody has heard of it");
    toy.trust(2, &[&next, &toy.signer]).await;
    assert!(is_good(&toy, &new).await && is_good(&toy, &old).await);
    toy.trust(3, &[&next]).await;
    toy.view.refresher().step().await.unwrap();
    assert!(!is_good(&toy, &old).await);
    assert!(is_good(&toy, &new).await);
    toy.trust(2, &[&next, &toy.signer]).await;
    toy.view.refresher().step().await.unwrap();
    assert!(!is_good(&toy, &old).await, "an older word changes nothing (I11)");
}

#[tokio::test]
async fn forged_tokens_are_nobodys() {
    let toy = Toy::new().await;
    let token = toy.token(1);
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let impostor = Signer::new("k1", &[9; 32]).sign(&toy.session(1)).unwrap();
    let other_claims = toy.token(2).split('.').nth(1).unwrap().to_owned();
    let none = encode(r#"{"alg":"none","typ":"JWT","kid":"k1"}"#);
    let symmetric = encode(r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#);
    let with_key = encode(r#"{"alg":"EdDSA","typ":"JWT","kid":"../k1"}"#);
    let mut forged = vec![
        impostor,
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{symmetric}.{claims}.{signature}"),
        format!("{with_key}.{claims}.{signature}"),
        format!("{header}.{other_claims}.{signature}"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}."),
        format!("{header}.{claims}.{signature}.x"),
        format!("{header}.{claims}.{signature}="),
        format!(".{claims}.{signature}"),
        "..".to_owned(),
        "x".repeat(10_000),
    ];
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).unwrap());
    }
    for forged in forged.iter().filter(|forged| **forged != token) {
        assert!(!is_good(&toy, forged).await, "{forged}");
    }
    assert!(is_good(&toy, &token).await);
}

#[tokio::test]
async fn a_token_says_the_session_and_nothing_else() {
    let toy = Toy::new().await;
    let session = toy.session(1);
    let token = toy.signer.sign(&session).unwrap();
    let key = VerifyingKey::read(&toy.signer.public_key()).unwrap();
    assert_eq!(token::verify(&token, &key), Some(session));
    let claims = Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let names: Vec<_> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["email", "exp", "generation", "iat", "jti", "sub"]);
}

#[test]
fn cookies_are_out_of_reach_of_scripts_and_other_sites() {
    assert_eq!(
        cookie::hand_out("t", false),
        "session=t; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
    );
    assert!(cookie::hand_out("t", true).ends_with("; Secure"));
    let gone = cookie::clear(true);
    assert!(gone.starts_with("session=; Max-Age=0; ") && gone.ends_with("; Secure"), "{gone}");
}

proptest! {
    #[test]
    fn no_text_makes_the_verifier_panic(text in "[A-Za-z0-9_.=-]{0,80}|.{0,40}") {
        let signer = Signer::new("k1", &[7; 32]);
        let key = VerifyingKey::read(&signer.public_key()).unwrap();
        prop_assert!(token::verify(&text, &key).is_none());
    }
}
