//! Who you are: accounts, passwords, sessions and the keys that sign them; and, since no other
//! service knows where you are reached, the letters that you are sent. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what an account, its sessions, a set of keys and a letter are, and what can become of them |
//! | [`documents`] | how they are kept |
//! | [`commands`] | what can happen: sign up, sign out, change the password, delete the account, rotate the keys, write and send letters |
//! | [`queries`] | what can be asked |
//! | [`hashing`], [`throttle`], [`passwords`], [`guesses`] | passwords hashed on threads of their own, and proved not too often |
//! | [`keys`] | signs sessions, and keeps the keys |
//! | [`mail`], [`post`], `round` | letters as mail, and sending them until each has come to its end |
//! | [`http`], [`wire`] | the routes, and what goes over them |
//! | [`consume`] | events → commands |
//! | [`options`] | what the operator decides |

pub mod commands;
pub mod consume;
pub mod documents;
pub mod domain;
pub mod guesses;
pub mod hashing;
pub mod http;
pub mod keys;
pub mod mail;
pub mod options;
pub mod passwords;
pub mod post;
pub mod queries;
mod round;
pub mod throttle;
pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use common::id::{Entropy, SystemEntropy};
use common::service::{Context, Parts, Service};
use common::session::LIFETIME;
use common::store::Collection;
use common::worker::Reconciler;

use domain::Policy;
use guesses::Forget;
use hashing::{Cost, Hashing};
use http::Auth;
use keys::{ANNOUNCED_FOR, Keyring, Rotation};
use mail::Mail;
use passwords::{Limits, Passwords};
use post::{Keep, Post};

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
    /// How letters are sent; without it, none are written.
    pub mail: Option<Mail>,
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
            mail: None,
        }
    }
}

/// What it keeps.
static COLLECTIONS: &[&Collection] = &[
    &documents::ACCOUNTS,
    &documents::EMAILS,
    &documents::GUESSES,
    &documents::KEYS,
    &documents::LETTERS,
    &documents::OPENING,
];

/// The service.
pub fn service(settings: Settings) -> Service {
    Service {
        name: "auth",
        collections: COLLECTIONS,
        assemble: Box::new(move |context| assemble(settings, context)),
    }
}

fn assemble(settings: Settings, context: Context) -> Parts {
    let Settings { password_cost, password_threads, limits, rotate_keys_after, entropy, mail } =
        settings;
    let Context { engine, kit } = context;
    let most_waiting = password_threads.max(1) * WAITING_PER_THREAD;
    let hashing = Hashing::new(password_cost, password_threads, most_waiting, Arc::clone(&entropy));
    let passwords = Passwords::new(hashing, limits, Arc::clone(&engine));
    let passwords = Arc::new(passwords.metered(engine.meters()));
    let policy = Policy {
        rotate_after: rotate_keys_after,
        announced_for: ANNOUNCED_FOR,
        session_lifetime: LIFETIME,
    };
    let keyring = Keyring::new(Arc::clone(&engine), entropy, policy);
    let rotation = Arc::new(Rotation { keyring: Arc::clone(&keyring) });
    let forget = Arc::new(Forget::new(Arc::clone(&engine)));
    let mut reconcilers: Vec<Arc<dyn Reconciler>> = vec![rotation, forget];
    let hears = match mail {
        Some(mail) => {
            let post = Arc::new(Post::new(Arc::clone(&engine), mail));
            engine.meters().ask(Arc::clone(&post) as _);
            reconcilers.push(Arc::new(Keep::new(Arc::clone(&engine))));
            reconcilers.push(post);
            consume::hears()
        }
        None => consume::hears_in_vain(),
    };
    let routes = http::routes(Auth { kit, engine, passwords, keyring });
    Parts { routes, hears, reconcilers }
}
