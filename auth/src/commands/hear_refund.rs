//! A payment has been given back, or a part of one whose order is complete: its buyer is to be
//! written to.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{PaymentState, PaymentStatus, Returned};
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
            Key::of::<Letter>(self.id()),
            Key::of::<Letter>(Letter::bought(self.payment.order_id)),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let (opening, change) = opening(docs, at.now);
        if !opening.is_news(self.at, at.now) {
            return Ok(change);
        }
        let id = self.id();
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
            News::Sold { .. } | News::Disputed { .. } | News::Refunded { .. } => None,
        });
        let news = match self.returned() {
            Some(Returned { amount, reason, .. }) => {
                let (why, reason) = (Why::Decided, Some(reason.clone()));
                News::Refunded { goods, amount: *amount, why, reason }
            }
            None => {
                let amount = self.payment.amount;
                News::Refunded { goods, amount, why: Why::Other, reason: None }
            }
        };
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

impl HearRefund {
    /// The refund of a complete order's money that was just made; `None` where the order came to
    /// nothing, and all of the money goes back.
    fn returned(&self) -> Option<&Returned> {
        let is_part = self.payment.status != PaymentStatus::Refunded;
        self.payment.returned.as_ref().filter(|_| is_part)
    }

    fn id(&self) -> String {
        match self.returned() {
            Some(returned) => Letter::returned(self.payment.id, returned.part),
            None => Letter::refunded(self.payment.id),
        }
    }
}
