//! An order is complete, or it is decided that its money goes back: its people are to be written
//! to.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{CancelledBy, LateMoney, OrderState, OrderStatus};
use common::id::UserId;
use common::time::Timestamp;

use super::opening;
use crate::domain::{Goods, Letter, News, Opening, State, Why};

/// Writes the letters that an order calls for, each once.
#[derive(Debug, Clone)]
pub struct HearOrder {
    /// The order since.
    pub order: OrderState,
    /// When that happened.
    pub at: Timestamp,
}

impl Command for HearOrder {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<Opening>(Opening::ID)];
        keys.extend(self.letters().into_iter().map(|letter| Key::of::<Letter>(letter.id)));
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let (opening, mut change) = opening(docs, at.now);
        if !opening.is_news(self.at, at.now) {
            return Ok(change);
        }
        for mut letter in self.letters() {
            if docs.get::<Letter>(&letter.id).is_some() {
                continue;
            }
            if matches!(letter.state, State::Waiting { .. }) {
                letter.state = Letter::to_be_sent(at.now);
            }
            change = change.put(letter);
        }
        Ok(change)
    }
}

impl HearOrder {
    /// Whether there is anybody to write to.
    pub fn calls_for_letters(&self) -> bool {
        !self.letters().is_empty()
    }

    fn letters(&self) -> Vec<Letter> {
        let order = &self.order;
        let letter = |id: String, to: UserId, news: News, state: State| Letter {
            id,
            to,
            order: order.id,
            news,
            at: self.at,
            state,
        };
        let goods = || Goods {
            ticket: order.ticket.id,
            title: order.ticket.title.clone(),
            quantity: order.quantity,
            total: order.total,
        };
        let due = Letter::to_be_sent(self.at);
        match (order.status, order.late) {
            (OrderStatus::Complete, _) => {
                let in_place = order.replaces.is_some();
                let bought = News::Bought { goods: goods(), in_place };
                let mut letters =
                    vec![letter(Letter::bought(order.id), order.user_id, bought, due.clone())];
                if let Some(seller) = order.ticket.user_id {
                    let sold = News::Sold { goods: goods() };
                    letters.push(letter(Letter::sold(order.id), seller, sold, due));
                }
                letters
            }
            (OrderStatus::Cancelled, Some(LateMoney { payment, replaced_by: None })) => {
                let why = match order.cancelled_by {
                    Some(CancelledBy::Expiry) => Why::Expired,
                    Some(CancelledBy::Buyer) => Why::Cancelled,
                    None => Why::Other,
                };
                let goods = Some(goods());
                let news = News::Refunded { goods, amount: order.total, why, reason: None };
                vec![letter(Letter::refunded(payment), order.user_id, news, State::Announced)]
            }
            _ => Vec::new(),
        }
    }
}
