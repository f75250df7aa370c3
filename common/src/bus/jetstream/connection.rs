//! One connection to the servers, which finds its way back by itself.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::{OpenError, Options};
use crate::bus::BusDown;
use crate::id::{Entropy, random_u64};
use crate::time::jittered;

/// How long any call to the servers may take, waiting for a connection included.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a silent server is asked for a sign of life; two that stay away end the connection.
const PING: Duration = Duration::from_secs(5);

/// The pause before the first attempt to connect again, which doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Where the servers are, and as whom to speak to them.
pub(super) struct Address {
    servers: Vec<ServerAddr>,
    credentials: Option<(String, String)>,
}

impl Address {
    /// Reads `nats://user:password@host[:port][,host…]`; `tls://` asks for TLS.
    pub(super) fn read(text: &str) -> Result<Self, OpenError> {
        let (scheme, rest) = text.split_once("://").ok_or(OpenError::Address)?;
        if !matches!(scheme, "nats" | "tls") {
            return Err(OpenError::Address);
        }
        let (user, hosts) = match rest.trim_end_matches('/').rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, rest.trim_end_matches('/')),
        };
        let server = |host: &str| match ServerAddr::from_str(&format!("{scheme}://{host}")) {
            Ok(server) if !host.is_empty() => Ok(server),
            Ok(_) | Err(_) => Err(OpenError::Address),
        };
        let servers: Result<_, _> = hosts.split(',').map(server).collect();
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(String::from).map_err(|_| OpenError::Address)
        };
        let credentials = match user {
            Some(user) => {
                let (name, password) = user.split_once(':').ok_or(OpenError::Address)?;
                Some((decoded(name)?, decoded(password)?))
            }
            None => None,
        };
        Ok(Self { servers: servers?, credentials })
    }

    fn wants_tls(&self) -> bool {
        self.servers.iter().any(ServerAddr::tls_required)
    }
}

impl fmt::Debug for Address {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("servers", &self.servers).finish_non_exhaustive()
    }
}

/// A connection, shared by everything that the bus does.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) context: Context,
    /// Counts the times that it was made and lost.
    turns: watch::Receiver<u64>,
    /// Dropped with the last of those that use it.
    _in_use: Arc<oneshot::Sender<()>>,
}

impl Connection {
    /// Begins to connect, and waits a little for that to succeed. Where no server can be had now,
    /// one is looked for for as long as the connection lives.
    pub(super) async fn begin(
        options: &Options,
        address: Address,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let (turn, turns) = watch::channel(0_u64);
        let mut connect = ConnectOptions::new()
            .name(format!("ticketing {}", options.name))
            // Nobody else may listen there: who is who is the servers' configuration.
            .custom_inbox_prefix(format!("_INBOX.{}", options.name))
            .retry_on_initial_connect()
            .connection_timeout(CALL_TIMEOUT)
            .request_timeout(Some(CALL_TIMEOUT))
            .ping_interval(PING)
            .require_tls(address.wants_tls())
            .reconnect_delay_callback(move |attempts| pause(attempts, &*entropy))
            .event_callback(move |event| {
                note(&event);
                if matches!(event, Event::Connected | Event::Disconnected) {
                    turn.send_modify(|turn| *turn += 1);
                }
                std::future::ready(())
            });
        if let Some((user, password)) = address.credentials {
            connect = connect.user_and_password(user, password);
        }
        if let Some(path) = &options.certificates {
            connect = connect.add_root_certificates(readable(path)?.to_owned());
        }
        let client = connect.connect(address.servers).await.map_err(OpenError::client)?;
        let context = ContextBuilder::new().timeout(CALL_TIMEOUT).build(client.clone());
        let _in_use = Arc::new(send_what_is_left(&client));
        let connection = Self { client, context, turns, _in_use };
        if let Err(down) = connection.ready().await {
            tracing::warn!(error = %down, "starting without the event bus; it is looked for");
        }
        Ok(connection)
    }

    /// Waits for a connection, and tells which one it is.
    pub(super) async fn ready(&self) -> Result<u64, BusDown> {
        let mut turns = self.turns.clone();
        let connected = async {
            loop {
                let turn = *turns.borrow_and_update();
                if self.client.connection_state() == State::Connected && turn > 0 {
                    return Ok(turn);
                }
                turns.changed().await.map_err(|_| BusDown("the client has ended".to_owned()))?;
            }
        };
        in_time(connected, "no NATS server can be reached").await?
    }

    /// Whether this is still the connection that it was.
    pub(super) fn is(&self, turn: u64) -> bool {
        *self.turns.borrow() == turn
    }

    /// Returns when it is not the connection any more that it was.
    pub(super) async fn lost(&self, turn: u64) -> BusDown {
        let mut turns = self.turns.clone();
        // An error means that the client has ended, which is the same to whoever waits.
        drop(turns.wait_for(|now| *now != turn).await);
        BusDown("the connection to NATS was lost".to_owned())
    }
}

/// Keeps the driver from ending before it has sent what members gave back when they were dropped.
/// What comes of it is told when the bus is not used any more.
fn send_what_is_left(client: &Client) -> oneshot::Sender<()> {
    let (in_use, not_in_use) = oneshot::channel();
    let client = client.clone();
    let send = async move {
        // Nothing is ever sent: the sender is dropped.
        drop(not_in_use.await);
        // Where it cannot be sent, the servers' patience has to do.
        drop(in_time(client.flush(), "not sent").await);
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "ends soon after the bus, as the driver's own do"
    )]
    tokio::spawn(send);
    in_use
}

/// Waits for `work` no longer than for anything else.
pub(super) async fn in_time<T>(
    work: impl Future<Output = T> + Send,
    late: &str,
) -> Result<T, BusDown> {
    let seconds = CALL_TIMEOUT.as_secs();
    timeout(CALL_TIMEOUT, work).await.map_err(|_| BusDown(format!("{late} within {seconds} s")))
}

/// The driver would notice at each attempt to connect, for ever.
fn readable(path: &Path) -> Result<&Path, OpenError> {
    match std::fs::read(path) {
        Ok(_) => Ok(path),
        Err(cause) => Err(OpenError::Certificates { path: path.to_owned(), cause }),
    }
}

/// Twice as long each time, and no two alike: replicas that lost a server together would come back
/// together.
fn pause(attempts: usize, entropy: &dyn Entropy) -> Duration {
    if attempts <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempts - 2).unwrap_or(u32::MAX).min(10);
    let longest = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
    // Without randomness there is no jitter, and nothing worse.
    random_u64(entropy).map_or(longest, |random| jittered(longest, random))
}

fn note(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("the connection to NATS was lost"),
        Event::ServerError(error) => tracing::error!(%error, "NATS refuses something"),
        Event::ClientError(error) => tracing::warn!(%error, "no connection to NATS"),
        Event::SlowConsumer(_) => tracing::error!("messages of NATS were dropped unread"),
        Event::LameDuckMode | Event::Draining | Event::Closed => {
            tracing::info!(%event, "NATS");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemEntropy;

    type Credentials = Option<(String, String)>;

    fn read(text: &str) -> Option<(Vec<String>, Credentials)> {
        let address = Address::read(text).ok()?;
        let shown = |server: &ServerAddr| format!("{}:{}", server.host(), server.port());
        Some((address.servers.iter().map(shown).collect(), address.credentials))
    }

    #[test]
    fn an_address_names_any_number_of_servers_and_one_user() {
        let user = Some(("me".to_owned(), "p@ss/w:rd".to_owned()));
        let one = vec!["one:4222".to_owned()];
        assert_eq!(read("nats://one"), Some((one.clone(), None)));
        assert_eq!(read("nats://me:p%40ss%2Fw:rd@one/"), Some((one, user.clone())));
        let both = vec!["one:4222".to_owned(), "::1:5".to_owned()];
        assert_eq!(read("tls://me:p@ss%2Fw:rd@one,[::1]:5"), Some((both, user)));
        assert!(Address::read("tls://one").unwrap().wants_tls());
        assert!(!Address::read("nats://one").unwrap().wants_tls());
    }

    #[test]
    fn what_is_no_address_is_said_without_its_password() {
        for text in [
            "",
            "one",
            "http://one",
            "nats://",
            "nats://one,",
            "nats://secret@one",
            "nats://a:%ff@one",
        ] {
            let error = Address::read(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let address = Address::read("nats://me:secret@one").unwrap();
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[test]
    fn pauses_grow_and_end_somewhere() {
        let longest_of =
            |attempts| (0..100).map(|_| pause(attempts, &SystemEntropy)).max().unwrap_or_default();
        assert_eq!(pause(1, &SystemEntropy), Duration::ZERO);
        assert!(longest_of(2) <= FIRST_PAUSE);
        assert!(longest_of(5) > FIRST_PAUSE);
        assert!(longest_of(usize::MAX) <= LONGEST_PAUSE);
        assert!(pause(usize::MAX, &SystemEntropy) >= LONGEST_PAUSE / 2);
    }
}
