//! Takes the tickets of sellers who have left off the market. It looks at departures and takes no
//! input, so a restart forgets nothing, and a ticket that is looked at twice is retired once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Failure};
use common::id::UserId;
use common::worker::{Progress, Reconciler, StepFailed};

use crate::commands::{LookedAt, Retire};
use crate::domain::Search;
use crate::queries;

/// Most departures dealt with in one step.
const MAX_TOGETHER: usize = 16;

/// Most tickets looked at together.
const PAGE: usize = 100;

/// How often it looks. Nobody waits for it: who has left can no longer be asked anything.
const PERIOD: Duration = Duration::from_secs(1);

/// The trace of what follows.
const TRACE: &str = "departures";

/// The reconciler.
pub struct Departures {
    engine: Arc<Engine>,
}

impl Departures {
    /// Retires tickets through `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    async fn retire_all(&self, seller: UserId) -> Result<(), Failure> {
        let all = Search { seller: Some(seller), sold_out_too: true, ..Search::default() };
        let mut after = None;
        loop {
            let page = queries::tickets(&self.engine, &all, after, PAGE).await?;
            for (found, _) in &page {
                self.engine.run(Retire { id: found.ticket.id }, TRACE).await?;
            }
            match page.last() {
                Some((_, last)) if page.len() == PAGE => after = Some(last.clone()),
                _ => return Ok(()),
            }
        }
    }

    async fn look(&self) -> Result<Progress, Failure> {
        let due = queries::departures(&self.engine, self.engine.now(), MAX_TOGETHER).await?;
        for departure in &due {
            self.retire_all(departure.seller).await?;
            self.engine.run(LookedAt { seller: departure.seller }, TRACE).await?;
        }
        Ok(if due.len() == MAX_TOGETHER { Progress::More } else { Progress::Idle })
    }
}

#[async_trait]
impl Reconciler for Departures {
    fn name(&self) -> &'static str {
        "departures"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        self.look().await.map_err(StepFailed::new)
    }
}
