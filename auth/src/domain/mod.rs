//! Plain types and pure state machines: an account and its sessions, passwords, the keys that sign
//! sessions, wrong passwords, and letters.

mod account;
mod email;
mod guesses;
mod keys;
mod letter;
mod password;
mod session;

pub use account::{Account, AccountState, EmailOwner, Holder, NotPossible, RequestMark};
pub use email::{Email, NotAnEmail};
pub use guesses::{Guesses, Pace, TooSoon};
pub use keys::{KeySet, Policy, RetiredKey, Secret, SigningKey};
pub use letter::{
    Attempt, Goods, LONGEST_PAUSE, Letter, NEWS_FOR, News, Opening, PATIENCE, REMEMBERED_FOR,
    Standing, State, Unmoved, Why,
};
pub use password::{Password, PasswordHash};
pub use session::{EndedSession, MAX_ENDED, SessionFacts, Sessions};
