//! A payment provider that misbehaves by the seed, and keeps a ledger of its own, which is the
//! truth about the money.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use common::id::{OrderId, PaymentId};
use common::money::Money;
use common::time::Timestamp;
use payments::domain::{About, Decline, Notice, Token};
use payments::provider::{
    BadNotice, Charge, ChargeRequest, Letter as Webhook, Provider, ProviderError, Refund,
    RefundRequest,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::executor::{Executor, NOBODY};
use crate::faults::{Faults, Marks};
use crate::oracle::Oracle;

/// As in the path of its webhooks.
pub const NAME: &str = "scripted";
/// A card that pays.
pub const GOOD: &str = "tok_good";
/// A card that is declined.
pub const DECLINED: &str = "tok_declined";
/// A card of which the provider knows only later that it pays.
pub const PENDING: &str = "tok_pending";
/// The header that makes a webhook the provider's own, with this in it.
pub const SIGNATURE: &str = "x-signature";
const SIGNED: &str = "good";

/// A webhook as it is sent.
#[derive(Clone)]
pub struct Letter {
    /// What it says.
    pub notice: Notice,
    /// What stands in its [`SIGNATURE`].
    pub signature: &'static str,
}

impl Letter {
    /// Whether the provider has sent it.
    pub fn is_genuine(&self) -> bool {
        self.signature == SIGNED
    }
}

/// The provider.
#[derive(Clone)]
pub struct Scripted {
    executor: Executor,
    faults: Faults,
    trouble: Arc<AtomicBool>,
    marks: Marks,
    oracle: Arc<Oracle>,
    webhooks: UnboundedSender<Letter>,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    charges: BTreeMap<PaymentId, Known>,
    /// By idempotency key.
    refunds: BTreeMap<(PaymentId, Option<u32>), String>,
    notices: u64,
}

struct Known {
    outcome: Outcome,
    order: Option<OrderId>,
    amount: Option<Money>,
}

#[derive(Clone)]
enum Outcome {
    Captured { reference: String },
    Declined,
    Pending,
}

/// How a call goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Fine,
    SilentBefore,
    SilentAfter,
    FailsBefore,
    FailsAfter,
    Slow,
}

impl Scripted {
    /// A provider that has seen nothing yet.
    pub fn new(
        executor: Executor,
        faults: Faults,
        trouble: Arc<AtomicBool>,
        marks: Marks,
        oracle: Arc<Oracle>,
        webhooks: UnboundedSender<Letter>,
    ) -> Self {
        Self { executor, faults, trouble, marks, oracle, webhooks, books: Arc::default() }
    }

    fn mood(&self) -> Mood {
        let is_troubled = self.trouble.load(Ordering::Relaxed);
        if !is_troubled || !self.executor.chance(self.faults.provider) {
            return Mood::Fine;
        }
        self.executor.one_of(&[
            Mood::SilentBefore,
            Mood::SilentAfter,
            Mood::FailsBefore,
            Mood::FailsAfter,
            Mood::Slow,
        ])
    }

    /// Runs `act` when a call arrives, and answers as the mood has it.
    async fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let mood = self.mood();
        self.executor.pause(Duration::from_millis(60)).await;
        match mood {
            Mood::Fine | Mood::SilentAfter | Mood::FailsAfter => {}
            Mood::SilentBefore => {
                self.marks.hit("provider: silent before");
                std::future::pending::<()>().await;
            }
            Mood::FailsBefore => {
                self.marks.hit("provider: 5xx before");
                return Err(ProviderError::Unknown("503".into()));
            }
            Mood::Slow => return self.call_slowly(act).await,
        }
        let answer = act(self);
        match mood {
            Mood::SilentAfter => {
                self.marks.hit("provider: silent after taking the money");
                std::future::pending::<()>().await;
            }
            Mood::FailsAfter => {
                self.marks.hit("provider: 5xx after taking the money");
                return Err(ProviderError::Unknown("500".into()));
            }
            _ => {}
        }
        self.executor.pause(Duration::from_millis(60)).await;
        answer
    }

    /// What is on its way arrives, also where the caller has stopped waiting or is dead.
    async fn call_slowly<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, ProviderError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        self.marks.hit("provider: slow");
        let (provider, (tell, told)) = (self.clone(), tokio::sync::oneshot::channel());
        let work = async move {
            provider.executor.pause(Duration::from_secs(6)).await;
            drop(tell.send(act(&provider)));
        };
        self.executor.start(NOBODY, Box::pin(work));
        told.await.unwrap_or_else(|_| Err(ProviderError::Unknown("gone".into())))
    }

    fn take(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        let payment = request.payment;
        if let Some(known) = self.lock().charges.get(&payment) {
            self.marks.hit("provider: repeated charge under one key");
            return Ok(told(&known.outcome));
        }
        let outcome = match request.means.token().map_or("", Token::reveal) {
            DECLINED => {
                self.marks.hit("provider: declined");
                Outcome::Declined
            }
            PENDING => {
                self.marks.hit("provider: pending");
                self.finish_later(payment);
                Outcome::Pending
            }
            _ => Outcome::Captured { reference: format!("ch_{payment}") },
        };
        let (order, amount) = (Some(request.order), Some(request.amount));
        let known = Known { outcome: outcome.clone(), order, amount };
        self.lock().charges.insert(payment, known);
        match outcome {
            Outcome::Captured { .. } => self.captured(payment),
            // Word of a capture that is not one, from somebody else or, worse, by mistake.
            Outcome::Declined | Outcome::Pending if self.executor.chance(40.0) => {
                let signature = self.executor.one_of(&[SIGNED, "forged", ""]);
                if signature == SIGNED {
                    self.marks.hit("provider: webhook of a capture that is not one");
                }
                self.write(payment, signature);
            }
            Outcome::Declined | Outcome::Pending => {}
        }
        Ok(told(&outcome))
    }

    fn write(&self, payment: PaymentId, signature: &'static str) {
        let mut books = self.lock();
        books.notices += 1;
        let notice = Notice {
            id: format!("evt_{}", books.notices),
            payment,
            kind: "captured".into(),
            about: About::Charge,
        };
        drop(books);
        // Whoever delivers them lives as long as the history.
        drop(self.webhooks.send(Letter { notice, signature }));
    }

    fn finish_later(&self, payment: PaymentId) {
        let provider = self.clone();
        let work = async move {
            provider.executor.pause(Duration::from_secs(5)).await;
            let mut books = provider.lock();
            let Some(known) = books.charges.get_mut(&payment) else { return };
            if !matches!(known.outcome, Outcome::Pending) {
                return;
            }
            let is_good = provider.executor.chance(80.0);
            known.outcome = match is_good {
                true => Outcome::Captured { reference: format!("ch_{payment}") },
                false => Outcome::Declined,
            };
            drop(books);
            if is_good {
                provider.captured(payment);
            }
        };
        self.executor.start(NOBODY, Box::pin(work));
    }

    fn captured(&self, payment: PaymentId) {
        let books = self.lock();
        let known = books.charges.get(&payment);
        let Some((order, amount)) = known.and_then(|known| Some((known.order?, known.amount?)))
        else {
            return;
        };
        drop(books);
        self.executor.note(b"captured", || format!("provider takes {} for {order}", amount.minor));
        self.oracle.money_taken(self.executor.now(), payment, order, amount);
        if self.executor.chance(40.0) {
            self.write(payment, SIGNED);
        }
    }

    fn give_back(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        let mut books = self.lock();
        let key = (request.payment, request.part);
        if let Some(reference) = books.refunds.get(&key) {
            self.marks.hit("provider: repeated refund under one key");
            return Ok(Refund::Done { reference: reference.clone() });
        }
        let is_it = |known: &Known| match &known.outcome {
            Outcome::Captured { reference } => *reference == request.reference,
            Outcome::Declined | Outcome::Pending => false,
        };
        let charge = books.charges.iter().find(|(_, known)| is_it(known)).map(|(id, _)| *id);
        let Some(payment) = charge else {
            return Err(ProviderError::Rejected("there is no such charge".into()));
        };
        let reference = format!("re_{}_{}", request.payment, request.part.unwrap_or(0));
        books.refunds.insert(key, reference.clone());
        drop(books);
        self.marks.hit("provider: refunded");
        self.executor.note(b"returned", || format!("provider gives back {payment}"));
        self.oracle.money_returned(payment, request.part, request.amount);
        Ok(Refund::Done { reference })
    }

    fn stop(&self, payment: PaymentId) -> Charge {
        let mut books = self.lock();
        let known = books.charges.entry(payment).or_insert_with(|| {
            self.marks.hit("provider: abandoned before it was asked");
            Known { outcome: Outcome::Declined, order: None, amount: None }
        });
        if matches!(known.outcome, Outcome::Pending) {
            known.outcome = Outcome::Declined;
        }
        told(&known.outcome)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(outcome: &Outcome) -> Charge {
    match outcome {
        Outcome::Captured { reference } => Charge::Captured { reference: reference.clone() },
        Outcome::Pending => Charge::Pending,
        Outcome::Declined => Charge::Declined(Decline {
            code: "declined".into(),
            message: "Your card was declined".into(),
            field: None,
        }),
    }
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, _: &Token) -> bool {
        true
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        let request = request.clone();
        self.call(move |provider| provider.take(&request)).await
    }

    async fn look_up(&self, request: &ChargeRequest) -> Result<Option<Charge>, ProviderError> {
        let payment = request.payment;
        let look = move |provider: &Self| {
            Ok(provider.lock().charges.get(&payment).map(|known| told(&known.outcome)))
        };
        self.call(look).await
    }

    async fn abandon(&self, request: &ChargeRequest) -> Result<Charge, ProviderError> {
        let payment = request.payment;
        self.call(move |provider| Ok(provider.stop(payment))).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        let request = request.clone();
        self.call(move |provider| provider.give_back(&request)).await
    }

    async fn verify_webhook(
        &self,
        letter: Webhook<'_>,
        _: Timestamp,
    ) -> Result<Option<Notice>, BadNotice> {
        if letter.headers.get(SIGNATURE).is_none_or(|signature| signature != SIGNED) {
            return Err(BadNotice::Signature("it is not the provider's"));
        }
        serde_json::from_slice(letter.body)
            .map(Some)
            .map_err(|error| BadNotice::Unreadable(error.to_string()))
    }
}
