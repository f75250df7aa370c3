//! The books: double entry, append-only (I6).
//!
//! Each movement of money is one entry whose postings sum to zero in each currency. An entry's id
//! says what it books, and it is only ever written where there is none: a movement is booked
//! exactly once.
//!
//! | what happened | provider_clearing | order_funds | buyer_refunds | seller_payable | platform_fee | paid_out |
//! | --- | ---: | ---: | ---: | ---: | ---: | ---: |
//! | captured | + | − | | | | |
//! | earned: its order is complete | | + | | − | − | |
//! | to be given back | | + | − | | | |
//! | given back | − | | + | | | |
//! | to be given back, of a complete order | | | − | + | + | |
//! | paid out to the seller | | | | + | | − |
//!
//! What a buyer's bank takes back is told in [`super::dispute`].
//!
//! So `provider_clearing` is what came through the provider and did not go back, `order_funds` what
//! is held for orders of which it is not known yet whether they complete, `buyer_refunds` what is
//! still to be given back, `seller_payable` what sellers are still to be paid, `platform_fee` what
//! the platform has kept, and `paid_out` what sellers have been paid: out of the operator's bank
//! account, which is where the provider's money goes, so that it is no less at the provider.

use std::collections::BTreeMap;

use common::id::{OrderId, PaymentId, TicketId, UserId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::fee::Fee;
use super::payment::Payment;

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
    /// To sellers, for orders that are complete.
    SellerPayable,
    /// The platform's own.
    PlatformFee,
    /// With sellers.
    PaidOut,
    /// What disputes have cost the platform.
    DisputeCosts,
}

/// What an entry books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The provider took the money.
    Captured,
    /// The order is complete by it: it is the seller's, but for the platform's fee.
    Earned,
    /// It is to be given back.
    RefundOwed,
    /// It was given back.
    Refunded,
    /// The seller was paid.
    PaidOut,
    /// The buyer's bank took money back.
    Disputed,
    /// The bank gave it back again.
    Reinstated,
    /// The provider charged for a dispute.
    DisputeFee,
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
    /// Whose; `None` where it is of no one payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentId>,
    /// What it books.
    pub kind: EntryKind,
    /// Which of the refunds that were asked for it books, or which movement by a dispute, if it is
    /// one of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// When this service learned of it.
    pub at: Timestamp,
    /// They sum to zero in each currency.
    pub postings: Vec<Posting>,
    /// The seller whose balance it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<UserId>,
    /// What was sold, where that was earned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale: Option<Sale>,
    /// The operator's name for it, where the seller was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What was sold, as its buyer saw it, and what the platform kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The order that is complete.
    pub order: OrderId,
    /// Whose units; `None` in copies of orders from before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// Its title.
    pub title: String,
    /// How many units.
    pub quantity: u32,
    /// The fee that was in force.
    pub fee: Fee,
}

/// Sums, by account and currency code, in minor units.
pub type Balances = BTreeMap<(Account, &'static str), i128>;

impl Entry {
    /// The entry that books `amount` of `payment`, all of it from one account to another.
    pub fn new(payment: PaymentId, kind: EntryKind, amount: Money, at: Timestamp) -> Self {
        let (debited, credited) = match kind {
            EntryKind::Captured => (Account::ProviderClearing, Account::OrderFunds),
            EntryKind::Earned => (Account::OrderFunds, Account::SellerPayable),
            EntryKind::RefundOwed => (Account::OrderFunds, Account::BuyerRefunds),
            EntryKind::Refunded => (Account::BuyerRefunds, Account::ProviderClearing),
            EntryKind::PaidOut => (Account::SellerPayable, Account::PaidOut),
            EntryKind::Disputed => (Account::SellerPayable, Account::ProviderClearing),
            EntryKind::Reinstated => (Account::ProviderClearing, Account::SellerPayable),
            EntryKind::DisputeFee => (Account::DisputeCosts, Account::ProviderClearing),
        };
        let postings =
            vec![posting(debited, amount.minor, amount), posting(credited, -amount.minor, amount)];
        let payment = Some(payment);
        Self { payment, kind, part: None, at, postings, seller: None, sale: None, reference: None }
    }

    /// It, about one of the refunds that were asked for.
    #[must_use]
    pub fn of_part(self, part: Option<u32>) -> Self {
        Self { part, ..self }
    }

    /// The entry that books that `amount` of a complete order's money is to be given back, after
    /// `before` in minor units: its seller owes it, and the platform its share of the fee. The
    /// shares of all parts sum to the whole fee once all of the money is given back. `seller` is
    /// missing where nobody has earned it: then it is in the orders' funds still.
    pub fn part_owed(
        payment: &Payment,
        amount: Money,
        before: i64,
        seller: Option<UserId>,
        at: Timestamp,
    ) -> Self {
        let whole = Self::new(payment.id, EntryKind::RefundOwed, amount, at);
        if seller.is_none() {
            return whole;
        }
        let from_fee = payment.fee_share(before + amount.minor) - payment.fee_share(before);
        let mut postings = vec![
            posting(Account::SellerPayable, amount.minor - from_fee, amount),
            posting(Account::BuyerRefunds, -amount.minor, amount),
        ];
        if from_fee != 0 {
            postings.push(posting(Account::PlatformFee, from_fee, amount));
        }
        Self { postings, seller, ..whole }
    }

    /// The entry that books what `seller` and the platform have earned by `payment`.
    pub fn earned(
        payment: PaymentId,
        total: Money,
        seller: UserId,
        sale: Sale,
        at: Timestamp,
    ) -> Self {
        let fee = sale.fee.of(total).minor;
        let mut postings = vec![
            posting(Account::OrderFunds, total.minor, total),
            posting(Account::SellerPayable, fee - total.minor, total),
        ];
        if fee != 0 {
            postings.push(posting(Account::PlatformFee, -fee, total));
        }
        let all = Self::new(payment, EntryKind::Earned, total, at);
        Self { postings, seller: Some(seller), sale: Some(sale), ..all }
    }

    /// The entry that books that `seller` was paid, under the operator's `reference`.
    pub fn paid_out(seller: UserId, amount: Money, reference: String, at: Timestamp) -> Self {
        let postings = vec![
            posting(Account::SellerPayable, amount.minor, amount),
            posting(Account::PaidOut, -amount.minor, amount),
        ];
        let (kind, reference) = (EntryKind::PaidOut, Some(reference));
        let seller = Some(seller);
        Self { payment: None, kind, part: None, at, postings, seller, sale: None, reference }
    }

    /// Its id: one for each payment and kind, for each of its refunds that were asked for and each
    /// movement by a dispute, or for each reference.
    pub fn id(&self) -> String {
        let kind = match self.kind {
            EntryKind::Captured => "captured",
            EntryKind::Earned => "earned",
            EntryKind::RefundOwed => "refund_owed",
            EntryKind::Refunded => "refunded",
            EntryKind::PaidOut => "paid_out",
            EntryKind::Disputed => "disputed",
            EntryKind::Reinstated => "reinstated",
            EntryKind::DisputeFee => "dispute_fee",
        };
        match (&self.payment, &self.reference) {
            (Some(payment), _) => match self.part {
                Some(part) => format!("{payment}-{kind}-{part}"),
                None => format!("{payment}-{kind}"),
            },
            (None, reference) => format!("{kind}-{}", reference.as_deref().unwrap_or_default()),
        }
    }

    /// The id of the entry that books what was earned by `payment`.
    pub fn earned_id(payment: PaymentId) -> String {
        format!("{payment}-earned")
    }

    /// The id of the entry that books a payout.
    pub fn paid_out_id(reference: &str) -> String {
        format!("paid_out-{reference}")
    }

    /// By how much it changes an account, in minor units.
    pub fn posted(&self, account: Account) -> i64 {
        let on = self.postings.iter().filter(|posting| posting.account == account);
        on.map(|posting| posting.amount.minor).sum()
    }

    /// What it is in: an entry books one amount.
    pub fn currency(&self) -> Option<Currency> {
        self.postings.first().map(|posting| posting.amount.currency)
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

fn posting(account: Account, minor: i64, like: Money) -> Posting {
    Posting { account, amount: Money { minor, ..like } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::id::Id;

    const PAYMENT: PaymentId = PaymentId(Id::from_bytes([1; 12]));
    const SELLER: UserId = UserId(Id::from_bytes([2; 12]));
    const AT: Timestamp = Timestamp::from_millis(0);

    fn sale(fee: &str) -> Sale {
        let order = OrderId(Id::from_bytes([3; 12]));
        Sale { order, ticket: None, title: "A seat".into(), quantity: 2, fee: fee.parse().unwrap() }
    }

    fn money(minor: i64) -> Money {
        Money { minor, currency: Currency::USD }
    }

    #[test]
    fn what_is_earned_is_the_sellers_but_for_the_fee() {
        let entry = Entry::earned(PAYMENT, money(4_100), SELLER, sale("2.5%+0.30"), AT);
        assert!(entry.balances());
        assert_eq!(entry.posted(Account::OrderFunds), 4_100);
        assert_eq!(entry.posted(Account::SellerPayable), -3_967);
        assert_eq!(entry.posted(Account::PlatformFee), -133);
        assert_eq!(entry.id(), Entry::earned_id(PAYMENT));
        let free = Entry::earned(PAYMENT, money(4_100), SELLER, sale("0"), AT);
        assert!(free.balances());
        assert_eq!(free.postings.len(), 2, "nothing is posted where no fee is kept");
    }

    #[test]
    fn a_payout_is_named_by_its_reference_and_an_entry_of_before_is_read() {
        let entry = Entry::paid_out(SELLER, money(500), "week 3".into(), AT);
        assert!(entry.balances());
        assert_eq!(entry.id(), Entry::paid_out_id("week 3"));
        let before = r#"{"payment":"010101010101010101010101","kind":"captured",
            "at":"1970-01-01T00:00:00.000Z","postings":[
            {"account":"provider_clearing","amount":{"minor":5,"currency":"usd"}},
            {"account":"order_funds","amount":{"minor":-5,"currency":"usd"}}]}"#;
        let entry: Entry = serde_json::from_str(before).unwrap();
        assert_eq!(entry, Entry::new(PAYMENT, EntryKind::Captured, money(5), AT));
    }

    #[test]
    fn what_is_given_back_of_a_sale_takes_its_share_of_the_fee_and_all_of_it_the_whole_fee() {
        let payment = Payment {
            id: PAYMENT,
            provider: "sandbox".into(),
            order: OrderId(Id::from_bytes([3; 12])),
            buyer: SELLER,
            amount: money(4_100),
            fee: "2.5%+0.30".parse().unwrap(),
            created_at: AT,
            trace: "t".into(),
            due: None,
            looks: 0,
            burnt: 0,
            rests_until: None,
            refunds: vec![],
            disputes: vec![],
            doubts: crate::domain::Doubts::default(),
            state: crate::domain::State::Captured { reference: "ch".into(), captured_at: AT },
        };
        for parts in [vec![4_100], vec![1, 4_099], vec![1_367, 1_367, 1_366], vec![1; 4_100]] {
            let (mut before, mut fee, mut payable) = (0, 0, 0);
            for part in parts {
                let amount = money(part);
                let entry = Entry::part_owed(&payment, amount, before, Some(SELLER), AT);
                assert!(entry.balances());
                assert_eq!(entry.posted(Account::BuyerRefunds), -part);
                before += part;
                fee += entry.posted(Account::PlatformFee);
                payable += entry.posted(Account::SellerPayable);
            }
            assert_eq!((fee, payable), (133, 3_967));
        }
        let unearned = Entry::part_owed(&payment, money(100), 0, None, AT);
        assert_eq!(unearned.posted(Account::OrderFunds), 100);
    }
}
