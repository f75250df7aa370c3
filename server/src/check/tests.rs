//! Each rule is shown to fail: on facts that are right but for one thing.

use std::time::Duration;

use common::events::{
    DisputeStatus, OrderState, OrderStatus, OrderedTicket, PaymentStatus, StockSnapshot,
};
use common::id::{Id, OrderId, PaymentId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use orders::domain::order::Bought;
use orders::domain::{Ended, Order, State};

use super::facts::{
    Copied, Facts, GivenBack, OrderFacts, OrderTold, StockFacts, Taken, TicketFacts,
};
use super::{report, rules};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const TICKET: TicketId = TicketId(Id::from_bytes([1; 12]));
const ORDER: OrderId = OrderId(Id::from_bytes([2; 12]));
const BUYER: UserId = UserId(Id::from_bytes([3; 12]));
const PAYMENT: PaymentId = PaymentId(Id::from_bytes([4; 12]));
const LISTED: Copied = Copied { version: 2, digest: 20 };
const ORDERED: Copied = Copied { version: 1, digest: 10 };
const KNOWN: Copied = Copied { version: 0, digest: 30 };
const TAKEN: Taken = Taken { version: Some(5), units: 2, holder: None };

/// One ticket, of whose three units one order has two, which is paid.
fn sound() -> Facts {
    let mut facts = Facts::default();
    facts.tickets.insert(TICKET, TicketFacts { listing: LISTED, reservation: TAKEN, sold: 2 });
    facts.stocks.insert(TICKET, StockFacts { listing: LISTED, quantity: 3, taken: TAKEN });
    let order = OrderFacts {
        buyer: BUYER,
        ticket: TICKET,
        held: 2,
        refund: GivenBack::default(),
        dispute: None,
        paid_for: ORDER,
        bought_version: 2,
        status: OrderStatus::Complete,
        told: ORDERED,
    };
    facts.orders.insert(ORDER, order);
    facts.allowances.insert((TICKET, BUYER), 1);
    facts.payables.insert(ORDER, ORDERED);
    facts.payments.insert(PAYMENT, PaymentStatus::Captured);
    for service in ["auth", "orders"] {
        facts.sessions.insert(service, [(BUYER, KNOWN)].into());
    }
    facts.told.tickets.insert(TICKET, LISTED);
    facts.told.orders.insert(
        ORDER,
        OrderTold {
            newest: ORDERED,
            status: OrderStatus::Complete,
            ended: Some((1, OrderStatus::Complete)),
        },
    );
    facts.told.taken.insert(TICKET, TAKEN);
    facts.told.payments.insert(PAYMENT, (1, PaymentStatus::Captured));
    facts.told.sessions.insert(BUYER, KNOWN);
    facts
}

/// Exactly these rules complain once `broken` has been done to what is right.
fn complain(rules: &[&str], broken: impl FnOnce(&mut Facts)) {
    let mut facts = sound();
    broken(&mut facts);
    let lines = report::lines(&facts, 0);
    let found: Vec<_> = lines.iter().filter(|line| !line.findings.is_empty()).collect();
    let complaining: Vec<&str> = found.iter().map(|line| line.rule).collect();
    assert_eq!(complaining, rules, "{found:#?}");
}

fn order(facts: &mut Facts) -> &mut OrderFacts {
    facts.orders.get_mut(&ORDER).unwrap()
}

fn stock(facts: &mut Facts) -> &mut StockFacts {
    facts.stocks.get_mut(&TICKET).unwrap()
}

#[test]
fn what_is_right_is_found_right() {
    complain(&[], |_| {});
}

#[test]
fn i1_units_are_counted_anew_from_the_orders() {
    complain(&["I1", "I18", "I21"], |facts| {
        stock(facts).taken.units = 1;
        facts.tickets.get_mut(&TICKET).unwrap().reservation.units = 3;
    });
    complain(&["I1", "I18"], |facts| order(facts).held = 1);
    complain(&["I1", "I18"], |facts| {
        (order(facts).status, order(facts).held) = (OrderStatus::Cancelled, 0);
    });
    complain(&["I1", "I18"], |facts| order(facts).ticket = TicketId(Id::from_bytes([9; 12])));
    complain(&["I1"], |facts| facts.malformed.push(("I1", "stock/x cannot be read".into())));
}

#[test]
fn i1_more_units_than_there_are_is_a_finding_unless_the_seller_took_some_away() {
    complain(&["I1"], |facts| stock(facts).quantity = 1);
    complain(&[], |facts| {
        stock(facts).quantity = 1;
        order(facts).bought_version = 1;
    });
}

#[test]
fn i1_the_holder_is_a_live_order_of_the_ticket() {
    let hold = |facts: &mut Facts, holder| {
        stock(facts).taken.holder = Some(holder);
        facts.tickets.get_mut(&TICKET).unwrap().reservation.holder = Some(holder);
        facts.told.taken.get_mut(&TICKET).unwrap().holder = Some(holder);
    };
    complain(&[], |facts| hold(facts, ORDER));
    complain(&["I1"], |facts| hold(facts, OrderId(Id::from_bytes([9; 12]))));
}

#[test]
fn i1_a_buyers_live_orders_are_counted_anew() {
    complain(&["I1"], |facts| {
        facts.allowances.insert((TICKET, BUYER), 2);
    });
    complain(&["I1"], |facts| facts.allowances.clear());
    let other = UserId(Id::from_bytes([9; 12]));
    complain(&["I1"], |facts| {
        facts.allowances.insert((TICKET, other), 1);
    });
}

#[test]
fn i2_nothing_follows_the_end_of_an_order() {
    use OrderStatus::{Cancelled, Complete};
    let told = |facts: &mut Facts, ended| facts.told.orders.get_mut(&ORDER).unwrap().ended = ended;
    complain(&["I2"], |facts| told(facts, Some((0, Complete))));
    complain(&["I2"], |facts| told(facts, Some((0, Cancelled))));
    complain(&["I2"], |facts| facts.malformed.push(("I2", "order x is odd".into())));
}

#[test]
fn i2_an_order_has_what_its_state_calls_for_and_nothing_else() {
    let price = Money { minor: 1_050, currency: Currency::USD };
    let ticket =
        Bought { id: TICKET, seller: None, title: "Front row".to_owned(), price, version: 0 };
    let placed = Order {
        id: ORDER,
        buyer: BUYER,
        ticket,
        quantity: 2,
        total: Money { minor: 2_100, ..price },
        created_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(60)),
        declined: vec![],
        late: None,
        refund: None,
        dispute: None,
        replaces: None,
        state: State::Created,
    };
    let due = Some(placed.expires_at.as_millis());
    let ended = Order { state: State::Cancelled { by: Ended::Buyer, at: NOW }, ..placed.clone() };
    assert_eq!(rules::malformed(&placed, 0, due), Vec::<String>::new());
    assert_eq!(rules::malformed(&ended, 1, None), Vec::<String>::new());
    let declined = Order { declined: vec![PAYMENT], ..placed.clone() };
    let another = Order { state: State::AwaitingAnother, ..placed.clone() };
    let tried = Order { declined: vec![PAYMENT], ..another.clone() };
    assert_eq!(rules::malformed(&tried, 1, due), Vec::<String>::new());
    let free = Order { quantity: 0, total: Money { minor: 0, ..price }, ..placed.clone() };
    let dear = Order { total: price, ..placed.clone() };
    let late = Order { expires_at: NOW.plus_millis(-1), ..placed.clone() };
    for (order, version, due, said) in [
        (&ended, 0, None, "cannot be where it is at version 0"),
        (&declined, 0, due, "cannot be where it is at version 0"),
        (&another, 1, due, "awaits another payment where there was none"),
        (&ended, 1, due, "has ended and is still to expire"),
        (&placed, 0, None, "would never expire"),
        (&placed, 0, Some(1), "would not expire when it says"),
        (&free, 0, due, "is for no units"),
        (&dear, 0, due, "costs other than its units do"),
        (&late, 0, Some(late.expires_at.as_millis()), "expired before it was placed"),
    ] {
        let found = rules::malformed(order, version, due);
        assert!(found.len() == 1 && found[0].contains(said), "{said}: {found:?}");
    }
}

#[test]
fn i5_a_refund_that_orders_and_payments_tell_otherwise_of_is_found() {
    let half = GivenBack { minor: 1_050, units: 1 };
    complain(&["I18"], |facts| {
        facts.given_back.insert(ORDER, half);
    });
    complain(&["I18"], |facts| order(facts).refund = half);
    complain(&[], |facts| {
        // What is told of a refund follows the end of the order.
        let told = facts.told.orders.get_mut(&ORDER).unwrap();
        told.ended = Some((0, OrderStatus::Complete));
        facts.given_back.insert(ORDER, half);
        order(facts).refund = half;
    });
}

#[test]
fn a_dispute_that_orders_and_payments_tell_otherwise_of_is_found() {
    complain(&["I18"], |facts| _ = facts.disputes.insert(ORDER, DisputeStatus::Open));
    complain(&["I18"], |facts| order(facts).dispute = Some(DisputeStatus::Lost));
    complain(&[], |facts| {
        // What is told of a dispute follows the end of the order.
        facts.told.orders.get_mut(&ORDER).unwrap().ended = Some((0, OrderStatus::Complete));
        facts.disputes.insert(ORDER, DisputeStatus::Won);
        order(facts).dispute = Some(DisputeStatus::Won);
    });
}

#[test]
fn i6_what_the_audit_finds_is_shown() {
    complain(&["I6"], |facts| facts.books.push("I6: the ledger sums to 1 usd".into()));
    complain(&["I6"], |facts| facts.malformed.push(("I6", "payments/x cannot be read".into())));
}

#[test]
fn i9_what_was_never_told_or_told_otherwise_is_found() {
    complain(&["I9", "I21"], |facts| facts.told.tickets.clear());
    complain(&["I9", "I21"], |facts| facts.told.orders.clear());
    complain(&["I9", "I21"], |facts| {
        facts.told.orders.get_mut(&ORDER).unwrap().newest.digest = 9;
    });
    complain(&["I9"], |facts| facts.told.payments.clear());
    complain(&["I9"], |facts| {
        facts.payments.insert(PAYMENT, PaymentStatus::Refunded);
    });
    complain(&[], |facts| {
        facts.payments.insert(PAYMENT, PaymentStatus::Refunding);
    });
    complain(&["I9"], |facts| facts.payments.clear());
    complain(&["I9"], |facts| {
        facts.told.tickets.insert(TicketId(Id::from_bytes([9; 12])), LISTED);
    });
    let lines = report::lines(&sound(), 3);
    let found = lines.iter().flat_map(|line| &line.findings);
    assert!(found.eq(["3 events not published"]), "{lines:?}");
}

#[test]
fn i18_a_copy_that_is_late_or_missing_or_false_is_found() {
    complain(&["I18"], |facts| facts.tickets.get_mut(&TICKET).unwrap().sold = 1);
    complain(&["I9", "I18"], |facts| {
        facts.tickets.get_mut(&TICKET).unwrap().listing.version = 3;
    });
    complain(&["I18", "I21"], |facts| {
        facts.tickets.get_mut(&TICKET).unwrap().reservation.units = 0;
    });
    complain(&["I18"], |facts| facts.payables.clear());
    complain(&["I18", "I21"], |facts| facts.payables.get_mut(&ORDER).unwrap().digest = 9);
    complain(&["I18", "I21"], |facts| {
        facts.sessions.insert("orders", [(BUYER, Copied { digest: 9, ..KNOWN })].into());
    });
    complain(&["I9", "I18"], |facts| facts.tickets.clear());
}

#[test]
fn i21_what_the_outboxes_do_not_rebuild_is_found() {
    complain(&["I21"], |facts| facts.told.taken.clear());
    complain(&["I21"], |facts| facts.told.sessions.clear());
}

#[test]
fn an_event_that_is_set_aside_is_found() {
    complain(&[""], |facts| facts.set_aside.push("orders has set event x aside".into()));
}

#[test]
fn i11_the_newest_of_what_was_told_counts_whatever_its_order() {
    let price = Money { minor: 1_050, currency: Currency::USD };
    let told = |version: u64, status, taken| OrderState {
        id: ORDER,
        user_id: BUYER,
        status,
        expires_at: NOW,
        version,
        ticket: OrderedTicket {
            id: TICKET,
            user_id: None,
            title: "Front row".to_owned(),
            price,
            version: 0,
        },
        quantity: 1,
        total: price,
        stock: Some(StockSnapshot { version: version + 7, taken, holder: None }),
        cancelled_by: None,
        late: None,
        replaces: None,
        refund: None,
        dispute: None,
    };
    let events = [told(0, OrderStatus::Created, 1), told(1, OrderStatus::Cancelled, 0)];
    for events in [&events, &[events[1].clone(), events[0].clone()]] {
        let mut facts = Facts::default();
        events.iter().for_each(|event| facts.told.order(event));
        let OrderTold { newest, status, ended } = facts.told.orders[&ORDER];
        let how = OrderStatus::Cancelled;
        assert_eq!((newest.version, status, ended), (1, how, Some((1, how))));
        assert_eq!(facts.told.taken[&TICKET].units, 0);
    }
}
