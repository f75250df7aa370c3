//! The books: double entry, append-only (I6).
//!
//! Each movement of money is one entry whose postings sum to zero in each currency. An entry's id
//! is its payment's and its kind, and it is only ever written where there is none: a movement is
//! booked exactly once.
//!
//! | what happened | provider_clearing | order_funds | buyer_refunds |
//! | --- | ---: | ---: | ---: |
//! | captured | + | − | |
//! | to be given back | | + | − |
//! | given back | − | | + |
//!
//! So `provider_clearing` is what the provider holds for us, `order_funds` what is owed for orders,
//! and `buyer_refunds` what is still to be given back.

use std::collections::BTreeMap;

use common::id::PaymentId;
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where money is, or to whom it is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// At the provider.
    ProviderClearing,
    /// For orders that are paid or about to be.
    OrderFunds,
    /// To buyers whose order came to nothing.
    BuyerRefunds,
}

/// What an entry books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The provider took the money.
    Captured,
    /// It is to be given back.
    RefundOwed,
    /// It was given back.
    Refunded,
}

/// A part of an entry: positive is a debit, negative a credit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Which account.
    pub account: Account,
    /// By how much it changes.
    pub amount: Money,
}

/// One movement of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose.
    pub payment: PaymentId,
    /// What it books.
    pub kind: EntryKind,
    /// When this service learned of it.
    pub at: Timestamp,
    /// They sum to zero in each currency.
    pub postings: Vec<Posting>,
}

/// Sums, by account and currency code, in minor units.
pub type Balances = BTreeMap<(Account, &'static str), i128>;

impl Entry {
    /// The entry that books `amount` of `payment`.
    pub fn new(payment: PaymentId, kind: EntryKind, amount: Money, at: Timestamp) -> Self {
        let (debited, credited) = match kind {
            EntryKind::Captured => (Account::ProviderClearing, Account::OrderFunds),
            EntryKind::RefundOwed => (Account::OrderFunds, Account::BuyerRefunds),
            EntryKind::Refunded => (Account::BuyerRefunds, Account::ProviderClearing),
        };
        let credit = Money { minor: -amount.minor, ..amount };
        let postings = vec![
            Posting { account: debited, amount },
            Posting { account: credited, amount: credit },
        ];
        Self { payment, kind, at, postings }
    }

    /// Its id: one for each payment and kind.
    pub fn id(&self) -> String {
        let kind = match self.kind {
            EntryKind::Captured => "captured",
            EntryKind::RefundOwed => "refund_owed",
            EntryKind::Refunded => "refunded",
        };
        format!("{}-{kind}", self.payment)
    }

    /// Whether its postings sum to zero in each currency.
    pub fn balances(&self) -> bool {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for posting in &self.postings {
            *sums.entry(posting.amount.currency.code()).or_default() +=
                i128::from(posting.amount.minor);
        }
        sums.values().all(|sum| *sum == 0)
    }

    /// Adds it to `balances`.
    pub fn post_to(&self, balances: &mut Balances) {
        for posting in &self.postings {
            let key = (posting.account, posting.amount.currency.code());
            *balances.entry(key).or_default() += i128::from(posting.amount.minor);
        }
    }
}
