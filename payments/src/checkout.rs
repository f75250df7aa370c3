//! Where to pay, as the public API writes it.

use common::id::PaymentId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::provider::{Door, Provider, Script};

/// What to pay where the provider asks for the card.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used: all faults of a body are told at once")]
pub struct NewCheckout {
    /// The order. All of it is paid, at the price that its buyer saw.
    #[schema(pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000003")]
    order_id: String,
    /// Where the card is asked for. Where it is left out, with the provider's script if a
    /// publishable key is configured, and on its page otherwise.
    place: Option<CheckoutPlace>,
}

// Describes `Place`, which knows nothing of OpenAPI.
/// Where a provider asks for the card.
#[derive(Debug, ToSchema)]
#[schema(as = CheckoutPlace, rename_all = "lowercase")]
pub enum CheckoutPlace {
    /// On a page of its own.
    Page,
    /// In a part of one's own page, which its script fills.
    Element,
}

/// Where to pay. Either `url`, a page of the provider's; or `clientSecret` and `publishableKey`,
/// which the provider's script in the buyer's browser is given.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checkout {
    /// Which payment.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000005")]
    pub id: PaymentId,
    /// Who moves the money.
    #[schema(example = "stripe")]
    pub provider: String,
    /// A page of the provider's, to be sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What lets whoever has it make this one payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Whose account it is, for the provider's script.
    #[serde(skip_serializing_if = "Option::is_none")]
    publishable_key: Option<String>,
}

impl Checkout {
    /// Of a payment, through a door.
    pub fn of(id: PaymentId, provider: &str, door: Door) -> Self {
        let (url, client_secret, publishable_key) = match door {
            Door::Page { url } => (Some(url), None, None),
            Door::Element { client_secret, publishable_key } => {
                (None, Some(client_secret), Some(publishable_key))
            }
        };
        Self { id, provider: provider.to_owned(), url, client_secret, publishable_key }
    }
}

/// Who moves the money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub struct Mover {
    /// Its name. In the sandbox no real money moves.
    #[schema(value_type = String, example = "stripe")]
    name: &'static str,
    /// Where its own pages are that buyers pay on; missing where it has none.
    #[schema(example = "https://checkout.stripe.com")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<String>,
    /// What fills a part of one's own page instead; missing where that is not configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<ElementView>,
}

/// The script that fills a part of one's own page, and what the Content-Security-Policy of that
/// page has to allow it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderElement)]
pub struct ElementView {
    /// Where the script is.
    #[schema(example = "https://js.stripe.com/v3/")]
    script: String,
    /// Where it and what it loads come from (`script-src`).
    #[schema(example = json!(["https://js.stripe.com"]))]
    scripts: Vec<String>,
    /// Where its frames come from (`frame-src`).
    #[schema(example = json!(["https://js.stripe.com", "https://hooks.stripe.com"]))]
    frames: Vec<String>,
    /// What it calls (`connect-src`).
    #[schema(example = json!(["https://api.stripe.com"]))]
    calls: Vec<String>,
}

impl ElementView {
    fn of(script: &Script) -> Self {
        let Script { address, scripts, frames, calls } = script.clone();
        Self { script: address, scripts, frames, calls }
    }
}

impl Mover {
    /// A provider as buyers see it.
    pub fn of(provider: &dyn Provider) -> Self {
        Self {
            name: provider.name(),
            pages: provider.pages().map(str::to_owned),
            element: provider.script().map(ElementView::of),
        }
    }
}
