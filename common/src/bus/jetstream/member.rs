//! A member of a group: what it asks for, and what it holds.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::{Client, Subject};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};

use super::Options;
use super::connection::Connection;
use super::pull::{Arrived, EXPIRES, Source, body};
use super::streams::{down, find_or_make, stream_of};
use crate::bus::{BusDown, Delivery, MAX_MESSAGES, Subscription};
use crate::id::Entropy;

/// Most messages that a member may hold at a time. One that holds so many has lost track of them,
/// and is told so.
const MAX_HELD: usize = 4 * MAX_MESSAGES;

/// Most messages that the members of a group may hold together: enough for 16 that hold all they
/// may.
const MAX_HELD_BY_GROUP: usize = 16 * MAX_HELD;

/// How long the rest of an answer is waited for once some of it has come. It ends at once unless
/// the group holds all that it may.
const REST: Duration = Duration::from_millis(100);

/// How long whoever leaves waits for its requests to be over, at most.
const LEAVING: Duration = EXPIRES.saturating_mul(3);

pub(super) struct Member {
    connection: Connection,
    /// The connection that it has joined by.
    turn: u64,
    sources: Vec<Source>,
    /// Has come, and has not been handed out.
    arrived: VecDeque<Arrived>,
    /// In their order, in which they are given back.
    held: BTreeMap<u64, Held>,
    next_token: u64,
}

/// A message that was handed out.
struct Held {
    source: usize,
    reply: Subject,
}

impl Member {
    pub(super) async fn join(
        connection: &Connection,
        options: Arc<Options>,
        entropy: &dyn Entropy,
        group: &'static str,
        subjects: &[&'static str],
    ) -> Result<Self, BusDown> {
        let connection = connection.clone();
        let turn = connection.ready().await?;
        let mut sources = Vec::new();
        for (index, subject) in subjects.iter().enumerate() {
            find_or_make(&connection, &options, entropy, subject).await?;
            let consumer = consumer_of(&connection, &options, group, subject).await?;
            sources.push(Source::open(subject, index, consumer, &connection.client).await?);
        }
        let (arrived, held) = (VecDeque::new(), BTreeMap::new());
        Ok(Self { connection, turn, sources, arrived, held, next_token: 0 })
    }

    /// Asks each source that is not asked, for as much as there is room for.
    async fn ask(&mut self) -> Result<(), BusDown> {
        let expected: usize = self.sources.iter().map(Source::expected).sum();
        let mut room = MAX_HELD.saturating_sub(self.held.len() + self.arrived.len() + expected);
        if room == 0 && expected == 0 {
            let complaint = format!("a member holds {MAX_HELD} messages and asks for more");
            return Err(BusDown(complaint));
        }
        for source in self.sources.iter_mut().filter(|source| source.expected() == 0) {
            source.ask(room.min(MAX_MESSAGES)).await?;
            room -= source.expected();
        }
        Ok(())
    }

    fn poll_sources(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BusDown>> {
        let mut outcome = Poll::Pending;
        for source in &mut self.sources {
            match source.poll_answers(context, &mut self.arrived) {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => outcome = Poll::Ready(Ok(())),
                Poll::Pending => {}
            }
        }
        outcome
    }

    /// What has come, as deliveries. Nothing is awaited here, so whoever stops waiting loses none.
    fn hand_out(&mut self) -> Vec<Delivery> {
        let many = self.arrived.len().min(MAX_MESSAGES);
        let mut deliveries = Vec::with_capacity(many);
        for Arrived { source, message, reply } in self.arrived.drain(..many) {
            let token = self.next_token;
            self.next_token += 1;
            self.held.insert(token, Held { source, reply });
            let id = message.headers.as_ref().and_then(|headers| headers.get(NATS_MESSAGE_ID));
            deliveries.push(Delivery {
                token,
                subject: self.sources[source].subject.to_owned(),
                id: id.map(ToString::to_string).unwrap_or_default(),
                body: message.payload,
            });
        }
        deliveries
    }

    /// What it holds under these tokens, by source. It holds it no more.
    fn release(&mut self, tokens: &[u64]) -> Vec<Vec<Subject>> {
        let mut released = vec![Vec::new(); self.sources.len()];
        for held in tokens.iter().filter_map(|token| self.held.remove(token)) {
            released[held.source].push(held.reply);
        }
        released
    }

    /// Asks for nothing more, and gives back whatever comes until all is over that it asked for.
    async fn end_requests(&mut self) -> Result<(), BusDown> {
        loop {
            self.give_back_all().await?;
            if self.sources.iter().all(|source| source.expected() == 0) {
                return Ok(());
            }
            poll_fn(|context| self.poll_sources(context)).await?;
        }
    }

    /// Gives back what it holds, and what has come and was not handed out.
    async fn give_back_all(&mut self) -> Result<(), BusDown> {
        while !(self.held.is_empty() && self.arrived.is_empty()) {
            let tokens = self.held.keys().copied().collect();
            self.give_back(tokens).await?;
            self.hand_out();
        }
        Ok(())
    }

    /// An acknowledgement names a place in a stream: see the module on other connections.
    fn check_connection(&self) -> Result<(), BusDown> {
        if self.connection.is(self.turn) {
            return Ok(());
        }
        Err(BusDown("the messages came by a connection that was lost".to_owned()))
    }
}

/// The durable consumer of `group`, which is made if it is not there, or as it should be.
async fn consumer_of(
    connection: &Connection,
    options: &Options,
    group: &str,
    subject: &str,
) -> Result<PullConsumer, BusDown> {
    let config = pull::Config {
        durable_name: Some(group.to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: options.ack_wait,
        max_ack_pending: i64::try_from(MAX_HELD_BY_GROUP).unwrap_or(i64::MAX),
        ..pull::Config::default()
    };
    let stream = stream_of(options, subject);
    let made = connection.context.create_consumer_on_stream(config, stream).await;
    made.map_err(|error| down(subject, &error))
}

/// How many messages of `subject` the group has not acknowledged.
pub(super) async fn behind(
    connection: &Connection,
    options: &Options,
    group: &str,
    subject: &str,
) -> Result<u64, BusDown> {
    connection.ready().await?;
    let stream = stream_of(options, subject);
    let consumer: Result<PullConsumer, _> =
        connection.context.get_consumer_from_stream(group, stream).await;
    let consumer = consumer.map_err(|error| down(subject, &error))?;
    let info = consumer.cached_info();
    Ok(info.num_pending + u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX))
}

async fn acknowledge_all(client: &Client, replies: Vec<Subject>) -> Result<(), String> {
    let mut replies = replies.into_iter();
    // A consumer deals with them in their order: the answer to the last speaks for all.
    let Some(last) = replies.next_back() else { return Ok(()) };
    for reply in replies {
        let sent = client.publish(reply, body(AckKind::Ack)).await;
        sent.map_err(|error| error.to_string())?;
    }
    let confirmed = client.request(last, body(AckKind::Ack)).await;
    confirmed.map(drop).map_err(|error| error.to_string())
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self) -> Result<Vec<Delivery>, BusDown> {
        loop {
            if self.arrived.is_empty() {
                self.check_connection()?;
                self.ask().await?;
            } else if !self.sources.iter().any(Source::is_being_answered) {
                return Ok(self.hand_out());
            }
            let (connection, turn) = (self.connection.clone(), self.turn);
            let has_some = !self.arrived.is_empty();
            tokio::select! {
                biased;
                outcome = poll_fn(|context| self.poll_sources(context)) => outcome?,
                down = connection.lost(turn) => return Err(down),
                () = sleep(REST), if has_some => return Ok(self.hand_out()),
            }
        }
    }

    async fn acknowledge(&mut self, tokens: Vec<u64>) -> Result<(), BusDown> {
        let released = self.release(&tokens);
        self.check_connection()?;
        for (source, replies) in released.into_iter().enumerate() {
            let acknowledged = acknowledge_all(&self.connection.client, replies).await;
            let subject = self.sources[source].subject;
            acknowledged.map_err(|error| BusDown(format!("{subject}: {error}")))?;
        }
        Ok(())
    }

    async fn give_back(&mut self, tokens: Vec<u64>) -> Result<(), BusDown> {
        let released = self.release(&tokens);
        self.check_connection()?;
        for reply in released.into_iter().flatten() {
            let sent = self.connection.client.publish(reply, body(AckKind::Nak(None))).await;
            sent.map_err(|error| BusDown(error.to_string()))?;
        }
        Ok(())
    }

    async fn leave(mut self: Box<Self>) {
        let (connection, turn) = (self.connection.clone(), self.turn);
        let left = tokio::select! {
            biased;
            down = connection.lost(turn) => Err(down),
            ended = timeout(LEAVING, self.end_requests()) => {
                ended.unwrap_or_else(|_| Err(BusDown("a request is not over".to_owned())))
            }
        };
        if let Err(error) = left {
            let cost = "what was on its way here comes to others only after a while";
            tracing::warn!(%error, cost, "left without a word from NATS");
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.check_connection().is_err() {
            return;
        }
        let held = std::mem::take(&mut self.held).into_values().map(|held| held.reply);
        let arrived = self.arrived.drain(..).map(|arrived| arrived.reply);
        for reply in held.chain(arrived) {
            let sent = self.connection.client.publish(reply, body(AckKind::Nak(None)));
            // Where the client has no room at the moment, the servers' patience has to do.
            if !matches!(unconstrained(sent).now_or_never(), Some(Ok(()))) {
                return;
            }
        }
    }
}
