//! Refunds of complete orders: what sellers were told is so, what buyers are shown is what the
//! provider gave back, and units that went back on sale did so once (I1, I2, I5).

use std::collections::BTreeMap;

use common::id::PaymentId;
use orders::commands::Placed;
use orders::domain::order::Refund;

use super::{Oracle, State};
use crate::journal::{RefundAsked, Told};

/// What was asked of one payment.
#[derive(Default)]
struct Asked {
    /// By number, in minor units: what sellers were told will be given back.
    told: BTreeMap<u32, i64>,
    /// Units that go back on sale by those.
    units: u32,
    /// Requests of which nobody knows.
    doubtful: usize,
    /// Most units that go back on sale by those.
    doubtful_units: u32,
}

impl Oracle {
    /// I2: a complete order stays so, and says more and more of what was given back.
    pub(super) fn order_refunded(&self, before: &Placed, now: &Placed) {
        let (id, was, is) = (now.order.id, &before.order, &now.order);
        let said = |refund: &Option<Refund>| {
            refund.as_ref().map_or((0, 0), |refund| (refund.amount.minor, refund.units))
        };
        let (was_said, is_said) = (said(&was.refund), said(&is.refund));
        let is_more = is_said.0 > was_said.0 && is_said.1 >= was_said.1;
        if was.state != is.state || !is_more || was.dispute != is.dispute {
            self.accuse(format!("I2: order {id} goes on after its end"));
        }
        if is_said.1 > is.quantity || is_said.0 > is.total.minor {
            self.accuse(format!("I5: more of order {id} was given back than there was"));
        }
        if is_said.1 > was_said.1 {
            self.marks.hit("refund: units are on sale again");
        }
        if is.replaces.is_some() {
            self.marks.hit("refund: of an order in another's place");
        }
    }

    /// I5, I7, I8: every refund that a seller was told of was given back, and no other.
    pub(super) fn judge_refunds(&self) {
        let asked = asked_of(&self.journal.open().refunds);
        let state = self.state();
        let mut accusations = Vec::new();
        for (payment, account) in &state.accounts {
            let nothing = Asked::default();
            let asked = asked.get(payment).unwrap_or(&nothing);
            let Asked { told, units, doubtful, doubtful_units } = asked;
            let lost = told.iter().filter(|(part, minor)| account.parts.get(part) != Some(minor));
            for (part, minor) in lost {
                accusations.push(format!("I7: refund {part} of {payment} is not {minor}"));
            }
            if account.parts.len() > told.len() + doubtful {
                accusations.push(format!("I8: nobody asked for a refund of {payment}"));
            }
            let Some(order) = state.paid_by(account.order) else { continue };
            let refund = order.order.refund.as_ref();
            let shown = refund.map_or((0, 0), |refund| (refund.amount.minor, refund.units));
            let given_back: i64 = account.parts.values().sum();
            if shown.0 != given_back || shown.1 < *units || shown.1 > units + doubtful_units {
                let id = order.order.id;
                accusations.push(format!(
                    "I1, I5: order {id} says {shown:?} of what was given back, {given_back} and \
                     {units} units"
                ));
            }
        }
        drop(state);
        accusations.into_iter().for_each(|accusation| self.accuse(accusation));
    }
}

impl State {
    /// An order, or the one that is complete in its place.
    fn paid_by(&self, order: common::id::OrderId) -> Option<&Placed> {
        let own = self.orders.get(&order)?;
        let place = own.order.late.and_then(|late| late.replaced_by);
        place.and_then(|place| self.orders.get(&place)).or(Some(own))
    }

    /// Whether an order does not say yet what was given back of the money that was taken for it.
    pub(super) fn refund_unheard(&self) -> Option<PaymentId> {
        let unheard = self.accounts.iter().find(|(_, account)| {
            let given_back: i64 = account.parts.values().sum();
            let order = self.paid_by(account.order);
            let refund = order.and_then(|placed| placed.order.refund.as_ref());
            refund.map_or(0, |refund| refund.amount.minor) != given_back
        });
        unheard.map(|(payment, _)| *payment)
    }
}

fn asked_of(refunds: &[RefundAsked]) -> BTreeMap<PaymentId, Asked> {
    let mut all: BTreeMap<PaymentId, Asked> = BTreeMap::new();
    for RefundAsked { payment, units, told } in refunds {
        let asked = all.entry(*payment).or_default();
        match told {
            Told::No => {}
            Told::Yes((part, minor)) => {
                asked.told.insert(*part, *minor);
                asked.units += units;
            }
            Told::Unknown => {
                asked.doubtful += 1;
                asked.doubtful_units += units;
            }
        }
    }
    all
}
