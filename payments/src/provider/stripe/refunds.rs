//! Money on its way back.

use super::Stripe;
use super::api::Answer;
use super::calls::{found, refused, units};
use super::objects::{Fault, List, RefundStatus, Returned};
use crate::provider::{ProviderError, Refund, RefundRequest};

/// Most refunds of one payment that are looked through, the newest first; parts are fewer.
const REFUNDS: u32 = 100;

impl Stripe {
    /// Gives money back, once.
    ///
    /// Keys are forgotten after a day. All of a payment cannot be given back twice even then; a
    /// part could, so it is looked for first.
    pub(super) async fn give_back(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        if request.part.is_some()
            && let Some(refund) = self.refund_of(request).await?
        {
            return returned(refund);
        }
        let mut form = vec![
            ("payment_intent", request.reference.clone()),
            ("amount", units(request.amount)?.to_string()),
            ("metadata[payment]", request.payment.to_string()),
        ];
        form.extend(request.part.map(|part| ("metadata[refund]", part.to_string())));
        let name = match request.part {
            Some(part) => format!("{}-refund-part-{part}", request.payment),
            None => format!("{}-refund", request.payment),
        };
        let key = format!("{name}-{}", u64::from(request.burnt) + 1);
        match self.api.post::<Returned>("/v1/refunds", &form, &key).await? {
            Answer::Done(refund, false) => returned(refund),
            Answer::Done(refund, true) => {
                let path = format!("/v1/refunds/{}", refund.id);
                returned(found(self.api.get(&path).await?)?)
            }
            // It was refused then, or failed and may have done its work all the same.
            Answer::Refused(_, true) | Answer::Burnt => {
                self.refund_of(request).await?.map_or(Ok(Refund::Burnt), returned)
            }
            // Money that was given back may be disputed besides, and its key be forgotten.
            Answer::Refused(fault, false) if is_disputed(&fault) => {
                self.refund_of(request).await?.map_or(Ok(Refund::Disputed), returned)
            }
            Answer::Refused(fault, false) if is_returned(&fault) => {
                self.refund_that_is(request).await
            }
            Answer::Refused(fault, false) => Err(refused(&fault)),
        }
    }

    async fn refund_that_is(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        match self.refund_of(request).await? {
            Some(refund) => returned(refund),
            None => {
                Err(ProviderError::Rejected("the money was given back by somebody else".to_owned()))
            }
        }
    }

    /// The refund that this request made, if there is one.
    async fn refund_of(&self, request: &RefundRequest) -> Result<Option<Returned>, ProviderError> {
        let path = format!("/v1/refunds?payment_intent={}&limit={REFUNDS}", request.reference);
        let list: List<Returned> = found(self.api.get(&path).await?)?;
        let (payment, amount) = (request.payment.to_string(), units(request.amount)?);
        let part = request.part.map(|part| part.to_string());
        Ok(list.data.into_iter().find(|refund| match refund.metadata.get("payment") {
            // Another part may well be of the same amount: only the name tells them apart.
            Some(named) => *named == payment && refund.metadata.get("refund") == part.as_ref(),
            // Whoever gave all of it back by hand has done what was to be done. Of a part nobody
            // can know whether it was meant by that.
            None => request.part.is_none() && refund.amount == amount,
        }))
    }
}

fn returned(refund: Returned) -> Result<Refund, ProviderError> {
    match refund.status {
        RefundStatus::Succeeded => Ok(Refund::Done { reference: refund.id }),
        RefundStatus::Pending | RefundStatus::RequiresAction => Ok(Refund::Pending),
        RefundStatus::Failed | RefundStatus::Canceled => {
            let (id, why) = (refund.id, refund.failure_reason.unwrap_or_default());
            Err(ProviderError::Rejected(format!("the refund {id} came to nothing: {why}")))
        }
    }
}

fn is_returned(fault: &Fault) -> bool {
    let code = fault.code.as_deref();
    matches!(code, Some("charge_already_refunded" | "amount_too_large"))
}

fn is_disputed(fault: &Fault) -> bool {
    fault.code.as_deref() == Some("charge_disputed")
}
