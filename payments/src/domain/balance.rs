//! What a seller has earned, what was taken from it, and what they are still to be paid.

use std::collections::BTreeMap;

use common::money::{Currency, Money};

use super::ledger::{Account, Entry, EntryKind};

/// A seller's balance in one currency, in minor units: `earned` − `fees` − `refunded` − `disputed`
/// − `paid_out` is `payable`. Less than nothing is payable where more was given back, or taken by
/// buyers' banks, than was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// What it is in.
    pub currency: Currency,
    /// What buyers paid for orders that are complete.
    pub earned: i64,
    /// What the platform has kept of it.
    pub fees: i64,
    /// What was given back of it.
    pub refunded: i64,
    /// What buyers' banks took back of it.
    pub disputed: i64,
    /// What was paid out of it.
    pub paid_out: i64,
    /// What is left of it.
    pub payable: i64,
}

/// A seller's balances, by the code of their currency.
pub type SellerBalances = BTreeMap<&'static str, Balance>;

impl Balance {
    /// Nothing, in this currency.
    pub fn nothing(currency: Currency) -> Self {
        Self { currency, earned: 0, fees: 0, refunded: 0, disputed: 0, paid_out: 0, payable: 0 }
    }

    /// An amount of its currency.
    pub fn money(&self, minor: i64) -> Money {
        Money { minor, currency: self.currency }
    }

    /// Adds an entry that books something of its seller's.
    pub fn add(&mut self, entry: &Entry) {
        let credited = |account| -entry.posted(account);
        if entry.kind == EntryKind::Earned {
            self.earned += credited(Account::SellerPayable) + credited(Account::PlatformFee);
        }
        self.fees += credited(Account::PlatformFee);
        self.refunded += credited(Account::BuyerRefunds);
        self.disputed += credited(Account::ProviderClearing);
        self.paid_out += credited(Account::PaidOut);
        self.payable += credited(Account::SellerPayable);
    }
}

/// Adds an entry to the balances of its seller.
pub fn add(balances: &mut SellerBalances, entry: &Entry) {
    if let Some(currency) = entry.currency() {
        let balance = balances.entry(currency.code());
        balance.or_insert_with(|| Balance::nothing(currency)).add(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sale;
    use common::id::{Id, OrderId, PaymentId, UserId};
    use common::time::Timestamp;

    #[test]
    fn what_is_payable_is_what_was_earned_less_what_was_taken() {
        let (seller, at) = (UserId(Id::from_bytes([2; 12])), Timestamp::from_millis(0));
        let payment = PaymentId(Id::from_bytes([1; 12]));
        let money = |minor, code: &str| Money { minor, currency: code.parse().unwrap() };
        let order = OrderId(Id::from_bytes([3; 12]));
        let sale = |fee: &str| Sale {
            order,
            ticket: None,
            title: String::new(),
            quantity: 1,
            fee: fee.parse().unwrap(),
        };
        let mut balances = SellerBalances::new();
        for entry in [
            Entry::earned(payment, money(10_000, "usd"), seller, sale("10%"), at),
            Entry::earned(payment, money(300, "jpy"), seller, sale("0"), at),
            Entry::paid_out(seller, money(4_000, "usd"), "a".into(), at),
        ] {
            add(&mut balances, &entry);
        }
        let usd = balances["usd"];
        assert_eq!((usd.earned, usd.fees, usd.paid_out), (10_000, 1_000, 4_000));
        assert_eq!(usd.payable, usd.earned - usd.fees - usd.refunded - usd.disputed - usd.paid_out);
        assert_eq!((balances["jpy"].earned, balances["jpy"].payable), (300, 300));
    }
}
