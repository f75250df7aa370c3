//! The pool that hashes passwords. Work is counted in hashes, never in time.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use auth::domain::{Password, PasswordHash};
use auth::hashing::{Claim, Cost, Hashing, HashingFailed};
use common::id::SystemEntropy;
use zeroize::Zeroizing;

fn pool(cost: Cost, threads: usize, waiting: usize) -> Hashing {
    Hashing::new(cost, threads, waiting, Arc::new(SystemEntropy))
}

fn cheap() -> Cost {
    Cost::new(8, 1).unwrap()
}

fn password(text: &str) -> Password {
    Password::new(Zeroizing::new(text.to_owned()))
}

#[tokio::test]
async fn a_password_is_recognised_and_no_other_is() {
    let pool = pool(cheap(), 2, 8);
    let kept = pool.hash(password("correct horse")).await.unwrap();
    assert_eq!(pool.verify(password("correct horse"), Some(&kept)).await, Ok(Claim::Right));
    for wrong in ["correct horse ", "Correct horse", "", "correct horse\0"] {
        assert_eq!(pool.verify(password(wrong), Some(&kept)).await, Ok(Claim::Wrong), "{wrong:?}");
    }
}

#[tokio::test]
async fn the_same_password_is_never_kept_the_same() {
    let pool = pool(cheap(), 1, 8);
    let one = pool.hash(password("correct horse")).await.unwrap();
    let two = pool.hash(password("correct horse")).await.unwrap();
    assert_ne!(one, two);
}

#[tokio::test]
async fn what_is_kept_by_default_is_argon2id_at_owasp_parameters() {
    let pool = pool(Cost::default(), 1, 8);
    let kept = pool.hash(password("correct horse")).await.unwrap();
    assert!(kept.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.as_str());
    assert_eq!(pool.verify(password("correct horse"), Some(&kept)).await, Ok(Claim::Right));
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_still_recognised_and_said_to_be_stale() {
    let kept = pool(cheap(), 1, 8).hash(password("correct horse")).await.unwrap();
    let raised = pool(Cost::new(16, 2).unwrap(), 1, 8);
    let claim = raised.verify(password("correct horse"), Some(&kept)).await;
    assert_eq!(claim, Ok(Claim::RightButStale));
    assert_eq!(raised.verify(password("wrong"), Some(&kept)).await, Ok(Claim::Wrong));
}

#[tokio::test]
async fn a_claim_about_nobody_is_as_much_work_as_a_wrong_one() {
    let pool = pool(cheap(), 1, 8);
    let kept = pool.hash(password("correct horse")).await.unwrap();
    let before = pool.operations();
    assert_eq!(pool.verify(password("wrong"), Some(&kept)).await, Ok(Claim::Wrong));
    let wrong = pool.operations() - before;
    assert_eq!(pool.verify(password("wrong"), None).await, Ok(Claim::Wrong));
    assert_eq!((wrong, pool.operations() - before), (1, 2));
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once_and_serves_who_waits() {
    // Costly enough that the queue is full before the first is done.
    let pool = pool(Cost::new(64 * 1024, 4).unwrap(), 1, 2);
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = Vec::new();
    for _ in 0..2 {
        waiting.push(Box::pin(pool.hash(password("correct horse"))));
        assert!(waiting.last_mut().unwrap().as_mut().poll(&mut context).is_pending());
    }
    // Several times: where the machine is busy the thread may take one in between.
    let refused = (0..16).find_map(|_| {
        let mut one_more = pin!(pool.hash(password("correct horse")));
        match one_more.as_mut().poll(&mut context) {
            Poll::Ready(refused) => Some(refused),
            // The thread had taken the first from the queue.
            Poll::Pending => None,
        }
    });
    assert_eq!(refused, Some(Err(HashingFailed::Busy)));
    for hash in waiting {
        hash.await.unwrap();
    }
}

#[tokio::test]
async fn who_has_gone_away_is_passed_over() {
    let pool = pool(Cost::new(64 * 1024, 4).unwrap(), 1, 64);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..30 {
        let mut gone = pin!(pool.hash(password("correct horse")));
        assert!(gone.as_mut().poll(&mut context).is_pending());
    }
    pool.hash(password("correct horse")).await.unwrap();
    assert!(pool.operations() <= 3, "{} hashes for one who is still there", pool.operations());
}

#[tokio::test]
async fn a_damaged_hash_is_a_defect_and_nobodys_password() {
    let pool = pool(cheap(), 1, 8);
    for damaged in
        ["", "$argon2id$", "plain text", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"]
    {
        let kept = PasswordHash::from_phc(damaged.to_owned());
        let claim = pool.verify(password("correct horse"), Some(&kept)).await;
        assert!(matches!(claim, Err(HashingFailed::Broken(_))), "{damaged:?}: {claim:?}");
    }
}

#[test]
fn parameters_that_argon2_cannot_have_are_refused() {
    assert!(Cost::new(0, 2).is_err());
    assert!(Cost::new(19 * 1024, 0).is_err());
}
