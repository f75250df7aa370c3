//! The provider has said which disputes a payment has: the payment and the books say so in one
//! commit (I6).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId};

use super::{earned_by, event};
use crate::domain::refund::{Fate, fate};
use crate::domain::{Doubts, Entry, Payable, Payment, Standing, State, Told};

/// The provider has said which disputes a payment has.
#[derive(Debug, Clone)]
pub struct RecordDisputes {
    /// Which payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// The doubts because of which the provider was asked. Where there is another one since, or
    /// they are over, the answer may be older than what is known, and is let go.
    pub doubts: Doubts,
    /// All of them, oldest first.
    pub told: Vec<Told>,
}

/// What is news by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct News {
    /// How many disputes were opened.
    pub opened: u64,
    /// How many were won.
    pub won: u64,
    /// How many were lost.
    pub lost: u64,
}

impl Command for RecordDisputes {
    /// What is news by it.
    type Reply = News;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![
            Key::of::<Payment>(self.payment),
            Key::of::<Payable>(self.order),
            Key::of::<Entry>(Entry::earned_id(self.payment)),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<News>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let (version, before) = (before.version + 1, before.value);
        if before.doubts != self.doubts || !before.doubts.are_open() {
            return Ok(Change::nothing(News::default()));
        }
        let payable = docs.get::<Payable>(self.order).map(|payable| payable.value);
        let is_kept = payable.is_some_and(|payable| fate(before, payable) == Fate::Kept);
        let is_sale = is_kept && matches!(before.state, State::Captured { .. });
        let seller = payable.and_then(|payable| payable.seller);
        let sold = is_sale.then_some(seller.is_some());
        let (payment, moves) = before.clone().disputed(&self.told, sold, at.now);
        let mut change = Change::nothing(news(before, &payment));
        let told = event(PaymentKind::Disputed, &payment, version);
        if told.payment.dispute != before.disputes.last().map(super::dispute) {
            change = change.tell(&told);
        }
        for moved in &moves {
            change = change.put(Entry::of_dispute(&payment, moved, seller));
        }
        // What is taken from its seller was earned first, also where that is learned just now.
        let earned = payable.and_then(|payable| earned_by(&payment, payable, docs, at.now));
        if let Some(earned) = earned {
            change = change.put(earned);
        }
        Ok(change.put(payment))
    }
}

fn news(before: &Payment, after: &Payment) -> News {
    let many = |payment: &Payment, standing: Standing| {
        let disputes = payment.disputes.iter();
        disputes.filter(|dispute| dispute.standing == standing).count() as u64
    };
    let more = |standing| many(after, standing).saturating_sub(many(before, standing));
    News {
        opened: (after.disputes.len() - before.disputes.len()) as u64,
        won: more(Standing::Won),
        lost: more(Standing::Lost),
    }
}
