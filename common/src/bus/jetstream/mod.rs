//! The bus of a fleet: NATS JetStream.
//!
//! A stream for each subject (`TICKETING_ORDERS` holds `ticketing.orders`), and in it a durable
//! consumer for each group, from which the group's members pull. Everything that a server has to
//! hold is made by whichever process needs it first, again whenever it is gone ([`streams`]).
//!
//! **A stream carries copies.** Its limits drop the oldest messages, whoever has not seen them; the
//! record is the outbox. Each stream bears a random name in its metadata, given to it by whoever
//! made it. The names of a service's own streams are the bus's epoch: where a stream is made anew,
//! its owner's outbox publishes everything again. So it does where a stream is found to end before
//! a message that it had acknowledged.
//!
//! **A member asks for messages only while somebody waits for them** ([`pull`]): what is fetched
//! beforehand would be kept from the other members. It holds what it was given until it
//! acknowledges it, gives it back or is dropped, which gives it back. Who leaves waits besides for
//! what is on its way, for a second at most unless servers are slow. A killed process cannot do so:
//! after [`Options::ack_wait`] the servers deliver to another.
//!
//! **A lost connection ends a subscription** ([`member`]). Where it led to may have been another
//! store, in which the place that an acknowledgement names is another message's, so none is sent
//! over another connection than its message came by. Whoever listens subscribes again, which finds
//! or makes streams and consumers.
//!
//! Rejected: consumers that the servers push to (a slow member hoards), and the client's own stream
//! of messages, which fetches ahead.

mod connection;
mod member;
mod pull;
mod streams;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_trait::async_trait;

use self::connection::{Address, Connection};
use self::member::Member;
use self::streams::{Streams, down, subject_of};
use super::{Bus, BusDown, MAX_MESSAGES, Message, Subscription};
use crate::id::Entropy;

/// Where the servers are, and what is kept on them.
#[derive(Clone)]
pub struct Options {
    /// `nats://user:password@host[:port][,host…]`, or `tls://` for TLS. What is special in a URL is
    /// percent-encoded in name and password.
    pub address: String,
    /// A file of PEM certificates to trust besides those of the system.
    pub certificates: Option<PathBuf>,
    /// Who speaks: the service's name.
    pub name: &'static str,
    /// The subjects that this service publishes: their streams are its to keep, and their names are
    /// the epoch.
    pub publishes: Vec<&'static str>,
    /// How many servers keep a copy of each stream. Default: 1.
    pub replicas: usize,
    /// Most bytes that a stream holds; the oldest messages beyond go. Servers reserve so much for
    /// each stream. Default: 1 GiB.
    pub max_bytes: u64,
    /// How long the servers wait for an acknowledgement before they deliver a message again, to
    /// another member if there is one. Default: 15 s, longer than an event takes to be applied, and
    /// short enough for what a killed process held (I18).
    pub ack_wait: Duration,
    /// What names of streams and subjects begin with. Default: `ticketing`.
    pub namespace: String,
}

impl Options {
    /// The defaults, for the service `name` that publishes `publishes`.
    pub fn new(address: String, name: &'static str, publishes: Vec<&'static str>) -> Self {
        Self {
            address,
            certificates: None,
            name,
            publishes,
            replicas: 1,
            max_bytes: 1 << 30,
            ack_wait: Duration::from_secs(15),
            namespace: "ticketing".to_owned(),
        }
    }
}

impl fmt::Debug for Options {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why the bus could not be opened. That no server answers is no reason.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none of NATS.
    #[error(
        "the NATS address cannot be used: it has the form nats://user:password@host[:port][,host…], \
         or tls://… for TLS"
    )]
    Address,
    /// The certificates cannot be read.
    #[error("the certificates {} for NATS cannot be read: {cause}", .path.display())]
    Certificates {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The driver cannot be set up so.
    #[error("the NATS client cannot be set up: {0}")]
    Client(String),
}

impl OpenError {
    fn client(error: async_nats::ConnectError) -> Self {
        Self::Client(error.to_string())
    }
}

/// The bus on NATS JetStream.
pub struct JetStreamBus {
    options: Arc<Options>,
    connection: Connection,
    streams: Streams,
    /// What each group of this process hears.
    heard: Mutex<HashMap<&'static str, Vec<&'static str>>>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for JetStreamBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamBus").field("options", &self.options).finish_non_exhaustive()
    }
}

impl JetStreamBus {
    /// Connects, or begins to: where no server answers within some seconds, the bus is down until
    /// one does. Work runs on the runtime that this is called in.
    ///
    /// # Errors
    /// When the options cannot be used.
    pub async fn connect(
        options: Options,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>, OpenError> {
        let address = Address::read(&options.address)?;
        let connection = Connection::begin(&options, address, Arc::clone(&entropy)).await?;
        let (options, streams) = (Arc::new(options), Streams::default());
        Ok(Arc::new(Self { options, connection, streams, heard: Mutex::default(), entropy }))
    }

    /// Whether a server answers.
    ///
    /// # Errors
    /// When none does, with the reason.
    pub async fn ready(&self) -> Result<(), BusDown> {
        self.connection.ready().await?;
        let answered = connection::in_time(self.connection.client.flush(), "no answer").await?;
        answered.map_err(|error| BusDown(error.to_string()))
    }

    /// Sends what members gave back when they were dropped. To be waited for before the process
    /// ends.
    pub async fn close(&self) {
        if let Err(error) = self.ready().await {
            let cost = "what members held comes to others only after a while";
            tracing::warn!(%error, cost, "not everything was given back");
        }
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<&'static str, Vec<&'static str>>> {
        // Nothing that holds the lock can panic half-way.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends all, in their order, and waits until all are acknowledged.
    async fn send(&self, messages: &[Message]) -> Result<(), (&'static str, PublishError)> {
        let mut sent = Vec::with_capacity(messages.len());
        for Message { subject, id, body } in messages {
            let publish = PublishMessage::build().payload(body.clone()).message_id(id);
            let to = subject_of(&self.options, subject);
            let acknowledged = self.connection.context.send_publish(to, publish).await;
            sent.push((*subject, acknowledged.map_err(|error| (*subject, error))?));
        }
        for (subject, acknowledged) in sent {
            let acknowledged = acknowledged.await.map_err(|error| (subject, error))?;
            self.streams.learn(subject, acknowledged.sequence);
        }
        Ok(())
    }

    async fn keep_streams(&self) -> Result<Vec<String>, BusDown> {
        let mut names = Vec::new();
        for subject in &self.options.publishes {
            let (connection, options) = (&self.connection, &self.options);
            names.push(self.streams.keep(connection, options, &*self.entropy, subject).await?);
        }
        Ok(names)
    }
}

#[async_trait]
impl Bus for JetStreamBus {
    /// # Panics
    /// When there are more than [`MAX_MESSAGES`].
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusDown> {
        assert!(messages.len() <= MAX_MESSAGES, "{} messages in one publish", messages.len());
        if messages.is_empty() {
            return Ok(());
        }
        // What is sent without a connection would wait in the client, again at each attempt.
        self.connection.ready().await?;
        let first = self.send(&messages).await;
        let sent = match first {
            Err((_, error)) if error.kind() == PublishErrorKind::StreamNotFound => {
                self.keep_streams().await?;
                self.send(&messages).await
            }
            sent => sent,
        };
        sent.map_err(|(subject, error)| down(subject, &error))
    }

    async fn subscribe(
        &self,
        group: &'static str,
        subjects: &[&'static str],
    ) -> Result<Box<dyn Subscription>, BusDown> {
        let options = Arc::clone(&self.options);
        let member = Member::join(&self.connection, options, &*self.entropy, group, subjects);
        let member = member.await?;
        self.heard().insert(group, subjects.to_vec());
        Ok(Box::new(member))
    }

    async fn epoch(&self) -> Result<String, BusDown> {
        self.connection.ready().await?;
        Ok(self.keep_streams().await?.join("-"))
    }

    async fn behind(&self, group: &'static str) -> Option<u64> {
        let subjects = self.heard().get(group).cloned()?;
        let mut many = 0;
        for subject in subjects {
            many += member::behind(&self.connection, &self.options, group, subject).await.ok()?;
        }
        Some(many)
    }
}
