//! Mollie.
//!
//! Buyers pay on Mollie's own page and nowhere else: it takes no tokens of this service. A payment
//! is made there first ([`Provider::open`]) and its name is committed; the page is shown of that
//! name alone. Mollie forgets idempotency keys after an hour, so a process that dies between the
//! call and its record may make a second payment. That is harmless: nobody has ever been shown the
//! page of the first, and it expires unpaid.
//!
//! Four habits of Mollie's are unlike Stripe's.
//!
//! - Its notices are not signed, and say no more than `id=tr_…`. They are a prompt to ask, and
//!   cost one look in a while however many come ([`HearPrompt`](crate::commands::HearPrompt)).
//! - A payment that a buyer is at often cannot be cancelled. Then it is not known yet what becomes
//!   of it, until Mollie says that it is paid, failed or expired.
//! - A refund takes days, and can come to nothing until it is done.
//! - It says that a bank has taken money back, and that it has given it back again; never that it
//!   keeps it for good.
//!
//! Written after Mollie's public API reference, version 2.

mod api;
mod calls;
mod chargebacks;
mod declines;
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
    Wire,
};
use crate::domain::{Means, Notice, Place, Token, Told};
use api::Api;

pub use chargebacks::UNDECIDED;

/// As in the path of its webhooks.
pub const NAME: &str = "mollie";

/// Where its API is.
pub const API: &str = "https://api.mollie.com";

/// Where its pages are that buyers pay on.
pub const PAGES: &str = "https://www.mollie.com";

/// What an account is known by.
#[derive(Debug, Clone)]
pub struct Account {
    /// What calls are made with.
    pub api_key: Secret,
    /// Where Mollie's own pages are.
    pub pages: String,
}

/// Mollie, for one account.
pub struct Mollie {
    api: Api,
    pages: String,
}

impl Mollie {
    /// Speaks for `account` over `wire`.
    pub fn new(account: Account, wire: Arc<dyn Wire>) -> Self {
        let Account { api_key, pages } = account;
        Self { api: Api::new(wire, api_key), pages }
    }
}

#[async_trait]
impl Provider for Mollie {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, _: &Token) -> bool {
        false
    }

    fn takes_tokens(&self) -> bool {
        false
    }

    fn signs_notices(&self) -> bool {
        false
    }

    fn thanks(&self) -> u16 {
        200
    }

    fn opens(&self) -> bool {
        true
    }

    fn places(&self) -> &[Place] {
        &[Place::Page]
    }

    fn pages(&self) -> Option<&str> {
        Some(&self.pages)
    }

    async fn open(&self, request: &ChargeRequest) -> Result<String, ProviderError> {
        match &request.means {
            Means::Page { back, place: _ } => self.make(request, back).await,
            Means::Token(_) => Err(ProviderError::BadToken),
        }
    }

    async fn door(&self, request: &ChargeRequest) -> Result<Door, ProviderError> {
        let payment = self.payment(calls::opened(request)?).await?;
        let page = payment.links.checkout.ok_or_else(|| calls::unknown("a page that is over"))?;
        Ok(Door::Page { url: page.href })
    }

    async fn charge(&self, _: &ChargeRequest) -> Result<Charge, ProviderError> {
        Err(ProviderError::BadToken)
    }

    async fn look_up(&self, request: &ChargeRequest) -> Result<Option<Charge>, ProviderError> {
        match &request.opened {
            None => Ok(None),
            Some(name) => calls::told(request, &self.payment(name).await?).map(Some),
        }
    }

    async fn abandon(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        self.cancel(request, calls::opened(request)?).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        self.give_back(request).await
    }

    async fn disputes(
        &self,
        reference: &str,
        _: PaymentId,
        now: Timestamp,
    ) -> Result<Vec<Told>, ProviderError> {
        self.chargebacks_of(reference, now).await
    }

    async fn disputes_since(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<(PaymentId, Told)>, ProviderError> {
        self.chargebacks_listed(since, now).await
    }

    async fn verify_webhook(
        &self,
        letter: Letter<'_>,
        _: Timestamp,
    ) -> Result<Option<Notice>, BadNotice> {
        webhooks::prompt(letter)
    }
}
