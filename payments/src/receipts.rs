//! Receipts get their numbers: soon after their orders are complete, and at the latest when they
//! are asked for.
//!
//! Numbers of a series come from one document, which is why no purchase waits for them: receipts
//! begin without, and whoever numbers takes all that wait at once. So replicas that number at the
//! same time meet on that document a few times a second, and not with every purchase.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Failure};
use common::worker::{Progress, Reconciler, StepFailed};

use crate::commands::{NumberReceipts, OpenReceipt};
use crate::domain::{Issued, Payable, Payment, Series};
use crate::queries;

/// Most receipts numbered in one commit.
const PAGE: usize = 200;

/// Numbers what waits.
pub struct NumberThem {
    engine: Arc<Engine>,
}

impl NumberThem {
    /// A reconciler on the store of `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl Reconciler for NumberThem {
    fn name(&self) -> &'static str {
        "number-receipts"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let waiting = queries::unnumbered(&self.engine, PAGE).await.map_err(StepFailed::new)?;
        if waiting.is_empty() {
            return Ok(Progress::Idle);
        }
        let receipts = waiting.into_iter().map(|receipt| receipt.payment).collect();
        let year = Series::year_at(self.engine.now());
        let number = NumberReceipts { receipts, year };
        self.engine.run(number, "").await.map_err(StepFailed::new)?;
        Ok(Progress::More)
    }
}

/// The receipt for `payment`, with what is known of its order; `None` where the payment has not
/// completed one. One that waits for its number is given it.
///
/// # Errors
/// When the store cannot serve.
pub async fn issued(
    engine: &Arc<Engine>,
    payment: &Payment,
) -> Result<Option<(Payable, Issued)>, Failure> {
    let Some(payable) = queries::payable(engine, payment.order).await? else { return Ok(None) };
    let id = payment.id;
    if let Some(issued) = number_of(engine, payment).await? {
        return Ok(Some((payable, issued)));
    }
    let open = OpenReceipt { payment: id, order: payment.order };
    if !engine.run(open, &payment.trace).await? {
        return Ok(None);
    }
    let year = Series::year_at(engine.now());
    engine.run(NumberReceipts { receipts: vec![id], year }, &payment.trace).await?;
    Ok(number_of(engine, payment).await?.map(|issued| (payable, issued)))
}

async fn number_of(engine: &Engine, payment: &Payment) -> Result<Option<Issued>, Failure> {
    Ok(queries::receipt(engine, payment.id).await?.and_then(|receipt| receipt.issued))
}
