//! What the service does about the events it hears: once, twice, out of order, unknown.

use common::bus::Delivery;
use common::events::{Draft, ORDERS};
use common::events::{
    Envelope, OrderEvent, OrderKind, OrderRefund, OrderState, OrderStatus, OrderedTicket,
    StockSnapshot, to_json,
};
use common::id::{OrderId, TicketId};
use common::inbox::{Handled, Inbox, SET_ASIDE};
use common::store::{Order, Query};
use tickets::consume::hears;
use tickets::queries;

use crate::app::App;
use crate::scenes::{NOW, ORDER, STRANGER, TICKET, id, listing, usd};

fn order(ticket: TicketId, version: u64, stock: Option<StockSnapshot>) -> OrderState {
    OrderState {
        id: ORDER,
        user_id: STRANGER,
        status: OrderStatus::Created,
        expires_at: NOW,
        version,
        ticket: OrderedTicket {
            id: ticket,
            user_id: None,
            title: "Concert".into(),
            price: usd(2_000),
            version: 0,
        },
        quantity: 1,
        total: usd(2_000),
        stock,
        cancelled_by: None,
        late: None,
        replaces: None,
        refund: None,
        dispute: None,
    }
}

fn envelope(kind: OrderKind, order: OrderState) -> Envelope {
    let draft = Draft::of(&OrderEvent { kind, order }).unwrap();
    let Draft { subject, kind, aggregate, version, data } = draft;
    let (subject, kind) = (subject.to_owned(), kind.to_owned());
    let id = format!("{aggregate}-{version}");
    Envelope { id, subject, kind, aggregate, version, at: NOW, trace: "test".into(), data }
}

fn delivery(envelope: &Envelope) -> Delivery {
    let body = to_json(envelope).unwrap();
    Delivery { token: 0, subject: ORDERS.into(), id: envelope.id.clone(), body }
}

async fn set_aside(app: &App) -> usize {
    let order = Order { field: None, descending: false };
    let query = Query { collection: &SET_ASIDE, filters: vec![], order, after: None, limit: 10 };
    app.engine.store().find(query).await.unwrap().len()
}

fn stock(version: u64, taken: u32) -> Option<StockSnapshot> {
    Some(StockSnapshot { version, taken, holder: (taken == 1).then_some(ORDER) })
}

#[tokio::test]
async fn units_that_went_back_on_sale_are_not_sold_whatever_is_heard_first() {
    let complete = |ticket, version, taken, returned: u32| {
        let mut order = order(ticket, version, stock(version, taken));
        (order.status, order.quantity) = (OrderStatus::Complete, 3);
        let reason = "The second act is cancelled".to_owned();
        let refund = OrderRefund { amount: usd(100), units: returned, reason, at: NOW };
        order.refund = (returned > 0).then_some(refund);
        let kind = if returned > 0 { OrderKind::Updated } else { OrderKind::Completed };
        envelope(kind, order)
    };
    for heard in [[0, 1, 2, 1], [2, 0, 1, 2], [1, 0, 1, 2]] {
        let app = App::new();
        let ticket = app.offer(listing(5)).await.ticket.id;
        let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
        let told =
            [complete(ticket, 2, 3, 0), complete(ticket, 3, 2, 1), complete(ticket, 4, 0, 3)];
        for which in heard {
            assert_eq!(inbox.handle(&delivery(&told[which])).await, Handled::Done);
        }
        let known = queries::ticket(&app.engine, ticket).await.unwrap().unwrap();
        assert_eq!((known.ticket.sold, known.ticket.available()), (0, 5), "{heard:?}");
    }
}

#[tokio::test]
async fn orders_heard_twice_and_out_of_order_leave_the_newest_word() {
    let app = App::new();
    let ticket = app.offer(listing(1)).await.ticket.id;
    let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
    let created = envelope(OrderKind::Created, order(ticket, 0, stock(1, 1)));
    let cancelled = envelope(OrderKind::Cancelled, order(ticket, 1, stock(2, 0)));

    assert_eq!(inbox.handle(&delivery(&created)).await, Handled::Done);
    let reserved = queries::ticket(&app.engine, ticket).await.unwrap().unwrap();
    assert_eq!((reserved.version, reserved.ticket.available()), (1, 0));
    assert_eq!(reserved.ticket.holder(), Some(ORDER));

    for again in [&cancelled, &created, &created, &cancelled] {
        assert_eq!(inbox.handle(&delivery(again)).await, Handled::Done);
    }
    let freed = queries::ticket(&app.engine, ticket).await.unwrap().unwrap();
    assert_eq!((freed.version, freed.ticket.available()), (2, 1));
    assert_eq!(freed.ticket.holder(), None);
    assert_eq!(set_aside(&app).await, 0);
}

#[tokio::test]
async fn hundreds_of_orders_at_once_come_to_the_newest_word() {
    let app = App::new();
    let ticket = app.offer(listing(1_000)).await.ticket.id;
    let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
    let deliveries: Vec<_> = (1..=600)
        .map(|n| delivery(&envelope(OrderKind::Created, order(ticket, 0, stock(u64::from(n), n)))))
        .collect();
    let all = deliveries.iter().rev().map(|delivery| inbox.handle(delivery));
    for handled in futures_util::future::join_all(all).await {
        assert_eq!(handled, Handled::Done);
    }
    let known = queries::ticket(&app.engine, ticket).await.unwrap().unwrap();
    assert_eq!(known.ticket.available(), 400);
}

#[tokio::test]
async fn what_is_bought_counts_once_whenever_it_is_heard() {
    let app = App::new();
    let ticket = app.offer(listing(5)).await.ticket.id;
    let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
    let complete = |order: OrderState, id, quantity| {
        let order = OrderState { id, quantity, status: OrderStatus::Complete, ..order };
        delivery(&envelope(OrderKind::Completed, order))
    };
    let placed = delivery(&envelope(OrderKind::Created, order(ticket, 0, stock(1, 2))));
    // A sale may be told with a word of the stock that is older than what is known.
    let newer = delivery(&envelope(OrderKind::Created, order(ticket, 0, stock(2, 3))));
    let sold = complete(order(ticket, 2, stock(1, 2)), ORDER, 2);
    let other = complete(order(ticket, 2, stock(2, 3)), OrderId(id(9)), 1);
    for event in [&placed, &newer, &sold, &sold, &other, &placed, &other] {
        assert_eq!(inbox.handle(event).await, Handled::Done);
    }
    let known = queries::ticket(&app.engine, ticket).await.unwrap().unwrap();
    assert_eq!((known.ticket.sold, known.ticket.available()), (3, 2));
    assert_eq!(set_aside(&app).await, 0);
}

#[tokio::test]
async fn an_order_that_moves_on_with_its_units_changes_no_ticket() {
    let app = App::new();
    let ticket = app.offer(listing(1)).await.ticket.id;
    let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
    for kind in [OrderKind::Updated, OrderKind::Completed] {
        let event = delivery(&envelope(kind, order(ticket, 1, None)));
        assert_eq!(inbox.handle(&event).await, Handled::Done);
    }
    assert_eq!(queries::ticket(&app.engine, ticket).await.unwrap().unwrap().version, 0);
}

#[tokio::test]
async fn what_cannot_be_understood_or_applied_is_set_aside() {
    let app = App::new();
    let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
    let lost = envelope(OrderKind::Created, order(TICKET, 0, stock(1, 1)));
    let newer = Envelope { kind: "order:shipped".into(), id: "x-1".into(), ..lost.clone() };
    let mut poison = delivery(&lost);
    poison.id = "x-2".into();
    poison.body = "{".into();
    for strange in [delivery(&lost), delivery(&newer), poison] {
        assert_eq!(inbox.handle(&strange).await, Handled::Done);
    }
    assert_eq!(set_aside(&app).await, 3);
}
