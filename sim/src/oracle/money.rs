//! The provider's ledger, and what it must never say.

use common::events::OrderStatus;
use common::id::{OrderId, PaymentId};
use common::money::Money;
use common::time::Timestamp;
use orders::commands::Placed;

use super::{Oracle, State, standing};

/// What the provider took and gave back under one key.
pub(super) struct Account {
    pub(super) order: OrderId,
    pub(super) taken: Money,
    pub(super) returned: bool,
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
}

impl Oracle {
    /// The provider has taken money.
    pub fn money_taken(&self, _: Timestamp, payment: PaymentId, order: OrderId, amount: Money) {
        let account = Account { order, taken: amount, returned: false };
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

    /// The provider has given money back.
    pub fn money_returned(&self, payment: PaymentId, amount: Money) {
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
}
