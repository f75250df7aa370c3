//! Every status of a payment meets everything that can happen to it.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::time::Duration;

use common::command::{Change, Command, Docs, Moment, Refusal};
use common::events::{
    CancelledBy, LateMoney, OrderState, OrderStatus, OrderedTicket, PaymentStatus,
};
use common::id::{Id, Ids, OrderId, PaymentId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use payments::commands::{
    Begun, Conclude, HearNotice, HearOrder, LookAgain, RecordCaptured, RecordDeclined,
    RecordRefunded, Start, Why, status,
};
use payments::domain::ledger::Balances;
use payments::domain::{
    About, Account, Decline, Doubts, Entry, EntryKind, Fee, Late, Means, Notice, OrderStanding,
    Payable, Payment, State,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const PATIENCE: Duration = Duration::from_secs(5);
const ID: PaymentId = PaymentId(Id::from_bytes([1; 12]));
const OTHER: PaymentId = PaymentId(Id::from_bytes([9; 12]));
const ORDER: OrderId = OrderId(Id::from_bytes([2; 12]));
const OTHER_ORDER: OrderId = OrderId(Id::from_bytes([8; 12]));
const BUYER: UserId = UserId(Id::from_bytes([3; 12]));
const SELLER: UserId = UserId(Id::from_bytes([5; 12]));
const AMOUNT: Money = Money { minor: 4_100, currency: Currency::USD };

fn decline() -> Decline {
    Decline { code: "card_declined".into(), message: "The card was declined".into(), field: None }
}

fn in_state(state: State) -> Payment {
    Payment {
        id: ID,
        provider: "sandbox".into(),
        order: ORDER,
        buyer: BUYER,
        amount: AMOUNT,
        fee: Fee::default(),
        created_at: NOW,
        trace: "t".into(),
        due: Some(NOW),
        looks: 0,
        burnt: 0,
        rests_until: None,
        refunds: vec![],
        disputes: vec![],
        doubts: Doubts::default(),
        state,
    }
}

fn in_status(status: PaymentStatus) -> Payment {
    let (reference, captured_at) = ("ch_1".to_owned(), NOW);
    in_state(match status {
        PaymentStatus::Started => {
            State::Started { means: Means::Token("tok_visa".parse().unwrap()), opened: None }
        }
        PaymentStatus::Captured => State::Captured { reference, captured_at },
        PaymentStatus::Declined => State::Declined { decline: decline(), declined_at: NOW },
        PaymentStatus::Refunding => State::Refunding { reference, captured_at },
        PaymentStatus::Refunded => {
            State::Refunded { reference, captured_at, refund: "re_1".into(), refunded_at: NOW }
        }
    })
}

const ALL: [PaymentStatus; 5] = [
    PaymentStatus::Started,
    PaymentStatus::Captured,
    PaymentStatus::Declined,
    PaymentStatus::Refunding,
    PaymentStatus::Refunded,
];

fn payable(standing: OrderStanding, active: Option<PaymentId>) -> Payable {
    let expires_at = NOW.plus(Duration::from_secs(900));
    Payable {
        order: ORDER,
        buyer: BUYER,
        seller: Some(SELLER),
        total: AMOUNT,
        item: None,
        expires_at,
        standing,
        version: 3,
        given_up: standing == OrderStanding::Cancelled,
        late: None,
        active,
    }
}

fn decided<C: Command>(command: &C, docs: &Docs) -> Result<Change<C::Reply>, Refusal> {
    let ids = Ids::new(7);
    command.decide(docs, &Moment { now: NOW, ids: &ids })
}

/// The payment after a change, whether it was touched at all, and the kinds of the events.
fn after<R>(docs: Docs, change: Change<R>) -> (PaymentStatus, bool, Vec<&'static str>) {
    let kinds = change.kinds();
    let docs = docs.after(change);
    let payment = docs.get::<Payment>(ID).unwrap();
    (status(&payment.value.state), payment.version > 4, kinds)
}

#[test]
fn what_the_provider_says_meets_every_status() {
    use PaymentStatus::{Captured, Declined, Refunded, Refunding, Started};
    for before in ALL {
        let docs = || {
            Docs::default()
                .with(4, in_status(before))
                .with(2, payable(OrderStanding::Open, Some(ID)))
        };
        let captured = RecordCaptured {
            payment: ID,
            order: ORDER,
            reference: "ch_1".into(),
            patience: PATIENCE,
        };
        let got = after(docs(), decided(&captured, &docs()).unwrap());
        let wanted = match before {
            Started => (Captured, true, vec!["payment:captured"]),
            Declined => (Refunding, true, vec![]),
            Captured | Refunding | Refunded => (before, false, vec![]),
        };
        assert_eq!(got, wanted, "captured, while {before:?}");

        let declined = RecordDeclined { payment: ID, order: ORDER, decline: decline() };
        let got = decided(&declined, &docs()).map(|change| after(docs(), change));
        match before {
            Started => assert_eq!(got, Ok((Declined, true, vec!["payment:declined"]))),
            Declined => assert_eq!(got, Ok((Declined, false, vec![]))),
            Captured | Refunding | Refunded => {
                assert!(matches!(got, Err(Refusal::Conflict(_))), "declined, while {before:?}");
            }
        }

        let refunded =
            RecordRefunded { payment: ID, order: ORDER, part: None, refund: "re_1".into() };
        let got = decided(&refunded, &docs()).map(|change| after(docs(), change));
        match before {
            Refunding => assert_eq!(got, Ok((Refunded, true, vec!["payment:refunded"]))),
            Refunded => assert_eq!(got, Ok((Refunded, false, vec![]))),
            Started | Captured | Declined => {
                assert!(matches!(got, Err(Refusal::Conflict(_))), "refunded, while {before:?}");
            }
        }
    }
}

#[test]
fn i5_money_goes_back_only_for_an_order_that_ended_without_it() {
    use PaymentStatus::{Captured, Refunding};
    let standings = [OrderStanding::Open, OrderStanding::Complete, OrderStanding::Cancelled];
    for before in ALL {
        for standing in standings {
            for active in [Some(ID), Some(OTHER), None] {
                let docs = || {
                    Docs::default().with(4, in_status(before)).with(2, payable(standing, active))
                };
                let conclude = Conclude { payment: ID, order: ORDER, patience: PATIENCE };
                let change = decided(&conclude, &docs()).unwrap();
                let is_owed = *change.reply();
                let (status, _, kinds) = after(docs(), change);
                let is_kept = standing == OrderStanding::Complete && active == Some(ID);
                let wanted = match (before, standing) {
                    (Captured, OrderStanding::Open) => Captured,
                    (Captured, _) if is_kept => Captured,
                    (Captured, _) => Refunding,
                    _ => before,
                };
                assert_eq!(status, wanted, "{before:?} {standing:?} {active:?}");
                assert_eq!(is_owed, wanted == Refunding, "{before:?} {standing:?}");
                assert!(kinds.is_empty());
            }
        }
    }
}

fn order(status: OrderStatus, version: u64) -> OrderState {
    OrderState {
        id: ORDER,
        user_id: BUYER,
        status,
        expires_at: NOW.plus(Duration::from_secs(900)),
        version,
        ticket: OrderedTicket {
            id: TicketId(Id::from_bytes([4; 12])),
            user_id: Some(SELLER),
            title: "A seat".into(),
            price: AMOUNT,
            version: 0,
        },
        quantity: 1,
        total: AMOUNT,
        stock: None,
        cancelled_by: (status == OrderStatus::Cancelled).then_some(CancelledBy::Buyer),
        late: None,
        replaces: None,
        refund: None,
        dispute: None,
    }
}

#[test]
fn i14_money_for_an_expired_order_waits_for_word_of_what_becomes_of_it() {
    use PaymentStatus::{Captured, Refunding};
    let expired =
        |late| Payable { given_up: false, late, ..payable(OrderStanding::Cancelled, Some(ID)) };
    let late = |payment, replaced_by| Some(Late { payment, replaced_by });
    let conclude = Conclude { payment: ID, order: ORDER, patience: PATIENCE };
    for (late, wanted, kinds) in [
        // Nothing was said: it is told again, for it may not have been heard.
        (None, Captured, vec!["payment:captured"]),
        (late(ID, Some(OTHER_ORDER)), Captured, vec![]),
        (late(ID, None), Refunding, vec![]),
        (late(OTHER, Some(OTHER_ORDER)), Refunding, vec![]),
        (late(OTHER, None), Refunding, vec![]),
    ] {
        let docs = || Docs::default().with(4, in_status(Captured)).with(2, expired(late));
        let got = after(docs(), decided(&conclude, &docs()).unwrap());
        assert_eq!(got, (wanted, true, kinds), "{late:?}");
    }
}

#[test]
fn i14_word_of_late_money_lets_it_rest_or_go_back_and_older_word_changes_nothing() {
    let told = |version, replaced_by| OrderState {
        cancelled_by: Some(CancelledBy::Expiry),
        late: Some(LateMoney { payment: ID, replaced_by }),
        ..order(OrderStatus::Cancelled, version)
    };
    let expired =
        OrderState { cancelled_by: Some(CancelledBy::Expiry), ..order(OrderStatus::Cancelled, 4) };
    let far = NOW.plus_millis(60_000);
    for (replaced_by, due) in [(Some(OTHER_ORDER), None), (None, Some(NOW))] {
        let payment = Payment { due: Some(far), ..in_status(PaymentStatus::Captured) };
        let docs = Docs::default().with(4, payment).with(2, payable(OrderStanding::Open, Some(ID)));
        let hear = |docs: Docs, told: &OrderState| {
            let change = decided(&HearOrder { order: told.clone() }, &docs).unwrap();
            docs.after(change)
        };
        let docs = hear(docs, &expired);
        assert_eq!(docs.get::<Payment>(ID).unwrap().value.due, Some(far), "it is not decided yet");
        let docs = hear(docs, &told(5, replaced_by));
        assert_eq!(docs.get::<Payment>(ID).unwrap().value.due, due);
        let version = docs.get::<Payment>(ID).unwrap().version;
        let docs = hear(hear(docs, &told(5, replaced_by)), &expired);
        assert_eq!(docs.get::<Payment>(ID).unwrap().version, version, "twice, and late");
    }
}

#[test]
fn an_orders_end_meets_every_status() {
    use PaymentStatus::{Captured, Started};
    let ends = [
        OrderStatus::Created,
        OrderStatus::AwaitingPayment,
        OrderStatus::Complete,
        OrderStatus::Cancelled,
    ];
    for before in ALL {
        for end in ends {
            let mut payment = in_status(before);
            payment.due = Some(NOW.plus_millis(60_000));
            let open = payable(OrderStanding::Open, Some(ID));
            let docs = Docs::default().with(4, payment).with(2, open);
            let change = decided(&HearOrder { order: order(end, 4) }, &docs).unwrap();
            let docs = docs.after(change);
            let payment = docs.get::<Payment>(ID).unwrap();
            let due = payment.value.due;
            let wanted = match (end, before) {
                (OrderStatus::Complete, Captured) => None,
                (OrderStatus::Complete | OrderStatus::Cancelled, Started)
                | (OrderStatus::Cancelled, Captured) => Some(NOW),
                _ => Some(NOW.plus_millis(60_000)),
            };
            assert_eq!(due, wanted, "{before:?} {end:?}");
            assert_eq!(status(&payment.value.state), before, "hearing alone moves no money");
            assert_eq!(docs.get::<Payable>(ORDER).unwrap().value.active, Some(ID));
        }
    }
}

#[test]
fn i11_an_older_word_of_an_order_changes_nothing() {
    for version in [0, 2, 3] {
        let docs = Docs::default().with(2, payable(OrderStanding::Complete, None));
        let heard = decided(&HearOrder { order: order(OrderStatus::Cancelled, version) }, &docs);
        let docs = docs.after(heard.unwrap());
        let payable = docs.get::<Payable>(ORDER).unwrap();
        assert_eq!(payable.value.standing, OrderStanding::Complete, "version {version}");
        assert_eq!(payable.version, 2, "nothing was written");
    }
}

#[test]
fn a_start_meets_every_status_of_the_payment_before_it() {
    let start = |token: &str| Start {
        order: ORDER,
        buyer: BUYER,
        means: Means::Token(token.parse().unwrap()),
        provider: "sandbox",
        fee: Fee::default(),
        request: None,
        trace: "t".into(),
        lease: PATIENCE,
    };
    for before in ALL {
        // A declined payment lets go of its order in the commit that says so.
        let active = (before != PaymentStatus::Declined).then_some(ID);
        let docs = Docs::default()
            .with(4, in_status(before))
            .with(2, payable(OrderStanding::Open, active));
        let same = decided(&start("tok_visa"), &docs).map(|change| change.reply().clone());
        let other = decided(&start("tok_amex"), &docs).map(|change| change.reply().clone());
        match before {
            PaymentStatus::Started => {
                assert_eq!(same, Ok(Begun::Joined(ID)));
                assert!(matches!(other, Err(Refusal::State(_))));
            }
            PaymentStatus::Captured => assert_eq!((same, other.clone()), (other.clone(), other)),
            PaymentStatus::Declined => assert!(matches!(same, Ok(Begun::Started(_)))),
            PaymentStatus::Refunding | PaymentStatus::Refunded => {
                assert!(matches!(same, Err(Refusal::State(_))), "I4: {before:?}");
            }
        }
    }
}

#[test]
fn i27_a_notice_makes_a_look_and_nothing_else() {
    let notice = Notice {
        id: "evt_1".into(),
        payment: ID,
        kind: "charge.captured".into(),
        about: About::Charge,
    };
    let hear = HearNotice { provider: "sandbox", notice };
    for before in ALL {
        let docs = Docs::default().with(4, in_status(before));
        let change = decided(&hear, &docs).unwrap();
        assert!(change.reply().is_some(), "{before:?}: it is due, so it is looked at");
        let docs = docs.after(change);
        assert_eq!(status(&docs.get::<Payment>(ID).unwrap().value.state), before);
        let again = decided(&hear, &docs).unwrap();
        assert!(again.reply().is_none(), "once is enough");
        let docs = Docs::default().with(4, in_status(before).at_rest());
        assert!(decided(&hear, &docs).unwrap().reply().is_none(), "{before:?} at rest");
    }
    assert!(decided(&hear, &Docs::default()).unwrap().reply().is_none(), "of nothing we know");
}

#[test]
fn what_is_earned_is_booked_once_with_the_end_of_its_order_and_for_a_seller_who_is_known() {
    let fee: Fee = "10%".parse().unwrap();
    let captured = || Payment { fee, ..in_status(PaymentStatus::Captured) };
    let open = payable(OrderStanding::Open, Some(ID));
    let earned = |docs: &Docs| docs.get::<Entry>(Entry::earned_id(ID)).map(|it| it.value.clone());
    let hear = |docs: Docs, order: OrderState| {
        let change = decided(&HearOrder { order }, &docs).unwrap();
        docs.after(change)
    };
    let docs = Docs::default().with(4, captured()).with(2, open.clone());
    let docs = hear(docs, order(OrderStatus::Complete, 4));
    let entry = earned(&docs).unwrap();
    assert_eq!((entry.seller, entry.posted(Account::SellerPayable)), (Some(SELLER), -3_690));
    let sale = entry.sale.clone().unwrap();
    let told = (sale.order, sale.ticket, sale.title.as_str(), sale.quantity, sale.fee);
    assert_eq!(told, (ORDER, Some(TicketId(Id::from_bytes([4; 12]))), "A seat", 1, fee));
    let docs = hear(docs, order(OrderStatus::Complete, 5));
    assert_eq!(docs.get::<Entry>(Entry::earned_id(ID)).unwrap().version, 0, "once");

    // The order that is complete by money that came late is another one, and its seller the same.
    let docs = Docs::default().with(4, captured()).with(2, open.clone());
    let late = Some(LateMoney { payment: ID, replaced_by: Some(OTHER_ORDER) });
    let docs = hear(docs, OrderState { late, ..order(OrderStatus::Cancelled, 4) });
    assert_eq!(earned(&docs).unwrap().sale.unwrap().order, OTHER_ORDER);

    // An order of before, whose seller was not told.
    let docs = Docs::default().with(4, captured()).with(2, open);
    let mut before = order(OrderStatus::Complete, 4);
    before.ticket.user_id = None;
    let docs = hear(docs, before);
    assert!(earned(&docs).is_none());
    assert_eq!(docs.get::<Payment>(ID).unwrap().value.due, None, "and it is at rest all the same");
}

fn again(version: u64, why: Why) -> LookAgain {
    LookAgain { payment: ID, version, why, burnt: 0 }
}

#[test]
fn a_look_in_vain_is_repeated_ever_less_often_and_within_a_minute() {
    let mut docs = Docs::default().with(0, in_status(PaymentStatus::Started));
    let mut pauses = Vec::new();
    for version in 0..20 {
        let change = decided(&again(version, Why::Unknown), &docs).unwrap();
        docs = docs.after(change);
        let due = docs.get::<Payment>(ID).unwrap().value.due.unwrap();
        pauses.push(due.since(NOW));
    }
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(10)), "I3: {pauses:?}");
    let stale = decided(&again(3, Why::Unknown), &docs).unwrap();
    let docs = docs.after(stale);
    assert_eq!(docs.get::<Payment>(ID).unwrap().version, 20, "it has moved since");
}

/// A key that is burnt stays so until the money is back.
#[test]
fn what_a_provider_remembers_of_a_refund_is_kept_with_its_payment_until_it_is_given_back() {
    let docs = Docs::default().with(3, in_status(PaymentStatus::Refunding));
    let change = decided(&LookAgain { burnt: 2, ..again(3, Why::Unknown) }, &docs).unwrap();
    let docs = docs.after(change);
    let payment = docs.get::<Payment>(ID).unwrap().value.clone();
    assert_eq!(payment.burnt, 2);
    let kept = serde_json::to_string(&payment).unwrap();
    assert_eq!(serde_json::from_str::<Payment>(&kept).unwrap(), payment);
    let back = payment.refunded("re_1".to_owned(), NOW).unwrap();
    assert_eq!(back.burnt, 0);
    let before = serde_json::to_string(&back).unwrap();
    assert!(!before.contains("burnt"), "payments of before have no such field: {before}");
    assert_eq!(serde_json::from_str::<Payment>(&before).unwrap(), back);
}

#[test]
fn i24_money_on_its_way_back_is_asked_after_ever_less_often_and_never_later_than_by_the_clock() {
    let mut docs = Docs::default().with(0, in_status(PaymentStatus::Refunding));
    let mut rests = Vec::new();
    for version in 0..20 {
        let change = decided(&again(version, Why::OnItsWay), &docs);
        docs = docs.after(change.unwrap());
        let payment = docs.get::<Payment>(ID).unwrap().value;
        let due = payment.due.unwrap();
        assert!(due.since(NOW) < Duration::from_secs(60), "nothing is due further ahead");
        rests.push(payment.rests_until.unwrap().since(NOW));
    }
    assert!(rests.is_sorted(), "{rests:?}");
    assert_eq!(rests.last(), Some(&Duration::from_secs(3_600)));
    let change = decided(&again(20, Why::Rests), &docs).unwrap();
    docs = docs.after(change);
    let payment = docs.get::<Payment>(ID).unwrap().value.clone();
    assert_eq!((payment.looks, payment.rests_until.unwrap().since(NOW)), (20, rests[19]));
    let until = payment.rests_until.unwrap();
    assert!(payment.rests(NOW) && payment.rests(until.plus_millis(-1)) && !payment.rests(until));
    assert!(!payment.rests(NOW.plus_millis(-1)), "the clock was set back since");
    // What fails is asked for again soon, however long it was on its way.
    let change = decided(&again(21, Why::Unknown), &docs);
    let payment = docs.after(change.unwrap()).get::<Payment>(ID).unwrap().value.clone();
    assert_eq!(payment.rests_until, None);
    assert!(payment.due.unwrap().since(NOW) <= Duration::from_secs(10), "I3");
}

#[derive(Debug, Clone, Copy)]
enum Said {
    Captured,
    Declined,
    Refunded,
    Conclude,
    Ends(OrderStatus),
}

proptest! {
    #[test]
    fn i6_the_ledger_sums_to_zero_and_books_what_happened(
        said in prop::collection::vec(prop::sample::select(vec![
            Said::Captured, Said::Declined, Said::Refunded, Said::Conclude, Said::Conclude,
            Said::Ends(OrderStatus::Cancelled), Said::Ends(OrderStatus::Complete),
        ]), 0..12),
        minor in 1_i64..=100_000_000,
    ) {
        let amount = Money { minor, ..AMOUNT };
        let payment = Payment { amount, ..in_status(PaymentStatus::Started) };
        let open = payable(OrderStanding::Open, Some(ID));
        let mut docs = Docs::default().with(0, payment).with(0, open);
        let mut version = 3;
        for word in said {
            docs = hear(docs, word, &mut version);
        }
        let kinds = [
            EntryKind::Captured,
            EntryKind::Earned,
            EntryKind::RefundOwed,
            EntryKind::Refunded,
        ];
        let mut balances = Balances::new();
        let mut booked = Vec::new();
        for kind in kinds {
            let id = Entry::new(ID, kind, amount, NOW).id();
            if let Some(entry) = docs.get::<Entry>(&id) {
                prop_assert!(entry.value.balances());
                prop_assert_eq!(entry.version, 0, "append-only");
                entry.value.post_to(&mut balances);
                booked.push(kind);
            }
        }
        prop_assert_eq!(balances.values().sum::<i128>(), 0);
        let payment = docs.get::<Payment>(ID).unwrap().value;
        let state = status(&payment.state);
        // Nothing is earned before the payment is looked at together with its order.
        let standing = docs.get::<Payable>(ORDER).unwrap().value.standing;
        let is_complete = standing == OrderStanding::Complete;
        let is_earned = is_complete && payment.due.is_none();
        use EntryKind::{Captured, Earned, RefundOwed, Refunded};
        let (wanted, clearing): (&[EntryKind], i64) = match state {
            PaymentStatus::Started | PaymentStatus::Declined => (&[], 0),
            PaymentStatus::Captured if is_earned => (&[Captured, Earned], minor),
            PaymentStatus::Captured => (&[Captured], minor),
            PaymentStatus::Refunding => (&[Captured, RefundOwed], minor),
            PaymentStatus::Refunded => (&[Captured, RefundOwed, Refunded], 0),
        };
        prop_assert_eq!(booked, wanted);
        let held = balances.get(&(Account::ProviderClearing, "usd")).copied().unwrap_or(0);
        prop_assert_eq!(held, i128::from(clearing));
        let funds = balances.get(&(Account::OrderFunds, "usd")).copied().unwrap_or(0);
        let is_open = state == PaymentStatus::Captured && !is_earned;
        prop_assert_eq!(funds, if is_open { -i128::from(minor) } else { 0 });
    }
}

fn hear(docs: Docs, word: Said, version: &mut u64) -> Docs {
    fn apply<R>(docs: Docs, decided: Result<Change<R>, Refusal>) -> Docs {
        match decided {
            Ok(change) => docs.after(change),
            Err(_) => docs,
        }
    }
    let (payment, order_id) = (ID, ORDER);
    match word {
        Said::Captured => {
            let reference = "ch_1".to_owned();
            let captured =
                RecordCaptured { payment, order: order_id, reference, patience: PATIENCE };
            let decided = decided(&captured, &docs);
            apply(docs, decided)
        }
        Said::Declined => {
            let declined = RecordDeclined { payment, order: order_id, decline: decline() };
            let decided = decided(&declined, &docs);
            apply(docs, decided)
        }
        Said::Refunded => {
            let decided = decided(
                &RecordRefunded { payment, order: order_id, part: None, refund: "re_1".into() },
                &docs,
            );
            apply(docs, decided)
        }
        Said::Conclude => {
            let conclude = Conclude { payment, order: order_id, patience: PATIENCE };
            let decided = decided(&conclude, &docs);
            apply(docs, decided)
        }
        Said::Ends(status) => {
            // An end is never left.
            if docs.get::<Payable>(ORDER).unwrap().value.standing != OrderStanding::Open {
                return docs;
            }
            *version += 1;
            let decided = decided(&HearOrder { order: order(status, *version) }, &docs);
            apply(docs, decided)
        }
    }
}
