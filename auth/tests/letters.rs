//! Letters in process: news makes each once, a mailer that misbehaves makes none get lost, and none
//! is sent twice unless nobody can tell whether it was sent.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod app;
mod office;

use std::sync::Arc;
use std::time::Duration;

use auth::consume;
use auth::documents::LETTERS;
use auth::mail::{Folder, Mailer as _, SendError};
use auth::post::Post;
use common::bus::Delivery;
use common::inbox::{Handled, Inbox, SET_ASIDE};
use common::time::{Clock as _, Timestamp};
use common::worker::Reconciler as _;
use serde_json::json;

use app::{App, PASSWORD, Wishes};
use office::{DAY, Does, ORDER, Office, PAYMENT, TICKET, mail, merge, text_of};

#[tokio::test]
async fn a_complete_order_makes_one_letter_to_its_buyer_and_one_to_its_seller() {
    let office = Office::with(&[]).await;
    let complete = office.order("order:completed", json!({}));
    for event in [&office.order("order:created", json!({"status": "created"})), &complete] {
        assert_eq!(office.hear(event).await, Handled::Done);
    }
    office.work().await;
    assert_eq!(office.hear(&complete).await, Handled::Done, "I10: twice");
    office.work().await;
    assert_eq!(office.ids(), [format!("bought-{ORDER}"), format!("sold-{ORDER}")]);
    let [bought, sold] = ["bought", "sold"].map(|kind| {
        let parcels = office.taken();
        parcels.into_iter().find(|parcel| parcel.id.starts_with(kind)).unwrap()
    });
    let (bought, sold) = (text_of(&bought), text_of(&sold));
    for said in [
        "To: ada@example.com",
        "Subject: Your order is complete: Front row",
        "90.00 USD",
        &format!("https://tickets.example/orders/{ORDER}"),
    ] {
        assert!(bought.contains(said), "{said} in {bought}");
    }
    for said in ["To: sam@example.com", &format!("https://tickets.example/my-tickets/{TICKET}")] {
        assert!(sold.contains(said), "{said} in {sold}");
    }
    assert!(!sold.contains("ada@"), "a seller is not told who bought");
}

#[tokio::test]
async fn an_order_in_the_place_of_an_expired_one_says_so_and_that_one_makes_no_letter() {
    let office = Office::with(&[]).await;
    let other = "6afd4dc00102030405000009";
    let expired = json!({
        "id": other, "status": "cancelled", "cancelledBy": "expiry",
        "late": {"payment": PAYMENT, "replacedBy": ORDER},
    });
    office.hear(&office.order("order:cancelled", expired)).await;
    office.hear(&office.order("order:completed", json!({"replaces": other}))).await;
    office.work().await;
    assert_eq!(office.ids().len(), 2);
    assert!(!office.stored().contains("refunded-"), "{}", office.stored());
    assert!(text_of(&office.taken()[0]).contains("your reservation had expired"));
}

#[tokio::test]
async fn an_event_of_before_that_names_no_seller_makes_one_letter() {
    let office = Office::with(&[]).await;
    let mut complete = office.order("order:completed", json!({}));
    complete["data"]["ticket"].as_object_mut().unwrap().remove("userId");
    office.hear(&complete).await;
    office.work().await;
    assert_eq!(office.ids(), [format!("bought-{ORDER}")]);
}

#[tokio::test]
async fn money_given_back_makes_one_letter_in_whichever_order_word_of_it_comes() {
    for (by, why) in [("expiry", "reservation had expired"), ("buyer", "after you had cancelled")] {
        let office = Office::with(&[]).await;
        office.hear(&office.late(by)).await;
        office.work().await;
        assert_eq!(office.calls(), 0, "it has not gone back yet");
        for _ in 0..2 {
            office.hear(&office.refunded()).await;
            office.hear(&office.late(by)).await;
            office.work().await;
        }
        assert_eq!(office.ids(), [format!("refunded-{PAYMENT}")]);
        let text = text_of(&office.taken()[0]);
        assert!(text.contains(why) && text.contains("Front row"), "{text}");
    }
    let office = Office::with(&[]).await;
    office.hear(&office.refunded()).await;
    office.hear(&office.late("expiry")).await;
    office.work().await;
    assert_eq!(office.ids(), [format!("refunded-{PAYMENT}")], "I11: out of order");
    assert!(text_of(&office.taken()[0]).contains("90.00 USD"));
}

#[tokio::test]
async fn each_refund_of_a_complete_order_makes_a_letter_with_its_reason() {
    let office = Office::with(&[]).await;
    office.hear(&office.order("order:completed", json!({}))).await;
    let refund = |part: u32, minor: u32| {
        let mut event = office.refunded();
        event["kind"] = json!("payment:returned");
        let at = event["at"].clone();
        merge(
            &mut event["data"],
            json!({"status": "captured", "returned": {
                "part": part, "amount": {"minor": minor, "currency": "usd"},
                "total": {"minor": 2_000, "currency": "usd"}, "units": 0,
                "reason": "The second act is cancelled", "at": at,
            }}),
        );
        event
    };
    // I11: twice, and the second before the first.
    for event in [refund(2, 500), refund(1, 1_500), refund(2, 500)] {
        assert_eq!(office.hear(&event).await, Handled::Done);
    }
    office.work().await;
    let parts = [1, 2].map(|part| format!("refunded-{PAYMENT}-{part}"));
    assert_eq!(office.ids()[1..3], parts);
    let said = office.taken().into_iter().find(|parcel| parcel.id == parts[0]).unwrap();
    let said = text_of(&said);
    for part in ["15.00 USD", "The second act is cancelled", "Front row", "To: ada@example.com"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn a_dispute_makes_a_letter_to_the_seller_when_it_is_opened_and_when_it_is_decided() {
    let office = Office::with(&[]).await;
    let now = office.app.clock.now();
    let dispute = |status: &str, at: Timestamp| {
        let mut dispute = json!({
            "number": 1, "status": status, "amount": {"minor": 9000, "currency": "usd"},
            "taken": {"minor": 9000, "currency": "usd"}, "reason": "product_not_received",
            "openedAt": at,
        });
        if status != "open" {
            dispute["closedAt"] = json!(at);
        }
        office.order("order:updated", json!({"dispute": dispute}))
    };
    for event in [dispute("open", now), dispute("open", now), dispute("lost", now)] {
        assert_eq!(office.hear(&event).await, Handled::Done);
    }
    // Something else is told of an order whose dispute was decided long ago.
    let long_ago = now.plus_millis(-8 * 24 * 3_600 * 1_000);
    let mut late = dispute("won", long_ago);
    late["data"]["dispute"]["number"] = json!(2);
    office.hear(&late).await;
    office.work().await;
    assert_eq!(office.ids(), [format!("decided-{ORDER}-1"), format!("disputed-{ORDER}-1")]);
    let mut letters = office.taken();
    letters.sort_by(|a, b| a.id.cmp(&b.id));
    for (letter, said) in letters.iter().zip(["for good", "asks for the money"]) {
        let text = text_of(letter);
        let parts = [said, "product not received", "Front row", "90.00 USD", "/my-tickets/sales"];
        for part in parts {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("To: ada@example.com"), "its seller is written to: {text}");
    }
    // An order of before names no seller.
    let mut nobody = dispute("open", now);
    nobody["data"]["ticket"]["userId"] = json!(null);
    nobody["data"]["dispute"]["number"] = json!(3);
    assert_eq!(office.hear(&nobody).await, Handled::Done);
    office.work().await;
    assert_eq!(office.ids().len(), 2);
}

#[tokio::test]
async fn what_happened_long_ago_or_before_there_were_letters_makes_none() {
    let office = Office::with(&[]).await;
    let old = office.order("order:completed", json!({}));
    office.app.clock.forward(DAY);
    assert_eq!(office.hear(&old).await, Handled::Done);
    office.work().await;
    assert_eq!(office.stored(), "");

    // A service that is new hears all that the bus holds, before or after it has opened.
    let fresh = Office::with(&[]).await;
    let mut before = fresh.order("order:completed", json!({}));
    before["at"] = json!(fresh.app.clock.now().plus_millis(-1));
    fresh.hear(&before).await;
    fresh.work().await;
    assert_eq!(fresh.stored(), "");
}

#[tokio::test]
async fn a_mailer_that_falls_silent_after_it_has_taken_a_letter_gets_it_again_the_same() {
    let office = Office::with(&[Does::TakesSilently]).await;
    office.hear(&office.late("expiry")).await;
    office.hear(&office.refunded()).await;
    office.work().await;
    office.work().await;
    assert_eq!(office.calls(), 1, "a pause first");
    office.app.clock.forward(Duration::from_secs(20));
    office.work().await;
    let taken = office.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].bytes, taken[1].bytes, "byte for byte, Message-ID and all");
    office.app.clock.forward(DAY);
    office.work().await;
    assert_eq!(office.calls(), 2);
}

#[tokio::test]
async fn a_letter_that_is_put_off_is_sent_later_and_one_refused_for_ever_is_not() {
    let office = Office::with(&[Does::PutsOff, Does::PutsOff, Does::Takes, Does::Refuses]).await;
    office.hear(&office.late("expiry")).await;
    office.hear(&office.refunded()).await;
    for seconds in [0, 20, 40] {
        office.app.clock.forward(Duration::from_secs(seconds));
        office.work().await;
    }
    assert_eq!((office.calls(), office.taken().len()), (3, 1));
    let mut other = office.order("order:completed", json!({"ticket": {}}));
    other["data"]["ticket"] = json!({
        "id": TICKET, "title": "x", "version": 0, "price": {"minor": 1, "currency": "usd"},
    });
    office.hear(&other).await;
    office.work().await;
    office.app.clock.forward(DAY);
    office.work().await;
    assert_eq!((office.calls(), office.taken().len()), (4, 1), "refused once, and left alone");
    assert!(office.stored().contains("\"refused\":true"), "{}", office.stored());
}

#[tokio::test]
async fn what_nobody_takes_for_two_days_is_set_aside() {
    let office = Office::with(&[Does::PutsOff; 200]).await;
    office.hear(&office.late("expiry")).await;
    office.hear(&office.refunded()).await;
    for _ in 0..40 {
        office.app.clock.forward(DAY / 12);
        office.work().await;
    }
    assert!(office.stored().contains("\"refused\":false"), "{}", office.stored());
    assert_eq!(office.calls(), 24, "every two hours for two days, and then never");
}

#[tokio::test]
async fn i29_who_has_gone_gets_no_letter_and_nothing_that_is_kept_names_anybody() {
    let office = Office::with(&[]).await;
    office.hear(&office.order("order:completed", json!({}))).await;
    let token = office.app.sign_in("ada@example.com", PASSWORD).await.token();
    let gone = office.app.ask("DELETE", "/api/users/me").session(&token);
    gone.json(json!({"password": PASSWORD})).send().await.expect(204);
    assert!(!office.stored().contains("example.com"), "{}", office.stored());
    office.work().await;
    assert_eq!(office.ids(), [format!("sold-{ORDER}")]);
    assert!(office.stored().contains("unaddressed"), "{}", office.stored());
}

#[tokio::test]
async fn of_several_replicas_one_sends_a_letter() {
    let office = Office::with(&[]).await;
    for number in 10..40 {
        let id = format!("6afd4dc001020304050000{number}");
        let complete = office.order("order:completed", json!({"id": id}));
        office.hear(&complete).await;
    }
    let store = Arc::clone(&office.app.store);
    let replicas = (0..4).map(|_| {
        let earlier = Some((Arc::clone(&store), office.app.clock.clone()));
        let app = App::with(Wishes { earlier, ..Wishes::default() });
        Post::new(Arc::clone(&app.engine), mail(Arc::clone(&office.mailer) as _))
    });
    let replicas: Vec<Post> = replicas.collect();
    let steps = futures_util::future::join_all(replicas.iter().map(|post| post.step()));
    assert!(steps.await.into_iter().all(|step| step.is_ok()));
    let ids = office.ids();
    let mut once = ids.clone();
    once.dedup();
    assert_eq!((ids.len(), once.len()), (60, 60));
}

#[tokio::test]
async fn letters_are_forgotten_and_not_written_again() {
    let office = Office::with(&[]).await;
    let complete = office.order("order:completed", json!({}));
    office.hear(&complete).await;
    office.work().await;
    office.app.clock.forward(6 * DAY);
    office.keep().await;
    assert_ne!(office.stored(), "");
    office.app.clock.forward(DAY);
    office.keep().await;
    assert_eq!(office.stored(), "");
    office.hear(&complete).await;
    office.work().await;
    assert_eq!((office.stored().as_str(), office.calls()), ("", 2));
}

#[tokio::test]
async fn i20_what_is_not_understood_is_set_aside_and_a_service_without_mail_minds_nothing() {
    let office = Office::with(&[]).await;
    for event in [
        office.order("order:promised", json!({})),
        office.event("payments", "payment:doubled", PAYMENT, json!({})),
        office.event("payments", "payment:refunded", PAYMENT, json!({"id": 7})),
    ] {
        assert_eq!(office.hear(&event).await, Handled::Done);
    }
    let set_aside = office.app.stored(&[&SET_ASIDE]);
    assert_eq!(set_aside.lines().count(), 3, "{set_aside}");
    let quiet = App::new();
    let inbox = Inbox::new(Arc::clone(&quiet.engine), "auth", consume::hears_in_vain());
    let complete = office.order("order:completed", json!({}));
    let body = complete.to_string().into();
    let delivery = Delivery { token: 0, subject: "orders".into(), id: "e".into(), body };
    assert_eq!(inbox.handle(&delivery).await, Handled::Done);
    assert_eq!(quiet.stored(&[&LETTERS, &SET_ASIDE]), "");
}

#[tokio::test]
async fn in_a_folder_a_letter_is_one_file_however_often_it_is_sent() {
    let office = Office::with(&[Does::TakesSilently]).await;
    office.hear(&office.order("order:completed", json!({}))).await;
    office.work().await;
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::new(home.path().join("deep/mail"));
    for parcel in office.taken().iter().chain(&office.taken()) {
        folder.send(parcel).await.unwrap();
    }
    let listed = std::fs::read_dir(home.path().join("deep/mail")).unwrap();
    let mut names: Vec<_> =
        listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [format!("bought-{ORDER}.eml"), format!("sold-{ORDER}.eml")]);
    std::fs::write(home.path().join("file"), "").unwrap();
    let nowhere = Folder::new(home.path().join("file"));
    let sent = nowhere.send(&office.taken()[0]).await;
    assert!(matches!(sent, Err(SendError::Failed(why)) if why.contains("cannot be written")));
}
