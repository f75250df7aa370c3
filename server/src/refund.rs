//! `ticketing refund`: the operator gives money of a complete order back, while nobody serves.
//!
//! It commits what the seller's request would: that the money is owed. The marketplace asks the
//! provider for it when it is started again, as it does for everything that a crash left half-way.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use common::execute::{Engine, chain};
use common::id::PaymentId;
use common::money::{Currency, Money};
use payments::commands::GiveBack;
use payments::domain::MAX_REASON;
use payments::queries;

use crate::money::{on, print};

/// A refund of a complete order.
#[derive(Debug, Args)]
pub struct Refund {
    /// Folder of the marketplace, which must not be running
    #[arg(long, env = "TICKETING_DATA", value_name = "FOLDER", default_value = "./data")]
    data: PathBuf,
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

/// Gives money back.
///
/// # Errors
/// With a sentence that says what to do.
pub fn run(asked: &Refund) -> Result<(), String> {
    let thousandths = asked.amount.as_deref().map(thousandths).transpose()?;
    on(&asked.data, async |open| give_back(&open.engine(), asked, thousandths).await)
}

/// Of whichever currency: which one it is, is the payment's to say.
fn thousandths(amount: &str) -> Result<i64, String> {
    let amount = amount.trim();
    let read = Money::parse_price(amount, Currency::FINEST);
    read.map(|money| money.minor).map_err(|why| format!("--amount {amount}: {why}"))
}

async fn give_back(
    engine: &Arc<Engine>,
    asked: &Refund,
    thousandths: Option<i64>,
) -> Result<(), String> {
    let id = asked.payment;
    let seen = queries::payment(engine, id).await.map_err(|error| chain(&error))?;
    let seen = seen.ok_or_else(|| {
        format!("--payment {id}: there is no such payment in {}", asked.data.display())
    })?;
    let command = GiveBack {
        payment: id,
        order: seen.payment.order,
        seller: None,
        thousandths,
        units: asked.units,
        reason: asked.reason.clone(),
    };
    let refund = engine.run(command, "ticketing refund").await.map_err(|error| chain(&error))?;
    let (number, amount, units) = (refund.number, refund.amount, refund.units);
    print(&format!(
        "refund {number} of payment {id}: {amount}, {units} units back on sale; the money goes \
         back when the marketplace is started again\n"
    ))
}
