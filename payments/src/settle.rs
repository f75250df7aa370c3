//! What settles every payment that is not settled yet: looks at what is due, in bounded pages.
//!
//! It takes no input and needs none: an unresolved payment says itself when it is due. So whatever
//! was going on when a process died, or a provider fell silent, is taken up from what was committed
//! (I3).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::Failure;
use common::worker::{Progress, Reconciler, StepFailed};
use futures_util::future::join_all;

use crate::commands::{Forget, LookAgain, Why};
use crate::queries::{self, Seen};
use crate::resolve::Resolver;

/// Most payments looked at in one step, all at once: what a provider that is slow for all of them
/// can hold up.
const PAGE: usize = 64;

/// Nothing is ever made due further ahead than this. What seems to be was made due before the clock
/// was set back.
const HORIZON: Duration = Duration::from_secs(60);

/// Most requests forgotten in one step.
const FORGET_PAGE: usize = 200;

impl Resolver {
    /// What was seen is looked at again later.
    pub(crate) async fn put_off(&self, seen: &Seen, why: Why) -> Result<Progress, Failure> {
        self.put_off_with(seen, why, seen.payment.burnt).await
    }

    /// Also that so many keys are burnt by now.
    pub(crate) async fn put_off_with(
        &self,
        seen: &Seen,
        why: Why,
        burnt: u32,
    ) -> Result<Progress, Failure> {
        let command = LookAgain { payment: seen.payment.id, version: seen.version, why, burnt };
        self.engine().run(command, &seen.payment.trace).await?;
        Ok(Progress::Idle)
    }
}

/// Settles payments.
pub struct Settle {
    resolver: Arc<Resolver>,
}

impl Settle {
    /// A reconciler that makes its looks with `resolver`.
    pub fn new(resolver: Arc<Resolver>) -> Self {
        Self { resolver }
    }
}

#[async_trait]
impl Reconciler for Settle {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn hint(&self) {
        self.resolver.rung().await;
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let engine = self.resolver.engine();
        let due = queries::due(engine, engine.now(), HORIZON, PAGE).await;
        let due = due.map_err(StepFailed::new)?;
        let looks = join_all(due.iter().map(|payment| self.resolver.look(payment.id))).await;
        let mut progress = Progress::Idle;
        for look in looks {
            if look.map_err(StepFailed::new)? == Progress::More {
                progress = Progress::More;
            }
        }
        Ok(progress)
    }
}

/// Forgets requests under idempotency keys when their time is over.
pub struct ForgetRequests {
    resolver: Arc<Resolver>,
}

impl ForgetRequests {
    /// A reconciler on the store of `resolver`'s engine.
    pub fn new(resolver: Arc<Resolver>) -> Self {
        Self { resolver }
    }
}

#[async_trait]
impl Reconciler for ForgetRequests {
    fn name(&self) -> &'static str {
        "forget-requests"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        let engine = self.resolver.engine();
        let found = queries::forgettable(engine, engine.now(), FORGET_PAGE).await;
        let requests = found.map_err(StepFailed::new)?;
        if requests.is_empty() {
            return Ok(Progress::Idle);
        }
        engine.run(Forget { requests }, "").await.map_err(StepFailed::new)?;
        Ok(Progress::More)
    }
}
