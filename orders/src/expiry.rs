//! Ends orders whose window has closed. It looks at the index of due orders and takes no input, so
//! a restart forgets nothing; each end is a conditional commit, so two replicas that look at once
//! cannot both end the same order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Failure};
use common::worker::{Progress, Reconciler, StepFailed};
use futures_util::future::join_all;

use crate::commands::Expire;
use crate::queries;

/// Most orders ended in one step: what one commit can hold.
const MAX_TOGETHER: usize = 256;

/// How often it looks: a tenth of the five seconds that a buyer's units may be late (I13).
const PERIOD: Duration = Duration::from_millis(500);

/// The reconciler.
pub struct Expiry {
    engine: Arc<Engine>,
}

impl Expiry {
    /// Ends orders through `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl Reconciler for Expiry {
    fn name(&self) -> &'static str {
        "expiry"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let now = self.engine.now();
        #[cfg(feature = "planted")]
        let now = now.plus_millis(if common::planted::is(common::planted::Bug::EarlyExpiry) {
            2_000
        } else {
            0
        });
        let due = queries::due(&self.engine, now, MAX_TOGETHER).await.map_err(StepFailed::new)?;
        let full = due.len() == MAX_TOGETHER;
        let ends = due.into_iter().map(|order| {
            let command = Expire { order: order.id, ticket: order.ticket.id, buyer: order.buyer };
            async move { self.engine.run(command, "expiry").await }
        });
        let ended: Result<Vec<bool>, Failure> = join_all(ends).await.into_iter().collect();
        let ended = ended.map_err(StepFailed::new)?;
        // A full page of which none moved would be looked at for ever; the next period tries again.
        let more = full && ended.contains(&true);
        Ok(if more { Progress::More } else { Progress::Idle })
    }
}
