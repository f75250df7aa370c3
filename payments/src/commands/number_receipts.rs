//! Receipts that wait get the next numbers of the series, all in one commit: each number is given
//! once, and none is left out.

use common::command::{Change, Command, Docs, Key, Moment, Refusal};
use common::id::PaymentId;

use crate::domain::{Issued, Receipt, Series};

/// These receipts are numbered, in this order.
#[derive(Debug, Clone)]
pub struct NumberReceipts {
    /// By their payments.
    pub receipts: Vec<PaymentId>,
    /// The series.
    pub year: i16,
}

impl Command for NumberReceipts {
    type Reply = ();

    fn gather(&self) -> Option<Key> {
        Some(Key::of::<Series>(self.year))
    }

    fn keys(&self, _: &Docs) -> Vec<Key> {
        let mut keys = vec![Key::of::<Series>(self.year)];
        keys.extend(self.receipts.iter().map(Key::of::<Receipt>));
        keys
    }

    fn decide(&self, docs: &Docs, at: &Moment<'_>) -> Result<Change<()>, Refusal> {
        let known = docs.get::<Series>(self.year);
        let mut series = known.map_or(Series::of(self.year), |known| known.value.clone());
        let mut change = Change::nothing(());
        let before = series.last;
        for id in &self.receipts {
            // Whoever asked may have been slower than somebody else.
            let Some(receipt) = docs.get::<Receipt>(id) else { continue };
            if receipt.value.issued.is_none() {
                let issued = Some(Issued { number: series.take(), at: at.now });
                change = change.put(Receipt { issued, ..receipt.value.clone() });
            }
        }
        Ok(if series.last == before { change } else { change.put(series) })
    }
}
