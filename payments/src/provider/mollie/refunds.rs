//! Money on its way back.

use super::Mollie;
use super::api::Answer;
use super::calls::{found, named, refused, unknown};
use super::objects::{Amount, Fault, NewRefund, RefundNames, RefundStatus, Refunds, Returned};
use crate::provider::{ProviderError, Refund, RefundRequest};

/// Most refunds of one payment that are looked through, the newest first; parts are fewer.
const REFUNDS: u32 = 250;

/// The field that is at fault where more would be given back than is left.
const AMOUNT: &str = "amount";

impl Mollie {
    /// Gives money back, once.
    ///
    /// Keys are forgotten after an hour, and a refund is asked after for days: so it is looked for
    /// before it is made, by our name for it, and its key only has to hold for as long as a call
    /// may be under way.
    pub(super) async fn give_back(&self, request: &RefundRequest) -> Result<Refund, ProviderError> {
        let RefundRequest { payment, part, ref reference, amount, burnt } = *request;
        // Also after a failure, which may have done its work.
        let listed = self.refunds_of(reference).await?;
        let made = listed.iter().find(|refund| is_made_by(request, refund));
        if let Some(refund) = made.filter(|refund| !came_to_nothing(refund)) {
            return returned(refund);
        }
        // Whether Mollie would give the same money back besides is not documented.
        if self.is_with_bank(reference).await? {
            return Ok(Refund::Disputed);
        }
        if let Some(refund) = made {
            return returned(refund);
        }
        if burnt > 0 {
            self.must_be_left(request, &listed).await?;
        }
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
        let key = format!("{name}-{}", u64::from(burnt) + 1);
        let path = format!("/v2/payments/{reference}/refunds");
        match self.api.post::<Returned>(&path, &asked, &key).await? {
            Answer::Done(refund) => returned(&refund),
            Answer::Refused(fault) if is_of_amount(&fault) => Err(gone()),
            Answer::Refused(fault) => Err(refused(&fault)),
            Answer::Failed => Err(unknown("status 5xx")),
            Answer::Burnt => Ok(Refund::Burnt),
        }
    }

    /// Whether a refund that came to nothing under one key may be made under another: by the
    /// payment itself, which knows sums and no names. A list that lacks what the payment has given
    /// back may lack this one; and what Mollie would refuse anyway burns no further key.
    async fn must_be_left(
        &self,
        request: &RefundRequest,
        listed: &[Returned],
    ) -> Result<(), ProviderError> {
        let minor = |amount: &Amount| amount.money().map(|money| money.minor);
        let payment = self.payment(&request.reference).await?;
        let standing = listed.iter().filter(|refund| !came_to_nothing(refund));
        let known: i64 = standing.filter_map(|refund| minor(&refund.amount)).sum();
        let gone_back = payment.amount_refunded.as_ref().and_then(minor);
        if gone_back.is_some_and(|gone_back| gone_back > known) {
            return Err(unknown("its list of refunds lacks some that it has made"));
        }
        let left = payment.amount_remaining.as_ref().and_then(minor);
        match left.is_some_and(|left| left < request.amount.minor) {
            true => Err(gone()),
            false => Ok(()),
        }
    }

    async fn refunds_of(&self, name: &str) -> Result<Vec<Returned>, ProviderError> {
        let path = format!("/v2/payments/{name}/refunds?limit={REFUNDS}");
        let list: Refunds = found(self.api.get(&path).await?)?;
        Ok(list.embedded.refunds)
    }
}

/// Whether a refund is the one that this request makes.
fn is_made_by(request: &RefundRequest, refund: &Returned) -> bool {
    match named(&refund.metadata, "payment") {
        // Another part may well be of the same amount: only the name tells them apart.
        Some(ours) => {
            let part = request.part.map(|part| part.to_string());
            ours == request.payment.to_string()
                && named(&refund.metadata, "refund") == part.as_deref()
        }
        // Whoever gave all of it back by hand has done what was to be done. Of a part nobody can
        // know whether it was meant by that.
        None => request.part.is_none() && refund.amount == Amount::from(request.amount),
    }
}

/// There is not so much left.
fn gone() -> ProviderError {
    ProviderError::Rejected("the money was given back by somebody else, or is disputed".to_owned())
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
