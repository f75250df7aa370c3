//! The provider's ledger, and what it must never say.

use std::collections::BTreeMap;

use common::events::OrderStatus;
use common::id::{OrderId, PaymentId};
use common::money::Money;
use common::time::Timestamp;
use orders::commands::Placed;
use payments::domain::{Account as Books, Entry};

use super::{Oracle, State, standing};
use crate::journal::Told;

/// What the provider took and gave back under one key.
pub(super) struct Account {
    pub(super) order: OrderId,
    pub(super) taken: Money,
    /// All of it, because its order came to nothing.
    pub(super) returned: bool,
    /// What was asked for of it, in minor units, by number.
    pub(super) parts: BTreeMap<u32, i64>,
}

impl State {
    /// Whether an order is complete, or another one in its place.
    pub(super) fn is_paid(&self, order: OrderId) -> bool {
        let place = |placed: &Placed| placed.order.late.and_then(|late| late.replaced_by);
        let placed = self.orders.get(&order);
        let stands = placed.and_then(place).and_then(|id| self.orders.get(&id)).or(placed);
        stands.map(standing) == Some(OrderStatus::Complete)
    }

    /// How many captures for an order the provider holds.
    pub(super) fn kept_for(&self, order: OrderId) -> usize {
        self.accounts.values().filter(|a| a.order == order && !a.returned).count()
    }

    /// I6: for every order that is complete its seller has earned what was paid, less a fee that is
    /// no more than that, once; and nobody has earned anything else.
    pub(super) fn misearned(&self, mut earned: BTreeMap<PaymentId, Entry>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (payment, account) in self.accounts.iter().filter(|(_, account)| !account.returned) {
            if !self.is_paid(account.order) {
                continue;
            }
            let order = self.orders.get(&account.order).map(|placed| &placed.order);
            let seller = order.and_then(|order| order.ticket.seller);
            let is_booked = earned.remove(payment).is_some_and(|entry| {
                let payable = -entry.posted(Books::SellerPayable);
                let fee = -entry.posted(Books::PlatformFee);
                let is_all = payable + fee == account.taken.minor && payable >= 0 && fee > 0;
                is_all && entry.seller.is_some() && entry.seller == seller
            });
            if !is_booked {
                wrong.push(format!("I6: what {payment} earned its seller is not booked so"));
            }
        }
        wrong.extend(earned.keys().map(|payment| format!("I6: nothing was earned by {payment}")));
        wrong
    }
}

impl Oracle {
    /// The provider has taken money.
    pub fn money_taken(&self, _: Timestamp, payment: PaymentId, order: OrderId, amount: Money) {
        let account = Account { order, taken: amount, returned: false, parts: BTreeMap::new() };
        let mut state = self.state();
        let before = state.accounts.insert(payment, account);
        let (kept, placed) = (state.kept_for(order), state.orders.get(&order).cloned());
        drop(state);
        if before.is_some() || kept > 1 {
            self.accuse(format!("I4: the provider holds {kept} captures for order {order}"));
        }
        match placed {
            None => {
                self.accuse(format!("I15: money is taken for order {order}, which is not there"))
            }
            Some(placed) if placed.order.total != amount => {
                self.accuse(format!("I15: {} is taken for order {order}", amount.minor));
            }
            Some(_) => {}
        }
    }

    /// The provider has given money back: all of it, or a part that was asked for.
    pub fn money_returned(&self, payment: PaymentId, part: Option<u32>, amount: Money) {
        if let Some(part) = part {
            return self.part_returned(payment, part, amount);
        }
        let mut state = self.state();
        let Some(account) = state.accounts.get_mut(&payment) else {
            drop(state);
            return self.accuse(format!("I5: {payment} is refunded, and nothing was taken"));
        };
        let (order, taken) = (account.order, account.taken);
        let is_again = std::mem::replace(&mut account.returned, true);
        let kept = state.kept_for(order);
        let is_complete = state.is_paid(order);
        drop(state);
        if is_again {
            self.accuse(format!("I5: payment {payment} is refunded twice"));
        }
        if taken != amount {
            self.accuse(format!("I5: {} of {} is refunded", amount.minor, taken.minor));
        }
        if is_complete && kept == 0 {
            self.accuse(format!("I5: the money of order {order} is refunded, which is complete"));
        }
    }

    /// I5: of a complete order money is given back if that was asked for, as often as it was, and
    /// never more than was taken.
    fn part_returned(&self, payment: PaymentId, part: u32, amount: Money) {
        let asked = self.journal.open().refunds.clone();
        let asked = asked.iter().filter(|asked| asked.payment == payment && asked.told != Told::No);
        let asked = asked.count();
        let mut state = self.state();
        let Some(account) = state.accounts.get_mut(&payment) else {
            drop(state);
            return self.accuse(format!("I5: {payment} is refunded, and nothing was taken"));
        };
        let is_again = account.parts.insert(part, amount.minor).is_some();
        let (parts, order) = (account.parts.len(), account.order);
        let left = account.taken.minor - account.parts.values().sum::<i64>();
        let is_gone = account.returned;
        let is_complete = state.is_paid(order);
        drop(state);
        if is_again || parts > asked {
            self.accuse(format!(
                "I5: payment {payment} is refunded in {parts} parts, {part} among them, and \
                 {asked} were asked for"
            ));
        }
        if left < 0 || is_gone {
            self.accuse(format!("I5: {} more than was taken by {payment} is refunded", -left));
        }
        if !is_complete {
            self.accuse(format!(
                "I5: a part of {payment} is refunded, whose order is not complete"
            ));
        }
        if parts > 1 {
            self.marks.hit("refund: of a part, after another");
        }
    }
}
