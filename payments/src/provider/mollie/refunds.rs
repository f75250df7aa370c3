//! Money on its way back.

use super::Mollie;
use super::api::Answer;
use super::calls::{MAX_KEYS, found, named, refused, unknown};
use super::objects::{Amount, Fault, NewRefund, RefundNames, RefundStatus, Refunds, Returned};
use crate::provider::{ProviderError, Refund, RefundRequest};

/// Most refunds of one payment that are looked through, the newest first; parts are fewer.
const REFUNDS: u32 = 250;

/// The field that is at fault where more would be given back than is left.
const AMOUNT: &str = "amount";

/// What that means.
const GONE: &str = "the money was given back by somebody else, or is disputed";

impl Mollie {
    /// Gives money back, once.
    ///
    /// Keys are forgotten after an hour, and a refund is asked after for days: so it is looked for
    /// before it is made, by our name for it, and its key only has to hold for as long as a call
    /// may be under way.
    pub(super) async fn give_back(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        let RefundRequest { payment, part, ref reference, amount } = *request;
        let refund = part.map(|part| part.to_string());
        let asked = NewRefund {
            amount: amount.into(),
            description: format!("Payment {payment}"),
            metadata: RefundNames { payment, refund },
        };
        let name = match part {
            Some(part) => format!("{payment}-refund-part-{part}"),
            None => format!("{payment}-refund"),
        };
        let path = format!("/v2/payments/{reference}/refunds");
        let mut failure = unknown("every key is burnt");
        for number in 1..=MAX_KEYS {
            // Also after a failure, which may have done its work.
            let made = self.refund_of(request).await?;
            if let Some(refund) = made.as_ref().filter(|refund| !came_to_nothing(refund)) {
                return returned(refund);
            }
            // Whether Mollie would give the same money back besides is not documented.
            if self.is_with_bank(reference).await? {
                return Ok(Refund::Disputed);
            }
            if let Some(refund) = &made {
                return returned(refund);
            }
            let key = format!("{name}-{number}");
            match self.api.post::<Returned>(&path, &asked, &key).await? {
                Answer::Done(refund) => return returned(&refund),
                // There was not so much left when it was first asked for under this key, which is
                // remembered; a bank may have given it back since.
                Answer::Refused(fault) if is_of_amount(&fault) => {
                    failure = ProviderError::Rejected(GONE.to_owned());
                }
                Answer::Refused(fault) => return Err(refused(&fault)),
                Answer::Failed => {}
            }
        }
        Err(failure)
    }

    /// The refund that this request made, if there is one.
    async fn refund_of(&self, request: &RefundRequest) -> Result<Option<Returned>, ProviderError> {
        let path = format!("/v2/payments/{}/refunds?limit={REFUNDS}", request.reference);
        let list: Refunds = found(self.api.get(&path).await?)?;
        let (payment, amount) = (request.payment.to_string(), Amount::from(request.amount));
        let part = request.part.map(|part| part.to_string());
        Ok(list.embedded.refunds.into_iter().find(|refund| {
            match named(&refund.metadata, "payment") {
                // Another part may well be of the same amount: only the name tells them apart.
                Some(ours) => {
                    ours == payment && named(&refund.metadata, "refund") == part.as_deref()
                }
                // Whoever gave all of it back by hand has done what was to be done. Of a part
                // nobody can know whether it was meant by that.
                None => request.part.is_none() && refund.amount == amount,
            }
        }))
    }
}

fn is_of_amount(fault: &Fault) -> bool {
    fault.field.as_deref().is_some_and(|field| field.starts_with(AMOUNT))
}

fn came_to_nothing(refund: &Returned) -> bool {
    matches!(refund.status, RefundStatus::Failed | RefundStatus::Canceled)
}

fn returned(refund: &Returned) -> Result<Refund, ProviderError> {
    match refund.status {
        RefundStatus::Refunded => Ok(Refund::Done { reference: refund.id.clone() }),
        // It can still fail: an account may be closed.
        RefundStatus::Queued | RefundStatus::Pending | RefundStatus::Processing => {
            Ok(Refund::Pending)
        }
        RefundStatus::Failed | RefundStatus::Canceled => {
            let (id, status) = (&refund.id, refund.status);
            Err(ProviderError::Rejected(format!("the refund {id} came to nothing: {status:?}")))
        }
    }
}
