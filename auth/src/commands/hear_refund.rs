//! A payment has been given back: its buyer is to be written to.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentState;
use common::time::Timestamp;

use super::opening;
use crate::domain::{Letter, News, Opening, Why};

/// Writes the letter that money given back calls for, once; what orders has told of it before, its
/// reason above all, is in it already.
#[derive(Debug, Clone)]
pub struct HearRefund {
    /// The payment since.
    pub payment: PaymentState,
    /// When that happened.
    pub at: Timestamp,
}

impl Command for HearRefund {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![
            Key::of::<Opening>(Opening::ID),
            Key::of::<Letter>(Letter::refunded(self.payment.id)),
            Key::of::<Letter>(Letter::bought(self.payment.order_id)),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let (opening, change) = opening(docs, at.now);
        if !opening.is_news(self.at, at.now) {
            return Ok(change);
        }
        let id = Letter::refunded(self.payment.id);
        if let Some(letter) = docs.get::<Letter>(&id) {
            let letter = letter.value.clone().money_back(self.payment.amount, self.at, at.now);
            // What is more than announced was told of before.
            return Ok(match letter {
                Ok(letter) => change.put(letter),
                Err(_) => change,
            });
        }
        let bought = docs.get::<Letter>(Letter::bought(self.payment.order_id));
        let goods = bought.and_then(|letter| match &letter.value.news {
            News::Bought { goods, .. } => Some(goods.clone()),
            News::Sold { .. } | News::Refunded { .. } => None,
        });
        let news = News::Refunded { goods, amount: self.payment.amount, why: Why::Other };
        Ok(change.put(Letter {
            id,
            to: self.payment.user_id,
            order: self.payment.order_id,
            news,
            at: self.at,
            state: Letter::to_be_sent(at.now),
        }))
    }
}
