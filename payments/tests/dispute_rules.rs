//! The rules of disputes, one by one: what is news, who bears what, and what is due (I5, I6).

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use common::id::{Id, OrderId, PaymentId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use payments::domain::dispute::Whose;
use payments::domain::{Ask, AskedBy, Payment, Standing, State, Told};

const ALL: i64 = 4_100;
const FEE: i64 = 133;
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const LATER: Timestamp = Timestamp::from_millis(1_800_000_060_000);

fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

/// One that has completed its order.
fn paid() -> Payment {
    let id = |byte| Id::from_bytes([byte; 12]);
    let text = serde_json::json!({
        "id": PaymentId(id(1)), "provider": "stripe", "order": OrderId(id(2)),
        "buyer": UserId(id(3)), "amount": usd(ALL), "created_at": NOW, "trace": "t", "due": null,
        "looks": 0, "state": {"status": "captured", "reference": "pi_1", "captured_at": NOW},
    });
    let payment: Payment = serde_json::from_value(text).unwrap();
    Payment { fee: "2.5%+0.30".parse().unwrap(), ..payment }
}

fn owing(minor: i64) -> Payment {
    let (reason, by) = ("The second act is cancelled".to_owned(), AskedBy::Seller);
    let ask = Ask { amount: Some(usd(minor)), units: 0, reason, by };
    paid().ask_back(ask, 2, NOW).unwrap()
}

fn told(standing: Standing, taken: i64) -> Told {
    let (reference, reason) = ("dp_1".to_owned(), "fraudulent".to_owned());
    Told { reference, amount: usd(ALL), reason, standing, taken, fee: Some(usd(1_500)) }
}

fn sold(payment: Payment, told: &[Told]) -> Payment {
    payment.disputed(told, Some(true), NOW).0
}

/// What the platform has given up of its fee.
fn given_up(payment: &Payment) -> i64 {
    let moves = payment.disputes.iter().flat_map(|dispute| &dispute.moves);
    let of = |whose| match whose {
        Whose::Seller { from_fee } => from_fee,
        Whose::Orders | Whose::Platform | Whose::Fee => 0,
    };
    moves.map(|moved| of(moved.whose)).sum()
}

#[test]
fn each_thing_that_is_told_otherwise_is_news_and_nothing_else_is() {
    let known = sold(paid(), &[told(Standing::Open, ALL)]);
    let same = told(Standing::Open, ALL);
    assert!(known.knows(&same));
    assert!(known.knows(&Told { fee: None, ..same.clone() }), "nothing is said of it");
    assert!(known.knows(&Told { reason: "general".to_owned(), ..same.clone() }));
    for other in [
        Told { reference: "dp_2".to_owned(), ..same.clone() },
        Told { standing: Standing::Lost, ..same.clone() },
        Told { amount: usd(ALL - 1), ..same.clone() },
        Told { taken: 0, ..same.clone() },
        Told { fee: Some(usd(0)), ..same.clone() },
    ] {
        assert!(!known.knows(&other), "{other:?}");
    }
    let (again, moves) = known.clone().disputed(&[same], Some(true), LATER);
    assert_eq!((again, moves), (known, Vec::new()));
}

#[test]
fn what_is_refused_for_the_same_dispute_is_looked_at_ever_less_often() {
    let looked = Payment { looks: 7, ..owing(100) };
    let known = sold(looked.clone(), &[told(Standing::Lost, 1_000)]);
    assert_eq!(known.looks, 0, "that is news");
    let known = Payment { looks: 7, ..known };
    assert_eq!(sold(known, &[told(Standing::Lost, 1_000)]).looks, 7);
}

#[test]
fn a_dispute_was_closed_when_that_was_learned_first() {
    let closed = |payment: &Payment| payment.disputes[0].closed_at;
    let lost = sold(paid(), &[told(Standing::Lost, ALL)]);
    assert_eq!(closed(&lost), Some(NOW));
    let fee = Told { fee: Some(usd(2_000)), ..told(Standing::Lost, ALL) };
    let charged = lost.disputed(&[fee], Some(true), LATER).0;
    assert_eq!(closed(&charged), Some(NOW));
    let open = charged.disputed(&[told(Standing::Open, ALL)], Some(true), LATER).0;
    assert_eq!(closed(&open), None);
}

#[test]
fn i6_the_platform_gives_up_its_fees_share_and_never_more_than_its_fee() {
    let all = sold(paid(), &[told(Standing::Open, ALL)]);
    assert_eq!((all.taken(), given_up(&all)), (ALL, FEE));
    let part = owing(1_000).gave_back(1, "re_1".to_owned(), NOW).unwrap();
    let share = part.fee_share(1_000);
    for taken in [ALL - 1_000, ALL] {
        let gone = sold(part.clone(), &[told(Standing::Open, taken)]);
        assert_eq!(given_up(&gone), FEE - share, "{taken}");
        let back = sold(gone, &[told(Standing::Won, 0)]);
        assert_eq!((back.taken(), given_up(&back)), (0, 0));
    }
    let some = sold(all, &[told(Standing::Open, ALL / 2)]);
    assert_eq!(given_up(&some), FEE / 2, "half of it came back");
}

#[test]
fn i6_a_fee_is_booked_by_what_was_charged_before_in_its_currency() {
    let eur = Money { minor: 2_000, currency: "eur".parse().unwrap() };
    let known = sold(paid(), &[told(Standing::Open, ALL)]);
    let other = Told { fee: Some(eur), ..told(Standing::Open, ALL) };
    let (known, moves) = known.disputed(&[other], Some(true), NOW);
    assert_eq!(moves.iter().map(|moved| moved.amount).collect::<Vec<_>>(), [eur]);
    assert_eq!(known.taken(), ALL, "a fee is nothing that a bank has");
    let numbers = known.disputes[0].moves.iter().map(|moved| moved.number);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn i6_what_comes_back_goes_to_whom_it_was_taken_from() {
    for (sale, whose) in [(None, Whose::Platform), (Some(false), Whose::Orders)] {
        let (open, moves) = paid().disputed(&[told(Standing::Open, ALL)], sale, NOW);
        assert_eq!(moves[0].whose, whose);
        // It is learned meanwhile that it was sold.
        let (_, moves) = open.disputed(&[told(Standing::Won, 0)], Some(true), NOW);
        assert_eq!(moves[0].whose, whose);
        assert_eq!(moves[0].amount, usd(-ALL));
    }
}

#[test]
fn i5_what_is_owed_is_due_unless_a_bank_has_it_for_now() {
    assert_eq!(sold(paid(), &[told(Standing::Lost, ALL)]).due, None, "nothing is owed");
    let held = sold(owing(100), &[told(Standing::Open, ALL)]);
    assert_eq!((held.is_held(), held.due), (true, None));
    for (standing, taken) in [(Standing::Won, 0), (Standing::Lost, ALL), (Standing::Open, 0)] {
        let free = sold(owing(100), &[told(standing, taken)]);
        assert_eq!((free.is_held(), free.due), (false, Some(NOW)), "{standing:?}");
    }
}

#[test]
fn i5_what_a_bank_has_for_good_is_left_to_nobody_and_what_it_has_for_now_is() {
    let part = |standing| sold(paid(), &[told(standing, 1_000)]);
    let stands = |payment: &Payment| (payment.lost(), payment.left().minor);
    assert_eq!(stands(&part(Standing::Open)), (0, ALL));
    assert_eq!(stands(&part(Standing::Lost)), (1_000, ALL - 1_000));
}

#[test]
fn i5_what_is_owed_has_arrived_by_a_bank_that_has_all_that_was_left_for_good() {
    let by = |payment: Payment, told: &[Told]| sold(payment, told).settled_by().map(str::to_owned);
    let dispute = || Some("dp_1".to_owned());
    assert_eq!(by(owing(100), &[told(Standing::Lost, ALL)]), dispute());
    assert_eq!(by(owing(100), &[told(Standing::Lost, ALL - 1)]), None);
    assert_eq!(by(owing(100), &[told(Standing::Open, ALL)]), None);
    assert_eq!(by(owing(100), &[told(Standing::Won, 0)]), None);
    let back = owing(100).gave_back(1, "re_1".to_owned(), NOW).unwrap();
    assert_eq!(by(back, &[told(Standing::Lost, ALL - 100)]), dispute(), "the rest of it");
    let other = Told { reference: "dp_2".to_owned(), amount: usd(50), ..told(Standing::Open, 50) };
    let both = [told(Standing::Lost, ALL), other];
    assert_eq!(by(owing(100), &both), None, "another one is not decided");
    assert!(matches!(paid().state, State::Captured { .. }));
}
