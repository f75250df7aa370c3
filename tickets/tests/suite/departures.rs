//! What becomes of the tickets of a seller who deletes their account.

use std::time::Duration;

use common::bus::Delivery;
use common::events::{Draft, Envelope, Revocation, USERS, UserEvent, UserKind, to_json};
use common::id::{TicketId, UserId};
use common::inbox::{Handled, Inbox};
use common::session::RevocationCopy;
use common::time::Clock;
use common::worker::Reconciler;
use tickets::commands::{ApplyOrder, Create, Versioned};
use tickets::consume::hears;
use tickets::departures::Departures;
use tickets::domain::Search;
use tickets::queries;

use crate::app::App;
use crate::scenes::{NOW, SELLER, STRANGER, listing, stock, ticket};

async fn tell(app: &App, kind: UserKind, user_id: UserId, version: u64) {
    let deleted = kind == UserKind::Deleted;
    let revocation = Revocation { user_id, version, generation: 0, ended: Vec::new(), deleted };
    let Draft { kind, aggregate, version, data, .. } =
        Draft::of(&UserEvent { kind, revocation }).unwrap();
    let (id, subject) = (format!("{aggregate}-{version}"), USERS.to_owned());
    let (kind, trace) = (kind.to_owned(), "test".to_owned());
    let envelope = Envelope { id, subject, kind, aggregate, version, at: NOW, trace, data };
    let (subject, id, body) = (USERS.into(), envelope.id.clone(), to_json(&envelope).unwrap());
    let inbox = Inbox::new(app.engine.clone(), "tickets", hears());
    let delivery = Delivery { token: 0, subject, id, body };
    assert_eq!(inbox.handle(&delivery).await, Handled::Done);
}

async fn look(app: &App) {
    Departures::new(app.engine.clone()).step().await.unwrap();
}

async fn hear(app: &App, ticket: TicketId, version: u64, taken: u32) {
    let heard = ApplyOrder { ticket, stock: stock(version, taken), sale: None };
    app.engine.run(heard, "test").await.unwrap();
}

async fn seen(app: &App, ticket: TicketId) -> Option<Versioned> {
    queries::ticket(&app.engine, ticket).await.unwrap()
}

/// Quantity, and how many of them can be had; `None` where it is withdrawn.
async fn units(app: &App, ticket: TicketId) -> Option<(u32, u32)> {
    let found = seen(app, ticket).await?;
    Some((found.ticket.listing.quantity, found.ticket.available()))
}

async fn pending(app: &App) -> usize {
    let later = app.clock.now().plus(Duration::from_secs(3_600));
    queries::departures(&app.engine, later, 10).await.unwrap().len()
}

#[tokio::test]
async fn what_is_free_is_withdrawn_and_what_is_taken_is_not_sold_again() {
    let app = App::new();
    let free = app.offer(listing(3)).await.ticket.id;
    let sold = app.offer(listing(1)).await.ticket.id;
    let partly = app.offer(listing(5)).await.ticket.id;
    let strangers = Create { seller: STRANGER, listing: listing(2) };
    let strangers = app.engine.run(strangers, "test").await.unwrap().ticket.id;
    hear(&app, sold, 1, 1).await;
    hear(&app, partly, 1, 2).await;

    tell(&app, UserKind::Deleted, SELLER, 3).await;
    look(&app).await;
    assert_eq!(units(&app, free).await, None);
    assert_eq!(units(&app, sold).await, Some((1, 0)));
    assert_eq!(units(&app, partly).await, Some((2, 0)));
    assert_eq!(units(&app, strangers).await, Some((2, 2)));
    let on_sale = queries::tickets(&app.engine, &Search::default(), None, 10).await.unwrap();
    assert_eq!(on_sale.len(), 1);

    hear(&app, partly, 2, 1).await;
    assert_eq!(units(&app, partly).await, Some((1, 0)), "what came back is not on sale");
    let told = seen(&app, partly).await.unwrap();
    assert_eq!(told.ticket.told, told.version, "and others were told so");
    hear(&app, partly, 3, 0).await;
    hear(&app, sold, 2, 0).await;
    assert_eq!((units(&app, partly).await, units(&app, sold).await), (None, None));
}

#[tokio::test]
async fn a_ticket_that_was_on_its_way_when_its_seller_left_goes_a_minute_later() {
    let app = App::new();
    tell(&app, UserKind::Deleted, SELLER, 3).await;
    look(&app).await;
    let late = app.offer(listing(1)).await.ticket.id;
    look(&app).await;
    assert_eq!(units(&app, late).await, Some((1, 1)));
    app.clock.advance(Duration::from_secs(60));
    look(&app).await;
    assert_eq!(units(&app, late).await, None);
    assert_eq!(pending(&app).await, 0, "and that was that");
}

#[tokio::test]
async fn i10_word_of_a_departure_counts_once_and_ends_sessions_here_too() {
    let app = App::new();
    tell(&app, UserKind::Updated, SELLER, 2).await;
    assert_eq!(pending(&app).await, 0, "whoever signs out goes on selling");
    tell(&app, UserKind::Deleted, SELLER, 3).await;
    tell(&app, UserKind::Updated, SELLER, 2).await;
    let copy = app.engine.store().get(&common::session::REVOCATIONS, &SELLER.to_string()).await;
    let copy: RevocationCopy = common::command::read(&copy.unwrap().unwrap()).unwrap();
    assert_eq!((copy.0.version, copy.0.deleted), (3, true));
    look(&app).await;
    app.clock.advance(Duration::from_secs(60));
    look(&app).await;
    tell(&app, UserKind::Deleted, SELLER, 3).await;
    assert_eq!(pending(&app).await, 0);
}

#[test]
fn a_ticket_is_retired_once_for_each_unit_that_comes_free() {
    let sold_out = ticket(2, 2).retire(7, NOW).unwrap();
    assert_eq!((sold_out.told, sold_out.listing.quantity, sold_out.is_offered()), (7, 2, true));
    assert_eq!(sold_out.retire(8, NOW), None);
    let gone = ticket(2, 0).retire(7, NOW).unwrap();
    assert!(!gone.is_offered());
    assert_eq!(gone.retire(8, NOW), None);
}
