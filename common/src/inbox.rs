//! From the bus into a service: delivery → command → acknowledgement.
//!
//! A service lists what it hears as a table ([`Hears`]) that turns an event into a command. There
//! is no row per event in the database: the command writes the event's version into the copy it
//! makes, in the same commit, and a copy that is not older refuses to be overwritten. So twice,
//! late and out of order change nothing (I10, I11), and a delivery is acknowledged only when its
//! effect is durable (I9).
//!
//! What cannot be understood is set aside in the service's own store, with an alarm, and
//! acknowledged: it must neither be lost nor hold up what comes after it (I20).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::bus::{Bus, BusDown, Delivery, Subscription};
use crate::command::{Change, Command, Docs, Entity, Key, Moment, Refusal};
use crate::events::{Envelope, NotUnderstood};
use crate::execute::{Engine, Failure};
use crate::metrics::table::{EVENT_DELAY, EVENTS_HANDLED};
use crate::metrics::{Counter, Histogram, Meters};
use crate::store::Collection;
use crate::time::Timestamp;
use crate::trace::{Kind, Span};

/// The pause before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a service does about the events of one subject.
pub struct Hears {
    /// Whose events.
    pub subject: &'static str,
    /// Which command an event calls for.
    pub read: fn(&Envelope) -> Result<Reaction, NotUnderstood>,
}

type Run = Box<dyn FnOnce(Arc<Engine>, String) -> Running + Send>;
type Running = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What an event calls for.
pub struct Reaction(Option<Run>);

impl Reaction {
    /// A command.
    pub fn command<C: Command<Reply = ()>>(command: C) -> Self {
        let run = |engine: Arc<Engine>, trace: String| {
            Box::pin(async move { engine.run(command, &trace).await }) as Running
        };
        Self(Some(Box::new(run)))
    }

    /// Nothing: this service does not mind.
    pub fn nothing() -> Self {
        Self(None)
    }
}

/// Everything that one service hears.
pub struct Inbox {
    engine: Arc<Engine>,
    group: &'static str,
    hears: Vec<Hears>,
    /// One for each of `hears`.
    counts: Vec<Counts>,
}

/// What is counted of one subject.
struct Counts {
    done: Counter,
    set_aside: Counter,
    again: Counter,
    delay: Histogram,
}

impl Counts {
    fn of(meters: &Meters, subject: &str) -> Self {
        let outcome = |outcome| meters.counter(&EVENTS_HANDLED, &[subject, outcome]);
        Self {
            done: outcome("done"),
            set_aside: outcome("set_aside"),
            again: outcome("again"),
            delay: meters.histogram(&EVENT_DELAY, &[subject]),
        }
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Its effect is durable, or it was set aside.
    Done,
    /// It has to come again.
    Again,
}

impl Inbox {
    /// What the service `group` hears.
    pub fn new(engine: Arc<Engine>, group: &'static str, hears: Vec<Hears>) -> Self {
        let counts = |hears: &Hears| Counts::of(engine.meters(), hears.subject);
        let counts = hears.iter().map(counts).collect();
        Self { engine, group, hears, counts }
    }

    /// Listens until `stop` returns.
    pub async fn listen(&self, bus: &dyn Bus, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        loop {
            match self.listen_once(bus, stop.as_mut()).await {
                Ok(()) => return,
                Err(down) => {
                    let service = self.group;
                    tracing::warn!(service, error = %down, "cannot hear events; trying again");
                }
            }
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.engine.clock().sleep(PAUSE) => {}
            }
        }
    }

    /// Listens until `stop` returns, or the bus is down.
    async fn listen_once(
        &self,
        bus: &dyn Bus,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<(), BusDown> {
        let subjects = self.subjects();
        let mut subscription = tokio::select! {
            biased;
            () = stop.as_mut() => return Ok(()),
            subscription = bus.subscribe(self.group, &subjects) => subscription?,
        };
        tokio::select! {
            biased;
            () = stop => {}
            down = self.hear(&mut *subscription) => return Err(down),
        }
        subscription.leave().await;
        Ok(())
    }

    /// Handles what comes, until the bus is down.
    async fn hear(&self, subscription: &mut dyn Subscription) -> BusDown {
        loop {
            let deliveries = match subscription.next().await {
                Ok(deliveries) => deliveries,
                Err(down) => return down,
            };
            if let Err(down) = self.handle_all(subscription, deliveries).await {
                return down;
            }
        }
    }

    async fn handle_all(
        &self,
        subscription: &mut dyn Subscription,
        deliveries: Vec<Delivery>,
    ) -> Result<(), BusDown> {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Bug::EarlyAcknowledgement) {
            subscription.acknowledge(deliveries.iter().map(|d| d.token).collect()).await?;
        }
        // All at once, so that the store commits them together.
        let handled = join_all(deliveries.iter().map(|delivery| self.handle(delivery))).await;
        let (mut done, mut again) = (Vec::new(), Vec::new());
        for (delivery, handled) in deliveries.iter().zip(handled) {
            match handled {
                Handled::Done => done.push(delivery.token),
                Handled::Again => again.push(delivery.token),
            }
        }
        subscription.acknowledge(done).await?;
        if !again.is_empty() {
            self.engine.clock().sleep(PAUSE).await;
            subscription.give_back(again).await?;
        }
        Ok(())
    }

    fn count(&self, delivery: &Delivery, count: impl FnOnce(&Counts)) {
        let place = self.hears.iter().position(|hears| hears.subject == delivery.subject);
        if let Some(counts) = place.and_then(|place| self.counts.get(place)) {
            count(counts);
        }
    }

    /// The subjects that it hears.
    pub fn subjects(&self) -> Vec<&'static str> {
        self.hears.iter().map(|hears| hears.subject).collect()
    }

    /// Does what a delivery calls for.
    pub async fn handle(&self, delivery: &Delivery) -> Handled {
        let reaction = match self.read(delivery) {
            Ok(reaction) => reaction,
            Err(cause) => return self.set_aside(delivery, &cause.to_string()).await,
        };
        let (envelope, Some(run)) = reaction else {
            self.count(delivery, |counts| counts.done.inc());
            return Handled::Done;
        };
        let at = envelope.at;
        let meters = self.engine.meters();
        let mut span = meters.span("hear", Kind::Consumer, &envelope.trace);
        if let Some(span) = &mut span {
            span.note("ticketing.event", &envelope.kind);
        }
        let trace = span.as_ref().map_or(envelope.trace, Span::text);
        let heard = run(Arc::clone(&self.engine), trace).await;
        if let Some(mut span) = span {
            if heard.is_err() {
                span.fail();
            }
            span.end();
        }
        match heard {
            Ok(()) => {
                self.count(delivery, |counts| {
                    counts.done.inc();
                    counts.delay.took(self.engine.now().since(at));
                });
                Handled::Done
            }
            Err(Failure::Refused(refusal)) => {
                self.set_aside(delivery, &format!("refused: {refusal}")).await
            }
            Err(failure @ Failure::Broken(_)) => {
                self.set_aside(delivery, &failure.to_string()).await
            }
            Err(failure) => {
                let (service, event) = (self.group, &delivery.id);
                tracing::warn!(service, event, error = %failure, "an event has to wait");
                self.count(delivery, |counts| counts.again.inc());
                Handled::Again
            }
        }
    }

    fn read(&self, delivery: &Delivery) -> Result<(Envelope, Option<Run>), NotUnderstood> {
        let envelope = Envelope::read(&delivery.body)?;
        let hears = self.hears.iter().find(|hears| hears.subject == delivery.subject);
        let Some(hears) = hears else {
            return Err(NotUnderstood::UnknownKind(envelope.kind));
        };
        let Reaction(run) = (hears.read)(&envelope)?;
        Ok((envelope, run))
    }

    async fn set_aside(&self, delivery: &Delivery, reason: &str) -> Handled {
        let (service, event) = (self.group, &delivery.id);
        tracing::error!(service, event, reason, "an event is set aside: somebody has to look");
        let command = SetAside {
            letter: Letter {
                id: delivery.id.clone(),
                subject: delivery.subject.clone(),
                body: String::from_utf8_lossy(&delivery.body).into_owned(),
                reason: reason.to_owned(),
                at: self.engine.now(),
            },
        };
        match self.engine.run(command, "").await {
            Ok(()) => {
                self.count(delivery, |counts| counts.set_aside.inc());
                Handled::Done
            }
            Err(failure) => {
                tracing::warn!(service, event, error = %failure, "it could not be set aside yet");
                self.count(delivery, |counts| counts.again.inc());
                Handled::Again
            }
        }
    }
}

/// Events that a service could not understand or apply.
pub static SET_ASIDE: Collection = Collection { name: "set_aside", fields: &[], indexes: &[] };

/// An event that a service could not understand or apply.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Letter {
    id: String,
    subject: String,
    body: String,
    reason: String,
    at: Timestamp,
}

impl Entity for Letter {
    const COLLECTION: &'static Collection = &SET_ASIDE;

    fn id(&self) -> String {
        self.id.clone()
    }
}

struct SetAside {
    letter: Letter,
}

impl Command for SetAside {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Letter>(&self.letter.id)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        Ok(match docs.get::<Letter>(&self.letter.id) {
            Some(_) => Change::nothing(()),
            None => Change::nothing(()).put(self.letter.clone()),
        })
    }
}
