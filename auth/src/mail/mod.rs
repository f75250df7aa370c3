//! Letters as mail, and the port to whoever carries it.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`words`] | what a letter says, as text and as HTML |
//! | [`message`] | that as a message: headers, encoding, two parts |
//! | [`folder`], [`smtp`] | whoever carries it: a folder of files, or a mail server |

pub mod folder;
pub mod message;
pub mod smtp;
mod words;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::address::Envelope;
use lettre::message::Mailbox;

pub use folder::Folder;
pub use smtp::Smtp;
pub use words::{Words, words};

/// A message that is ready to be carried.
#[derive(Clone)]
pub struct Parcel {
    /// The letter's id: the same at each attempt.
    pub id: String,
    /// From whom, and to whom.
    pub envelope: Envelope,
    /// The message as it travels: the same at each attempt, as long as its reader has the same
    /// address.
    pub bytes: Vec<u8>,
}

/// Why a message was not carried. The texts are for the log, and name nobody: a mail server's own
/// words often hold the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It was not taken, or nobody can tell: it is to be tried again.
    #[error("{0}")]
    Failed(String),
    /// It will never be taken.
    #[error("{0}")]
    Refused(String),
}

/// Whoever carries messages.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// How long a message may take; who waits longer gives up, and does not know.
    fn timeout(&self) -> Duration;

    /// Hands a message over. One that is handed over twice bears the same Message-ID both times.
    ///
    /// # Errors
    /// When it was not taken, as far as one can tell.
    async fn send(&self, parcel: &Parcel) -> Result<(), SendError>;
}

/// How letters are sent.
#[derive(Clone)]
pub struct Mail {
    /// By whom.
    pub mailer: Arc<dyn Mailer>,
    /// How they look.
    pub letterhead: Letterhead,
}

/// What is the same on all letters.
#[derive(Debug, Clone)]
pub struct Letterhead {
    /// Whom they are from.
    pub from: Mailbox,
    /// Where the site is that they lead to, without a slash at its end; without it they lead
    /// nowhere.
    pub site: Option<String>,
}
