//! Stripe.
//!
//! A payment is made there first ([`Provider::open`]): a PaymentIntent that nobody has confirmed
//! and that moves no money. Its name is committed, and from then on everything is asked of it by
//! that name. So Stripe's idempotency keys, which it forgets after a day, only have to keep two
//! intents from being made within the one moment between a call and its record; and that money is
//! taken twice is ruled out by the intent itself, which succeeds once.
//!
//! | the buyer pays with | what is made | who confirms |
//! | --- | --- | --- |
//! | a token | a PaymentIntent | this service |
//! | Stripe's own page | a Checkout Session | the buyer, there |
//! | the Payment Element, where a publishable key is known | a PaymentIntent | the buyer's browser |
//!
//! Written after Stripe's public API reference.

mod api;
mod calls;
mod declines;
mod disputes;
mod objects;
mod refunds;
mod webhooks;

use std::sync::Arc;

use async_trait::async_trait;
use common::config::Secret;
use common::id::PaymentId;
use common::time::Timestamp;

use super::{
    BadNotice, Charge, ChargeRequest, Door, Letter, Provider, ProviderError, Refund, RefundRequest,
    Script, Wire,
};
use crate::domain::{Means, Notice, Place, Token, Told};
use api::Api;

/// As in the path of its webhooks.
pub const NAME: &str = "stripe";

/// Where its API is.
pub const API: &str = "https://api.stripe.com";

/// Where its pages are that buyers pay on.
pub const PAGES: &str = "https://checkout.stripe.com";

/// Stripe.js, and what it needs of the page that loads it.
pub fn script() -> Script {
    let all = |sources: &[&str]| sources.iter().map(|&source| source.to_owned()).collect();
    Script {
        address: "https://js.stripe.com/v3/".to_owned(),
        scripts: all(&["https://js.stripe.com", "https://*.js.stripe.com"]),
        frames: all(&[
            "https://js.stripe.com",
            "https://*.js.stripe.com",
            "https://hooks.stripe.com",
        ]),
        calls: all(&[API]),
    }
}

/// What an account is known by.
#[derive(Debug, Clone)]
pub struct Account {
    /// What calls are made with.
    pub secret_key: Secret,
    /// What webhooks are signed with; two, while one takes the place of another.
    pub webhook_secrets: Vec<Secret>,
    /// What buyers' browsers are told. Without it buyers pay on Stripe's own page alone.
    pub element: Option<Element>,
    /// Where Stripe's own pages are.
    pub pages: String,
}

/// What the Payment Element takes.
#[derive(Debug, Clone)]
pub struct Element {
    /// Says whose account it is. Public.
    pub publishable_key: String,
    /// Stripe.js.
    pub script: Script,
}

/// Stripe, for one account.
pub struct Stripe {
    api: Api,
    webhook_secrets: Vec<Secret>,
    element: Option<Element>,
    pages: String,
}

impl Stripe {
    /// Speaks for `account` over `wire`.
    pub fn new(account: Account, wire: Arc<dyn Wire>) -> Self {
        let Account { secret_key, webhook_secrets, element, pages } = account;
        Self { api: Api::new(wire, secret_key), webhook_secrets, element, pages }
    }

    /// Where the card of this request is asked for; nowhere, where it comes as a token.
    fn place(&self, request: &ChargeRequest) -> Option<Place> {
        match &request.means {
            Means::Page { place, .. } => place.or_else(|| self.places().first().copied()),
            Means::Token(_) => None,
        }
    }
}

#[async_trait]
impl Provider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, token: &Token) -> bool {
        let token = token.reveal();
        let rest = token.strip_prefix("tok_").or_else(|| token.strip_prefix("pm_"));
        rest.is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    }

    fn opens(&self) -> bool {
        true
    }

    fn places(&self) -> &[Place] {
        match self.element {
            Some(_) => &[Place::Element, Place::Page],
            None => &[Place::Page],
        }
    }

    fn pages(&self) -> Option<&str> {
        Some(&self.pages)
    }

    fn script(&self) -> Option<&Script> {
        self.element.as_ref().map(|element| &element.script)
    }

    async fn open(&self, request: &ChargeRequest) -> Result<String, ProviderError> {
        match (&request.means, self.place(request)) {
            (Means::Page { back, .. }, Some(Place::Page)) => self.open_session(request, back).await,
            _ => self.open_intent(request).await,
        }
    }

    async fn door(&self, request: &ChargeRequest) -> Result<Door, ProviderError> {
        let name = calls::opened(request)?;
        if calls::is_session(name) {
            let session = self.session(name).await?;
            let url = session.url.ok_or_else(|| calls::unknown("a page that is over"))?;
            return Ok(Door::Page { url });
        }
        let element = self.element.as_ref().ok_or_else(|| {
            ProviderError::Rejected("the publishable key is not configured any more".to_owned())
        })?;
        let publishable_key = element.publishable_key.clone();
        let intent = self.intent(name).await?;
        let client_secret = intent.client_secret.ok_or_else(|| calls::unknown("no secret"))?;
        Ok(Door::Element { client_secret, publishable_key })
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        let token = request.means.token().ok_or(ProviderError::BadToken)?;
        self.confirm(request, calls::opened(request)?, token).await
    }

    async fn look_up(&self, request: &ChargeRequest) -> Result<Option<Charge>, ProviderError> {
        match &request.opened {
            None => Ok(None),
            Some(name) => self.look(request, name).await.map(Some),
        }
    }

    async fn abandon(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        let name = calls::opened(request)?;
        if calls::is_session(name) {
            return self.expire(request, name).await;
        }
        let intent = self.cancel(request, name).await?;
        self.told(request, intent).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        self.give_back(request).await
    }

    async fn disputes(
        &self,
        reference: &str,
        _: PaymentId,
        _: Timestamp,
    ) -> Result<Vec<Told>, ProviderError> {
        self.disputes_of(reference).await
    }

    async fn disputes_since(
        &self,
        since: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<(PaymentId, Told)>, ProviderError> {
        self.disputes_listed(since).await
    }

    async fn verify_webhook(
        &self,
        letter: Letter<'_>,
        now: Timestamp,
    ) -> Result<Option<Notice>, BadNotice> {
        let secrets = self.webhook_secrets.iter().map(|secret| secret.reveal().as_bytes());
        webhooks::verify(secrets, letter, now)?;
        self.notice(letter.body).await
    }
}
