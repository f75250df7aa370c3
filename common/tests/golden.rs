//! Every version of every event that was ever published, kept as a file, can still be read (I20).
//!
//! A file's name is its kind and a number. A change that adds a field adds a file; no file is ever
//! edited. What this build writes must be the newest file of its kind, byte for byte: if it is not,
//! add a file with the next number.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use common::events::{
    CancelledBy, DisputeState, DisputeStatus, Draft, EndedSession, Envelope, Event, KeysEvent,
    LateMoney, OrderEvent, OrderKind, OrderRefund, OrderState, OrderStatus, OrderedTicket,
    PaymentEvent, PaymentKind, PaymentState, PaymentStatus, PublicKey, Returned, Revocation,
    StockSnapshot, TicketEvent, TicketKind, TicketState, UserEvent, UserKind, Venue,
};
use common::id::{Id, OrderId, PaymentId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;

const AT: Timestamp = Timestamp::from_millis(1_795_000_000_123);

fn id(last: u8) -> Id {
    Id::from_bytes([0x6a, 0xfd, 0x4d, 0xc0, 1, 2, 3, 4, 5, 0, 0, last])
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/events/golden")
}

/// The files of each kind, oldest first.
fn golden() -> BTreeMap<String, Vec<(String, String)>> {
    let mut files: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (kind, _) = name.rsplit_once('-').expect("kind-number.json");
        let kind = kind.replacen('-', ":", 1);
        files.entry(kind).or_default().push((name, std::fs::read_to_string(&path).unwrap()));
    }
    for versions in files.values_mut() {
        versions.sort();
    }
    files
}

fn draft<E: Event>(event: E) -> Draft {
    Draft::of(&event).unwrap()
}

fn samples() -> Vec<Draft> {
    let money = Money { minor: 2_050, currency: Currency::USD };
    let venue = Venue {
        name: "Night of the Lights".into(),
        venue: Some("Harbour Hall".into()),
        starts_at: Some(AT),
        time_zone: Some("Europe/Vienna".parse().unwrap()),
    };
    let ticket = TicketState {
        id: TicketId(id(1)),
        user_id: UserId(id(2)),
        title: "Front row".into(),
        price: money,
        quantity: 3,
        event: Some(venue),
        version: 4,
        deleted: false,
    };
    let order = OrderState {
        id: OrderId(id(3)),
        user_id: UserId(id(4)),
        status: OrderStatus::Created,
        expires_at: AT,
        version: 0,
        ticket: OrderedTicket {
            id: TicketId(id(1)),
            user_id: Some(UserId(id(2))),
            title: "Front row".into(),
            price: money,
            version: 4,
        },
        quantity: 1,
        total: money,
        stock: Some(StockSnapshot { version: 7, taken: 1, holder: Some(OrderId(id(3))) }),
        cancelled_by: None,
        late: None,
        replaces: None,
        refund: None,
        dispute: None,
    };
    let payment = PaymentState {
        id: PaymentId(id(5)),
        order_id: OrderId(id(3)),
        user_id: UserId(id(4)),
        amount: money,
        status: PaymentStatus::Started,
        version: 0,
        returned: None,
        dispute: None,
    };
    let revocation = Revocation {
        user_id: UserId(id(4)),
        version: 2,
        generation: 1,
        ended: vec![EndedSession { session_id: id(6), until: AT }],
        deleted: false,
    };
    let mut all = Vec::new();
    for kind in [TicketKind::Created, TicketKind::Updated, TicketKind::Deleted] {
        let deleted = kind == TicketKind::Deleted;
        all.push(draft(TicketEvent { kind, ticket: TicketState { deleted, ..ticket.clone() } }));
    }
    for (kind, status) in [
        (OrderKind::Created, OrderStatus::Created),
        (OrderKind::Updated, OrderStatus::Complete),
        (OrderKind::Completed, OrderStatus::Complete),
        (OrderKind::Cancelled, OrderStatus::Cancelled),
    ] {
        let mut order = OrderState { status, ..order.clone() };
        match status {
            OrderStatus::Cancelled => {
                order.cancelled_by = Some(CancelledBy::Expiry);
                order.late = Some(LateMoney {
                    payment: PaymentId(id(5)),
                    replaced_by: Some(OrderId(id(3).twin())),
                });
            }
            OrderStatus::Complete if kind == OrderKind::Updated => {
                let reason = "The second act is cancelled".to_owned();
                order.refund = Some(OrderRefund { amount: money, units: 1, reason, at: AT });
                order.dispute = Some(dispute(money));
            }
            OrderStatus::Complete => order.replaces = Some(OrderId(id(3).twin())),
            OrderStatus::Created | OrderStatus::AwaitingPayment => {}
        }
        all.push(draft(OrderEvent { kind, order }));
    }
    all.extend(payment_samples(&payment));
    for kind in [UserKind::Created, UserKind::Updated, UserKind::Deleted] {
        all.push(draft(UserEvent { kind, revocation: revocation.clone() }));
    }
    let key =
        PublicKey { key_id: "k1".into(), x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into() };
    all.push(draft(KeysEvent { version: 1, keys: vec![key] }));
    all
}

fn dispute(amount: Money) -> DisputeState {
    DisputeState {
        number: 1,
        status: DisputeStatus::Lost,
        amount,
        taken: amount,
        reason: "fraudulent".to_owned(),
        opened_at: AT,
        closed_at: Some(AT),
    }
}

fn payment_samples(payment: &PaymentState) -> Vec<Draft> {
    let mut all = Vec::new();
    for (kind, status) in [
        (PaymentKind::Started, PaymentStatus::Started),
        (PaymentKind::Captured, PaymentStatus::Captured),
        (PaymentKind::Declined, PaymentStatus::Declined),
        (PaymentKind::Refunded, PaymentStatus::Refunded),
        (PaymentKind::Returned, PaymentStatus::Captured),
        (PaymentKind::Disputed, PaymentStatus::Captured),
    ] {
        let mut payment = PaymentState { status, ..payment.clone() };
        payment.returned = (kind == PaymentKind::Returned).then(|| Returned {
            part: 2,
            amount: Money { minor: 50, ..payment.amount },
            total: payment.amount,
            units: 1,
            reason: "The second act is cancelled".to_owned(),
            at: AT,
        });
        payment.dispute = (kind == PaymentKind::Disputed).then(|| dispute(payment.amount));
        all.push(draft(PaymentEvent { kind, payment }));
    }
    all
}

fn written(draft: Draft) -> String {
    let envelope = Envelope {
        id: format!("{}-{:016x}", id(9), 17),
        subject: draft.subject.to_owned(),
        kind: draft.kind.to_owned(),
        aggregate: draft.aggregate,
        version: draft.version,
        at: AT,
        trace: "0123456789abcdef".into(),
        data: draft.data,
    };
    serde_json::to_string(&envelope).unwrap() + "\n"
}

/// Reads an event as its subscribers do, field by field.
fn understood(envelope: &Envelope) -> Result<(), common::events::NotUnderstood> {
    match envelope.subject.as_str() {
        "tickets" => envelope.data::<TicketState>().map(drop),
        "orders" => envelope.data::<OrderState>().map(drop),
        "payments" => envelope.data::<PaymentState>().map(drop),
        "users" if envelope.kind == "keys:updated" => envelope.data::<KeysEvent>().map(drop),
        "users" => envelope.data::<Revocation>().map(drop),
        other => panic!("nobody reads the subject {other}"),
    }
}

#[test]
fn i20_every_event_ever_published_can_be_read() {
    let files = golden();
    assert!(files.values().map(Vec::len).sum::<usize>() >= samples().len());
    for (name, text) in files.values().flatten() {
        let envelope = Envelope::read(text.as_bytes()).unwrap();
        understood(&envelope).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn i20_what_is_written_now_is_the_newest_golden_file() {
    let files = golden();
    for draft in samples() {
        let kind = draft.kind;
        let now = written(draft);
        let newest = files.get(kind).and_then(|versions| versions.last());
        let Some((name, text)) = newest else { panic!("golden/{kind}-1.json is missing:\n{now}") };
        assert_eq!(*text, now, "{name} is not what is written now: add a file, edit none");
    }
}

#[test]
fn i20_an_event_with_fields_from_a_later_build_can_be_read() {
    for draft in samples() {
        let text = written(draft);
        let mut event: serde_json::Value = serde_json::from_str(&text).unwrap();
        event["data"]["fromTheFuture"] = serde_json::json!({"deep": [1]});
        event["fromTheFuture"] = serde_json::json!(true);
        let envelope = Envelope::read(event.to_string().as_bytes()).unwrap();
        understood(&envelope).unwrap();
    }
}
