//! What is asked of Stripe, and what its answers mean for a payment.

use common::money::Money;

use super::api::{Answer, Form};
use super::objects::{Fault, Intent, IntentStatus, Session, SessionStatus};
use super::{Stripe, declines};
use crate::domain::{Decline, Means, Token};
use crate::provider::{Charge, ChargeRequest, ProviderError};

/// Most keys tried for one call: one is burnt by a failure that Stripe remembers, for a day. Enough
/// for a provider that fails one call in two.
const MAX_KEYS: u32 = 24;

/// Currencies that Stripe counts in hundredths though they have none.
const IN_HUNDREDTHS: &[&str] = &["isk", "ugx"];

/// What Stripe calls the payment of this request.
pub(super) fn opened(request: &ChargeRequest) -> Result<&str, ProviderError> {
    request.opened.as_deref().ok_or_else(|| unknown("it was not made there yet"))
}

/// Whether the name is that of a visit to Stripe's own page.
pub(super) fn is_session(name: &str) -> bool {
    name.starts_with("cs_")
}

pub(super) fn unknown(what: &str) -> ProviderError {
    ProviderError::Unknown(what.to_owned())
}

impl Stripe {
    /// Makes an intent that nobody has confirmed.
    pub(super) async fn open_intent(
        &self,
        request: &ChargeRequest,
    ) -> Result<String, ProviderError> {
        let mut form = vec![
            ("amount", units(request.amount)?.to_string()),
            ("currency", request.amount.currency.code().to_owned()),
            ("automatic_payment_methods[enabled]", "true".to_owned()),
        ];
        if request.means.token().is_some() {
            // Nobody is there to be sent elsewhere.
            form.push(("automatic_payment_methods[allow_redirects]", "never".to_owned()));
        }
        form.extend(metadata(request, ["metadata[payment]", "metadata[order]"]));
        for number in 1..=MAX_KEYS {
            let key = format!("{}-open-{number}", request.payment);
            match self.api.post::<Intent>("/v1/payment_intents", &form, &key).await? {
                Answer::Done(intent, _) => return Ok(intent.id),
                Answer::Refused(fault, _) => return Err(refused(&fault)),
                Answer::Burnt => {}
            }
        }
        Err(unknown("every key is burnt"))
    }

    /// Makes a visit to Stripe's own page.
    pub(super) async fn open_session(
        &self,
        request: &ChargeRequest,
        back: &str,
    ) -> Result<String, ProviderError> {
        let mut form: Form = vec![
            ("mode", "payment".to_owned()),
            ("success_url", back.to_owned()),
            ("cancel_url", back.to_owned()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", request.amount.currency.code().to_owned()),
            ("line_items[0][price_data][unit_amount]", units(request.amount)?.to_string()),
            ("line_items[0][price_data][product_data][name]", format!("Order {}", request.order)),
        ];
        form.extend(metadata(request, ["metadata[payment]", "metadata[order]"]));
        let copied =
            ["payment_intent_data[metadata][payment]", "payment_intent_data[metadata][order]"];
        form.extend(metadata(request, copied));
        for number in 1..=MAX_KEYS {
            let key = format!("{}-open-{number}", request.payment);
            match self.api.post::<Session>("/v1/checkout/sessions", &form, &key).await? {
                Answer::Done(session, _) => return Ok(session.id),
                Answer::Refused(fault, _) => return Err(refused(&fault)),
                Answer::Burnt => {}
            }
        }
        Err(unknown("every key is burnt"))
    }

    pub(super) async fn intent(&self, name: &str) -> Result<Intent, ProviderError> {
        found(self.api.get(&format!("/v1/payment_intents/{name}")).await?)
    }

    pub(super) async fn session(&self, name: &str) -> Result<Session, ProviderError> {
        let path = format!("/v1/checkout/sessions/{name}?expand[]=payment_intent");
        found(self.api.get(&path).await?)
    }

    /// What has become of a payment.
    pub(super) async fn look(
        &self,
        request: &ChargeRequest,
        name: &str,
    ) -> Result<Charge, ProviderError> {
        if !is_session(name) {
            let intent = self.intent(name).await?;
            return self.told(request, intent).await;
        }
        let session = self.session(name).await?;
        match (session.payment_intent, session.status) {
            (Some(intent), _) if intent.status == IntentStatus::Succeeded => {
                self.told(request, intent).await
            }
            (_, Some(SessionStatus::Expired)) => Ok(Charge::Declined(declines::abandoned())),
            (_, Some(SessionStatus::Open | SessionStatus::Complete) | None) => Ok(Charge::Pending),
        }
    }

    /// Asks for the money. However often this is asked, an intent succeeds once.
    pub(super) async fn confirm(
        &self,
        request: &ChargeRequest,
        name: &str,
        token: &Token,
    ) -> Result<Charge, ProviderError> {
        let mut form: Form = vec![("error_on_requires_action", "true".to_owned())];
        if token.reveal().starts_with("pm_") {
            form.push(("payment_method", token.reveal().to_owned()));
        } else {
            form.push(("payment_method_data[type]", "card".to_owned()));
            form.push(("payment_method_data[card][token]", token.reveal().to_owned()));
        }
        let path = format!("/v1/payment_intents/{name}/confirm");
        for number in 1..=MAX_KEYS {
            let key = format!("{}-confirm-{number}", request.payment);
            match self.api.post::<Intent>(&path, &form, &key).await? {
                Answer::Done(intent, false) => return self.told(request, intent).await,
                // Things may have moved since it was first said.
                Answer::Done(_, true) => return self.look(request, name).await,
                Answer::Refused(fault, is_replayed) => {
                    let fault = if is_replayed { fault.of_then() } else { fault };
                    return self.not_confirmed(request, name, fault).await;
                }
                Answer::Burnt => {
                    // Its failure says nothing of the money; the intent does.
                    let intent = self.intent(name).await?;
                    let is_untouched = intent.status == IntentStatus::RequiresPaymentMethod
                        && intent.last_payment_error.is_none();
                    if !is_untouched && intent.status != IntentStatus::RequiresConfirmation {
                        return self.told(request, intent).await;
                    }
                }
            }
        }
        Err(unknown("every key is burnt"))
    }

    async fn not_confirmed(
        &self,
        request: &ChargeRequest,
        name: &str,
        fault: Fault,
    ) -> Result<Charge, ProviderError> {
        if fault.kind == "card_error" {
            return self.declined(request, name, declines::decline(&fault)).await;
        }
        let param = fault.param.as_deref().unwrap_or_default();
        match fault.code.as_deref() {
            // It is past the point where it could be confirmed: somebody was quicker.
            Some("payment_intent_unexpected_state") => match fault.payment_intent {
                Some(intent) => self.told(request, *intent).await,
                None => self.look(request, name).await,
            },
            Some("resource_missing") if param.starts_with("payment_method") => {
                self.cancel(request, name).await?;
                Err(ProviderError::BadToken)
            }
            Some("token_already_used") => {
                self.declined(request, name, declines::used_token()).await
            }
            _ => Err(refused(&fault)),
        }
    }

    /// No money was taken; and none will be, since nobody can confirm what is cancelled.
    async fn declined(
        &self,
        request: &ChargeRequest,
        name: &str,
        decline: Decline,
    ) -> Result<Charge, ProviderError> {
        let intent = self.cancel(request, name).await?;
        match intent.status {
            IntentStatus::Canceled => Ok(Charge::Declined(decline)),
            // A decline that was not the last word.
            IntentStatus::Succeeded => taken(request, &intent),
            _ => Ok(Charge::Pending),
        }
    }

    /// Makes sure that an intent is never confirmed from now on; it as it is then.
    pub(super) async fn cancel(
        &self,
        request: &ChargeRequest,
        name: &str,
    ) -> Result<Intent, ProviderError> {
        let path = format!("/v1/payment_intents/{name}/cancel");
        let form = vec![("cancellation_reason", "abandoned".to_owned())];
        for number in 1..=MAX_KEYS {
            let key = format!("{}-cancel-{number}", request.payment);
            match self.api.post::<Intent>(&path, &form, &key).await? {
                Answer::Done(intent, false) => return Ok(intent),
                Answer::Done(_, true) => return self.intent(name).await,
                // It is cancelled already, or it is too late.
                Answer::Refused(fault, false) if is_unexpected(&fault) => {
                    return match fault.payment_intent {
                        Some(intent) => Ok(*intent),
                        None => self.intent(name).await,
                    };
                }
                // It was too late, for what was under way then; that may have come to nothing.
                Answer::Refused(fault, true) if is_unexpected(&fault) => {
                    let intent = self.intent(name).await?;
                    if !can_be_cancelled(intent.status) {
                        return Ok(intent);
                    }
                }
                Answer::Refused(fault, _) => return Err(refused(&fault)),
                Answer::Burnt => {
                    let intent = self.intent(name).await?;
                    if !can_be_cancelled(intent.status) {
                        return Ok(intent);
                    }
                }
            }
        }
        Err(unknown("every key is burnt"))
    }

    /// Ends a visit to Stripe's own page.
    pub(super) async fn expire(
        &self,
        request: &ChargeRequest,
        name: &str,
    ) -> Result<Charge, ProviderError> {
        let path = format!("/v1/checkout/sessions/{name}/expire");
        for number in 1..=MAX_KEYS {
            let key = format!("{}-expire-{number}", request.payment);
            let answer = self.api.post::<serde_json::Value>(&path, &Form::new(), &key).await?;
            // What it is now is the truth, whatever was said of the attempt.
            let charge = self.look(request, name).await?;
            match answer {
                Answer::Burnt if charge == Charge::Pending => {}
                Answer::Done(..) | Answer::Refused(..) | Answer::Burnt => return Ok(charge),
            }
        }
        Err(unknown("every key is burnt"))
    }

    /// What an intent says of the payment that it is for.
    pub(super) async fn told(
        &self,
        request: &ChargeRequest,
        intent: Intent,
    ) -> Result<Charge, ProviderError> {
        let is_ours = matches!(request.means, Means::Token(_));
        let why = intent.last_payment_error.as_ref().map(declines::decline);
        match (intent.status, why) {
            (IntentStatus::Succeeded, _) => taken(request, &intent),
            (IntentStatus::Canceled, why) => {
                Ok(Charge::Declined(why.unwrap_or_else(declines::abandoned)))
            }
            (IntentStatus::RequiresAction, _) if is_ours => {
                self.declined(request, &intent.id, declines::needs_its_owner()).await
            }
            (IntentStatus::RequiresPaymentMethod, Some(why)) if is_ours => {
                self.declined(request, &intent.id, why).await
            }
            // Nothing was tried yet, or the buyer is at it and may try another card.
            (
                IntentStatus::RequiresAction
                | IntentStatus::RequiresPaymentMethod
                | IntentStatus::RequiresConfirmation
                | IntentStatus::RequiresCapture
                | IntentStatus::Processing,
                _,
            ) => Ok(Charge::Pending),
        }
    }
}

pub(super) fn found<T>(answer: Answer<T>) -> Result<T, ProviderError> {
    match answer {
        Answer::Done(found, _) => Ok(found),
        Answer::Refused(fault, _) => Err(refused(&fault)),
        Answer::Burnt => Err(unknown("status 5xx")),
    }
}

/// Money that was taken: as much as was asked for, or somebody has to look.
fn taken(request: &ChargeRequest, intent: &Intent) -> Result<Charge, ProviderError> {
    let is_right = intent.amount == units(request.amount)?
        && intent.currency == request.amount.currency.code()
        && intent.metadata.get("payment").is_some_and(|id| *id == request.payment.to_string());
    if !is_right {
        let name = &intent.id;
        return Err(ProviderError::Rejected(format!("{name} is not what was asked for")));
    }
    Ok(Charge::Captured { reference: intent.id.clone() })
}

fn can_be_cancelled(status: IntentStatus) -> bool {
    match status {
        IntentStatus::RequiresPaymentMethod
        | IntentStatus::RequiresConfirmation
        | IntentStatus::RequiresAction
        | IntentStatus::RequiresCapture => true,
        IntentStatus::Processing | IntentStatus::Canceled | IntentStatus::Succeeded => false,
    }
}

fn is_unexpected(fault: &Fault) -> bool {
    fault.code.as_deref() == Some("payment_intent_unexpected_state")
}

/// A call that Stripe refuses. Its own words are not repeated: they may quote what was sent.
pub(super) fn refused(fault: &Fault) -> ProviderError {
    let code = fault.code.as_deref().unwrap_or("without a code");
    if matches!(code, "amount_too_small" | "amount_too_large") {
        return ProviderError::Impossible(declines::amount(code));
    }
    let (kind, param) = (&fault.kind, fault.param.as_deref().unwrap_or("no parameter"));
    ProviderError::Rejected(format!("{kind}: {code} ({param})"))
}

fn metadata<const N: usize>(
    request: &ChargeRequest,
    names: [&'static str; N],
) -> impl Iterator<Item = (&'static str, String)> + use<N> {
    let values = [request.payment.to_string(), request.order.to_string()];
    names.into_iter().zip(values)
}

/// How many of Stripe's units one minor unit of a currency is.
pub(super) fn per_minor(currency: &str) -> i64 {
    if IN_HUNDREDTHS.contains(&currency) { 100 } else { 1 }
}

/// An amount as Stripe counts it.
pub(super) fn units(amount: Money) -> Result<i64, ProviderError> {
    let units = amount.minor.checked_mul(per_minor(amount.currency.code()));
    units.ok_or_else(|| ProviderError::Rejected("the amount is too large".to_owned()))
}
