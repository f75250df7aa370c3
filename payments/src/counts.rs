//! What is counted of payments, and what is shown of those that are not settled.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::execute::Engine;
use common::metrics::table::{
    DISPUTES, PAYMENTS, PAYMENTS_OLDEST, PAYMENTS_UNRESOLVED, PROVIDER_CALL_SECONDS,
};
use common::metrics::{Counter, Gauge, Histogram, Look, Meters, Stopwatch};
use common::trace::{Kind, Span};

use crate::commands::News;
use crate::domain::Payment;
use crate::provider::Charge;
use crate::queries;

/// Most unresolved payments that are counted for whoever watches.
const MOST_COUNTED: usize = 1_000;

/// A call to a provider.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    Open,
    Door,
    Charge,
    LookUp,
    Abandon,
    Refund,
    Disputes,
}

/// What they are called, in the order of [`Call`].
const NAMES: [&str; 7] = ["open", "door", "charge", "look_up", "abandon", "refund", "disputes"];

/// A call that is not answered yet.
pub(crate) struct Calling {
    call: Call,
    begun: Stopwatch,
    span: Option<Span>,
}

fn end(span: Option<Span>, is_well: bool) {
    if let Some(mut span) = span {
        if !is_well {
            span.fail();
        }
        span.end();
    }
}

/// How long one kind of call took, by what came of it.
struct Calls {
    answered: Histogram,
    failed: Histogram,
    timeout: Histogram,
}

/// What is counted of payments.
pub(crate) struct Counts {
    captured: Counter,
    declined: Counter,
    refunded: Counter,
    opened: Counter,
    won: Counter,
    lost: Counter,
    /// In the order of [`Call`].
    calls: [Calls; 7],
}

impl Counts {
    pub(crate) fn of(meters: &Meters) -> Self {
        let outcome = |outcome| meters.counter(&PAYMENTS, &[outcome]);
        let disputes = |outcome| meters.counter(&DISPUTES, &[outcome]);
        let calls = |call| {
            let outcome = |outcome| meters.histogram(&PROVIDER_CALL_SECONDS, &[call, outcome]);
            Calls {
                answered: outcome("answered"),
                failed: outcome("failed"),
                timeout: outcome("timeout"),
            }
        };
        Self {
            captured: outcome("captured"),
            declined: outcome("declined"),
            refunded: outcome("refunded"),
            opened: disputes("opened"),
            won: disputes("won"),
            lost: disputes("lost"),
            calls: NAMES.map(calls),
        }
    }

    /// Where this is counted once it is known to be news.
    pub(crate) fn of_charge(&self, charge: &Charge) -> Counter {
        match charge {
            Charge::Captured { .. } => self.captured.clone(),
            Charge::Declined(_) => self.declined.clone(),
            Charge::Pending => Counter::default(),
        }
    }

    /// A refund is recorded; whether that is news.
    pub(crate) fn refunded(&self, is_news: bool) {
        self.refunded.add(is_news.into());
    }

    /// Disputes are recorded.
    pub(crate) fn disputed(&self, news: &News) {
        self.opened.add(news.opened);
        self.won.add(news.won);
        self.lost.add(news.lost);
    }

    /// A call for `payment` begins.
    pub(crate) fn begin(&self, call: Call, meters: &Meters, payment: &Payment) -> Calling {
        let mut span = meters.span(NAMES[call as usize], Kind::Client, &payment.trace);
        if let Some(span) = &mut span {
            span.note("ticketing.provider", &payment.provider);
        }
        Calling { call, begun: self.of_call(call).answered.start(), span }
    }

    /// A call was answered, well or not.
    pub(crate) fn answered(&self, Calling { call, begun, span }: Calling, is_well: bool) {
        let calls = self.of_call(call);
        if is_well { &calls.answered } else { &calls.failed }.stop(begun);
        end(span, is_well);
    }

    /// A call was given up.
    pub(crate) fn given_up(&self, Calling { call, begun, span }: Calling) {
        self.of_call(call).timeout.stop(begun);
        end(span, false);
    }

    fn of_call(&self, call: Call) -> &Calls {
        &self.calls[call as usize]
    }
}

/// Shows how many payments are unresolved, and since when.
pub(crate) struct Unresolved {
    engine: Arc<Engine>,
    many: Gauge,
    oldest: Gauge,
}

impl Unresolved {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        let meters = engine.meters();
        let many = meters.gauge(&PAYMENTS_UNRESOLVED, &[]);
        let oldest = meters.gauge(&PAYMENTS_OLDEST, &[]);
        Self { engine, many, oldest }
    }
}

#[async_trait]
impl Look for Unresolved {
    async fn look(&self) {
        match queries::unresolved(&self.engine, MOST_COUNTED).await {
            Ok(payments) => {
                self.many.set_count(payments.len());
                let oldest = payments.iter().map(|payment| payment.created_at).min();
                let age = oldest.map_or(Duration::ZERO, |since| self.engine.now().since(since));
                self.oldest.set_time(age);
            }
            Err(_) => {
                self.many.set_unknown();
                self.oldest.set_unknown();
            }
        }
    }
}
