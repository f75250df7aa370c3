//! The seller of a complete order, or the operator, gives some or all of it back: the intent, with
//! what is owed in the books, is committed before the provider is asked (intent → call → record).

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::events::PaymentKind;
use common::id::{OrderId, PaymentId, UserId};
use common::money::{BadPrice, Money};

use super::{earned_by, event};
use crate::domain::refund::{Fate, fate};
use crate::domain::{Ask, AskedBy, Entry, NotRefundable, Payable, Payment, Refund};

/// Somebody gives money back.
#[derive(Debug, Clone)]
pub struct GiveBack {
    /// Of which payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// Who: the seller, or the operator where it is nobody.
    pub seller: Option<UserId>,
    /// How much, in thousandths of a major unit: no currency has a smaller minor unit, and the
    /// currency is the payment's to say. All that is left where nothing is said.
    pub thousandths: Option<i64>,
    /// How many of the order's units go back on sale.
    pub units: u32,
    /// Why, in words for the buyer.
    pub reason: String,
}

impl Command for GiveBack {
    /// The refund, which is owed from now on.
    type Reply = Refund;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![
            Key::of::<Payment>(self.payment),
            Key::of::<Payable>(self.order),
            Key::of::<Entry>(Entry::earned_id(self.payment)),
        ]
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<Refund>, Refusal> {
        let before = docs.get::<Payment>(self.payment).ok_or(Refusal::NotFound)?;
        let payable = docs.get::<Payable>(self.order).ok_or(Refusal::NotFound)?.value;
        if self.seller.is_some() && payable.seller != self.seller {
            return Err(Refusal::NotYours);
        }
        if fate(before.value, payable) != Fate::Kept {
            return Err(refused(NotRefundable::NotComplete));
        }
        let ask = Ask {
            amount: self.amount(before.value.amount)?,
            units: self.units,
            reason: self.reason.clone(),
            by: if self.seller.is_some() { AskedBy::Seller } else { AskedBy::Operator },
        };
        // Of orders from before that was kept here nobody knows how many units they have.
        let quantity = payable.item.as_ref().map_or(0, |item| item.quantity);
        let payment = before.value.clone().ask_back(ask, quantity, at.now).map_err(refused)?;
        let asked = payment.refunds.last().ok_or_else(|| refused(NotRefundable::NothingLeft))?;
        let version = before.version;
        let before = payment.asked_back().minor - asked.amount.minor;
        let owed = Entry::part_owed(&payment, asked.amount, before, payable.seller, at.now);
        let change = Change::nothing(asked.clone());
        // No news: it is captured as before. But a commit in doubt is recognised by its event;
        // without one this would be decided again beside it, and more given back than was asked
        // for.
        let change = change.tell(&event(PaymentKind::Captured, &payment, version + 1));
        let change = change.put(owed.of_part(Some(asked.number)));
        // What is owed by its seller was earned first, also where that is learned just now.
        let change = match earned_by(&payment, payable, docs, at.now) {
            Some(earned) => change.put(earned),
            None => change,
        };
        Ok(change.put(payment))
    }
}

impl GiveBack {
    /// How much is asked for, in the currency that was paid.
    fn amount(&self, paid: Money) -> Result<Option<Money>, Refusal> {
        let Some(thousandths) = self.thousandths else { return Ok(None) };
        let per_minor = 10_i64.pow(3_u32.saturating_sub(paid.currency.decimals()));
        if thousandths % per_minor != 0 {
            return Err(Refusal::field("amount", BadPrice::TooPrecise.to_string()));
        }
        Ok(Some(Money { minor: thousandths / per_minor, ..paid }))
    }
}

fn refused(why: NotRefundable) -> Refusal {
    match why {
        NotRefundable::NotComplete
        | NotRefundable::Disputed
        | NotRefundable::NothingLeft
        | NotRefundable::TooOften => Refusal::conflict(why.to_string()),
        NotRefundable::TooMuch(_) => Refusal::field("amount", why.to_string()),
        NotRefundable::TooMany(_) => Refusal::field("units", why.to_string()),
    }
}
