//! What is asked of Mollie, and what its answers mean for a payment.

use axum::http::Uri;
use common::id::PaymentId;
use serde_json::Value;

use super::api::Answer;
use super::objects::{Fault, Names, NewPayment, Payment, Status};
use super::{Mollie, NAME, declines};
use crate::provider::{Charge, ChargeRequest, ProviderError};

/// Most keys tried to make a payment, one after the other: a failure may be remembered under its
/// key, for an hour. An order's window is shorter than that, and what was made twice is harmless.
const MAX_KEYS: u32 = 5;

/// What Mollie calls the payment of this request.
pub(super) fn opened(request: &ChargeRequest) -> Result<&str, ProviderError> {
    request.opened.as_deref().ok_or_else(|| unknown("it was not made there yet"))
}

pub(super) fn unknown(what: &str) -> ProviderError {
    ProviderError::Unknown(what.to_owned())
}

impl Mollie {
    /// Makes a payment whose page nobody has seen. Where it is made twice because its key did not
    /// hold, the one whose name is not committed is never seen by anybody.
    pub(super) async fn make(
        &self,
        request: &ChargeRequest,
        back: &str,
    ) -> Result<String, ProviderError> {
        let (payment, order) = (request.payment, request.order);
        let mut asked = NewPayment {
            amount: request.amount.into(),
            description: format!("Order {order}"),
            redirect_url: back,
            webhook_url: notices_of(payment, back),
            metadata: Names { payment, order },
        };
        for number in 1..=MAX_KEYS {
            let how = if asked.webhook_url.is_some() { "open" } else { "open-quietly" };
            let key = format!("{payment}-{how}-{number}");
            match self.api.post::<Payment>("/v2/payments", &asked, &key).await? {
                Answer::Done(payment) => return Ok(payment.id),
                // A site that Mollie cannot reach has to do without notices.
                Answer::Refused(fault) if fault.field.as_deref() == Some("webhookUrl") => {
                    if asked.webhook_url.take().is_none() {
                        return Err(refused(&fault));
                    }
                }
                Answer::Refused(fault) => return Err(refused(&fault)),
                Answer::Failed | Answer::Burnt => {}
            }
        }
        Err(unknown("every key is burnt"))
    }

    pub(super) async fn payment(&self, name: &str) -> Result<Payment, ProviderError> {
        found(self.api.get(&format!("/v2/payments/{name}")).await?)
    }

    /// Makes sure that a payment is not paid from now on, where that can be done. Where it cannot,
    /// because its buyer is at it, what becomes of it is not known until Mollie knows.
    pub(super) async fn cancel(
        &self,
        request: &ChargeRequest,
        name: &str,
    ) -> Result<Charge, ProviderError> {
        let payment = self.payment(name).await?;
        let is_open = told(request, &payment)? == Charge::Pending;
        if !is_open || payment.is_cancelable != Some(true) {
            return told(request, &payment);
        }
        match self.api.delete::<Payment>(&format!("/v2/payments/{name}")).await? {
            Answer::Done(payment) => told(request, &payment),
            // Somebody was quicker, or it did its work and failed: what is so now is the truth.
            Answer::Refused(_) | Answer::Failed | Answer::Burnt => {
                told(request, &self.payment(name).await?)
            }
        }
    }
}

/// Where notices of a payment are sent: to the site that its buyer comes back to. They name the
/// payment as Mollie does, and their address as we do, so that none has to be looked for. `None`
/// where the site is on this machine alone.
fn notices_of(payment: PaymentId, back: &str) -> Option<String> {
    let back: Uri = back.parse().ok()?;
    let (scheme, authority) = (back.scheme_str()?, back.authority()?);
    let is_here = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    let path = format!("api/payments/webhooks/{NAME}?payment={payment}");
    (!is_here).then(|| format!("{scheme}://{authority}/{path}"))
}

/// What a payment at Mollie says of the payment that it is for.
pub(super) fn told(request: &ChargeRequest, payment: &Payment) -> Result<Charge, ProviderError> {
    match payment.status {
        Status::Paid => taken(request, payment),
        Status::Canceled => Ok(Charge::Declined(declines::cancelled())),
        Status::Expired => Ok(Charge::Declined(declines::expired())),
        Status::Failed => Ok(Charge::Declined(declines::failed(payment))),
        Status::Open | Status::Pending | Status::Authorized => Ok(Charge::Pending),
    }
}

/// Money that was taken: as much as was asked for, or somebody has to look.
fn taken(request: &ChargeRequest, payment: &Payment) -> Result<Charge, ProviderError> {
    let ours = request.payment.to_string();
    let is_right = payment.amount == request.amount.into()
        && named(&payment.metadata, "payment") == Some(&ours);
    if !is_right {
        let name = &payment.id;
        return Err(ProviderError::Rejected(format!("{name} is not what was asked for")));
    }
    Ok(Charge::Captured { reference: payment.id.clone() })
}

/// One of our names in what Mollie keeps for us.
pub(super) fn named<'a>(metadata: &'a Value, name: &str) -> Option<&'a str> {
    metadata.get(name).and_then(Value::as_str)
}

pub(super) fn found<T>(answer: Answer<T>) -> Result<T, ProviderError> {
    match answer {
        Answer::Done(found) => Ok(found),
        Answer::Refused(fault) => Err(refused(&fault)),
        Answer::Failed | Answer::Burnt => Err(unknown("status 5xx")),
    }
}

/// A call that Mollie refuses.
pub(super) fn refused(fault: &Fault) -> ProviderError {
    match fault.field.as_deref() {
        // Too little, too much, or of a currency that the account is not paid in.
        Some(field) if field.starts_with("amount") => ProviderError::Impossible(declines::amount()),
        field => {
            let (status, field) = (fault.status, field.unwrap_or("no field"));
            ProviderError::Rejected(format!("status {status} ({field})"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_come_to_the_site_that_the_buyer_comes_back_to_unless_it_is_here() {
        let payment: PaymentId = "0123456789abcdef01234567".parse().unwrap();
        let to = |site: &str| notices_of(payment, &format!("{site}/orders/1"));
        let at = |site: &str| format!("{site}/api/payments/webhooks/mollie?payment={payment}");
        for site in ["https://tickets.example", "http://localhost.example:8080"] {
            assert_eq!(to(site), Some(at(site)));
        }
        for here in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:80", ""] {
            assert_eq!(to(here), None, "{here}");
        }
    }
}
