//! Every state of an account with every command.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use auth::commands::{
    Asker, ChangePassword, DeleteAccount, Rehash, RotateKeys, SignOut, SignOutEverywhere, SignUp,
    SignedUp,
};
use auth::domain::{
    Account, Email, EmailOwner, Holder, KeySet, PasswordHash, Policy, RequestMark, Secret,
    SessionFacts, SigningKey,
};
use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::{Id, Ids, UserId};
use common::session::copies::KEYS_ID;
use common::session::{RevocationCopy, SigningKeys};
use common::time::Timestamp;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ADA: UserId = UserId(Id::from_bytes([7; 12]));

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_phc(text.to_owned())
}

fn mark(digest: &str, minutes: i64) -> RequestMark {
    RequestMark { digest: digest.to_owned(), until: NOW.plus_millis(minutes * 60_000) }
}

fn session(number: u8, generation: u64) -> SessionFacts {
    let until = NOW.plus_millis(60 * 60_000);
    SessionFacts { id: Id::from_bytes([number; 12]), generation, until }
}

fn asker(number: u8, generation: u64) -> Asker {
    Asker { user: ADA, session: session(number, generation) }
}

fn active() -> Account {
    let holder = Holder {
        email: email("ada@example.com"),
        password: hash("old"),
        created_at: NOW,
        password_set_at: NOW,
        password_set_by: None,
    };
    Account::open(ADA, holder)
}

/// What the store holds when an account is like this.
fn store_of(account: &Account) -> Docs {
    let docs = Docs::default();
    let docs = docs.after(Change::nothing(()).put(account.clone()));
    match account.holder() {
        None => docs,
        Some(holder) => {
            let owner = EmailOwner { email: holder.email.clone(), user_id: account.id };
            docs.after(Change::nothing(()).put(owner))
        }
    }
}

fn decide<C: Command>(command: &C, docs: &Docs) -> Result<Change<C::Reply>, Refusal> {
    command.decide(docs, &Moment { now: NOW, ids: &Ids::new(42) })
}

fn states() -> [(&'static str, Docs); 5] {
    let account = active();
    let signed_out = account.clone().sign_out(&session(1, 0), NOW).unwrap();
    let later = account.clone().sign_out_everywhere(&session(2, 0)).unwrap();
    let deleted = account.clone().delete(&session(2, 0), &hash("old"), NOW).unwrap();
    [
        ("nothing", Docs::default()),
        ("active", store_of(&account)),
        ("signed out of", store_of(&signed_out)),
        ("signed out of everywhere", store_of(&later)),
        ("deleted", store_of(&deleted)),
    ]
}

fn account_in(docs: &Docs) -> Account {
    docs.get::<Account>(ADA).unwrap().value.clone()
}

fn outcome<R>(decided: Result<Change<R>, Refusal>) -> Result<Vec<&'static str>, Refusal> {
    decided.map(|change| change.kinds())
}

#[test]
fn every_state_of_an_account_with_every_command_of_its_holder() {
    let by = asker(1, 0);
    let change = ChangePassword { by, proved: hash("old"), password: hash("new"), mark: None };
    let delete = DeleteAccount { by, proved: hash("old") };
    let updated = || Ok(vec!["user:updated"]);
    let over = || Err(Refusal::NotSignedIn);
    for (state, docs) in states() {
        let good = state == "active";
        let expected = |wanted: Result<_, _>| if good { wanted } else { over() };
        assert_eq!(
            outcome(decide(&SignOut { by }, &docs)),
            if good { updated() } else { Ok(vec![]) },
            "sign out, {state}"
        );
        assert_eq!(
            outcome(decide(&SignOutEverywhere { by }, &docs)),
            expected(updated()),
            "sign out everywhere, {state}"
        );
        assert_eq!(outcome(decide(&change, &docs)), expected(updated()), "change, {state}");
        assert_eq!(
            outcome(decide(&delete, &docs)),
            expected(Ok(vec!["user:deleted"])),
            "delete, {state}"
        );
        let rehash = Rehash { user: ADA, proved: hash("old"), password: hash("new") };
        assert_eq!(outcome(decide(&rehash, &docs)), Ok(vec![]), "rehash, {state}");
    }
}

#[test]
fn signing_up_makes_an_account_and_takes_the_address() {
    let sign_up = SignUp { email: email("ada@example.com"), password: hash("new"), mark: None };
    for (state, docs) in states() {
        let decided = decide(&sign_up, &docs);
        if matches!(state, "nothing" | "deleted") {
            let change = decided.unwrap();
            assert_eq!(change.kinds(), ["user:created"], "{state}");
            let SignedUp::New(account) = change.reply().clone() else { panic!("{state}") };
            assert_ne!(account.id, ADA, "a deleted account does not come back");
            let docs = docs.after(change);
            let owner = docs.get::<EmailOwner>("ada@example.com").unwrap();
            assert_eq!(owner.value.user_id, account.id);
            assert_eq!(docs.get::<Account>(account.id).unwrap().value, &account);
        } else {
            assert_eq!(decided.err(), Some(Refusal::field("email", "Email in use")), "{state}");
        }
    }
}

#[test]
fn a_repeated_sign_up_finds_the_account_that_it_made() {
    let sign_up = |mark| SignUp { email: email("ada@example.com"), password: hash("x"), mark };
    let first = sign_up(Some(mark("a", 5)));
    assert_eq!(first.keys(&Docs::default()), [Key::of::<EmailOwner>("ada@example.com")]);
    let change = decide(&first, &Docs::default()).unwrap();
    let SignedUp::New(account) = change.reply().clone() else { panic!("made anew") };
    let docs = Docs::default().after(change);
    assert!(first.keys(&docs).contains(&Key::of::<Account>(account.id)), "it looks at the account");
    let again = decide(&first, &docs).unwrap();
    assert_eq!((again.kinds(), again.reply()), (vec![], &SignedUp::Again(account)));
    let in_use = Some(Refusal::field("email", "Email in use"));
    assert_eq!(decide(&sign_up(Some(mark("b", 5))), &docs).err(), in_use);
    assert_eq!(decide(&sign_up(None), &docs).err(), in_use);
    let late = Moment { now: NOW.plus_millis(5 * 60_000), ids: &Ids::new(42) };
    assert_eq!(first.decide(&docs, &late).err(), in_use, "a key is good for a while");
}

#[test]
fn a_sign_out_ends_one_session_and_the_copy_says_so_in_the_same_commit() {
    let docs = store_of(&active());
    let docs = docs.clone().after(decide(&SignOut { by: asker(1, 0) }, &docs).unwrap());
    let copy = docs.get::<RevocationCopy>(ADA).unwrap();
    assert_eq!(copy.value.0.version, copy.version, "what is told has the copy's version");
    assert_eq!(copy.value.0.ended[0].session_id, session(1, 0).id);
    assert!(account_in(&docs).sessions.are_over(&session(1, 0)));
    assert!(!account_in(&docs).sessions.are_over(&session(2, 0)));
    let docs = docs.clone().after(decide(&SignOutEverywhere { by: asker(2, 0) }, &docs).unwrap());
    let copy = docs.get::<RevocationCopy>(ADA).unwrap();
    assert_eq!((copy.version, copy.value.0.version, copy.value.0.generation), (1, 1, 1));
    assert_eq!(copy.value.0.ended, []);
}

#[test]
fn a_changed_password_is_kept_and_ends_every_session() {
    let docs = store_of(&active());
    let change = ChangePassword {
        by: asker(1, 0),
        proved: hash("old"),
        password: hash("new"),
        mark: Some(mark("a", 5)),
    };
    let docs = docs.clone().after(decide(&change, &docs).unwrap());
    let account = account_in(&docs);
    assert_eq!(account.holder().unwrap().password, hash("new"));
    assert!(account.sessions.are_over(&session(1, 0)) && account.sessions.are_over(&session(2, 0)));
    assert!(!account.sessions.are_over(&session(3, account.sessions.generation)));
}

#[test]
fn what_was_proved_must_still_be_the_password_when_it_counts() {
    let docs = store_of(&active());
    let by = asker(1, 0);
    let change = ChangePassword { by, proved: hash("older"), password: hash("new"), mark: None };
    let delete = DeleteAccount { by, proved: hash("older") };
    assert!(matches!(decide(&change, &docs).err(), Some(Refusal::Conflict(_))));
    assert!(matches!(decide(&delete, &docs).err(), Some(Refusal::Conflict(_))));
    let rehash = Rehash { user: ADA, proved: hash("older"), password: hash("stale") };
    let docs = docs.clone().after(decide(&rehash, &docs).unwrap());
    assert_eq!(account_in(&docs).holder().unwrap().password, hash("old"));
}

#[test]
fn a_rehash_changes_the_hash_and_no_session() {
    let docs = store_of(&active());
    let rehash = Rehash { user: ADA, proved: hash("old"), password: hash("stronger") };
    let docs = docs.clone().after(decide(&rehash, &docs).unwrap());
    let account = account_in(&docs);
    assert_eq!(account.holder().unwrap().password, hash("stronger"));
    assert_eq!(account.sessions, active().sessions);
}

#[test]
fn nothing_about_the_person_is_left_of_a_deleted_account() {
    let docs = store_of(&active());
    let delete = DeleteAccount { by: asker(1, 0), proved: hash("old") };
    assert!(delete.keys(&docs).contains(&Key::of::<EmailOwner>("ada@example.com")));
    let docs = docs.clone().after(decide(&delete, &docs).unwrap());
    assert!(docs.get::<EmailOwner>("ada@example.com").is_none(), "the address is free again");
    let account = account_in(&docs);
    let kept = serde_json::to_string(&account).unwrap();
    assert!(!kept.contains("example.com") && !kept.contains("old"), "I29: {kept}");
    assert!(account.sessions.are_over(&session(2, 0)));
    assert!(docs.get::<RevocationCopy>(ADA).unwrap().value.0.deleted);
}

fn policy() -> Policy {
    Policy {
        rotate_after: Duration::from_secs(1_000),
        announced_for: Duration::from_secs(10),
        session_lifetime: Duration::from_secs(100),
    }
}

fn fresh(name: &str) -> Option<SigningKey> {
    Some(SigningKey {
        key_id: name.to_owned(),
        public: format!("public-{name}"),
        secret: Secret::new(format!("hidden-{name}")),
        made_at: NOW,
        signs_from: NOW,
    })
}

#[test]
fn keys_are_made_once_whoever_asks_and_their_secrets_are_told_nobody() {
    let docs = Docs::default();
    let first = decide(&RotateKeys { policy: policy(), fresh: fresh("a") }, &docs).unwrap();
    assert_eq!(first.kinds(), ["keys:updated"]);
    let docs = docs.after(first);
    let told = docs.get::<SigningKeys>(KEYS_ID).unwrap();
    assert_eq!((told.version, told.value.0.version), (0, 0));
    let text = serde_json::to_string(&told.value.0).unwrap();
    assert!(text.contains("public-a") && !text.contains("hidden"), "{text}");
    let second = decide(&RotateKeys { policy: policy(), fresh: fresh("b") }, &docs).unwrap();
    assert_eq!(second.kinds(), Vec::<&str>::new(), "another replica was quicker");
    assert_eq!(second.reply().signing[0].key_id, "a");
    assert_eq!(docs.get::<KeySet>(KEYS_ID).unwrap().value.signing.len(), 1);
}
