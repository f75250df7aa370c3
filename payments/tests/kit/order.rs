//! An order as the orders service tells of it first.

use std::time::Duration;

use common::events::{OrderState, OrderStatus, OrderedTicket};
use common::id::{Ids, OrderId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;

/// Two seats for `buyer`, who has `window` from `now` to pay them.
pub fn placed(ids: &Ids, now: Timestamp, buyer: UserId, window: Duration) -> OrderState {
    let price = Money { minor: 2_050, currency: Currency::USD };
    OrderState {
        id: OrderId(ids.next(now)),
        user_id: buyer,
        status: OrderStatus::Created,
        expires_at: now.plus(window),
        version: 0,
        ticket: OrderedTicket {
            id: TicketId(ids.next(now)),
            user_id: Some(UserId(ids.next(now))),
            title: "A seat".to_owned(),
            price,
            version: 0,
        },
        quantity: 2,
        total: price.times(2).unwrap(),
        stock: None,
        cancelled_by: None,
        late: None,
        replaces: None,
        refund: None,
        dispute: None,
    }
}
