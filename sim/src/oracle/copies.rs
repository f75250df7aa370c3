//! Whether everything has come to rest, and copies equal their originals (I9, I18).

use common::command::{Entity, Key};
use common::events::{OrderStatus, PaymentStatus};
use common::execute::Engine;
use common::id::TicketId;
use orders::domain::Stock;
use payments::domain::OrderStanding;
use tickets::domain::Ticket;

use super::{Oracle, answer, standing, units};

impl Oracle {
    /// What has not come to rest yet, if anything.
    pub fn unsettled(&self) -> Option<String> {
        self.ticket_unsettled()
            .or_else(|| self.order_unsettled())
            .or_else(|| self.payment_unsettled())
    }

    fn ticket_unsettled(&self) -> Option<String> {
        for id in self.tickets() {
            let Some(ticket) = export::<Ticket>(&self.readers.tickets, &id.to_string()) else {
                return Some(format!("ticket {id} is gone"));
            };
            let Some(stock) = export::<Stock>(&self.readers.orders, &id.to_string()) else {
                return Some(format!("orders has not heard of ticket {id}"));
            };
            let (listing, copy) = (&ticket.listing, &stock.listing);
            let is_same = (&listing.title, listing.price, listing.quantity)
                == (&copy.title, copy.price, copy.quantity)
                && copy.deleted != ticket.is_offered()
                && copy.version == ticket.told;
            if !is_same {
                return Some(format!("orders has an old copy of ticket {id}"));
            }
            let bought = self.bought(id);
            if ticket.sold != bought {
                let shown = ticket.sold;
                return Some(format!("{bought} units of ticket {id} are bought, {shown} shown"));
            }
            let live = self.state().live.get(&id).copied().unwrap_or(0);
            let holder = ticket.reservation.holder;
            if (ticket.reservation.taken, holder) != (live, stock.holder) || stock.taken != live {
                let (shown, counted) = (ticket.reservation.taken, stock.taken);
                return Some(format!(
                    "{live} units of ticket {id} are held, {counted} counted, {shown} shown"
                ));
            }
        }
        None
    }

    /// Units of `ticket` in complete orders, without those that went back on sale.
    fn bought(&self, ticket: TicketId) -> u32 {
        let state = self.state();
        let orders = state.orders.values().filter(|placed| placed.order.ticket.id == ticket);
        orders
            .filter(|placed| standing(placed) == OrderStatus::Complete)
            .map(|placed| u32::try_from(units(Some(placed))).unwrap_or(0))
            .sum()
    }

    fn order_unsettled(&self) -> Option<String> {
        let orders: Vec<_> = self.state().orders.values().cloned().collect();
        for placed in orders {
            let (id, status) = (placed.order.id, standing(&placed));
            if !status.is_terminal() {
                return Some(format!("order {id} is {status:?}"));
            }
            let copy = answer(payments::queries::payable(&self.readers.payments, id)).flatten();
            let Some(copy) = copy else {
                return Some(format!("payments has not heard of order {id}"));
            };
            let expected = match status {
                OrderStatus::Complete => OrderStanding::Complete,
                _ => OrderStanding::Cancelled,
            };
            if (copy.version, copy.standing, copy.total)
                != (placed.version, expected, placed.order.total)
            {
                return Some(format!("payments has an old copy of order {id}"));
            }
        }
        None
    }

    fn payment_unsettled(&self) -> Option<String> {
        let payments: Vec<_> =
            self.state().payments.iter().map(|(id, seen)| (*id, *seen)).collect();
        for (id, (_, status)) in payments {
            if matches!(status, PaymentStatus::Started | PaymentStatus::Refunding) {
                return Some(format!("payment {id} is {status:?}"));
            }
            let seen = answer(payments::queries::payment(&self.readers.payments, id)).flatten();
            if seen.is_some_and(|seen| seen.payment.due.is_some()) {
                return Some(format!("payment {id} is still looked after"));
            }
        }
        let unheard = self.state().refund_unheard();
        unheard.map(|payment| format!("orders has not heard of a refund of {payment}"))
    }
}

/// A document as an export shows it.
pub(super) fn export<E: Entity>(engine: &Engine, id: &str) -> Option<E> {
    let key = Key::of::<E>(id);
    let get = engine.store().get(key.collection, &key.id);
    let document = answer(async { Ok(get.await?) }).flatten()?;
    serde_json::from_slice(&document.body).ok()
}
