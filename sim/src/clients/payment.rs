//! Paying.

use common::command::Refusal;
use common::execute::Failure;
use payments::domain::{RequestKey, Token};
use payments::pay::{PayRequest, Unpaid};

use super::order::Bought;
use super::{Client, MAX_ATTEMPTS, Reply};
use crate::journal::{PayAsked, Told};
use crate::world::{Running, Which};

impl Client {
    /// Pays, and asks again until it is known what came of it; whether the order is paid.
    pub(super) async fn pay(&self, bought: Bought, token: &str, key: Option<String>) -> bool {
        let entry = self.about_to_pay(bought);
        let mut doubts = 0;
        for _ in 0..MAX_ATTEMPTS {
            match self.try_to_pay(bought, token, key.clone()).await {
                Reply::Yes(payment) => {
                    self.mark("pay: complete");
                    self.world.oracle.journal.open().pays[entry].told = Told::Yes(payment);
                    return true;
                }
                // Word of the order may still be on its way.
                Reply::No(Refusal::NotFound) | Reply::NotNow => {}
                Reply::No(refusal) => {
                    self.refused(&refusal);
                    // Without a key, a refusal may be because of what this very buyer did not see
                    // the answer of.
                    if doubts == 0 || key.is_some() {
                        self.world.oracle.journal.open().pays[entry].told = Told::No;
                    }
                    return false;
                }
                Reply::Unknown => {
                    self.mark("pay: not known in time");
                    doubts += 1;
                    if self.chance(10.0) {
                        return false;
                    }
                }
            }
            self.wait_a_moment().await;
        }
        false
    }

    fn about_to_pay(&self, bought: Bought) -> usize {
        let mut journal = self.world.oracle.journal.open();
        journal.pays.push(PayAsked { order: bought.id, told: Told::Unknown });
        journal.pays.len() - 1
    }

    fn refused(&self, refusal: &Refusal) {
        let text = refusal.to_string();
        self.mark(match refusal {
            Refusal::Invalid(_) => "pay: declined",
            _ if text.contains("returned") => "pay: money returned",
            _ if text.contains("expired") || text.contains("cancelled") => "pay: too late",
            _ if text.contains("already been paid") => "pay: already paid",
            _ if text.contains("in progress") => "pay: another one is in progress",
            _ => "pay: refused otherwise",
        });
    }

    async fn try_to_pay(
        &self,
        bought: Bought,
        token: &str,
        key: Option<String>,
    ) -> Reply<common::id::PaymentId> {
        let Ok(token) = token.parse::<Token>() else { return Reply::NotNow };
        let fingerprint = format!("{} {}", bought.id, token.reveal());
        let asked = PayRequest {
            order: bought.id,
            buyer: self.me,
            token,
            request: key.map(|id| RequestKey { id, fingerprint }),
            trace: "pay".to_owned(),
        };
        let act = |running: Running| async move {
            let Some(works) = running.works else {
                return Err(Failure::Broken("payments has no works".into()));
            };
            match works.pay.pay(asked).await {
                Ok(payment) => Ok(payment),
                Err(Unpaid::Failed(Failure::Unavailable(down))) => {
                    // It may have begun before the store stopped serving.
                    Err(Failure::InDoubt(down.to_string()))
                }
                Err(Unpaid::Failed(failure)) => Err(failure),
                Err(Unpaid::Unresolved) => Err(Failure::InDoubt("unresolved".into())),
            }
        };
        self.ask(Which::Payments, act).await
    }
}
