//! The operator has paid a seller: the books say so, once for each reference.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::UserId;
use common::money::Money;

use crate::domain::{Account, Entry, PaidTo};

/// The operator has paid a seller.
#[derive(Debug, Clone)]
pub struct RecordPayout {
    /// Whom.
    pub seller: UserId,
    /// How much.
    pub amount: Money,
    /// The operator's name for it. The same one again is the same payout.
    pub reference: String,
    /// What the seller has earned in that currency and was not given back, whatever of it was paid
    /// out before.
    pub credited: i64,
}

impl Command for RecordPayout {
    /// The entry that books it, and whether it is news.
    type Reply = (Entry, bool);

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let paid_to = PaidTo::id_of(self.seller, self.amount.currency);
        let entry = Entry::paid_out_id(&self.reference);
        vec![Key::of::<Entry>(entry), Key::of::<PaidTo>(paid_to)]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<(Entry, bool)>, Refusal> {
        let Self { seller, amount, reference, credited } = self;
        if let Some(known) = docs.get::<Entry>(Entry::paid_out_id(reference)) {
            return self.again(known.value);
        }
        let paid_to = docs.get::<PaidTo>(PaidTo::id_of(*seller, amount.currency));
        let before = paid_to.map_or(0, |known| known.value.total);
        let left = credited.saturating_sub(before);
        if amount.minor > left {
            let left = Money { minor: left.max(0), ..*amount };
            return Err(Refusal::conflict(format!("only {left} is payable to {seller}")));
        }
        let total = before.saturating_add(amount.minor);
        let paid_to = PaidTo { seller: *seller, currency: amount.currency, total };
        let entry = Entry::paid_out(*seller, *amount, reference.clone(), at.now);
        Ok(Change::nothing((entry.clone(), true)).put(paid_to).put(entry))
    }
}

impl RecordPayout {
    /// The payout under this reference is there already.
    fn again(&self, known: &Entry) -> Result<Change<(Entry, bool)>, Refusal> {
        let paid = Money { minor: known.posted(Account::SellerPayable), ..self.amount };
        let is_same = known.seller == Some(self.seller)
            && known.currency() == Some(self.amount.currency)
            && paid == self.amount;
        if is_same {
            return Ok(Change::nothing((known.clone(), false)));
        }
        let reference = &self.reference;
        Err(Refusal::conflict(format!("the reference {reference} is another payout's")))
    }
}
