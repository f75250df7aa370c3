//! What can happen to accounts, keys and letters, one file each. Passwords are hashed and compared
//! before a command is made; what it decides is whether that is still true.

mod change_password;
mod count_guess;
mod delete_account;
mod forget_guesses;
mod forget_letters;
mod hear_dispute;
mod hear_order;
mod hear_refund;
mod open_letters;
mod record_attempts;
mod rehash;
mod rotate_keys;
mod sign_out;
mod sign_out_everywhere;
mod sign_up;
mod take_letters;

use common::command::{Change, Docs, Key, Refusal};
use common::events::{EndedSession, Revocation, UserEvent, UserKind};
use common::id::UserId;
use common::session::RevocationCopy;
use common::time::Timestamp;

use crate::domain::{Account, AccountState, NotPossible, Opening, SessionFacts};

pub use change_password::ChangePassword;
pub use count_guess::CountGuess;
pub use delete_account::DeleteAccount;
pub use forget_guesses::ForgetGuesses;
pub use forget_letters::ForgetLetters;
pub use hear_dispute::HearDispute;
pub use hear_order::HearOrder;
pub use hear_refund::HearRefund;
pub use open_letters::OpenLetters;
pub use record_attempts::{RecordAttempts, Tried};
pub use rehash::Rehash;
pub use rotate_keys::RotateKeys;
pub use sign_out::SignOut;
pub use sign_out_everywhere::SignOutEverywhere;
pub use sign_up::{SignUp, SignedUp, email_in_use};
pub use take_letters::TakeLetters;

/// Who asks, by the session that they ask in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Whose session.
    pub user: UserId,
    /// Which session.
    pub session: SessionFacts,
}

impl Asker {
    /// The account of whoever asks, and what is told of its sessions.
    fn keys(&self) -> Vec<Key> {
        vec![Key::of::<Account>(self.user), Key::of::<RevocationCopy>(self.user)]
    }

    /// The account of whoever asks.
    fn account(&self, docs: &Docs) -> Result<Account, Refusal> {
        let account = docs.get::<Account>(self.user);
        account.map(|account| account.value.clone()).ok_or(Refusal::NotSignedIn)
    }
}

/// Writes the account, and tells which of its sessions are over: to others as an event, to this
/// service itself in the copy that it looks at, so that it sees what it wrote at once (I19).
fn tell(docs: &Docs, account: Account, kind: UserKind) -> Change<Account> {
    let revocation = Revocation {
        user_id: account.id,
        version: docs.next_version::<RevocationCopy>(account.id),
        generation: account.sessions.generation,
        ended: account
            .sessions
            .ended
            .iter()
            .map(|ended| EndedSession { session_id: ended.id, until: ended.until })
            .collect(),
        deleted: matches!(account.state, AccountState::Deleted { .. }),
    };
    let event = UserEvent { kind, revocation: revocation.clone() };
    Change::nothing(account.clone()).put(account).put(RevocationCopy(revocation)).tell(&event)
}

/// Since when there are letters, and what notes it where that is now.
fn opening(docs: &Docs, now: Timestamp) -> (Opening, Change<()>) {
    match docs.get::<Opening>(Opening::ID) {
        Some(opening) => (*opening.value, Change::nothing(())),
        None => {
            let opening = Opening { at: now };
            (opening, Change::nothing(()).put(opening))
        }
    }
}

impl From<NotPossible> for Refusal {
    fn from(cause: NotPossible) -> Self {
        match cause {
            NotPossible::Gone | NotPossible::SessionOver => Self::NotSignedIn,
            NotPossible::PasswordChanged => {
                Self::conflict("The account has changed meanwhile; try again")
            }
        }
    }
}
