//! Whose session is this, now?
//!
//! The costly part, the signature, is verified once for each token and remembered. The part that
//! may change is looked at on every use: the clock, the keys that are good, and the account's
//! revocation, which is read from the service's own store. So a session is over on a service from
//! the instant at which its copy of the revocation is written, and there is no second copy in
//! memory that could be late. The store keeps such small, hot documents at hand; the benchmark
//! shows what reading them costs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use quick_cache::sync::Cache;

use super::Session;
use super::copies::{KEYS_ID, REVOCATIONS, RevocationCopy, SIGNING_KEYS, SigningKeys};
use super::token::{self, VerifyingKey};
use crate::command::read;
use crate::execute::{Engine, Failure};
use crate::worker::{Progress, Reconciler, StepFailed};

/// Verified tokens that are remembered: some 6 MB when full.
const MAX_REMEMBERED: usize = 10_000;

/// How often the signing keys are read anew, so that a key that was withdrawn is soon refused.
const REFRESH_PERIOD: Duration = Duration::from_millis(500);

/// What one service knows about sessions.
#[derive(Clone)]
pub struct SessionView {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
    keys: RwLock<Arc<Keys>>,
    verified: Cache<String, Arc<Verified>>,
}

#[derive(Default)]
struct Keys {
    version: Option<u64>,
    good: Vec<VerifyingKey>,
}

struct Verified {
    key: VerifyingKey,
    session: Arc<Session>,
}

impl SessionView {
    /// The view on the sessions that `engine`'s store knows of.
    pub fn new(engine: Arc<Engine>) -> Self {
        let verified = Cache::new(MAX_REMEMBERED);
        Self { inner: Arc::new(Inner { engine, keys: RwLock::default(), verified }) }
    }

    /// The session of `token`; `None` if it is no token of ours, has run out, or was ended.
    ///
    /// # Errors
    /// When the store cannot say whether it was ended.
    pub async fn session_of(&self, token: &str) -> Result<Option<Arc<Session>>, Failure> {
        let Some(session) = self.verify(token).await? else {
            return Ok(None);
        };
        Ok(self.still_good(&session).await?.then_some(session))
    }

    /// Whether a session that was good is so still.
    ///
    /// # Errors
    /// When the store cannot say.
    pub async fn still_good(&self, session: &Session) -> Result<bool, Failure> {
        let engine = &self.inner.engine;
        if session.expires_at <= engine.now() {
            return Ok(false);
        }
        let id = session.user_id.to_string();
        // No copy yet: the account has only just been made, or nothing was ever said about it.
        let Some(document) = engine.store().get(&REVOCATIONS, &id).await? else {
            return Ok(true);
        };
        let RevocationCopy(revocation) = read(&document)?;
        let ended = revocation.ended.iter().any(|ended| ended.session_id == session.session_id);
        Ok(!ended && !revocation.deleted && session.generation >= revocation.generation)
    }

    /// Whether it knows a key, without which nobody is anybody. It does from the first news of auth
    /// on, for ever.
    ///
    /// # Errors
    /// When the store cannot say.
    pub async fn knows_keys(&self) -> Result<bool, Failure> {
        if self.keys().good.is_empty() {
            self.refresh().await?;
        }
        Ok(!self.keys().good.is_empty())
    }

    /// Keeps the keys up to date.
    pub fn refresher(&self) -> Arc<dyn Reconciler> {
        Arc::new(Refresher { view: self.clone() })
    }

    async fn verify(&self, token: &str) -> Result<Option<Arc<Session>>, Failure> {
        if let Some(verified) = self.inner.verified.get(token) {
            if self.keys().good.contains(&verified.key) {
                return Ok(Some(Arc::clone(&verified.session)));
            }
            // The key is no longer good. It may have come back under another version, so it is not
            // the last word.
            self.inner.verified.remove(token);
        }
        let Some(key_id) = token::key_id_of(token) else {
            return Ok(None);
        };
        let mut key = self.keys().named(&key_id);
        if key.is_none() {
            // Perhaps it is so new that this view has not heard of it.
            self.refresh().await?;
            key = self.keys().named(&key_id);
        }
        let Some(key) = key else {
            return Ok(None);
        };
        let Some(session) = token::verify(token, &key) else {
            return Ok(None);
        };
        let session = Arc::new(session);
        let verified = Verified { key, session: Arc::clone(&session) };
        self.inner.verified.insert(token.to_owned(), Arc::new(verified));
        Ok(Some(session))
    }

    async fn refresh(&self) -> Result<(), Failure> {
        let Some(document) = self.inner.engine.store().get(&SIGNING_KEYS, KEYS_ID).await? else {
            return Ok(());
        };
        if self.keys().version == Some(document.version) {
            return Ok(());
        }
        let SigningKeys(event) = read(&document)?;
        let mut good = Vec::with_capacity(event.keys.len());
        for public in &event.keys {
            match VerifyingKey::read(public) {
                Ok(key) => good.push(key),
                Err(error) => {
                    tracing::error!(key_id = public.key_id, %error, "a signing key is left out");
                }
            }
        }
        let keys = Arc::new(Keys { version: Some(document.version), good });
        let mut held = self.inner.keys.write().unwrap_or_else(PoisonError::into_inner);
        if held.version < keys.version {
            *held = keys;
        }
        Ok(())
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.inner.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Keys {
    fn named(&self, key_id: &str) -> Option<VerifyingKey> {
        self.good.iter().find(|key| key.key_id() == key_id).cloned()
    }
}

struct Refresher {
    view: SessionView,
}

#[async_trait]
impl Reconciler for Refresher {
    fn name(&self) -> &'static str {
        "session keys"
    }

    fn period(&self) -> Duration {
        REFRESH_PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        self.view.refresh().await.map_err(StepFailed::new)?;
        Ok(Progress::Idle)
    }
}
