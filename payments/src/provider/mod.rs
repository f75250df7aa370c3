//! The provider port: what this service needs of whoever moves the money.
//!
//! Every call names the payment that it is for, and that name is the provider's idempotency key:
//! however often a call is made, and whatever became of its answer, the money moves once. So what
//! is not known is asked for again, and nothing is ever concluded from silence.

pub mod mollie;
mod providers;
pub mod sandbox;
mod signature;
pub mod stripe;
mod wire;

pub use providers::Providers;
pub use wire::{Https, Wire};

use std::fmt;

use async_trait::async_trait;
use axum::http::HeaderMap;
use common::id::{OrderId, PaymentId};
use common::money::Money;
use common::time::Timestamp;

use crate::domain::{Decline, Means, Notice, Place, Token, Told};

/// Money to be taken.
#[derive(Debug, Clone)]
pub struct ChargeRequest {
    /// The idempotency key.
    pub payment: PaymentId,
    /// What it pays, for the provider's records.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// With what.
    pub means: Means,
    /// The provider's name for it, where it was made there and that is committed.
    pub opened: Option<String>,
}

/// Money to be given back: all of what was taken, or a part of it.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// With `part`, the idempotency key.
    pub payment: PaymentId,
    /// Which of the refunds that were asked for; `None` where all of it goes back because its order
    /// came to nothing, which is never so of one of which parts go back.
    pub part: Option<u32>,
    /// The provider's name for the capture.
    pub reference: String,
    /// How much of it is to be given back.
    pub amount: Money,
    /// How many of its keys are burnt, one after the other: under each the provider remembers a
    /// refusal or a failure, so that it says nothing of now.
    pub burnt: u32,
}

/// What has become of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charge {
    /// The money is taken.
    Captured {
        /// The provider's name for it.
        reference: String,
    },
    /// It was not taken, and never will be under this key.
    Declined(Decline),
    /// The provider does not know yet; it will.
    Pending,
}

/// Where the buyer of a payment goes to pay it.
#[derive(Clone, PartialEq, Eq)]
pub enum Door {
    /// A page of the provider's.
    Page {
        /// Its address.
        url: String,
    },
    /// A part of our own page, which the provider's script fills.
    Element {
        /// What lets whoever has it confirm this one payment. The buyer alone is given it.
        client_secret: String,
        /// Tells the script whose account it is. Public.
        publishable_key: String,
    },
}

impl Door {
    /// Which kind of place it leads to.
    pub fn place(&self) -> Place {
        match self {
            Self::Page { .. } => Place::Page,
            Self::Element { .. } => Place::Element,
        }
    }
}

/// The script with which a provider fills a part of our page, and what a page has to let it do: as
/// sources in the words of Content-Security-Policy, such as `https://js.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where it is.
    pub address: String,
    /// Where it and what it loads come from.
    pub scripts: Vec<String>,
    /// What it shows in frames comes from there.
    pub frames: Vec<String>,
    /// It calls these.
    pub calls: Vec<String>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page { .. } => "Page(…)",
            Self::Element { .. } => "Element(…)",
        })
    }
}

/// A provider's webhook as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// With which headers.
    pub headers: &'a HeaderMap,
    /// To which query of its address.
    pub query: Option<&'a str>,
    /// What was sent, to the byte.
    pub body: &'a [u8],
}

/// What has become of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refund {
    /// The money is given back.
    Done {
        /// The provider's name for it.
        reference: String,
    },
    /// The provider does not know yet; it will.
    Pending,
    /// Not now, or not at all: it has not been given back, because the money is disputed, and
    /// [`Provider::disputes`] says how.
    Disputed,
    /// What was answered is what is remembered under its key, a refusal or a failure: whether it
    /// would be given back now is to be asked under the next one. Never said of a call that had no
    /// answer, or whose first answer this is: that one may still be under way.
    Burnt,
}

/// Why a call came to nothing. The texts are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or one that says nothing: the money may have moved. Ask again under the same key.
    #[error("the provider gave no answer: {0}")]
    Unknown(String),
    /// It does not know the token; no money moved.
    #[error("the provider does not know the token")]
    BadToken,
    /// It moves no such money, whoever asks; none moved.
    #[error("the provider moves no such money: {}", .0.code)]
    Impossible(Decline),
    /// It refuses the call itself: somebody has to look.
    #[error("the provider refuses the call: {0}")]
    Rejected(String),
}

/// Why a notice was not believed. Whoever sent it is told no more than that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNotice {
    /// It is not signed by the provider, or was altered since, or the signature is of another time.
    #[error("the signature is not good: {0}")]
    Signature(&'static str),
    /// It is signed, and cannot be read.
    #[error("the notice cannot be read: {0}")]
    Unreadable(String),
    /// The key to check it with cannot be had at the moment.
    #[error("the signature cannot be checked: {0}")]
    Unavailable(String),
}

/// The port.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// As in the path of its webhooks and in logs.
    fn name(&self) -> &'static str;

    /// Whether the token has the form of one of this provider's. It says nothing about whether it
    /// is good.
    fn accepts(&self, token: &Token) -> bool;

    /// Whether it takes tokens at all. One that does not is paid where it asks for the card itself.
    fn takes_tokens(&self) -> bool {
        true
    }

    /// Whether its notices are signed. Those that are not may be anybody's: they are believed
    /// nothing, and each payment is asked about once in a while however many come.
    fn signs_notices(&self) -> bool {
        true
    }

    /// The status code that tells it that a notice was taken.
    fn thanks(&self) -> u16 {
        204
    }

    /// Whether a payment has to be made at the provider, under a name of its own, before anything
    /// can be asked for.
    fn opens(&self) -> bool {
        false
    }

    /// Where buyers can be asked for their cards: what it prefers comes first.
    fn places(&self) -> &[Place] {
        &[]
    }

    /// Where its own pages are, as in `https://pay.example.com`; `None` where it sends buyers
    /// nowhere.
    fn pages(&self) -> Option<&str> {
        None
    }

    /// What fills a part of our page; `None` where that is not one of its places.
    fn script(&self) -> Option<&Script> {
        None
    }

    /// Makes a payment, and gives the provider's name for it. No money is asked for by this.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn open(&self, _: &ChargeRequest) -> Result<String, ProviderError> {
        Err(ProviderError::Rejected("it makes no payments ahead".to_owned()))
    }

    /// Where the buyer of a payment that was made goes to pay it.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn door(&self, _: &ChargeRequest) -> Result<Door, ProviderError> {
        Err(ProviderError::Rejected("it has no pages".to_owned()))
    }

    /// Takes money, once.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn charge(&self, request: &ChargeRequest) -> Result<Charge, ProviderError>;

    /// What has become of a charge, if the provider has heard of it.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn look_up(&self, request: &ChargeRequest) -> Result<Option<Charge>, ProviderError>;

    /// Makes sure that no money is taken under this key from now on, and says what became of it: it
    /// is captured if it was before, and declined otherwise. What is still on its way to the
    /// provider comes too late.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn abandon(&self, request: &ChargeRequest) -> Result<Charge, ProviderError>;

    /// Gives money back, once, whichever of its keys are burnt.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn refund(&self, request: &RefundRequest) -> Result<Refund, ProviderError>;

    /// All disputes of a payment that was taken, by the provider's name for the capture, oldest
    /// first, as they stand now. None where it never tells of any.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn disputes(
        &self,
        _: &str,
        _: PaymentId,
        _now: Timestamp,
    ) -> Result<Vec<Told>, ProviderError> {
        Ok(Vec::new())
    }

    /// The disputes of all payments of ours that were opened since a time, in any order, as they
    /// stand now: so that none is missed whose notice never came.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn disputes_since(
        &self,
        _since: Timestamp,
        _now: Timestamp,
    ) -> Result<Vec<(PaymentId, Told)>, ProviderError> {
        Ok(Vec::new())
    }

    /// The notice that a webhook carries; `None` where it is about no payment of ours. Where
    /// notices are not signed, its id is the provider's name for the payment.
    ///
    /// # Errors
    /// When it is forged, altered or stale, or is no notice.
    async fn verify_webhook(
        &self,
        letter: Letter<'_>,
        now: Timestamp,
    ) -> Result<Option<Notice>, BadNotice>;
}
