//! What buyers do on Mollie's page.

use super::Mollie;

/// What a buyer does there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Pays.
    Pays,
    /// Pays, and the bank takes its time.
    PaysLater,
    /// Tries to, and is declined for good, for a reason.
    Fails(&'static str),
    /// Says that they do not want to.
    Cancels,
    /// Goes away.
    Leaves,
}

impl Mollie {
    /// A buyer is on the page of a payment; whether there was one.
    pub fn visit(&self, name: &str, visit: Visit) -> bool {
        let mut state = self.lock();
        let is_open = state.payments.get(name).is_some_and(|payment| payment.status == "open");
        if !is_open {
            return false;
        }
        match visit {
            Visit::Pays => state.paid(name),
            Visit::PaysLater => {
                if let Some(payment) = state.payments.get_mut(name) {
                    payment.status = "pending";
                }
            }
            Visit::Fails(reason) => state.end(name, "failed", Some(reason)),
            Visit::Cancels => state.end(name, "canceled", None),
            Visit::Leaves => {}
        }
        true
    }

    /// Time passes: what nobody has paid has expired, and banks have made up their minds.
    pub fn pass_time(&self) {
        let mut state = self.lock();
        let stand =
            |(name, payment): (&String, &super::payments::Payment)| (name.clone(), payment.status);
        let payments: Vec<_> = state.payments.iter().map(stand).collect();
        for (name, status) in payments {
            match status {
                "open" => state.end(&name, "expired", None),
                "pending" => state.paid(&name),
                _ => {}
            }
        }
    }

    /// Whether a payment can be cancelled depends on the way to pay that its buyer has picked.
    pub fn pick(&self, name: &str, is_cancelable: bool) {
        if let Some(payment) = self.lock().payments.get_mut(name) {
            payment.is_cancelable = is_cancelable;
        }
    }

    /// Somebody alters what is to be paid.
    pub fn alter(&self, name: &str, amount: i64) {
        if let Some(payment) = self.lock().payments.get_mut(name) {
            payment.amount = amount;
        }
    }

    /// All payments, by name, with how they stand.
    pub fn payments(&self) -> Vec<(String, &'static str)> {
        let state = self.lock();
        state.payments.iter().map(|(name, payment)| (name.clone(), payment.status)).collect()
    }

    /// Payments of whose pages somebody was told.
    pub fn shown(&self) -> Vec<String> {
        self.lock().shown.iter().cloned().collect()
    }
}
