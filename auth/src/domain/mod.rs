//! Plain types and pure state machines: an account and its sessions, passwords, and the keys that
//! sign sessions.

mod account;
mod email;
mod keys;
mod password;
mod session;

pub use account::{Account, AccountState, EmailOwner, Holder, NotPossible, RequestMark};
pub use email::{Email, NotAnEmail};
pub use keys::{KeySet, Policy, RetiredKey, Secret, SigningKey};
pub use password::{Password, PasswordHash};
pub use session::{EndedSession, MAX_ENDED, SessionFacts, Sessions};
