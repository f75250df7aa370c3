//! Forgets wrong passwords that count no more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::{Engine, Failure};
use common::worker::{Progress, Reconciler, StepFailed};

use crate::commands::ForgetGuesses;
use crate::queries;

/// Most that are forgotten in one step.
const PAGE: usize = 64;

/// The reconciler.
pub struct Forget {
    engine: Arc<Engine>,
}

impl Forget {
    /// A reconciler on the store of `engine`.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    async fn forget(&self) -> Result<Progress, Failure> {
        let past = queries::past_guesses(&self.engine, self.engine.now(), PAGE).await?;
        if past.is_empty() {
            return Ok(Progress::Idle);
        }
        let of = past.into_iter().map(|guesses| guesses.of).collect();
        self.engine.run(ForgetGuesses { of, if_past: true }, "").await?;
        Ok(Progress::More)
    }
}

#[async_trait]
impl Reconciler for Forget {
    fn name(&self) -> &'static str {
        "forget-guesses"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        self.forget().await.map_err(StepFailed::new)
    }
}
