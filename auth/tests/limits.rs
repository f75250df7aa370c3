//! How often somebody may try, and what happens when too many try at once.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod app;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use app::{Answer, App, HERE, PASSWORD, Wishes, credentials};
use auth::documents::GUESSES;
use auth::guesses::Forget;
use auth::passwords::Limits;
use common::worker::{Progress, Reconciler as _};
use futures_util::future::{join, join_all};

const ADA: &str = "ada@example.com";
const THERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

fn limited(failures_per_account: u32, failures_per_address: u32) -> App {
    let sign_ups_per_address = 1_000;
    let limits = Limits { failures_per_account, failures_per_address, sign_ups_per_address };
    App::with(Wishes { limits, ..Wishes::default() })
}

async fn sign_in(app: &App, from: Ipv4Addr, email: &str, password: &str) -> Answer {
    let body = credentials(email, password);
    app.ask("POST", "/api/users/signin").from(from).json(body).send().await
}

#[tokio::test]
async fn guessing_at_an_account_is_throttled_before_any_work_is_done() {
    let app = limited(5, 1_000);
    app.sign_up(ADA).await.expect(201);
    for _ in 0..5 {
        sign_in(&app, HERE, ADA, "wrong password").await.expect(400);
    }
    let before = app.passwords.operations();
    let refused = sign_in(&app, THERE, ADA, PASSWORD).await.expect(429);
    assert_eq!(refused.header("retry-after"), "12");
    assert_eq!(app.passwords.operations(), before, "nothing was hashed");
    app.clock.forward(Duration::from_secs(12));
    sign_in(&app, THERE, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn throttling_is_the_same_for_an_account_that_does_not_exist() {
    let app = limited(5, 1_000);
    app.sign_up(ADA).await.expect(201);
    let mut told = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..8 {
            let answer = sign_in(&app, HERE, email, "wrong password").await;
            let retry_after = answer.header("retry-after").to_owned();
            answers.push((answer.status, retry_after, answer.text));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_sign_in_that_succeeds_clears_what_was_counted_against_the_account() {
    let app = limited(5, 1_000);
    app.sign_up(ADA).await.expect(201);
    for _ in 0..5 {
        for _ in 0..4 {
            sign_in(&app, HERE, ADA, "wrong password").await.expect(400);
        }
        sign_in(&app, HERE, ADA, PASSWORD).await.expect(200);
    }
}

/// Two replicas on one store.
fn replicas(failures_per_account: u32) -> [App; 2] {
    let one = limited(failures_per_account, 1_000);
    let limits =
        Limits { failures_per_account, failures_per_address: 1_000, sign_ups_per_address: 1_000 };
    let earlier = Some((Arc::clone(&one.store), one.clock.clone()));
    let other = App::with(Wishes { limits, earlier, ..Wishes::default() });
    [one, other]
}

#[tokio::test]
async fn a_guess_on_one_replica_counts_on_the_others() {
    let [one, other] = replicas(5);
    one.sign_up(ADA).await.expect(201);
    for email in [ADA, "nobody@example.com"] {
        for app in [&one, &other, &one, &other, &one] {
            sign_in(app, HERE, email, "wrong password").await.expect(400);
        }
        for app in [&one, &other] {
            let before = app.passwords.operations();
            sign_in(app, THERE, email, PASSWORD).await.expect(429);
            assert_eq!(app.passwords.operations(), before, "nothing was hashed");
        }
    }
    one.clock.forward(Duration::from_secs(12));
    sign_in(&other, THERE, ADA, PASSWORD).await.expect(200);
    // It has cleared them, for both.
    for app in [&one, &other, &other, &other, &other] {
        sign_in(app, HERE, ADA, "wrong password").await.expect(400);
    }
    sign_in(&other, HERE, ADA, PASSWORD).await.expect(429);
}

#[tokio::test]
async fn what_replicas_let_through_together_is_waited_for() {
    let [one, other] = replicas(5);
    let guess = async |app: &App| {
        let answer = sign_in(app, HERE, ADA, "wrong password").await;
        usize::from(answer.status == 400)
    };
    let at_once = |app| join_all((0..8).map(move |_| guess(app)));
    let (here, there) = join(at_once(&one), at_once(&other)).await;
    let through: usize = here.into_iter().chain(there).sum();
    assert!((5..=10).contains(&through), "{through} guesses at once");
    // All of them count, so that in the long run there are no more than may be.
    let more_than_may_be = u32::try_from(through - 5).unwrap();
    one.clock.forward(Duration::from_secs(12) * more_than_may_be);
    sign_in(&other, HERE, ADA, "wrong password").await.expect(429);
    one.clock.forward(Duration::from_secs(12));
    sign_in(&other, HERE, ADA, "wrong password").await.expect(400);
}

#[tokio::test]
async fn guesses_are_kept_without_the_address_and_forgotten_when_they_are_past() {
    let app = limited(5, 1_000);
    let forget = Forget::new(Arc::clone(&app.engine));
    for number in 0..100 {
        let email = format!("canary-{number}@example.com");
        sign_in(&app, HERE, &email, "wrong password").await.expect(400);
    }
    let kept = app.stored(&[&GUESSES]);
    assert!(kept.contains("paced") && !kept.contains("canary"), "{kept}");
    assert_eq!(forget.step().await.unwrap(), Progress::Idle, "none is past");
    app.clock.forward(Duration::from_secs(12));
    while forget.step().await.unwrap() == Progress::More {}
    assert_eq!(app.stored(&[&GUESSES]), "");
}

#[tokio::test]
async fn guessing_from_an_address_is_throttled_whichever_the_accounts() {
    let app = limited(1_000, 5);
    app.sign_up(ADA).await.expect(201);
    for number in 0..5 {
        let email = format!("somebody-{number}@example.com");
        sign_in(&app, HERE, &email, "wrong password").await.expect(400);
    }
    sign_in(&app, HERE, ADA, PASSWORD).await.expect(429);
    sign_in(&app, THERE, ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn signing_in_rightly_from_one_address_is_never_throttled() {
    let app = limited(5, 5);
    app.sign_up(ADA).await.expect(201);
    for _ in 0..50 {
        sign_in(&app, HERE, ADA, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn a_stolen_session_is_no_way_to_guess_the_password() {
    let app = limited(5, 1_000);
    let token = app.sign_up(ADA).await.token();
    let guess = || {
        let body = serde_json::json!({"password": "wrong password"});
        app.ask("DELETE", "/api/users/me").session(&token).json(body).send()
    };
    for _ in 0..5 {
        guess().await.expect(400);
    }
    guess().await.expect(429);
}

#[tokio::test]
async fn sign_ups_from_an_address_are_limited_and_from_another_are_not() {
    let limits =
        Limits { failures_per_account: 5, failures_per_address: 5, sign_ups_per_address: 10 };
    let app = App::with(Wishes { limits, ..Wishes::default() });
    let sign_up = async |from: Ipv4Addr, number: u32| {
        let body = credentials(&format!("{number}@example.com"), PASSWORD);
        app.ask("POST", "/api/users/signup").from(from).json(body).send().await
    };
    for number in 0..10 {
        sign_up(HERE, number).await.expect(201);
    }
    let refused = sign_up(HERE, 10).await.expect(429);
    assert_eq!(refused.header("retry-after"), "6");
    sign_up(THERE, 10).await.expect(201);
    app.clock.forward(Duration::from_secs(6));
    sign_up(HERE, 11).await.expect(201);
}

#[tokio::test]
async fn a_full_pool_answers_503_at_once_and_counts_against_nobody() {
    let app = App::with(Wishes {
        waiting: 0,
        limits: Limits {
            failures_per_account: 2,
            failures_per_address: 2,
            sign_ups_per_address: 1_000,
        },
        ..Wishes::default()
    });
    for _ in 0..5 {
        for answer in [app.sign_up(ADA).await, app.sign_in(ADA, PASSWORD).await] {
            assert_eq!(answer.expect(503).header("retry-after"), "1");
        }
    }
}
