//! Which payments this process is looking at just now, so that it does so once at a time.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use common::id::PaymentId;

/// Payments that are being looked at.
#[derive(Default)]
pub(crate) struct Busy {
    payments: Mutex<HashSet<PaymentId>>,
}

impl Busy {
    /// A look at a payment begins; `None` where one is under way.
    pub(crate) fn begin(&self, payment: PaymentId) -> Option<Looking<'_>> {
        // Made only where it was not there: dropping one takes the payment out.
        let is_free = self.change(|payments| payments.insert(payment));
        is_free.then(|| Looking { busy: self, payment })
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<PaymentId>) -> bool) -> bool {
        change(&mut self.payments.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A look that is under way, for as long as this lives.
pub(crate) struct Looking<'a> {
    busy: &'a Busy,
    payment: PaymentId,
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.busy.change(|payments| payments.remove(&self.payment));
    }
}
