//! Every form in which an order was ever stored, kept as a file, can still be read and go on.
//!
//! A file is never edited: a change of the form adds one.

use std::path::Path;
use std::time::Duration;

use common::events::OrderStatus;
use common::id::{Ids, PaymentId};
use orders::commands::status;
use orders::domain::Order;

#[test]
fn i20_every_order_ever_stored_can_be_read_and_paid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let order: Order = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        // What is written now says the same: nothing that was stored is dropped.
        let again: serde_json::Value = serde_json::to_value(&order).unwrap();
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(&text).unwrap(), "{path:?}");
        let is_live = !status(&order.state).is_terminal();
        let now = order.created_at;
        let payment = PaymentId(Ids::new(7).next(now));
        let paying = order.clone().payment_started(payment, now, Duration::from_secs(60));
        assert_eq!(paying.is_ok(), is_live, "{path:?}");
        let paid = order.payment_captured(payment, now).map(|order| status(&order.state));
        assert_eq!(paid.ok(), is_live.then_some(OrderStatus::Complete), "{path:?}");
        read += 1;
    }
    assert!(read >= 8, "{read} files");
}
