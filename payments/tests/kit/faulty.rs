//! A provider with a script of faults in front of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::id::PaymentId;
use common::time::{Clock, Timestamp};
use payments::domain::{Notice, Token, Told};
use payments::provider::sandbox::Sandbox;
use payments::provider::{
    BadNotice, Charge, ChargeRequest, Letter, Provider, ProviderError, Refund, RefundRequest,
};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It never arrives.
    RequestLost,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is carried out, and the answer does not come in time.
    Silent,
    /// It takes a while.
    Slow,
}

/// The sandbox behind a line that fails by a script.
pub struct Faulty {
    sandbox: Arc<Sandbox>,
    clock: Arc<dyn Clock>,
    script: Mutex<VecDeque<Fault>>,
    calls: Mutex<Vec<&'static str>>,
    /// Which calls never arrive.
    lost: Mutex<Option<&'static str>>,
    /// Whether its notices are lost.
    is_mute: std::sync::atomic::AtomicBool,
}

impl Faulty {
    /// Without faults so far.
    pub fn new(sandbox: Arc<Sandbox>, clock: Arc<dyn Clock>) -> Self {
        Self {
            sandbox,
            clock,
            script: Mutex::default(),
            calls: Mutex::default(),
            lost: Mutex::default(),
            is_mute: false.into(),
        }
    }

    /// The next calls go like this; those after them well.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap().extend(faults);
    }

    /// From now on calls of that name, or none, never arrive.
    pub fn lose(&self, name: Option<&'static str>) {
        *self.lost.lock().unwrap() = name;
    }

    /// From now on its notices are lost.
    pub fn mute(&self) {
        self.is_mute.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// Which calls were made.
    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    async fn through<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        self.calls.lock().unwrap().push(name);
        let fault = self.script.lock().unwrap().pop_front().unwrap_or(Fault::None);
        let lost = Err(ProviderError::Unknown("connection reset".into()));
        if *self.lost.lock().unwrap() == Some(name) {
            return lost;
        }
        match fault {
            Fault::None => call.await,
            Fault::RequestLost => lost,
            Fault::AnswerLost => {
                drop(call.await);
                lost
            }
            Fault::Silent => {
                drop(call.await);
                std::future::pending().await
            }
            Fault::Slow => {
                self.clock.sleep(Duration::from_millis(1_200)).await;
                call.await
            }
        }
    }
}

#[async_trait]
impl Provider for Faulty {
    fn name(&self) -> &'static str {
        self.sandbox.name()
    }

    fn accepts(&self, token: &Token) -> bool {
        self.sandbox.accepts(token)
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        self.through("charge", self.sandbox.charge(request)).await
    }

    async fn look_up(&self, request: &ChargeRequest) -> Result<Option<Charge>, ProviderError> {
        self.through("look_up", self.sandbox.look_up(request)).await
    }

    async fn abandon(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        self.through("abandon", self.sandbox.abandon(request)).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        self.through("refund", self.sandbox.refund(request)).await
    }

    async fn disputes(
        &self,
        reference: &str,
        payment: PaymentId,
        now: Timestamp,
    ) -> Result<Vec<Told>, ProviderError> {
        self.through("disputes", self.sandbox.disputes(reference, payment, now)).await
    }

    async fn verify_webhook(
        &self,
        letter: Letter<'_>,
        now: Timestamp,
    ) -> Result<Option<Notice>, BadNotice> {
        if self.is_mute.load(std::sync::atomic::Ordering::SeqCst) {
            return Ok(None);
        }
        self.sandbox.verify_webhook(letter, now).await
    }
}
