//! Every status × command, decided over documents in memory.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

use std::time::Duration;

use common::command::{Change, Command, Docs, Moment, Refusal};
use common::events::{
    DisputeState, DisputeStatus, PaymentState, PaymentStatus, Returned, TicketState,
};
use common::id::{Ids, OrderId, PaymentId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use orders::commands::{
    Cancel, Expire, HearDispute, HearPayment, HearRefund, HearTicket, Place, SeenPrice,
};
use orders::domain::dispute::Standing;
use orders::domain::order::Bought;
use orders::domain::{Allowance, Ended, Late, Listing, Order, State, Stock};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const WINDOW: Duration = Duration::from_secs(900);
const HOLD: Duration = Duration::from_secs(60);

/// A scene: one ticket, one order of it, and the ids they are known by.
struct Scene {
    ids: Ids,
    docs: Docs,
    ticket: TicketId,
    buyer: UserId,
    order: OrderId,
    payment: PaymentId,
}

fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

/// One order in `state` on a ticket of `quantity` units, `taken` of which are in live orders.
fn scene(state: State, quantity: u32) -> Scene {
    let ids = Ids::new(7);
    let (ticket, buyer) = (TicketId(ids.next(NOW)), UserId(ids.next(NOW)));
    let (order, payment) = (OrderId(ids.next(NOW)), PaymentId(ids.next(NOW)));
    let live = !matches!(state, State::Cancelled { .. });
    let seller = UserId(ids.next(NOW));
    let listing = Listing {
        id: ticket,
        seller,
        title: "A concert".into(),
        price: usd(2_000),
        quantity,
        version: 3,
        deleted: false,
    };
    let mut stock = Stock::of(listing);
    if live {
        stock = stock.take(1, order).unwrap();
    }
    let bought = Bought {
        id: ticket,
        seller: Some(seller),
        title: "A concert".into(),
        price: usd(2_000),
        version: 3,
    };
    let placed = Order {
        id: order,
        buyer,
        ticket: bought,
        quantity: 1,
        total: usd(2_000),
        created_at: NOW,
        expires_at: NOW.plus(WINDOW),
        declined: vec![],
        late: None,
        replaces: None,
        refund: None,
        dispute: None,
        state,
    };
    let mut docs = Docs::default().with(4, placed).with(9, stock);
    if live {
        docs = docs.with(0, Allowance { ticket, buyer, live: 1 });
    }
    Scene { ids, docs, ticket, buyer, order, payment }
}

impl Scene {
    fn try_at<C: Command>(&self, command: &C, now: Timestamp) -> Result<Change<C::Reply>, Refusal> {
        command.decide(&self.docs, &Moment { now, ids: &self.ids })
    }

    /// The documents and the kinds of events after a command that must be decided for.
    fn after<C: Command>(&self, command: &C, now: Timestamp) -> (Docs, Vec<&'static str>) {
        let change = self.try_at(command, now).unwrap_or_else(|refusal| panic!("{refusal}"));
        let kinds = change.kinds();
        (self.docs.clone().after(change), kinds)
    }

    fn cancel(&self) -> Cancel {
        Cancel { order: self.order, ticket: self.ticket, buyer: self.buyer }
    }

    fn expire(&self) -> Expire {
        Expire { order: self.order, ticket: self.ticket, buyer: self.buyer }
    }

    fn hear(&self, status: PaymentStatus) -> HearPayment {
        let payment = PaymentState {
            id: self.payment,
            order_id: self.order,
            user_id: self.buyer,
            amount: usd(2_000),
            status,
            version: 0,
            returned: None,
            dispute: None,
        };
        HearPayment { payment, hold: HOLD }
    }

    fn place(&self, quantity: u32) -> Place {
        let buyer = UserId(self.ids.next(NOW));
        Place { buyer, ticket: self.ticket, quantity, seen: None, window: WINDOW, max_live: 10 }
    }

    fn stock<'a>(&self, docs: &'a Docs) -> &'a Stock {
        docs.get::<Stock>(self.ticket).unwrap().value
    }

    fn state<'a>(&self, docs: &'a Docs) -> &'a State {
        &docs.get::<Order>(self.order).unwrap().value.state
    }

    fn awaiting(&self) -> State {
        State::AwaitingPayment { payment: self.payment, held_until: NOW.plus(HOLD) }
    }
}

fn every_state() -> Vec<State> {
    let payment = scene(State::Created, 1).payment;
    vec![
        State::Created,
        State::AwaitingPayment { payment, held_until: NOW.plus(HOLD) },
        State::AwaitingAnother,
        State::Complete { payment, at: NOW },
        State::Cancelled { by: Ended::Buyer, at: NOW },
    ]
}

fn is_live(state: &State) -> bool {
    matches!(state, State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother)
}

/// How far along an order is: no step may take it to a smaller one.
fn rank(state: &State) -> u8 {
    match state {
        State::Created => 0,
        State::AwaitingPayment { .. } | State::AwaitingAnother => 1,
        State::Complete { .. } | State::Cancelled { .. } => 2,
    }
}

#[test]
fn cancel_ends_a_live_order_frees_its_units_and_leaves_every_other_state() {
    for state in every_state() {
        let scene = scene(state.clone(), 1);
        let decided = scene.try_at(&scene.cancel(), NOW);
        match &state {
            State::Complete { .. } => assert!(matches!(decided, Err(Refusal::State(_)))),
            State::Cancelled { .. } => assert_eq!(decided.ok().unwrap().kinds(), [""; 0]),
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {
                let (docs, kinds) = scene.after(&scene.cancel(), NOW);
                assert_eq!(kinds, ["order:cancelled"]);
                assert_eq!(scene.state(&docs), &State::Cancelled { by: Ended::Buyer, at: NOW });
                assert_eq!((scene.stock(&docs).taken, scene.stock(&docs).holder), (0, None));
                assert!(
                    docs.get::<Allowance>(Allowance::id_of(scene.ticket, scene.buyer)).is_none()
                );
                assert_eq!(docs.get::<Order>(scene.order).unwrap().version, 5);
            }
        }
    }
}

#[test]
fn a_stock_that_was_read_after_its_order_gave_its_units_back_is_decided_on_all_the_same() {
    let mut scene = scene(State::Created, 3);
    let newer = Stock { taken: 0, ..scene.stock(&scene.docs).clone() };
    scene.docs = scene.docs.with(10, newer);
    let expired = NOW.plus(WINDOW);
    for (docs, kinds) in [scene.after(&scene.cancel(), NOW), scene.after(&scene.expire(), expired)]
    {
        // The order's version is an old one, so this is decided again, on what is there by then.
        assert_eq!(kinds, ["order:cancelled"]);
        assert_eq!(scene.stock(&docs).taken, 0);
    }
}

#[test]
fn only_its_buyer_cancels_an_order() {
    let scene = scene(State::Created, 1);
    let stranger = Cancel { buyer: UserId(scene.ids.next(NOW)), ..scene.cancel() };
    assert_eq!(scene.try_at(&stranger, NOW).err(), Some(Refusal::NotYours));
    let nothing = Cancel { order: OrderId(scene.ids.next(NOW)), ..scene.cancel() };
    assert_eq!(scene.try_at(&nothing, NOW).err(), Some(Refusal::NotFound));
}

#[test]
fn i13_expiry_is_never_early_and_ends_only_what_is_live() {
    for state in every_state() {
        let scene = scene(state.clone(), 1);
        let due = NOW.plus(WINDOW);
        for (now, ends) in [(due.plus_millis(-1), false), (due, is_live(&state))] {
            let change = scene.try_at(&scene.expire(), now).ok().unwrap();
            assert_eq!(*change.reply(), ends, "{state:?} at {now}");
            let docs = scene.docs.clone().after(change);
            assert_eq!(scene.state(&docs) != &state, ends);
            if ends {
                assert_eq!(scene.stock(&docs).taken, 0);
            }
        }
    }
}

#[test]
fn a_payment_in_flight_holds_the_expiry_off_for_a_bounded_time() {
    let scene = scene(State::Created, 1);
    let last_moment = NOW.plus(WINDOW).plus_millis(-1);
    let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Started), last_moment);
    assert_eq!(kinds, ["order:updated"]);
    let held = Scene { docs, ..scene };
    let until = last_moment.plus(HOLD);
    assert!(!held.try_at(&held.expire(), until.plus_millis(-1)).ok().unwrap().reply());
    assert!(held.try_at(&held.expire(), until).ok().unwrap().reply());
}

#[test]
fn i12_a_captured_payment_completes_whatever_is_live_and_nothing_ends_it_after() {
    for state in every_state().into_iter().filter(is_live) {
        let scene = scene(state, 1);
        let late = NOW.plus(WINDOW).plus(WINDOW);
        let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Captured), late);
        assert_eq!(kinds, ["order:completed"]);
        let paid = Scene { docs, ..scene };
        assert!(!paid.try_at(&paid.expire(), late).ok().unwrap().reply());
        assert!(matches!(paid.try_at(&paid.cancel(), late).err(), Some(Refusal::State(_))));
        assert_eq!(paid.stock(&paid.docs).taken, 1);
    }
}

#[test]
fn i2_a_terminal_order_is_left_by_no_payment() {
    let terminal = every_state().into_iter().filter(|state| !is_live(state));
    for state in terminal {
        let is_cancelled = matches!(state, State::Cancelled { .. });
        let scene = scene(state.clone(), 1);
        for status in [
            PaymentStatus::Started,
            PaymentStatus::Captured,
            PaymentStatus::Declined,
            PaymentStatus::Refunding,
            PaymentStatus::Refunded,
        ] {
            let (docs, kinds) = scene.after(&scene.hear(status), NOW);
            assert_eq!(scene.state(&docs), &state, "{status:?}");
            // A cancelled one says what becomes of the money.
            let says = u64::from(is_cancelled && status == PaymentStatus::Captured);
            assert_eq!(kinds.len() as u64, says, "{status:?}");
            assert_eq!(docs.get::<Order>(scene.order).unwrap().version, 4 + says);
        }
    }
}

#[test]
fn i2_nothing_takes_an_order_back_and_every_change_raises_the_version_by_one() {
    let statuses = [
        PaymentStatus::Started,
        PaymentStatus::Captured,
        PaymentStatus::Declined,
        PaymentStatus::Refunding,
        PaymentStatus::Refunded,
    ];
    for (state, status) in every_state().into_iter().flat_map(|s| statuses.map(|p| (s.clone(), p)))
    {
        let scene = scene(state.clone(), 1);
        let (docs, kinds) = scene.after(&scene.hear(status), NOW);
        let after = docs.get::<Order>(scene.order).unwrap();
        assert!(rank(&after.value.state) >= rank(&state), "{state:?}, {status:?}");
        let raised = u64::from(after.value != scene.docs.get::<Order>(scene.order).unwrap().value);
        assert_eq!((after.version, kinds.len() as u64), (4 + raised, raised), "{status:?}");
    }
}

#[test]
fn i2_a_declined_payment_leaves_the_order_awaiting_another_which_holds_nothing_off() {
    let first = scene(State::Created, 1);
    for state in [State::Created, first.awaiting(), State::AwaitingAnother] {
        let mut scene = scene(state.clone(), 1);
        let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Declined), NOW);
        assert_eq!(kinds, ["order:updated"], "{state:?}");
        assert_eq!(scene.state(&docs), &State::AwaitingAnother);
        scene.docs = docs;
        let due = NOW.plus(WINDOW);
        assert!(!scene.try_at(&scene.expire(), due.plus_millis(-1)).ok().unwrap().reply());
        assert!(scene.try_at(&scene.expire(), due).ok().unwrap().reply());
        // Another payment may come, and holds it off again.
        let mut second = scene.hear(PaymentStatus::Started);
        second.payment.id = PaymentId(scene.ids.next(NOW));
        let (docs, kinds) = scene.after(&second, NOW);
        assert_eq!(kinds, ["order:updated"]);
        assert!(matches!(scene.state(&docs), State::AwaitingPayment { .. }));
    }
}

/// An order whose window has closed, on a ticket of three units of which `taken` are held by
/// others.
fn expired(taken: u32) -> Scene {
    let mut scene = scene(State::Cancelled { by: Ended::Expiry, at: NOW }, 3);
    for _ in 0..taken {
        let (docs, _) = scene.after(&scene.place(1), NOW);
        scene.docs = docs;
    }
    scene
}

fn late(scene: &Scene) -> Option<Late> {
    scene.docs.get::<Order>(scene.order).unwrap().value.late
}

#[test]
fn i14_money_that_comes_after_the_expiry_completes_an_order_in_its_place_once() {
    for taken in [0, 2] {
        let mut scene = expired(taken);
        let place = OrderId(scene.order.0.twin());
        for again in [false, true] {
            let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Captured), NOW);
            let told: &[&str] = if again { &[] } else { &["order:cancelled", "order:completed"] };
            assert_eq!(kinds, told, "{taken}");
            scene.docs = docs;
        }
        let decided = Late { payment: scene.payment, replaced_by: Some(place) };
        assert_eq!(late(&scene), Some(decided));
        assert!(matches!(scene.state(&scene.docs), State::Cancelled { by: Ended::Expiry, .. }));
        let placed = scene.docs.get::<Order>(place).unwrap();
        let before = scene.docs.get::<Order>(scene.order).unwrap().value;
        assert_eq!((placed.version, placed.value.replaces), (0, Some(scene.order)));
        assert!(matches!(placed.value.state, State::Complete { .. }));
        assert_eq!(placed.value.payment(), Some(scene.payment));
        assert_eq!((&placed.value.ticket, placed.value.total), (&before.ticket, before.total));
        assert_eq!(scene.stock(&scene.docs).taken, taken + 1);
        let allowance = Allowance::id_of(scene.ticket, scene.buyer);
        assert_eq!(scene.docs.get::<Allowance>(&allowance).unwrap().value.live, 1);
        // Whoever cancels now hears that it is paid, and another payment's money goes back.
        assert!(matches!(scene.try_at(&scene.cancel(), NOW).err(), Some(Refusal::State(_))));
        let mut other = scene.hear(PaymentStatus::Captured);
        other.payment.id = PaymentId(scene.ids.next(NOW));
        assert_eq!(scene.after(&other, NOW).1, [""; 0]);
    }
}

#[test]
fn i14_late_money_goes_back_where_the_units_are_gone_and_their_holders_are_untouched() {
    let mut scene = expired(3);
    let before = scene.stock(&scene.docs).clone();
    let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Captured), NOW);
    assert_eq!(kinds, ["order:cancelled"]);
    scene.docs = docs;
    assert_eq!(late(&scene), Some(Late { payment: scene.payment, replaced_by: None }));
    assert_eq!(scene.stock(&scene.docs), &before);
    // That they are free again later changes nothing.
    let (docs, _) = scene.after(
        &HearTicket { ticket: TicketState { quantity: 9, version: 9, ..listed(&scene) } },
        NOW,
    );
    scene.docs = docs;
    assert_eq!(scene.after(&scene.hear(PaymentStatus::Captured), NOW).1, [""; 0]);
}

#[test]
fn i14_late_money_for_a_withdrawn_ticket_goes_back() {
    let mut scene = expired(0);
    let gone = TicketState { deleted: true, version: 9, ..listed(&scene) };
    let (docs, _) = scene.after(&HearTicket { ticket: gone }, NOW);
    scene.docs = docs;
    let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Captured), NOW);
    scene.docs = docs;
    assert_eq!(kinds, ["order:cancelled"]);
    assert_eq!(late(&scene).unwrap().replaced_by, None);
}

#[test]
fn i14_what_its_buyer_gave_up_is_never_completed_by_late_money() {
    let by_buyer = State::Cancelled { by: Ended::Buyer, at: NOW };
    let mut given_up = expired(0);
    let (docs, kinds) = given_up.after(&given_up.cancel(), NOW);
    assert_eq!(kinds, ["order:cancelled"], "one that has expired is given up by it");
    given_up.docs = docs;
    assert_eq!(given_up.after(&given_up.cancel(), NOW).1, [""; 0], "once");
    for mut scene in [scene(by_buyer.clone(), 3), given_up] {
        let (docs, kinds) = scene.after(&scene.hear(PaymentStatus::Captured), NOW);
        assert_eq!(kinds, ["order:cancelled"]);
        scene.docs = docs;
        assert_eq!(late(&scene), Some(Late { payment: scene.payment, replaced_by: None }));
        assert_eq!((scene.state(&scene.docs), scene.stock(&scene.docs).taken), (&by_buyer, 0));
        assert!(scene.try_at(&scene.cancel(), NOW).is_ok(), "it is as its buyer wants it");
    }
}

fn listed(scene: &Scene) -> TicketState {
    TicketState {
        id: scene.ticket,
        user_id: scene.buyer,
        title: "A concert".into(),
        price: usd(2_000),
        quantity: 3,
        event: None,
        version: 9,
        deleted: false,
    }
}

#[test]
fn i11_words_of_a_payment_in_any_order_come_to_the_same() {
    let started_last = [PaymentStatus::Declined, PaymentStatus::Started];
    for words in [[PaymentStatus::Started, PaymentStatus::Declined], started_last] {
        let mut scene = scene(State::Created, 1);
        for status in words.into_iter().chain(words) {
            let (docs, _) = scene.after(&scene.hear(status), NOW);
            scene.docs = docs;
        }
        assert_eq!(scene.state(&scene.docs), &State::AwaitingAnother, "{words:?}");
    }
    let mut scene = scene(State::Created, 1);
    for status in [PaymentStatus::Captured, PaymentStatus::Started] {
        let (docs, _) = scene.after(&scene.hear(status), NOW);
        scene.docs = docs;
    }
    assert!(matches!(scene.state(&scene.docs), State::Complete { .. }));
}

#[test]
fn a_declined_payment_does_not_end_another_one() {
    let first = scene(State::Created, 1);
    let awaiting = scene(first.awaiting(), 1);
    let mut other = awaiting.hear(PaymentStatus::Declined);
    other.payment.id = PaymentId(awaiting.ids.next(NOW));
    let (docs, _) = awaiting.after(&other, NOW);
    assert_eq!(awaiting.state(&docs), &awaiting.awaiting());
}

#[test]
fn i1_units_are_sold_until_there_are_none() {
    let mut scene = scene(State::Created, 3);
    for left in [1, 0] {
        let (docs, kinds) = scene.after(&scene.place(1), NOW);
        assert_eq!(kinds, ["order:created"]);
        assert_eq!(scene.stock(&docs).free(), left);
        scene.docs = docs;
    }
    assert!(matches!(scene.try_at(&scene.place(1), NOW).err(), Some(Refusal::State(_))));
}

#[test]
fn more_than_is_left_is_refused_whole() {
    let scene = scene(State::Created, 3);
    let refused = scene.try_at(&scene.place(3), NOW).err();
    assert_eq!(refused, Some(Refusal::field("quantity", "Only 2 tickets are left")));
}

#[test]
fn i15_a_price_that_the_buyer_did_not_see_is_refused() {
    let scene = scene(State::Created, 3);
    let seeing = |thousandths| Place { seen: Some(SeenPrice { thousandths }), ..scene.place(1) };
    assert!(scene.try_at(&seeing(20_000), NOW).is_ok());
    assert!(matches!(scene.try_at(&seeing(20_001), NOW).err(), Some(Refusal::Conflict(_))));
    assert!(matches!(scene.try_at(&seeing(2_000), NOW).err(), Some(Refusal::Conflict(_))));
}

#[test]
fn one_buyer_has_at_most_so_many_live_orders_of_a_ticket() {
    let mut scene = scene(State::Created, 5);
    let again = Place { buyer: scene.buyer, max_live: 2, ..scene.place(1) };
    let (docs, _) = scene.after(&again, NOW);
    scene.docs = docs;
    assert!(matches!(scene.try_at(&again, NOW).err(), Some(Refusal::State(_))));
    let (docs, _) = scene.after(&scene.cancel(), NOW);
    scene.docs = docs;
    assert!(scene.try_at(&again, NOW).is_ok());
}

#[test]
fn i16_a_withdrawn_ticket_cannot_be_ordered_and_its_orders_stay() {
    let mut scene = scene(State::Created, 3);
    let told = |version, deleted, quantity| HearTicket {
        ticket: TicketState {
            id: scene.ticket,
            user_id: scene.buyer,
            title: "Another title".into(),
            price: usd(9_900),
            quantity,
            event: None,
            version,
            deleted,
        },
    };
    // An older word is no news.
    let (docs, _) = scene.after(&told(3, true, 3), NOW);
    assert!(!scene.stock(&docs).listing.deleted);
    // A dearer ticket does not make an existing order dearer.
    let (docs, _) = scene.after(&told(4, false, 3), NOW);
    assert_eq!(docs.get::<Order>(scene.order).unwrap().value.total, usd(2_000));
    assert_eq!((scene.stock(&docs).listing.price, scene.stock(&docs).taken), (usd(9_900), 1));
    let (docs, _) = scene.after(&told(5, true, 3), NOW);
    scene.docs = docs;
    assert_eq!(scene.try_at(&scene.place(1), NOW).err(), Some(Refusal::NotFound));
    let (docs, _) = scene.after(&scene.cancel(), NOW);
    assert_eq!(scene.stock(&docs).taken, 0);
}

fn returned(scene: &Scene, part: u32, minor: i64, units: u32) -> HearRefund {
    let mut payment = scene.hear(PaymentStatus::Captured).payment;
    payment.returned = Some(Returned {
        part,
        amount: usd(1),
        total: usd(minor),
        units,
        reason: format!("reason {part}"),
        at: NOW,
    });
    HearRefund { payment }
}

fn complete(units: u32) -> Scene {
    let payment = scene(State::Created, 1).payment;
    let mut scene = scene(State::Complete { payment, at: NOW }, 3);
    let mut order = scene.docs.get::<Order>(scene.order).unwrap().value.clone();
    order.quantity = units;
    let mut stock = scene.stock(&scene.docs).clone();
    stock.taken = units;
    scene.docs = scene.docs.with(4, order).with(9, stock);
    scene
}

#[test]
fn i1_units_that_go_back_on_sale_do_so_once_however_often_and_in_whichever_order_it_is_heard() {
    let heard = [(1, 500, 0), (2, 900, 1), (3, 2_000, 2)];
    for order in [[0, 1, 2, 2], [2, 1, 0, 2], [1, 1, 0, 2], [0, 2, 0, 1]] {
        let mut scene = complete(2);
        for which in order {
            let (part, minor, units) = heard[which];
            let (docs, kinds) = scene.after(&returned(&scene, part, minor, units), NOW);
            assert!(kinds.len() <= 1 && kinds.iter().all(|kind| *kind == "order:updated"));
            scene.docs = docs;
            let order = scene.docs.get::<Order>(scene.order).unwrap().value;
            assert_eq!(scene.stock(&scene.docs).taken, order.held(), "in one commit");
        }
        assert!(matches!(scene.state(&scene.docs), State::Complete { .. }), "I2");
        let known = scene.docs.get::<Order>(scene.order).unwrap().value;
        let refund = known.refund.as_ref().unwrap();
        assert_eq!((refund.amount, refund.units), (usd(2_000), 2), "{order:?}");
        assert_eq!(refund.reason, "reason 3");
        assert_eq!((scene.stock(&scene.docs).taken, scene.stock(&scene.docs).holder), (0, None));
        let allowance = Allowance::id_of(scene.ticket, scene.buyer);
        assert!(scene.docs.get::<Allowance>(allowance).is_none(), "its buyer may order again");
        let (docs, _) = scene.after(&scene.place(3), NOW);
        assert_eq!(scene.stock(&docs).taken, 3, "all of them can be had again");
    }
}

#[test]
fn i1_more_units_than_an_order_has_never_go_back_and_its_buyer_keeps_what_is_left() {
    let scene = complete(2);
    let (docs, _) = scene.after(&returned(&scene, 1, 500, 1), NOW);
    assert_eq!(scene.stock(&docs).taken, 1);
    assert!(docs.get::<Allowance>(Allowance::id_of(scene.ticket, scene.buyer)).is_some());
    let (docs, _) = scene.after(&returned(&scene, 1, 500, 9), NOW);
    assert_eq!(scene.stock(&docs).taken, 0);
}

#[test]
fn i5_an_order_that_is_not_complete_by_the_payment_is_refunded_by_nothing() {
    for state in every_state() {
        let scene = scene(state.clone(), 1);
        let mut other = returned(&scene, 1, 500, 1);
        other.payment.id = PaymentId(scene.ids.next(NOW));
        assert!(matches!(scene.try_at(&other, NOW).err(), Some(Refusal::Conflict(_))), "{state:?}");
        let is_complete = matches!(state, State::Complete { .. });
        let decided = scene.try_at(&returned(&scene, 1, 500, 1), NOW);
        assert_eq!(decided.is_ok(), is_complete, "{state:?}");
    }
}

#[test]
fn i14_an_order_in_an_expired_ones_place_is_refunded_there() {
    let mut scene = expired(2);
    let (docs, _) = scene.after(&scene.hear(PaymentStatus::Captured), NOW);
    scene.docs = docs;
    let place = OrderId(scene.order.0.twin());
    let (docs, kinds) = scene.after(&returned(&scene, 1, 1_000, 1), NOW);
    assert_eq!(kinds, ["order:updated"]);
    assert_eq!(docs.get::<Order>(place).unwrap().value.held(), 0);
    assert!(docs.get::<Order>(scene.order).unwrap().value.refund.is_none());
    assert_eq!(scene.stock(&docs).taken, 2);
}

fn disputed(scene: &Scene, version: u64, status: DisputeStatus) -> HearDispute {
    let mut payment = scene.hear(PaymentStatus::Captured).payment;
    payment.version = version;
    payment.dispute = Some(DisputeState {
        number: 1,
        status,
        amount: usd(2_000),
        taken: usd(2_000),
        reason: "fraudulent".into(),
        opened_at: NOW,
        closed_at: (status != DisputeStatus::Open).then_some(NOW),
    });
    HearDispute { payment }
}

#[test]
fn i11_the_newest_that_was_told_of_a_dispute_is_what_an_order_says() {
    let heard = [(5, DisputeStatus::Open), (7, DisputeStatus::Lost)];
    for order in [[0, 1, 1], [1, 0, 1], [0, 0, 1]] {
        let mut scene = complete(2);
        for which in order {
            let (version, status) = heard[which];
            let (docs, kinds) = scene.after(&disputed(&scene, version, status), NOW);
            assert!(kinds.len() <= 1 && kinds.iter().all(|kind| *kind == "order:updated"));
            scene.docs = docs;
        }
        let known = scene.docs.get::<Order>(scene.order).unwrap().value;
        assert!(matches!(known.state, State::Complete { .. }), "I2");
        let dispute = known.dispute.as_ref().unwrap();
        assert_eq!((dispute.heard, dispute.standing), (7, Standing::Lost), "{order:?}");
        assert_eq!(scene.stock(&scene.docs).taken, 2, "nobody gives a unit up by it");
    }
}

#[test]
fn an_order_that_is_not_complete_by_the_payment_says_nothing_of_its_dispute() {
    for state in every_state() {
        let is_complete = matches!(state, State::Complete { .. });
        let scene = scene(state.clone(), 1);
        let (docs, kinds) = scene.after(&disputed(&scene, 5, DisputeStatus::Open), NOW);
        assert_eq!(kinds.len(), usize::from(is_complete), "{state:?}");
        let order = docs.get::<Order>(scene.order).unwrap().value;
        assert_eq!(order.dispute.is_some(), is_complete, "{state:?}");
        let mut other = disputed(&scene, 9, DisputeStatus::Open);
        other.payment.id = PaymentId(scene.ids.next(NOW));
        assert_eq!(scene.after(&other, NOW).1, Vec::<String>::new(), "{state:?}");
    }
}
