//! The streams: one for each subject, made by whoever needs it first, and kept as it should be by
//! the service whose subject it is.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind,
};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType};

use super::Options;
use super::connection::Connection;
use crate::bus::BusDown;
use crate::id::{Entropy, random_u64};

/// How long a stream keeps a message: as long as an outbox keeps what is not the newest.
const KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Within it the servers drop what is published twice. Longer than a relay takes to try again.
const DUPLICATES: Duration = Duration::from_secs(120);

/// Where a stream's metadata say which store it is.
const EPOCH: &str = "ticketing-epoch";

/// What this process knows of a stream of its own.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Its name as a store.
    epoch: String,
    /// The place of the newest message that it is known to hold.
    newest: u64,
}

/// The streams as this process knows them.
#[derive(Debug, Default)]
pub(super) struct Streams {
    known: Mutex<HashMap<&'static str, Known>>,
}

impl Streams {
    /// A stream of our own holds a message at `place`.
    pub(super) fn learn(&self, subject: &'static str, place: u64) {
        let mut known = self.known();
        let newest = &mut known.entry(subject).or_default().newest;
        *newest = place.max(*newest);
    }

    /// Makes the stream of `subject`, which is our own, if it is not there, or as it should be if
    /// it is not so, and tells which store it is.
    ///
    /// A stream that ends before a message that it has acknowledged has lost something: it takes
    /// another name, and every outbox publishes everything again.
    pub(super) async fn keep(
        &self,
        connection: &Connection,
        options: &Options,
        entropy: &dyn Entropy,
        subject: &'static str,
    ) -> Result<String, BusDown> {
        let before = self.known().get(subject).cloned().unwrap_or_default();
        let info = find_or_make(connection, options, entropy, subject).await?;
        let mut wanted = config(options, subject, String::new());
        wanted.metadata.clone_from(&info.config.metadata);
        let epoch = match wanted.metadata.get(EPOCH) {
            Some(epoch) if *epoch != before.epoch || info.state.last_sequence >= before.newest => {
                epoch.clone()
            }
            lost => {
                if lost.is_some() {
                    tracing::error!(subject, "a stream has lost messages; all are published again");
                }
                let epoch = name(entropy)?;
                wanted.metadata.insert(EPOCH.to_owned(), epoch.clone());
                epoch
            }
        };
        if !is_as_wanted(&info.config, &wanted) {
            let updated = connection.context.update_stream(wanted).await;
            updated.map_err(|error| down(subject, &error))?;
        }
        let mut known = self.known();
        let known = known.entry(subject).or_default();
        if known.epoch != epoch {
            *known = Known { epoch: epoch.clone(), newest: 0 };
        }
        Ok(epoch)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<&'static str, Known>> {
        // Nothing that holds the lock can panic half-way.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the stream of `subject`: `TICKETING_ORDERS`.
pub(super) fn stream_of(options: &Options, subject: &str) -> String {
    format!("{}_{}", options.namespace, subject).to_uppercase()
}

/// The subject as the servers know it: `ticketing.orders`.
pub(super) fn subject_of(options: &Options, subject: &str) -> String {
    format!("{}.{subject}", options.namespace)
}

/// The stream of `subject`, which is made if it is not there. Any number of processes may do so at
/// once: the first makes it, the others find it.
pub(super) async fn find_or_make(
    connection: &Connection,
    options: &Options,
    entropy: &dyn Entropy,
    subject: &'static str,
) -> Result<Info, BusDown> {
    let stream = stream_of(options, subject);
    match connection.context.get_stream(&stream).await {
        Ok(stream) => return Ok(stream.cached_info().clone()),
        Err(error) if !is_missing(&error) => return Err(down(subject, &error)),
        Err(_) => {}
    }
    match connection.context.create_stream(config(options, subject, name(entropy)?)).await {
        Ok(stream) => Ok(stream.cached_info().clone()),
        Err(error) if is_there_already(&error) => {
            let found = connection.context.get_stream(&stream).await;
            found.map(|stream| stream.cached_info().clone()).map_err(|error| down(subject, &error))
        }
        Err(error) => Err(down(subject, &error)),
    }
}

fn config(options: &Options, subject: &str, epoch: String) -> Config {
    Config {
        name: stream_of(options, subject),
        subjects: vec![subject_of(options, subject)],
        // What goes first is the oldest: nobody who publishes is held up by a group that is gone.
        discard: DiscardPolicy::Old,
        retention: RetentionPolicy::Limits,
        max_age: KEEP,
        max_bytes: i64::try_from(options.max_bytes).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_message_size: -1,
        storage: StorageType::File,
        num_replicas: options.replicas,
        duplicate_window: DUPLICATES,
        metadata: HashMap::from([(EPOCH.to_owned(), epoch)]),
        ..Config::default()
    }
}

/// Whether what we care about is as wanted; servers add metadata and defaults of their own.
fn is_as_wanted(found: &Config, wanted: &Config) -> bool {
    let of = |config: &Config| {
        let limits = (config.max_age, config.max_bytes, config.duplicate_window);
        (config.subjects.clone(), limits, config.num_replicas, config.metadata.get(EPOCH).cloned())
    };
    of(found) == of(wanted)
}

fn name(entropy: &dyn Entropy) -> Result<String, BusDown> {
    let random = random_u64(entropy).map_err(|error| BusDown(error.to_string()))?;
    Ok(format!("{random:016x}"))
}

fn is_missing(error: &GetStreamError) -> bool {
    let GetStreamErrorKind::JetStream(error) = error.kind() else { return false };
    error.error_code() == ErrorCode::STREAM_NOT_FOUND
}

fn is_there_already(error: &CreateStreamError) -> bool {
    let CreateStreamErrorKind::JetStream(error) = error.kind() else { return false };
    error.error_code() == ErrorCode::STREAM_NAME_EXIST
}

pub(super) fn down(subject: &str, error: &dyn std::error::Error) -> BusDown {
    BusDown(format!("{subject}: {error}"))
}
