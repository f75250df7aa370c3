//! `refund`: the operator gives money of a complete order back.
//!
//! It commits what the seller's request would: that the money is owed. Whoever serves asks the
//! provider for it, as for everything that a crash left half-way.

use clap::Args;
use common::execute::chain;
use common::id::PaymentId;
use common::money::{Currency, Money};

use super::{Desk, print};
use crate::commands::GiveBack;
use crate::domain::MAX_REASON;
use crate::queries;

/// A refund of a complete order.
#[derive(Debug, Args)]
pub struct Refund<Place: Args> {
    /// Where the documents are.
    #[command(flatten)]
    pub(super) place: Place,
    /// Which payment: the number on the buyer's receipt under "Payment number"
    #[arg(long, value_name = "ID")]
    payment: PaymentId,
    /// How much, in major units, such as 12.50; all that is left where it is left out
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// How many of the order's units go back on sale
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    units: u32,
    /// Why: the buyer reads it
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("must not be empty: the buyer reads it".to_owned()),
        long if long > MAX_REASON => Err(format!("must be at most {MAX_REASON} characters long")),
        _ => Ok(text.to_owned()),
    }
}

/// Of whichever currency: which one it is, is the payment's to say.
fn thousandths(amount: &str) -> Result<i64, String> {
    let amount = amount.trim();
    let read = Money::parse_price(amount, Currency::FINEST);
    read.map(|money| money.minor).map_err(|why| format!("--amount {amount}: {why}"))
}

impl<Place: Args> Refund<Place> {
    pub(super) async fn run(&self, desk: &Desk<'_>) -> Result<(), String> {
        let id = self.payment;
        let thousandths = self.amount.as_deref().map(thousandths).transpose()?;
        let engine = desk.engine().await?;
        let seen = queries::payment(&engine, id).await.map_err(|error| chain(&error))?;
        let seen = seen.ok_or_else(|| format!("--payment {id}: there is no such payment here"))?;
        let command = GiveBack {
            payment: id,
            order: seen.payment.order,
            seller: None,
            thousandths,
            units: self.units,
            reason: self.reason.clone(),
        };
        let refund = engine.run(command, "operator").await.map_err(|error| chain(&error))?;
        let (number, amount, units) = (refund.number, refund.amount, refund.units);
        let when = if desk.is_served() {
            "as soon as the service has seen this"
        } else {
            "when the marketplace is started again"
        };
        print(&format!(
            "refund {number} of payment {id}: {amount}, {units} units back on sale; the money \
             goes back {when}\n"
        ))
    }
}
