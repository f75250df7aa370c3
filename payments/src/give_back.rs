//! Money is given back, once, however long its provider is in trouble.
//!
//! A provider answers a call under a key that it knows as it did the first time, also where that
//! was a refusal or a failure, for an hour or for a day: under that key nothing more is to be had,
//! and money must not wait so long (I3). So a refund has any number of keys, one after the other.
//!
//! - A key is left only where the provider says that what it answers is what it remembers. Then the
//!   call is over, and what it did can be looked up. One that had no answer, or was answered for
//!   the first time, may still be under way: it is repeated under the same key, and whichever of
//!   the two comes later does nothing.
//! - Before the next key is used, the provider is asked whether the money has gone back already.
//!   That nothing goes back twice never rests on keys alone.
//! - A look burns at most one: it ends with the first answer that is of now. So the first look
//!   after the trouble is over asks under a key that nothing is remembered of.
//!
//! How many keys are burnt is kept in the payment. Where a process dies before it has written that,
//! the next look is told so again.

use common::execute::Failure;
#[cfg(feature = "planted")]
use common::id::PaymentId;
use common::money::Money;
use common::worker::Progress;

use crate::commands::{RecordRefunded, Why};
use crate::counts::Call;
use crate::domain::Payment;
use crate::provider::{Provider, ProviderError, Refund, RefundRequest};
use crate::queries::Seen;
use crate::resolve::Resolver;

/// Most keys asked under in one look: one that the look before burnt, what processes have burnt
/// that died over it, and a new one. What is beyond it is for the next look.
const MOST_KEYS: u32 = 4;

impl Resolver {
    /// All of a capture whose order came to nothing is given back, or the part of it that was
    /// asked for.
    pub(crate) async fn give_back(
        &self,
        seen: &Seen,
        part: Option<u32>,
        reference: &str,
        amount: Money,
    ) -> Result<Progress, Failure> {
        let payment = &seen.payment;
        let reference = reference.to_owned();
        let mut burnt = payment.burnt;
        let request = RefundRequest { payment: payment.id, part, reference, amount, burnt };
        #[cfg(feature = "planted")]
        if common::planted::is(common::planted::Bug::RefundedTwice) {
            let payment = PaymentId(self.engine().ids().next(self.engine().now()));
            if let Ok(provider) = self.provider_of(&seen.payment) {
                drop(provider.refund(&RefundRequest { payment, ..request.clone() }).await);
            }
        }
        #[cfg(feature = "planted")]
        let request = match common::planted::is(common::planted::Bug::PartUnderFreshKey) {
            true => RefundRequest { part: part.map(|part| part + 100 * payment.looks), ..request },
            false => request,
        };
        let answer = match self.provider_of(payment) {
            Ok(provider) => {
                let making = make(&**provider, request, &mut burnt);
                self.in_time(Call::Refund, payment, making).await
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(Refund::Done { reference }) => self.given_back(payment, part, reference).await,
            Ok(Refund::Pending) => self.put_off_with(seen, Why::OnItsWay, burnt).await,
            Ok(Refund::Disputed) => self.refused_for_dispute(seen, part).await,
            Ok(Refund::Burnt) => {
                self.complain(payment, &ProviderError::Unknown("every key is burnt".to_owned()));
                self.put_off_with(seen, Why::Unknown, burnt).await
            }
            Err(error) => {
                self.complain(payment, &error);
                self.put_off_with(seen, Why::Unknown, burnt).await
            }
        }
    }

    /// Records that money is back with its buyer; there may be another part.
    pub(crate) async fn given_back(
        &self,
        payment: &Payment,
        part: Option<u32>,
        refund: String,
    ) -> Result<Progress, Failure> {
        let (id, order) = (payment.id, payment.order);
        let command = RecordRefunded { payment: id, order, part, refund };
        self.counts.refunded(self.engine().run(command, &payment.trace).await?);
        tracing::info!(payment = %id, %order, part, request = payment.trace, "refunded");
        Ok(if part.is_some() { Progress::More } else { Progress::Idle })
    }
}

/// Asks under the first key that is not burnt; `burnt` says how many are.
async fn make(
    provider: &dyn Provider,
    mut request: RefundRequest,
    burnt: &mut u32,
) -> Result<Refund, ProviderError> {
    for _ in 0..MOST_KEYS {
        match provider.refund(&request).await? {
            Refund::Burnt => request.burnt = request.burnt.saturating_add(1),
            told => return Ok(told),
        }
        *burnt = request.burnt;
    }
    Ok(Refund::Burnt)
}
