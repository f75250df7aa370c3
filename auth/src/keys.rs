//! Signing sessions, and keeping the keys that sign them.
//!
//! The keys are one document in auth's own store, so every replica signs with the same ones and a
//! restart ends no session. [`Rotation`] makes the first, adds the next when one is old, and
//! retires what has served. Each replica holds what it last read; [`crate::domain::KeySet`] says
//! why it is no harm that this is a moment old.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use common::command::Refusal;
use common::execute::{Engine, Failure};
use common::id::Entropy;
use common::session::{Session, Signer};
use common::time::Timestamp;
use common::worker::{Progress, Reconciler, StepFailed};
use zeroize::Zeroizing;

use crate::commands::RotateKeys;
use crate::domain::{Account, KeySet, Policy, Secret, SigningKey};
use crate::queries;

/// How often a replica looks at the keys. Much less than [`ANNOUNCED_FOR`], so that all of them
/// know a key in time.
const PERIOD: Duration = Duration::from_secs(30);

/// For so long a key is announced before it signs, and kept after it is relieved.
pub const ANNOUNCED_FOR: Duration = Duration::from_secs(10 * 60);

/// Signs sessions with the keys of the store.
pub struct Keyring {
    engine: Arc<Engine>,
    entropy: Arc<dyn Entropy>,
    policy: Policy,
    held: RwLock<Vec<Held>>,
}

/// A key that signs, or will.
struct Held {
    signs_from: Timestamp,
    signer: Arc<Signer>,
}

impl Keyring {
    /// The keys in `engine`'s store, new ones from `entropy`.
    pub fn new(engine: Arc<Engine>, entropy: Arc<dyn Entropy>, policy: Policy) -> Arc<Self> {
        Arc::new(Self { engine, entropy, policy, held: RwLock::default() })
    }

    /// The token of a new session of `account`, whose holder has just proved who they are.
    ///
    /// # Errors
    /// When the account has been deleted, or there is no key yet and none can be made.
    pub async fn begin_session(&self, account: &Account) -> Result<String, Failure> {
        let now = self.engine.now();
        let holder = account.holder().ok_or(Refusal::NotSignedIn)?;
        let (email, id) = (holder.email.to_string(), self.engine.ids().next(now));
        let session = Session::begin(account.id, email, id, account.sessions.generation, now);
        let mut signer = self.signer(now);
        if signer.is_none() {
            self.refresh().await?;
            signer = self.signer(now);
        }
        let signer =
            signer.ok_or_else(|| Failure::Broken("there is no key to sign with".into()))?;
        Ok(signer.sign(&session)?)
    }

    /// Makes the keys what they should be by now, and holds them.
    ///
    /// # Errors
    /// When the store cannot serve, or there is no randomness.
    pub async fn refresh(&self) -> Result<(), Failure> {
        let now = self.engine.now();
        let mut keys = queries::keys(&self.engine).await?.unwrap_or_default();
        let fresh = match keys.wants_key(&self.policy, now) {
            true => Some(self.fresh(now)?),
            false => None,
        };
        if keys.rotated(&self.policy, fresh.clone(), now).is_some() {
            let command = RotateKeys { policy: self.policy, fresh };
            keys = self.engine.run(command, "").await?;
            tracing::info!(signing = keys.signing.len(), "the signing keys have changed");
        }
        self.hold(&keys)
    }

    fn signer(&self, now: Timestamp) -> Option<Arc<Signer>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        // As `KeySet::signer` chooses.
        let due = held.iter().find(|key| key.signs_from <= now).or(held.last());
        due.map(|key| Arc::clone(&key.signer))
    }

    fn hold(&self, keys: &KeySet) -> Result<(), Failure> {
        let read = |key: &SigningKey| {
            let mut seed = Zeroizing::new([0_u8; 32]);
            let bytes = Base64UrlUnpadded::decode(key.secret.as_str(), &mut *seed);
            match bytes.map(<[u8]>::len) {
                Ok(32) => Ok(Held {
                    signs_from: key.signs_from,
                    signer: Arc::new(Signer::new(&*key.key_id, &seed)),
                }),
                _ => Err(Failure::Broken(format!("the signing key {} is damaged", key.key_id))),
            }
        };
        let held: Result<Vec<_>, _> = keys.signing.iter().map(read).collect();
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held?;
        Ok(())
    }

    fn fresh(&self, now: Timestamp) -> Result<SigningKey, Failure> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        self.entropy.fill(&mut *seed).map_err(|cause| Failure::Broken(cause.to_string()))?;
        let public = Signer::new(self.engine.ids().next(now).to_string(), &seed).public_key();
        Ok(SigningKey {
            key_id: public.key_id,
            public: public.x,
            secret: Secret::new(Base64UrlUnpadded::encode_string(&*seed)),
            made_at: now,
            signs_from: now,
        })
    }
}

/// Keeps the keys what they should be.
pub struct Rotation {
    /// Of these.
    pub keyring: Arc<Keyring>,
}

#[async_trait]
impl Reconciler for Rotation {
    fn name(&self) -> &'static str {
        "signing keys"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn step(&self) -> Result<Progress, StepFailed> {
        self.keyring.refresh().await.map_err(StepFailed::new)?;
        Ok(Progress::Idle)
    }
}
