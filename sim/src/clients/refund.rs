//! A seller gives money of a complete order back: some or all of it, with and without units going
//! back on sale, with and without an idempotency key; and sometimes more than is left, or money of
//! somebody else's sale.

use std::time::Duration;

use common::command::Refusal;
use common::execute::Failure;
use common::id::PaymentId;
use common::replies::{Answer, Once, RequestKey};
use payments::commands::GiveBack;
use payments::domain::Refund;

use super::{Client, MAX_ATTEMPTS, Reply};
use crate::journal::{RefundAsked, Told};
use crate::world::{Running, Which};

/// What a seller gives back.
#[derive(Debug, Clone, Copy)]
struct Wish {
    payment: PaymentId,
    /// Minor units; all that is left where nothing is said.
    minor: Option<i64>,
    units: u32,
}

impl Client {
    /// Gives money back now and then, for as long as a seller minds.
    pub(super) async fn refund_some(&self) {
        let executor = &self.world.executor;
        for number in 0..executor.below(5) {
            executor.pause(Duration::from_secs(5)).await;
            let Some(wish) = self.choose_refund() else { continue };
            let key = executor.chance(60.0).then(|| format!("{}-refund-{number}", self.name));
            self.refund(wish, key).await;
        }
    }

    /// Of an order that its buyer was told is paid.
    fn choose_refund(&self) -> Option<Wish> {
        let executor = &self.world.executor;
        let paid: Vec<_> = {
            let journal = self.world.oracle.journal.open();
            let told = |told: &Told<PaymentId>| match told {
                Told::Yes(payment) => Some(*payment),
                Told::Unknown | Told::No => None,
            };
            journal.pays.iter().filter_map(|asked| told(&asked.told)).collect()
        };
        if paid.is_empty() {
            return None;
        }
        let minor = i64::try_from(1 + executor.below(6_000)).unwrap_or(1);
        Some(Wish {
            payment: executor.one_of(&paid),
            minor: executor.chance(70.0).then_some(minor),
            units: executor.one_of(&[0, 0, 1, 1, 2]),
        })
    }

    async fn refund(&self, wish: Wish, key: Option<String>) {
        let entry = self.about_to_refund(wish.payment, wish.units);
        for _ in 0..MAX_ATTEMPTS {
            let told = match self.try_to_refund(wish, key.clone()).await {
                Reply::Yes(answer) => self.refund_told(&answer),
                Reply::NotNow => {
                    self.wait_a_moment().await;
                    continue;
                }
                Reply::Unknown if key.is_some() => {
                    self.wait_a_moment().await;
                    continue;
                }
                Reply::Unknown | Reply::No(_) => return,
            };
            self.world.oracle.journal.open().refunds[entry].told = told;
            return;
        }
    }

    fn refund_told(&self, answer: &Answer) -> Told<(u32, i64)> {
        if answer.status == 201 {
            self.mark("refund: accepted");
            let mut words = answer.body.split(' ').filter_map(|word| word.parse::<i64>().ok());
            let told = (words.next(), words.next());
            return match told {
                (Some(part), Some(minor)) => Told::Yes((u32::try_from(part).unwrap_or(0), minor)),
                _ => Told::Unknown,
            };
        }
        self.mark(match answer.status {
            400 => "refund: refused, more than is left",
            401 => "refund: refused, somebody else's sale",
            _ => "refund: refused, nothing is left",
        });
        Told::No
    }

    async fn try_to_refund(&self, wish: Wish, key: Option<String>) -> Reply<Answer> {
        let Wish { payment, minor, units } = wish;
        let me = self.me;
        let fingerprint = format!("{payment} {minor:?} {units}");
        let key = key.map(|id| RequestKey { id, fingerprint });
        let act = move |Running { engine, works, .. }: Running| async move {
            let seen = payments::queries::payment(&engine, payment).await?;
            let Some(seen) = seen else { return Err(Failure::Refused(Refusal::NotFound)) };
            let command = GiveBack {
                payment,
                order: seen.payment.order,
                seller: Some(me),
                thousandths: minor.map(|minor| minor * 10),
                units,
                reason: "The second act is cancelled".to_owned(),
            };
            let answer = match key {
                Some(key) => engine.run(Once { command, key, render }, "refund").await,
                None => match engine.run(command, "refund").await {
                    Ok(refund) => Ok(render(Ok(&refund))),
                    Err(Failure::Refused(refusal)) => Ok(render(Err(&refusal))),
                    Err(failure) => Err(failure),
                },
            };
            works.iter().for_each(|works| works.resolver.ring());
            answer
        };
        self.ask(Which::Payments, act).await
    }

    fn about_to_refund(&self, payment: PaymentId, units: u32) -> usize {
        let mut journal = self.world.oracle.journal.open();
        journal.refunds.push(RefundAsked { payment, units, told: Told::Unknown });
        journal.refunds.len() - 1
    }
}

/// What HTTP would make of it.
fn render(result: Result<&Refund, &Refusal>) -> Answer {
    let (status, body) = match result {
        Ok(refund) => (201, format!("{} {}", refund.number, refund.amount.minor)),
        Err(refusal @ Refusal::Invalid(_)) => (400, refusal.to_string()),
        Err(refusal @ Refusal::NotYours) => (401, refusal.to_string()),
        Err(refusal) => (409, refusal.to_string()),
    };
    Answer { status, headers: Vec::new(), body }
}
