//! Who you are: accounts, passwords, sessions and the keys that sign them. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what an account, its sessions and a set of keys are, and what can become of them |
//! | [`documents`] | how they are kept |
//! | [`commands`] | what can happen: sign up, sign out, change the password, delete the account, rotate the keys |
//! | [`queries`] | what can be asked |
//! | [`hashing`], [`throttle`], [`passwords`] | passwords hashed on threads of their own, and proved not too often |
//! | [`keys`] | signs sessions, and keeps the keys |
//! | [`http`], [`wire`] | the routes, and what goes over them |
//! | [`options`] | what the operator decides |

pub mod commands;
pub mod documents;
pub mod domain;
pub mod hashing;
pub mod http;
pub mod keys;
pub mod options;
pub mod passwords;
pub mod queries;
pub mod throttle;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use common::id::{Entropy, SystemEntropy};
use common::service::{Context, Parts, Service};
use common::session::LIFETIME;
use common::store::Collection;

use domain::Policy;
use hashing::{Cost, Hashing};
use http::Auth;
use keys::{ANNOUNCED_FOR, Keyring, Rotation};
use passwords::{Limits, Passwords};

pub use options::Options;

/// Passwords that wait for each thread that hashes: about a second's worth. Who comes after that is
/// told at once to come again.
const WAITING_PER_THREAD: usize = 64;

/// What the operator decides about accounts.
#[derive(Clone)]
pub struct Settings {
    /// How much work a password is to hash.
    pub password_cost: Cost,
    /// Threads that hash passwords; each takes a core and the cost's memory while it does.
    pub password_threads: usize,
    /// How often somebody may try.
    pub limits: Limits,
    /// A key that signs sessions is succeeded when it is this old.
    pub rotate_keys_after: Duration,
    /// Where salts and keys come from.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            password_cost: Cost::default(),
            // One core is left for everything else.
            password_threads: cores.saturating_sub(1).max(1),
            limits: Limits {
                failures_per_account: 10,
                failures_per_address: 50,
                sign_ups_per_address: 600,
            },
            rotate_keys_after: Duration::from_secs(30 * 24 * 60 * 60),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// What it keeps.
static COLLECTIONS: &[&Collection] = &[&documents::ACCOUNTS, &documents::EMAILS, &documents::KEYS];

/// The service.
pub fn service(settings: Settings) -> Service {
    Service {
        name: "auth",
        collections: COLLECTIONS,
        assemble: Box::new(move |context| assemble(settings, context)),
    }
}

fn assemble(settings: Settings, context: Context) -> Parts {
    let Settings { password_cost, password_threads, limits, rotate_keys_after, entropy } = settings;
    let Context { engine, kit } = context;
    let most_waiting = password_threads.max(1) * WAITING_PER_THREAD;
    let hashing = Hashing::new(password_cost, password_threads, most_waiting, Arc::clone(&entropy));
    let passwords = Passwords::new(hashing, limits, Arc::clone(engine.clock()));
    let passwords = Arc::new(passwords.metered(engine.meters()));
    let policy = Policy {
        rotate_after: rotate_keys_after,
        announced_for: ANNOUNCED_FOR,
        session_lifetime: LIFETIME,
    };
    let keyring = Keyring::new(Arc::clone(&engine), entropy, policy);
    Parts {
        routes: http::routes(Auth { kit, engine, passwords, keyring: Arc::clone(&keyring) }),
        hears: Vec::new(),
        reconcilers: vec![Arc::new(Rotation { keyring })],
    }
}
