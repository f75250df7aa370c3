//! Who is signed in: what a session token says, how it is signed and verified, and which sessions
//! have ended.
//!
//! Auth signs tokens; every service verifies them on its own, with copies of the public keys and of
//! the revocations that auth tells about on the subject [`crate::events::USERS`]. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`token`] | a session as text: signed, and read strictly |
//! | [`cookie`] | how browsers carry it |
//! | [`copies`] | each service's copy of the keys and of who was signed out, and the commands that make them |
//! | [`view`] | the question that handlers ask: whose session is this, now? |

pub mod cookie;
pub mod copies;
pub mod token;
pub mod view;

use std::time::Duration;

use crate::id::{Id, UserId};
use crate::time::Timestamp;

pub use copies::{REVOCATIONS, RevocationCopy, SIGNING_KEYS, SigningKeys, hears};
pub use token::{BadKey, Signer, VerifyingKey};
pub use view::SessionView;

/// How long a session lasts where nobody ends it.
pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user_id: UserId,
    /// The account's e-mail address when the session began.
    pub email: String,
    /// This session, among all the account's sessions.
    pub session_id: Id,
    /// The account's generation when the session began. Raising an account's generation ends its
    /// older sessions.
    pub generation: u64,
    /// When it began, to the second.
    pub issued_at: Timestamp,
    /// When it ends by itself, to the second.
    pub expires_at: Timestamp,
}

impl Session {
    /// A session that begins at `now` and lasts for [`LIFETIME`].
    pub fn begin(
        user_id: UserId,
        email: String,
        session_id: Id,
        generation: u64,
        now: Timestamp,
    ) -> Self {
        // Tokens carry whole seconds, so that a session is the same before and after it has been
        // text.
        let issued_at = Timestamp::from_millis(now.as_millis().div_euclid(1_000) * 1_000);
        let expires_at = issued_at.plus(LIFETIME);
        Self { user_id, email, session_id, generation, issued_at, expires_at }
    }

    /// When it began, in seconds since 1970: the `iat` that clients are shown.
    pub fn issued_at_seconds(&self) -> i64 {
        self.issued_at.as_millis().div_euclid(1_000)
    }
}
