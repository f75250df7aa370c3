//! Where a payment is made whose card the provider asks for, and leaving that for another place.

use common::execute::Failure;
use common::id::PaymentId;

use crate::counts::Call;
use crate::domain::{Decline, State};
use crate::provider::{Charge, Door, ProviderError};
use crate::queries::{self, Seen};
use crate::resolve::{Resolver, request};

impl Resolver {
    /// Where the buyer of a payment that waits for its buyer goes to pay it. `None` where its end
    /// is known.
    ///
    /// # Errors
    /// When the store does not serve, or what the provider says, inside.
    pub async fn door(&self, seen: &Seen) -> Result<Result<Option<Door>, ProviderError>, Failure> {
        let payment = &seen.payment;
        let State::Started { means, opened } = &payment.state else {
            return Ok(Ok(None));
        };
        let request = request(payment, means, opened.clone());
        let request = match self.opened(payment, request).await? {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        Ok(match self.provider_of(payment) {
            Ok(provider) => {
                self.in_time(Call::Door, payment, provider.door(&request)).await.map(Some)
            }
            Err(error) => Err(error),
        })
    }

    /// Ends a payment whose buyer goes to pay in another place: the provider makes sure that no
    /// money is taken by it from then on, before another may begin. What it has come to instead, if
    /// the buyer was quicker, is recorded as ever. `false` where that is not known: the buyer's
    /// bank is at it.
    ///
    /// # Errors
    /// When the store does not serve, or what the provider says, inside.
    pub async fn leave(&self, id: PaymentId) -> Result<Result<bool, ProviderError>, Failure> {
        let seen = queries::payment(self.engine(), id).await?;
        let Some(payment) = seen.map(|seen| seen.payment) else { return Ok(Ok(true)) };
        let State::Started { means, opened } = &payment.state else { return Ok(Ok(true)) };
        let request = request(&payment, means, opened.clone());
        let abandoned = match self.provider_of(&payment) {
            Ok(provider) => self.in_time(Call::Abandon, &payment, provider.abandon(&request)).await,
            Err(error) => Err(error),
        };
        let charge = match abandoned {
            Ok(Charge::Pending) => return Ok(Ok(false)),
            Ok(Charge::Declined(_)) => Charge::Declined(moved()),
            Ok(charge @ Charge::Captured { .. }) => charge,
            Err(error) => return Ok(Err(error)),
        };
        self.record(&payment, charge).await?;
        Ok(Ok(true))
    }
}

fn moved() -> Decline {
    Decline {
        code: "moved".to_owned(),
        message: "Its buyer went to pay in another place; no money was taken".to_owned(),
        field: None,
    }
}
