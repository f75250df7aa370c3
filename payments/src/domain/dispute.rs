//! Disputes: a buyer's bank takes money back that was paid, and may be won over again.
//!
//! What a dispute is, and where it stands, is the provider's to say; what it has said is kept in
//! the payment, with each movement of money that it made, in the order in which they were learned
//! of. A movement is booked in the commit that adds it, and never changed: what the bank gives back
//! is a movement of its own.
//!
//! | what happened | provider_clearing | seller_payable | platform_fee | order_funds | dispute_costs |
//! | --- | ---: | ---: | ---: | ---: | ---: |
//! | taken, of a sale | − | + | + | | |
//! | taken, of a sale whose seller is not known | − | | | + | |
//! | taken, of an order that came to nothing | − | | | | + |
//! | given back | the same, with the signs changed | | | | |
//! | the provider's fee | − | | | | + |

use common::id::UserId;
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Entry, EntryKind, Posting};
use super::payment::{Payment, State};

/// What a provider says of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The provider's name for it.
    pub reference: String,
    /// How much it is about.
    pub amount: Money,
    /// Why, in the provider's word for it.
    pub reason: String,
    /// Where it stands.
    pub standing: Standing,
    /// How much of the money is with the bank because of it, as of now, in minor units.
    pub taken: i64,
    /// What the provider has charged for it so far, where it says so.
    pub fee: Option<Money>,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is not decided.
    Open,
    /// The money is the seller's after all, or was never taken.
    Won,
    /// The buyer has the money back.
    Lost,
}

/// A dispute, as far as this service has learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Which of its payment's, from 1.
    pub number: u32,
    /// The provider's name for it.
    pub reference: String,
    /// How much it is about.
    pub amount: Money,
    /// Why, in the provider's word for it.
    pub reason: String,
    /// Where it stands.
    pub standing: Standing,
    /// When this service learned of it.
    pub opened_at: Timestamp,
    /// When this service learned how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What money it has moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
}

/// A movement of money by a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Which of its payment's, from 1: with the payment, the name of the entry that books it.
    pub number: u32,
    /// How much was taken; less than nothing where it was given back.
    pub amount: Money,
    /// Who bears it.
    pub whose: Whose,
    /// When this service learned of it.
    pub at: Timestamp,
}

/// Who bears what a dispute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The seller, but for what the platform gives up of its fee.
    Seller {
        /// How much that is, in minor units.
        from_fee: i64,
    },
    /// What is held for orders: nobody has earned it.
    Orders,
    /// The platform: the order came to nothing, and its money went back besides, or will.
    Platform,
    /// The platform: it is what the provider charges for the dispute.
    Fee,
}

/// How often there was reason to ask for a payment's disputes, and up to which of those reasons the
/// answer is known. They are counted, since of two answers that are under way at the same time the
/// one to an earlier question may be recorded later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Doubts {
    raised: u32,
    answered: u32,
}

impl Doubts {
    /// Whether there was never any.
    pub fn are_none(&self) -> bool {
        self.raised == 0
    }

    /// Whether the provider is to be asked.
    pub fn are_open(self) -> bool {
        self.raised > self.answered
    }

    /// Whether there was another reason since the first that the provider is to be asked for.
    pub fn are_open_twice(self) -> bool {
        self.raised > self.answered.saturating_add(1)
    }

    /// With one more.
    #[must_use]
    pub fn raised(self) -> Self {
        Self { raised: self.raised.saturating_add(1), ..self }
    }

    fn answered(self) -> Self {
        Self { answered: self.raised, ..self }
    }
}

impl Dispute {
    /// How much is with the bank because of it, in minor units.
    pub fn taken(&self) -> i64 {
        let funds = self.moves.iter().filter(|moved| moved.whose != Whose::Fee);
        funds.map(|moved| moved.amount.minor).sum()
    }

    /// What the provider has charged for it in the currency of `like`, in minor units.
    fn charged(&self, like: Money) -> i64 {
        let fees = self.moves.iter().filter(|moved| moved.whose == Whose::Fee);
        let fees = fees.filter(|moved| moved.amount.currency == like.currency);
        fees.map(|moved| moved.amount.minor).sum()
    }

    /// Whether `told` is no news of it.
    fn says(&self, told: &Told) -> bool {
        self.standing == told.standing
            && self.amount == told.amount
            && self.taken() == told.taken
            && told.fee.is_none_or(|fee| self.charged(fee) == fee.minor)
    }

    /// What the platform has given up of its fee for it, in minor units.
    fn given_up(&self) -> i64 {
        let of = |moved: &Move| match moved.whose {
            Whose::Seller { from_fee } => from_fee,
            Whose::Orders | Whose::Platform | Whose::Fee => 0,
        };
        self.moves.iter().map(of).sum()
    }

    /// Takes over what is told, but for the money.
    fn hear(&mut self, told: &Told, now: Timestamp) {
        self.standing = told.standing;
        self.amount = told.amount;
        self.reason.clone_from(&told.reason);
        self.closed_at = match told.standing {
            Standing::Open => None,
            Standing::Won | Standing::Lost => self.closed_at.or(Some(now)),
        };
    }
}

impl Payment {
    /// How much of it is with a bank because of disputes, in minor units.
    pub fn taken(&self) -> i64 {
        self.disputes.iter().map(Dispute::taken).sum()
    }

    /// Whether a bank has some of it, and it is not decided whether for good: providers give
    /// nothing back meanwhile.
    pub fn is_held(&self) -> bool {
        let is_held = |dispute: &Dispute| dispute.standing == Standing::Open && dispute.taken() > 0;
        self.disputes.iter().any(is_held)
    }

    /// How much of it a bank has for good, in minor units.
    pub fn lost(&self) -> i64 {
        let is_lost = |dispute: &&Dispute| dispute.standing == Standing::Lost;
        self.disputes.iter().filter(is_lost).map(Dispute::taken).sum()
    }

    /// Whether it knows a dispute by that name.
    pub fn is_by_dispute(&self, reference: &str) -> bool {
        self.disputes.iter().any(|dispute| dispute.reference == reference)
    }

    /// The provider's name for the dispute by which its buyer has all that was left of it: what is
    /// still to be given back has arrived by that.
    pub fn settled_by(&self) -> Option<&str> {
        let left = self.amount.minor - self.refunded_minor();
        let is_all = !self.is_held() && self.lost() > 0 && self.lost() >= left;
        let last = self.disputes.iter().rev().find(|known| known.standing == Standing::Lost);
        last.filter(|_| is_all).map(|dispute| dispute.reference.as_str())
    }

    /// Whether what is told of a dispute of its is no news.
    pub fn knows(&self, told: &Told) -> bool {
        let known = self.disputes.iter().find(|known| known.reference == told.reference);
        known.is_some_and(|known| known.says(told))
    }

    /// Its disputes are to be asked for, at `due`.
    #[must_use]
    pub fn doubted(self, due: Timestamp) -> Self {
        Self { doubts: self.doubts.raised(), due: Some(due), ..self }
    }

    /// It, once all of its disputes are told, and the movements of money that are news by that.
    /// `sold` is whether a seller has earned it, or nobody; `None` where its order came to nothing.
    #[must_use]
    pub fn disputed(
        mut self,
        told: &[Told],
        sold: Option<bool>,
        now: Timestamp,
    ) -> (Self, Vec<Move>) {
        let mut moves = Vec::new();
        let is_news = told.iter().any(|told| !self.knows(told));
        for told in told {
            let found = self.disputes.iter().position(|known| known.reference == told.reference);
            let place = match found {
                Some(place) => place,
                None => {
                    self.disputes.push(self.opened_dispute(told, now));
                    self.disputes.len() - 1
                }
            };
            let mut next = self.next_move();
            let mut made = Vec::new();
            let known = &self.disputes[place];
            let (funds, charged) = (
                told.taken - known.taken(),
                told.fee.map(|fee| Money { minor: fee.minor - known.charged(fee), ..fee }),
            );
            if funds != 0 {
                let whose = self.bears(known, told.taken, sold);
                let amount = Money { minor: funds, ..self.amount };
                made.push(Move { number: next, amount, whose, at: now });
                next += 1;
            }
            if let Some(amount) = charged.filter(|charged| charged.minor != 0) {
                made.push(Move { number: next, amount, whose: Whose::Fee, at: now });
            }
            let known = &mut self.disputes[place];
            known.hear(told, now);
            known.moves.extend(made.iter().cloned());
            moves.extend(made);
        }
        let is_owed = self.owed().is_some() || matches!(self.state, State::Refunding { .. });
        let due = (is_owed && !self.is_held()).then_some(now);
        // What is refused again and again because of the same dispute is asked for ever less often.
        let (looks, rests_until) = if is_news { (0, None) } else { (self.looks, self.rests_until) };
        (Self { doubts: self.doubts.answered(), due, looks, rests_until, ..self }, moves)
    }

    fn opened_dispute(&self, told: &Told, now: Timestamp) -> Dispute {
        Dispute {
            number: self.disputes.last().map_or(1, |last| last.number + 1),
            reference: told.reference.clone(),
            amount: told.amount,
            reason: told.reason.clone(),
            standing: told.standing,
            opened_at: now,
            closed_at: None,
            moves: Vec::new(),
        }
    }

    fn next_move(&self) -> u32 {
        let moves = self.disputes.iter().flat_map(|dispute| &dispute.moves);
        moves.map(|moved| moved.number).max().unwrap_or(0) + 1
    }

    /// Who bears that a dispute takes `taken` in all from now on. What is given back goes to whom
    /// it was taken from.
    fn bears(&self, known: &Dispute, taken: i64, sold: Option<bool>) -> Whose {
        let before = known.taken();
        let last = known.moves.iter().rev().find(|moved| moved.whose != Whose::Fee);
        match last.map(|last| last.whose) {
            Some(Whose::Seller { .. }) if taken < before => {
                let fee = i128::from(known.given_up());
                let left = fee * i128::from(taken.max(0)) / i128::from(before.max(1));
                let left = i64::try_from(left).unwrap_or(0);
                Whose::Seller { from_fee: left - known.given_up() }
            }
            Some(whose @ (Whose::Orders | Whose::Platform)) => whose,
            Some(Whose::Seller { .. } | Whose::Fee) | None => match sold {
                Some(true) => {
                    let gone = self.refunded_minor() + self.taken();
                    let share = |minor: i64| self.fee_share(minor.min(self.amount.minor));
                    Whose::Seller { from_fee: share(gone + taken - before) - share(gone) }
                }
                Some(false) => Whose::Orders,
                None => Whose::Platform,
            },
        }
    }

    /// The share of the platform's fee in `minor` of it, in minor units: the shares of all parts
    /// sum to the whole fee.
    pub fn fee_share(&self, minor: i64) -> i64 {
        let fee = self.fee.of(self.amount).minor;
        let total = i128::from(self.amount.minor.max(1));
        let doubled = 2 * i128::from(fee) * i128::from(minor) + total;
        i64::try_from(doubled / (2 * total)).unwrap_or(fee)
    }
}

impl Entry {
    /// The entry that books what a dispute of `payment` has moved; what its seller bears is theirs.
    pub fn of_dispute(payment: &Payment, moved: &Move, seller: Option<UserId>) -> Self {
        let Move { number, amount, whose, at } = *moved;
        let kind = match whose {
            Whose::Fee => EntryKind::DisputeFee,
            Whose::Seller { .. } | Whose::Orders | Whose::Platform if amount.minor < 0 => {
                EntryKind::Reinstated
            }
            Whose::Seller { .. } | Whose::Orders | Whose::Platform => EntryKind::Disputed,
        };
        let posting = |account, minor| Posting { account, amount: Money { minor, ..amount } };
        let mut postings = vec![posting(Account::ProviderClearing, -amount.minor)];
        match whose {
            Whose::Seller { from_fee } => {
                postings.push(posting(Account::SellerPayable, amount.minor - from_fee));
                if from_fee != 0 {
                    postings.push(posting(Account::PlatformFee, from_fee));
                }
            }
            Whose::Orders => postings.push(posting(Account::OrderFunds, amount.minor)),
            Whose::Platform | Whose::Fee => {
                postings.push(posting(Account::DisputeCosts, amount.minor));
            }
        }
        let seller = seller.filter(|_| matches!(whose, Whose::Seller { .. }));
        let whole = Self::new(payment.id, kind, amount, at).of_part(Some(number));
        Self { postings, seller, ..whole }
    }

    /// The entry that books that what was to be given back has arrived by a dispute, which took it
    /// from whom it is owed by: that debt is no more. Of the refund of that number, or of all.
    pub fn settled_by_dispute(
        payment: &Payment,
        part: Option<u32>,
        seller: Option<UserId>,
        at: Timestamp,
    ) -> Self {
        let Some(number) = part else {
            let whole = Self::new(payment.id, EntryKind::Refunded, payment.amount, at);
            let posting =
                |account, minor| Posting { account, amount: Money { minor, ..payment.amount } };
            let minor = payment.amount.minor;
            let postings =
                vec![posting(Account::BuyerRefunds, minor), posting(Account::DisputeCosts, -minor)];
            return Self { postings, ..whole };
        };
        let owed = payment.refunds.iter().find(|refund| refund.number == number);
        let amount = owed.map_or(payment.amount, |owed| owed.amount);
        let earlier = payment.refunds.iter().filter(|refund| refund.number < number);
        let before = earlier.map(|refund| refund.amount.minor).sum();
        let owed = Self::part_owed(payment, amount, before, seller, at);
        let reversed = |posting: &Posting| Posting {
            amount: Money { minor: -posting.amount.minor, ..posting.amount },
            ..posting.clone()
        };
        let postings = owed.postings.iter().map(reversed).collect();
        let whole = Self::new(payment.id, EntryKind::Refunded, amount, at).of_part(part);
        Self { postings, seller: owed.seller, ..whole }
    }
}
