//! Ends orders whose window has closed. It looks at the index of due orders and takes no input, so
//! a restart forgets nothing; each end is a conditional commit, so two replicas that look at once
//! cannot both end the same order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Failure};
use common::metrics::table::{EXPIRY_DUE, EXPIRY_LAG, EXPIRY_OVERDUE};
use common::metrics::{Gauge, Histogram, Look};
use common::worker::{Progress, Reconciler, StepFailed};
use futures_util::future::join_all;

use crate::commands::Expire;
use crate::queries;

/// Most orders ended in one step: what one commit can hold.
const MAX_TOGETHER: usize = 256;

/// How often it looks: a tenth of the five seconds that a buyer's units may be late (I13).
const PERIOD: Duration = Duration::from_millis(500);

/// Most due orders that are counted for whoever watches.
const MOST_COUNTED: usize = 1_000;

/// The reconciler. It also shows how much is due.
pub struct Expiry {
    engine: Arc<Engine>,
    lag: Histogram,
    due: Gauge,
    overdue: Gauge,
}

impl Expiry {
    /// Ends orders through `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        let meters = engine.meters();
        let lag = meters.histogram(&EXPIRY_LAG, &[]);
        let (due, overdue) = (meters.gauge(&EXPIRY_DUE, &[]), meters.gauge(&EXPIRY_OVERDUE, &[]));
        Self { engine, lag, due, overdue }
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
            let since = order.due();
            let command = Expire { order: order.id, ticket: order.ticket.id, buyer: order.buyer };
            async move {
                let ended = self.engine.run(command, "expiry").await?;
                if let Some(since) = since.filter(|_| ended) {
                    self.lag.took(self.engine.now().since(since));
                }
                Ok(ended)
            }
        });
        let ended: Result<Vec<bool>, Failure> = join_all(ends).await.into_iter().collect();
        let ended = ended.map_err(StepFailed::new)?;
        // A full page of which none moved would be looked at for ever; the next period tries again.
        let more = full && ended.contains(&true);
        Ok(if more { Progress::More } else { Progress::Idle })
    }
}

#[async_trait]
impl Look for Expiry {
    async fn look(&self) {
        let now = self.engine.now();
        match queries::due(&self.engine, now, MOST_COUNTED).await {
            Ok(due) => {
                self.due.set_count(due.len());
                let longest = due.first().and_then(|order| order.due());
                self.overdue.set_time(longest.map_or(Duration::ZERO, |since| now.since(since)));
            }
            Err(_) => {
                self.due.set_unknown();
                self.overdue.set_unknown();
            }
        }
    }
}
