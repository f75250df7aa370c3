//! What the orders service says, in any order and any number, comes to the same (I10, I11).

use common::command::{Command, Docs, Moment};
use common::events::StockSnapshot;
use common::id::Ids;
use proptest::prelude::*;
use tickets::commands::{ApplyOrder, EditTicket};
use tickets::domain::{Edit, Reservation, Ticket};

use crate::scenes::{NOW, SELLER, TICKET, edit, stock, ticket};

fn hear(docs: Docs, stock: StockSnapshot) -> Docs {
    let ids = Ids::new(9);
    let moment = Moment { now: NOW, ids: &ids };
    let change = ApplyOrder { ticket: TICKET, stock, sale: None };
    let change = change.decide(&docs, &moment).unwrap();
    docs.after(change)
}

fn known(docs: &Docs) -> (u64, Reservation) {
    let stored = docs.get::<Ticket>(TICKET).unwrap();
    (stored.version, stored.value.reservation)
}

/// One snapshot for each version of a stock.
fn history() -> impl Strategy<Value = Vec<StockSnapshot>> {
    prop::collection::vec(0_u32..=50, 1..12)
        .prop_map(|taken| taken.into_iter().zip(0..).map(|(taken, v)| stock(v, taken)).collect())
}

/// A history as it may be delivered: shuffled, with repetitions, each snapshot at least once.
fn deliveries() -> impl Strategy<Value = (Vec<StockSnapshot>, Vec<StockSnapshot>)> {
    history().prop_flat_map(|history| {
        let again = prop::sample::subsequence(history.clone(), 0..=history.len());
        let all = again.prop_map({
            let history = history.clone();
            move |again| [history.clone(), again].concat()
        });
        (Just(history), all.prop_shuffle())
    })
}

proptest! {
    #[test]
    fn the_newest_snapshot_wins_however_they_come((history, delivered) in deliveries()) {
        let newest = history.last().unwrap();
        let docs = delivered.into_iter().fold(Docs::default().with(3, ticket(50, 0)), hear);
        let (_, reservation) = known(&docs);
        let expected = Reservation::heard(newest.version, newest.taken, newest.holder);
        prop_assert_eq!(reservation, expected);
    }

    #[test]
    fn what_is_heard_again_changes_nothing((history, delivered) in deliveries()) {
        let docs = history.into_iter().fold(Docs::default().with(3, ticket(50, 0)), hear);
        let before = known(&docs);
        let after = known(&delivered.into_iter().fold(docs, hear));
        prop_assert_eq!(before, after);
    }

    #[test]
    fn an_edit_in_between_changes_nothing_of_it(
        (history, delivered) in deliveries(),
        at in any::<prop::sample::Index>(),
    ) {
        let (before, after) = delivered.split_at(at.index(delivered.len()));
        let docs = before.iter().cloned().fold(Docs::default().with(3, ticket(50, 0)), hear);
        let ids = Ids::new(9);
        let moment = Moment { now: NOW, ids: &ids };
        let edit = Edit { quantity: Some(60), ..edit() };
        let command = EditTicket { id: TICKET, seller: SELLER, seen: None, edit };
        let change = command.decide(&docs, &moment).unwrap();
        let docs = after.iter().cloned().fold(docs.after(change), hear);
        let newest = history.last().unwrap();
        let stored = docs.get::<Ticket>(TICKET).unwrap();
        prop_assert_eq!(stored.value.reservation.taken, newest.taken);
        prop_assert_eq!(stored.value.available(), 60 - newest.taken);
        prop_assert_eq!(&stored.value.listing.title, "Better seats");
    }
}
