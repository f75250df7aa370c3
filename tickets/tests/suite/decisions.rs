//! Every state of a ticket with everything that can happen to it.

use common::command::{Change, Command, Docs, Moment, Refusal};
use common::id::Ids;
use tickets::commands::{ApplyOrder, Create, EditTicket, Withdraw};
use tickets::domain::{Edit, Patch, Show, Ticket};

use crate::scenes::{NOW, SELLER, STRANGER, TICKET, edit, listing, stock, ticket, usd, withdrawn};

/// The version of every ticket in these scenes.
const VERSION: u64 = 7;

fn decide<C: Command>(command: &C, docs: &Docs) -> Result<Change<C::Reply>, Refusal> {
    command.decide(docs, &Moment { now: NOW, ids: &Ids::new(9) })
}

fn edit_by(seller: common::id::UserId, edit: Edit) -> EditTicket {
    EditTicket { id: TICKET, seller, seen: None, edit }
}

fn withdraw_by(seller: common::id::UserId) -> Withdraw {
    Withdraw { id: TICKET, seller, seen: None }
}

/// Each state by name; `None` is a ticket that never was.
fn states() -> Vec<(&'static str, Option<Ticket>)> {
    vec![
        ("unknown", None),
        ("one, free", Some(ticket(1, 0))),
        ("one, reserved", Some(ticket(1, 1))),
        ("many, free", Some(ticket(5, 0))),
        ("many, some taken", Some(ticket(5, 2))),
        ("many, sold out", Some(ticket(5, 5))),
        ("many, overtaken by orders", Some(ticket(5, 6))),
        ("withdrawn", Some(withdrawn())),
    ]
}

fn docs(ticket: Option<Ticket>) -> Docs {
    match ticket {
        Some(ticket) => Docs::default().with(VERSION, ticket),
        None => Docs::default(),
    }
}

/// What a decision came to, in one word.
fn outcome<R>(decided: &Result<Change<R>, Refusal>) -> String {
    match decided {
        Ok(change) => change.kinds().first().copied().unwrap_or("nothing told").to_owned(),
        Err(Refusal::NotFound) => "not found".into(),
        Err(Refusal::NotYours) => "not yours".into(),
        Err(Refusal::Stale) => "stale".into(),
        Err(Refusal::State(_)) => "state".into(),
        Err(Refusal::Conflict(_)) => "conflict".into(),
        Err(Refusal::Invalid(faults)) => {
            format!("invalid {}", faults[0].field.as_deref().unwrap_or_default())
        }
        Err(other) => format!("{other:?}"),
    }
}

#[track_caller]
fn every_state<C: Command>(what: &str, command: &C, expected: [&str; 8]) {
    for ((state, ticket), expected) in states().into_iter().zip(expected) {
        let decided = decide(command, &docs(ticket));
        assert_eq!(outcome(&decided), expected, "{what} × {state}");
    }
}

#[test]
fn each_state_meets_each_command_as_promised() {
    let updated = "ticket:updated";
    every_state(
        "edit",
        &edit_by(SELLER, edit()),
        ["not found", updated, "state", updated, updated, updated, updated, "not found"],
    );
    every_state(
        "edit to 3 units",
        &edit_by(SELLER, Edit { quantity: Some(3), ..edit() }),
        [
            "not found",
            updated,
            "state",
            updated,
            updated,
            "invalid quantity",
            "invalid quantity",
            "not found",
        ],
    );
    let mine = "not yours";
    every_state(
        "edit by a stranger",
        &edit_by(STRANGER, edit()),
        ["not found", mine, mine, mine, mine, mine, mine, "not found"],
    );
    every_state(
        "edit of what was seen earlier",
        &EditTicket { seen: Some(VERSION - 1), ..edit_by(SELLER, edit()) },
        ["not found", "stale", "stale", "stale", "stale", "stale", "stale", "not found"],
    );
    let (deleted, taken) = ("ticket:deleted", "conflict");
    every_state(
        "withdraw",
        &withdraw_by(SELLER),
        ["not found", deleted, taken, deleted, taken, taken, taken, "not found"],
    );
    every_state(
        "withdraw by a stranger",
        &withdraw_by(STRANGER),
        ["not found", mine, mine, mine, mine, mine, mine, "not found"],
    );
    let quiet = "nothing told";
    every_state(
        "hear of an order",
        &ApplyOrder { ticket: TICKET, stock: stock(2, 1), sale: None },
        ["not found", quiet, quiet, quiet, quiet, quiet, quiet, quiet],
    );
}

#[test]
fn a_new_ticket_is_on_sale_and_told_at_version_0() {
    let decided = decide(&Create { seller: SELLER, listing: listing(1) }, &Docs::default());
    let change = decided.unwrap();
    assert_eq!(change.kinds(), ["ticket:created"]);
    let new = change.reply().clone();
    assert_eq!((new.version, new.ticket.available()), (0, 1));
    assert!(new.ticket.is_on_sale());
    assert_eq!(new.ticket.holder(), None);
}

#[test]
fn an_edit_raises_the_version_by_one_and_keeps_what_it_does_not_name() {
    let mut before = ticket(5, 2);
    before.listing.description = Some("front row".into());
    before.listing.event =
        Some(Show { name: "Tour".into(), venue: None, starts_at: None, time_zone: None });
    let docs = docs(Some(before.clone()));
    let kept = decide(&edit_by(SELLER, edit()), &docs).unwrap().reply().clone();
    assert_eq!(kept.version, VERSION + 1);
    assert_eq!(kept.ticket.told, VERSION + 1);
    assert_eq!(kept.ticket.listing.description, before.listing.description);
    assert_eq!(kept.ticket.listing.event, before.listing.event);
    assert_eq!((kept.ticket.listing.quantity, kept.ticket.reservation.taken), (5, 2));
    assert_eq!(kept.ticket.listing.price, usd(3_050));

    let bare = Edit { description: Patch::Clear, event: Patch::Clear, ..edit() };
    let cleared = decide(&edit_by(SELLER, bare), &docs).unwrap().reply().clone();
    assert_eq!((cleared.ticket.listing.description, cleared.ticket.listing.event), (None, None));
}

#[test]
fn an_edit_of_what_was_just_seen_goes_through() {
    let docs = docs(Some(ticket(1, 0)));
    let command = EditTicket { seen: Some(VERSION), ..edit_by(SELLER, edit()) };
    assert_eq!(outcome(&decide(&command, &docs)), "ticket:updated");
}

#[test]
fn the_currency_stays_what_it_was() {
    let price = common::money::Money { minor: 900, currency: "eur".parse().unwrap() };
    let command = edit_by(SELLER, Edit { price, ..edit() });
    assert_eq!(outcome(&decide(&command, &docs(Some(ticket(1, 0))))), "invalid currency");
}

#[test]
fn a_reserved_ticket_can_be_edited_and_withdrawn_once_it_is_free_again() {
    let reserved = docs(Some(ticket(1, 1)));
    let freed =
        decide(&ApplyOrder { ticket: TICKET, stock: stock(2, 0), sale: None }, &reserved).unwrap();
    let docs = reserved.after(freed);
    assert_eq!(outcome(&decide(&edit_by(SELLER, edit()), &docs)), "ticket:updated");
    assert_eq!(outcome(&decide(&withdraw_by(SELLER), &docs)), "ticket:deleted");
}

#[test]
fn a_withdrawn_ticket_still_learns_who_had_it() {
    let docs = docs(Some(withdrawn()));
    let heard =
        decide(&ApplyOrder { ticket: TICKET, stock: stock(2, 1), sale: None }, &docs).unwrap();
    let docs = docs.after(heard);
    let after = docs.get::<Ticket>(TICKET).unwrap();
    assert_eq!(after.value.reservation.taken, 1);
    assert!(!after.value.is_on_sale());
    assert_eq!(outcome(&decide(&withdraw_by(SELLER), &docs)), "not found");
}
