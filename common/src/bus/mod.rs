//! The bus port: messages from one service's outbox to every service that subscribed.
//!
//! A bus carries copies. The record of an event is the outbox of the service that published it, so
//! a bus may deliver twice, late and out of order, and may lose everything it holds:
//! [`crate::outbox`] sends it again, and [`crate::inbox`] ignores what is not newer. What a bus
//! must promise is small, and [`contract`] holds it to it: what is not acknowledged comes again,
//! and a wiped bus is seen to be another one ([`Bus::epoch`]).

pub mod contract;
pub mod embedded;
#[cfg(feature = "nats")]
pub mod jetstream;
mod lag;

use async_trait::async_trait;
use bytes::Bytes;

pub use lag::Lag;

/// A message on its way: the bytes of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose events these are: `tickets`, `orders` …
    pub subject: &'static str,
    /// Unique for ever. A bus may use it to drop duplicates; nobody may rely on that.
    pub id: String,
    /// The event as JSON.
    pub body: Bytes,
}

/// A message delivered to a subscriber's group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Names this delivery to [`Subscription::acknowledge`].
    pub token: u64,
    /// Whose events these are.
    pub subject: String,
    /// As published.
    pub id: String,
    /// As published.
    pub body: Bytes,
}

/// The bus cannot serve at the moment. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event bus is unavailable: {0}")]
pub struct BusDown(pub String);

/// Most messages in one [`Bus::publish`] and one [`Subscription::next`].
pub const MAX_MESSAGES: usize = 256;

/// The port.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Hands over messages, in their order. `Ok` means that the bus holds all of them.
    ///
    /// # Errors
    /// When it may not hold all of them; they are to be published again.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusDown>;

    /// Joins `group` for `subjects`. Each message goes to one member of each group; a new group
    /// starts with the oldest message that the bus still holds.
    ///
    /// # Errors
    /// When the bus cannot serve.
    async fn subscribe(
        &self,
        group: &'static str,
        subjects: &[&'static str],
    ) -> Result<Box<dyn Subscription>, BusDown>;

    /// A name for this bus's store. Another name than before means that what it held is gone.
    ///
    /// # Errors
    /// When the bus cannot serve.
    async fn epoch(&self) -> Result<String, BusDown>;

    /// How many messages for `group` it has not acknowledged; `None` where the bus cannot tell.
    async fn behind(&self, _group: &'static str) -> Option<u64> {
        None
    }
}

/// A member of a group, receiving its share. Dropping it gives back what it has not acknowledged.
/// What is still on its way to it may come to others only after a while, unless it leaves.
#[async_trait]
pub trait Subscription: Send + Sync {
    /// Waits for at least one message and returns up to [`MAX_MESSAGES`]. Who stops waiting loses
    /// none.
    ///
    /// # Errors
    /// When the bus cannot serve, or the subscription holds too many messages that it has not dealt
    /// with.
    async fn next(&mut self) -> Result<Vec<Delivery>, BusDown>;

    /// Says that these deliveries have been dealt with for good. Those that are neither
    /// acknowledged nor given back come again when the subscription is dropped or the process ends.
    /// Tokens that name nothing it holds are ignored.
    ///
    /// # Errors
    /// When the bus cannot serve; the messages will come again.
    async fn acknowledge(&mut self, tokens: Vec<u64>) -> Result<(), BusDown>;

    /// Gives deliveries back, to come again soon.
    ///
    /// # Errors
    /// When the bus cannot serve; the messages come again all the same, only later.
    async fn give_back(&mut self, tokens: Vec<u64>) -> Result<(), BusDown>;

    /// Ends it, so that others get at once what it has not acknowledged, and what is still on its
    /// way to it. Takes no longer than some seconds. The default is for a bus that hands over what
    /// is asked for in one step: dropping does the same there.
    async fn leave(self: Box<Self>) {}
}
