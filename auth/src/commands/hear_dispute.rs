//! A buyer's bank takes the money of a complete order back, or has decided about that: its seller
//! is to be written to, who has something to say about it.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::{DisputeStatus, OrderState};
use common::time::Timestamp;

use super::opening;
use crate::domain::{Goods, Letter, News, Opening, Standing};

/// Writes the letter that a dispute calls for, once for each step.
#[derive(Debug, Clone)]
pub struct HearDispute {
    /// The order since. It may tell of something else, and of the dispute as it was before.
    pub order: OrderState,
}

impl Command for HearDispute {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<Opening>(Opening::ID)];
        keys.extend(self.letter().map(|(letter, _)| Key::of::<Letter>(letter.id)));
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let (opening, change) = opening(docs, at.now);
        let Some((letter, happened_at)) = self.letter() else { return Ok(change) };
        let is_known = docs.get::<Letter>(&letter.id).is_some();
        if is_known || !opening.is_news(happened_at, at.now) {
            return Ok(change);
        }
        Ok(change.put(Letter { state: Letter::to_be_sent(at.now), ..letter }))
    }
}

impl HearDispute {
    /// Whether there is anybody to write to.
    pub fn calls_for_letter(&self) -> bool {
        self.letter().is_some()
    }

    /// The letter, and when what it tells happened.
    fn letter(&self) -> Option<(Letter, Timestamp)> {
        let order = &self.order;
        let (dispute, to) = (order.dispute.as_ref()?, order.ticket.user_id?);
        let happened_at = dispute.closed_at.unwrap_or(dispute.opened_at);
        let goods = Goods {
            ticket: order.ticket.id,
            title: order.ticket.title.clone(),
            quantity: order.quantity,
            total: order.total,
        };
        let standing = match dispute.status {
            DisputeStatus::Open => Standing::Open,
            DisputeStatus::Won => Standing::Won,
            DisputeStatus::Lost => Standing::Lost,
        };
        let news = News::Disputed {
            goods,
            amount: dispute.amount,
            standing,
            reason: dispute.reason.clone(),
        };
        let is_open = standing == Standing::Open;
        let letter = Letter {
            id: Letter::disputed(order.id, dispute.number, is_open),
            to,
            order: order.id,
            news,
            at: happened_at,
            state: Letter::to_be_sent(happened_at),
        };
        Some((letter, happened_at))
    }
}
