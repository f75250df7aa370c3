//! What holds of addresses, sessions and keys whatever comes.

use std::time::Duration;

use auth::domain::{Email, KeySet, Policy, Secret, SessionFacts, Sessions, SigningKey};
use common::id::Id;
use common::time::Timestamp;
use proptest::prelude::*;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn policy() -> Policy {
    Policy {
        rotate_after: Duration::from_secs(30 * 24 * 60 * 60),
        announced_for: Duration::from_secs(10 * 60),
        session_lifetime: Duration::from_secs(7 * 24 * 60 * 60),
    }
}

fn session(number: u16, generation: u64) -> SessionFacts {
    let mut bytes = [0; 12];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    SessionFacts { id: Id::from_bytes(bytes), generation, until: START.plus_millis(7 * DAY_MS) }
}

fn key(number: usize) -> SigningKey {
    SigningKey {
        key_id: format!("key {number}"),
        public: String::new(),
        secret: Secret::new(String::new()),
        made_at: START,
        signs_from: START,
    }
}

/// A replica's view: the newest set that is at least so old, as it may be when it looks only now
/// and then.
fn seen(sets: &[(Timestamp, KeySet)], now: Timestamp, late_ms: i64) -> &KeySet {
    let known = sets.iter().rev().find(|(at, _)| at.plus_millis(late_ms) <= now);
    &known.unwrap_or(&sets[0]).1
}

proptest! {
    #[test]
    fn an_address_in_its_one_form_stays_as_it_is(text in "\\PC{0,40}@\\PC{1,20}\\.[a-zA-Z]{2,5}") {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email.clone());
            // Beyond ASCII a capital may be two letters, and does not come back.
            if text.is_ascii() {
                prop_assert_eq!(Email::parse(&text.to_uppercase()).unwrap(), email);
            }
        }
    }

    #[test]
    fn reading_an_address_never_panics(text in any::<String>()) {
        drop(Email::parse(&text));
    }

    #[test]
    fn a_session_that_is_over_stays_over_while_its_token_lasts(
        steps in proptest::collection::vec((0_u16..400, 0_u8..20, 0_i64..30 * MINUTE_MS), 1..600),
    ) {
        let (mut sessions, mut now) = (Sessions::default(), START);
        let mut over = Vec::new();
        for (number, dice, pause_ms) in steps {
            now = now.plus_millis(pause_ms);
            if now >= session(0, 0).until {
                break;
            }
            let facts = session(number, sessions.generation);
            match dice {
                0 => {
                    over.push(facts);
                    sessions = sessions.none();
                }
                _ if sessions.are_over(&facts) => {}
                _ => {
                    over.push(facts);
                    sessions = sessions.without(&facts, now);
                }
            }
            for facts in &over {
                prop_assert!(sessions.are_over(facts));
            }
        }
    }

    #[test]
    fn a_token_is_verified_as_long_as_it_lasts_however_late_replicas_are(
        steps in proptest::collection::vec((0_i64..5 * DAY_MS, 0_i64..=10 * MINUTE_MS), 1..80),
        looks_ms in proptest::collection::vec(0_i64..7 * DAY_MS, 1..8),
    ) {
        let policy = policy();
        let first = KeySet::default().rotated(&policy, Some(key(0)), START).unwrap();
        // The first key has had its time to become known.
        let mut now = START.plus_millis(10 * MINUTE_MS);
        let mut sets = vec![(START, first)];
        let mut tokens = Vec::new();
        for (number, (pause_ms, late_ms)) in steps.into_iter().enumerate() {
            now = now.plus_millis(pause_ms);
            let current = &sets.last().unwrap().1;
            if let Some(next) = current.rotated(&policy, Some(key(number + 1)), now) {
                prop_assert!(next.signing.len() <= 3);
                sets.push((now, next));
            }
            let signer = seen(&sets, now, late_ms).signer(now).unwrap();
            tokens.push((now, signer.key_id.clone()));
        }
        for (signed_at, key_id) in &tokens {
            for look_ms in &looks_ms {
                let looked_at = signed_at.plus_millis(*look_ms);
                for late_ms in [0, 10 * MINUTE_MS] {
                    let keys = seen(&sets, looked_at, late_ms);
                    prop_assert!(
                        keys.public().any(|(good, _)| good == key_id),
                        "{} signed at {} is unknown at {}", key_id, signed_at, looked_at
                    );
                }
            }
        }
    }
}
