//! Tickets in each of their states, for the tests of this folder.

use common::events::StockSnapshot;
use common::id::{Id, OrderId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use tickets::domain::{Edit, Listing, Patch, Reservation, State, Ticket};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
pub const SELLER: UserId = UserId(id(1));
pub const STRANGER: UserId = UserId(id(2));
pub const TICKET: TicketId = TicketId(id(3));
pub const ORDER: OrderId = OrderId(id(4));

pub const fn id(last: u8) -> Id {
    Id::from_bytes([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, last])
}

pub fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

pub fn listing(quantity: u32) -> Listing {
    Listing { title: "Concert".into(), description: None, price: usd(2_000), quantity, event: None }
}

pub fn ticket(quantity: u32, taken: u32) -> Ticket {
    let holder = (quantity == 1 && taken == 1).then_some(ORDER);
    let reservation = match taken {
        0 => Reservation::default(),
        _ => Reservation::heard(1, taken, holder),
    };
    Ticket { reservation, ..Ticket::offered(TICKET, SELLER, listing(quantity), NOW) }
}

pub fn withdrawn() -> Ticket {
    Ticket { state: State::Withdrawn { at: NOW }, ..ticket(1, 0) }
}

pub fn edit() -> Edit {
    Edit {
        title: "Better seats".into(),
        price: usd(3_050),
        description: Patch::Keep,
        quantity: None,
        event: Patch::Keep,
    }
}

pub fn stock(version: u64, taken: u32) -> StockSnapshot {
    StockSnapshot { version, taken, holder: (taken == 1).then_some(ORDER) }
}
