//! Money on its way back.

use super::Stripe;
use super::api::Answer;
use super::calls::{MAX_KEYS, found, refused, units, unknown};
use super::objects::{Fault, List, RefundStatus, Returned};
use crate::provider::{ProviderError, Refund, RefundRequest};

/// Most refunds of one payment that are looked through.
const REFUNDS: u32 = 100;

impl Stripe {
    /// Gives money back, once.
    pub(super) async fn give_back(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        let form = vec![
            ("payment_intent", request.reference.clone()),
            ("amount", units(request.amount)?.to_string()),
            ("metadata[payment]", request.payment.to_string()),
        ];
        for number in 1..=MAX_KEYS {
            let key = format!("{}-refund-{number}", request.payment);
            match self.api.post::<Returned>("/v1/refunds", &form, &key).await? {
                Answer::Done(refund, false) => return returned(refund),
                Answer::Done(refund, true) => {
                    let path = format!("/v1/refunds/{}", refund.id);
                    return returned(found(self.api.get(&path).await?)?);
                }
                Answer::Refused(fault, _) if is_returned(&fault) => {
                    return self.refund_that_is(request).await;
                }
                Answer::Refused(fault, _) => return Err(refused(&fault)),
                Answer::Burnt => {
                    if let Some(refund) = self.refund_of(request).await? {
                        return returned(refund);
                    }
                }
            }
        }
        Err(unknown("every key is burnt"))
    }

    async fn refund_that_is(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        match self.refund_of(request).await? {
            Some(refund) => returned(refund),
            None => Err(ProviderError::Rejected(
                "the money was given back by somebody else, or is disputed".to_owned(),
            )),
        }
    }

    /// The refund that this request made, if there is one.
    async fn refund_of(&self, request: &RefundRequest) -> Result<Option<Returned>, ProviderError> {
        let path = format!("/v1/refunds?payment_intent={}&limit={REFUNDS}", request.reference);
        let list: List<Returned> = found(self.api.get(&path).await?)?;
        let (payment, amount) = (request.payment.to_string(), units(request.amount)?);
        Ok(list.data.into_iter().find(|refund| {
            let is_for_it = refund.metadata.get("payment").is_some_and(|named| *named == payment);
            // Whoever gave all of it back by hand has done what was asked for.
            is_for_it || refund.amount == amount
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
    matches!(fault.code.as_deref(), Some("charge_already_refunded" | "charge_disputed"))
}
