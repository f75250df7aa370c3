//! The audit of a stopped service's data finds what is wrong with it, and nothing where nothing is.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::sync::Arc;
use std::time::Duration;

use common::command::Entity;
use common::events::OrderStatus;
use common::id::{Id, PaymentId};
use common::money::Money;
use common::store::memory::MemoryStore;
use common::store::{Action, Collection, Expect, Write};
use common::time::Clock;
use payments::domain::{Account, Entry, EntryKind, Payable, Payment, Receipt};
use payments::queries::books::Books;
use payments::queries::{self, audit};
use payments::receipts;

use kit::World;
use kit::faulty::Fault;

async fn found(world: &World) -> Vec<String> {
    audit::findings(&*world.store, &*world.sandbox_store).await.unwrap()
}

/// Changes a document past everything that keeps it right; `None` removes it.
fn tamper(store: &Arc<MemoryStore>, collection: &'static Collection, id: &str, to: Option<&str>) {
    let version = store.get_now(collection, id).map(|document| document.version);
    let action = match to {
        None => Action::Delete,
        Some(body) => {
            let fields = collection.fields.iter().map(|_| common::store::Value::Absent).collect();
            let version = version.map_or(0, |version| version + 1);
            Action::Put { version, body: body.to_owned().into(), fields }
        }
    };
    let expect = version.map_or(Expect::Absent, Expect::Version);
    let write = Write { collection, id: id.to_owned(), expect, action };
    store.commit_now(vec![write]).unwrap();
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// A world with a payment that is kept, and that payment.
async fn paid() -> (Arc<World>, Payment) {
    let world = World::new();
    let order = world.place().await;
    let id = world.pay(order.id, "tok_visa").await.unwrap();
    world.come_to_rest().await;
    let seen = queries::payment(&world.engine, id).await.unwrap().unwrap();
    (world, seen.payment)
}

#[tokio::test(start_paused = true)]
async fn i6_an_entry_that_is_missing_altered_or_too_much_is_found() {
    let (world, payment) = paid().await;
    let entry = Entry::new(payment.id, EntryKind::Captured, payment.amount, world.clock.now());
    tamper(&world.store, Entry::COLLECTION, &entry.id(), None);
    assert_eq!(found(&world).await.len(), 1, "missing");

    let mut lopsided = entry.clone();
    lopsided.postings[0].amount.minor += 1;
    tamper(&world.store, Entry::COLLECTION, &entry.id(), Some(&json(&lopsided)));
    assert_eq!(found(&world).await.len(), 3, "entry, sum and payment do not fit");

    let less = Money { minor: payment.amount.minor - 1, ..payment.amount };
    let altered = Entry::new(payment.id, EntryKind::Captured, less, world.clock.now());
    tamper(&world.store, Entry::COLLECTION, &entry.id(), Some(&json(&altered)));
    assert_eq!(found(&world).await.len(), 1, "it balances, and is wrong");

    tamper(&world.store, Entry::COLLECTION, &entry.id(), Some(&json(&entry)));
    assert_eq!(found(&world).await, Vec::<String>::new());
    let stranger = PaymentId(Id::from_bytes([9; 12]));
    let stranger = Entry::new(stranger, EntryKind::Captured, less, world.clock.now());
    tamper(&world.store, Entry::COLLECTION, &stranger.id(), Some(&json(&stranger)));
    assert_eq!(found(&world).await.len(), 1, "of no payment");
}

#[tokio::test(start_paused = true)]
async fn beside_a_service_at_work_what_differs_for_an_instant_is_not_wrong_and_what_stays_is() {
    let (world, payment) = paid().await;
    let id = Entry::earned_id(payment.id);
    let kept = world.store.get_now(Entry::COLLECTION, &id).unwrap();
    tamper(&world.store, Entry::COLLECTION, &id, None);
    let read = || Books::read_beside(&*world.store, &*world.sandbox_store, &*world.clock);
    assert_eq!(read().await.unwrap().findings.len(), 1, "it is missing in every reading");
    let mend = async {
        world.clock.sleep(Duration::from_secs(7)).await;
        let body = String::from_utf8(kept.body.to_vec()).unwrap();
        tamper(&world.store, Entry::COLLECTION, &id, Some(&body));
    };
    let (books, ()) = tokio::join!(read(), mend);
    assert_eq!(books.unwrap().findings, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn i6_earnings_that_are_missing_altered_or_somebody_elses_are_found() {
    let (world, payment) = paid().await;
    let id = Entry::earned_id(payment.id);
    let kept = world.store.get_now(Entry::COLLECTION, &id).unwrap();
    let entry: Entry = serde_json::from_slice(&kept.body).unwrap();
    assert_eq!(entry.posted(Account::PlatformFee), -133, "2.5% of 41.00 and 0.30");
    tamper(&world.store, Entry::COLLECTION, &id, None);
    assert_eq!(found(&world).await.len(), 1, "missing");
    let mut generous = entry.clone();
    generous.postings[1].amount.minor -= 33;
    generous.postings[2].amount.minor += 33;
    let other = Entry { seller: Some(world.buyer), ..entry.clone() };
    for wrong in [generous, other] {
        tamper(&world.store, Entry::COLLECTION, &id, Some(&json(&wrong)));
        assert_eq!(found(&world).await.len(), 1, "it balances, and is wrong: {wrong:?}");
    }
    tamper(&world.store, Entry::COLLECTION, &id, Some(&json(&entry)));
    assert_eq!(found(&world).await, Vec::<String>::new());
    let of_nothing = Entry { payment: None, ..entry };
    tamper(&world.store, Entry::COLLECTION, &of_nothing.id(), Some(&json(&of_nothing)));
    assert_eq!(found(&world).await.len(), 1, "of no payment at all");
}

#[tokio::test(start_paused = true)]
async fn i6_a_provider_that_says_otherwise_is_found() {
    let (world, payment) = paid().await;
    let charges = payments::provider::sandbox::COLLECTIONS[0];
    let id = payment.id.to_string();
    let kept = world.sandbox_store.get_now(charges, &id).unwrap();
    tamper(&world.sandbox_store, charges, &id, None);
    assert_eq!(found(&world).await.len(), 1, "it never took the money");
    let text = String::from_utf8(kept.body.to_vec()).unwrap();
    let other = text.replace("\"minor\":4100", "\"minor\":4000");
    assert_ne!(other, text);
    tamper(&world.sandbox_store, charges, &id, Some(&other));
    assert_eq!(found(&world).await.len(), 1, "it took another amount");
    tamper(&world.sandbox_store, charges, &id, Some(&text));
    tamper(&world.store, Payment::COLLECTION, &id, None);
    assert_eq!(found(&world).await.len(), 2, "ledger and provider know a payment that is gone");
}

#[tokio::test(start_paused = true)]
async fn i3_i4_money_that_is_kept_for_nothing_or_twice_is_found() {
    let (world, payment) = paid().await;
    let id = payment.order.to_string();
    let payable = queries::payable(&world.engine, payment.order).await.unwrap().unwrap();
    let other = Payable { active: None, ..payable.clone() };
    tamper(&world.store, Payable::COLLECTION, &id, Some(&json(&other)));
    assert_eq!(found(&world).await.len(), 2, "it is kept and earned by, and completes no order");
    tamper(&world.store, Payable::COLLECTION, &id, Some(&json(&payable)));

    let mut twin = payment.clone();
    twin.id = PaymentId(Id::from_bytes([9; 12]));
    tamper(&world.store, Payment::COLLECTION, &twin.id.to_string(), Some(&json(&twin)));
    let findings = found(&world).await;
    assert!(findings.iter().any(|finding| finding.starts_with("I4")), "{findings:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_no_finding() {
    let world = World::new();
    let order = world.place().await;
    world.provider.script([Fault::Silent]);
    let gone =
        tokio::time::timeout(std::time::Duration::from_millis(50), world.pay(order.id, "tok_visa"));
    assert!(gone.await.is_err());
    assert_eq!(found(&world).await, Vec::<String>::new(), "taken, and not known to be");
    world.change(order.id, OrderStatus::Cancelled).await;
    assert_eq!(found(&world).await, Vec::<String>::new());
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i31_a_receipt_that_is_gone_or_numbered_twice_is_found() {
    let (world, payment) = paid().await;
    let (_, issued) = receipts::issued(&world.engine, &payment).await.unwrap().unwrap();
    assert_eq!(found(&world).await, Vec::<String>::new());
    let receipt = queries::receipt(&world.engine, payment.id).await.unwrap().unwrap();
    let other = Receipt { payment: PaymentId(Id::from_bytes([6; 12])), ..receipt };
    tamper(&world.store, Receipt::COLLECTION, &other.id(), Some(&json(&other)));
    let year = issued.number.year;
    let wanted = format!("I31: the receipts of {year} are not numbered without gaps");
    assert_eq!(found(&world).await, [wanted]);
    for id in [payment.id, other.payment] {
        tamper(&world.store, Receipt::COLLECTION, &id.to_string(), None);
    }
    assert_eq!(found(&world).await, [format!("I31: the receipts of {year} are not there")]);
}

#[tokio::test(start_paused = true)]
async fn i5_a_part_that_the_books_or_the_provider_tell_otherwise_of_is_found() {
    let (world, payment) = paid().await;
    world.refund(payment.id, Some(100), 0).await.unwrap();
    assert_eq!(found(&world).await, Vec::<String>::new(), "owed, and not given back yet");
    world.refund(payment.id, Some(100), 0).await.unwrap();
    world.come_to_rest().await;
    let amount = Money { minor: 100, ..payment.amount };
    let now = world.clock.now();
    let entry = Entry::new(payment.id, EntryKind::Refunded, amount, now).of_part(Some(2));
    let kept = world.store.get_now(Entry::COLLECTION, &entry.id()).unwrap();
    tamper(&world.store, Entry::COLLECTION, &entry.id(), None);
    assert_eq!(found(&world).await.len(), 1, "not booked");
    let text = String::from_utf8(kept.body.to_vec()).unwrap();
    tamper(&world.store, Entry::COLLECTION, &entry.id(), Some(&text));
    assert_eq!(found(&world).await, Vec::<String>::new());
    let refunds = payments::provider::sandbox::COLLECTIONS[1];
    let id = format!("{}-1", payment.id);
    let kept = world.sandbox_store.get_now(refunds, &id).unwrap();
    tamper(&world.sandbox_store, refunds, &id, None);
    assert_eq!(found(&world).await.len(), 1, "the provider did not give it back");
    let text = String::from_utf8(kept.body.to_vec()).unwrap();
    let other = text.replace("\"minor\":100", "\"minor\":200");
    assert_ne!(other, text);
    tamper(&world.sandbox_store, refunds, &id, Some(&other));
    assert_eq!(found(&world).await.len(), 1, "it gave back another amount");
}
