//! What Mollie's API is asked with, and what it answers with as far as that is looked at.

use common::id::{OrderId, PaymentId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An amount as Mollie writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amount {
    /// In upper case.
    currency: String,
    /// With all the decimals that the currency has.
    value: String,
}

impl From<Money> for Amount {
    fn from(amount: Money) -> Self {
        let Money { minor, currency } = amount;
        let places = usize::try_from(currency.decimals()).unwrap_or(0);
        let digits = format!("{minor:0>least$}", least = places + 1);
        let (whole, part) = digits.split_at(digits.len() - places);
        let point = if places == 0 { "" } else { "." };
        let currency = currency.code().to_ascii_uppercase();
        Self { currency, value: format!("{whole}{point}{part}") }
    }
}

impl Amount {
    /// What it is in minor units; `None` where it is in a currency that is not known here, or is no
    /// amount of it.
    pub(super) fn money(&self) -> Option<Money> {
        let currency: Currency = self.currency.to_ascii_lowercase().parse().ok()?;
        let (whole, part) = self.value.split_once('.').unwrap_or((&self.value, ""));
        let places = usize::try_from(currency.decimals()).ok()?;
        let digits = format!("{whole}{part}");
        let is_sound = part.len() == places && digits.bytes().all(|digit| digit.is_ascii_digit());
        let minor = digits.parse().ok().filter(|_| is_sound)?;
        Some(Money { minor, currency })
    }
}

/// A payment to be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPayment<'a> {
    pub(super) amount: Amount,
    pub(super) description: String,
    pub(super) redirect_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook_url: Option<String>,
    pub(super) metadata: Names,
}

/// Our names for a payment.
#[derive(Serialize)]
pub(super) struct Names {
    pub(super) payment: PaymentId,
    pub(super) order: OrderId,
}

/// A payment as Mollie has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) status: Status,
    pub(super) amount: Amount,
    /// How much of it was given back; absent where nothing can be.
    #[serde(default)]
    pub(super) amount_refunded: Option<Amount>,
    /// How much of it Mollie would still give back, which may be more than was paid.
    #[serde(default)]
    pub(super) amount_remaining: Option<Amount>,
    #[serde(default)]
    pub(super) is_cancelable: Option<bool>,
    #[serde(default)]
    pub(super) metadata: Value,
    #[serde(default)]
    pub(super) details: Option<Details>,
    #[serde(default)]
    pub(super) status_reason: Option<StatusReason>,
    #[serde(default, rename = "_links")]
    pub(super) links: Links,
}

/// Where a payment stands at Mollie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Open,
    Pending,
    Authorized,
    Paid,
    Canceled,
    Expired,
    Failed,
}

/// What the way to pay says besides.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    #[serde(default)]
    pub(super) failure_reason: Option<String>,
}

/// Why a payment is where it is.
#[derive(Deserialize)]
pub(super) struct StatusReason {
    #[serde(default)]
    pub(super) code: Option<String>,
}

/// Where a payment leads.
#[derive(Default, Deserialize)]
pub(super) struct Links {
    /// Absent once there is nothing to pay any more.
    #[serde(default)]
    pub(super) checkout: Option<Link>,
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
}

/// Money to be given back.
#[derive(Serialize)]
pub(super) struct NewRefund {
    pub(super) amount: Amount,
    pub(super) description: String,
    pub(super) metadata: RefundNames,
}

/// Our names for a refund.
#[derive(Serialize)]
pub(super) struct RefundNames {
    pub(super) payment: PaymentId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refund: Option<String>,
}

/// Money on its way back.
#[derive(Deserialize)]
pub(super) struct Returned {
    pub(super) id: String,
    pub(super) status: RefundStatus,
    pub(super) amount: Amount,
    #[serde(default)]
    pub(super) metadata: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RefundStatus {
    Queued,
    Pending,
    Processing,
    Refunded,
    Failed,
    Canceled,
}

/// A page of a payment's refunds.
#[derive(Deserialize)]
pub(super) struct Refunds {
    #[serde(rename = "_embedded")]
    pub(super) embedded: Embedded,
}

#[derive(Deserialize)]
pub(super) struct Embedded {
    pub(super) refunds: Vec<Returned>,
}

/// A page of chargebacks.
#[derive(Deserialize)]
pub(super) struct Chargebacks {
    #[serde(rename = "_embedded")]
    pub(super) embedded: EmbeddedChargebacks,
    #[serde(default, rename = "_links")]
    pub(super) links: PageLinks,
}

#[derive(Deserialize)]
pub(super) struct EmbeddedChargebacks {
    pub(super) chargebacks: Vec<Chargeback>,
}

/// Where a page of a list leads.
#[derive(Default, Deserialize)]
pub(super) struct PageLinks {
    #[serde(default)]
    pub(super) next: Option<Link>,
}

/// Money that a bank has taken back.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chargeback {
    pub(super) id: String,
    pub(super) amount: Amount,
    #[serde(default)]
    pub(super) reason: Option<Reason>,
    pub(super) created_at: Timestamp,
    /// When the bank gave it back again.
    #[serde(default)]
    pub(super) reversed_at: Option<String>,
    #[serde(default, rename = "_embedded")]
    pub(super) embedded: Option<OfPayment>,
}

#[derive(Deserialize)]
pub(super) struct Reason {
    #[serde(default)]
    pub(super) code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct OfPayment {
    pub(super) payment: Payment,
}

/// What is wrong with a call. Mollie's own words are not repeated: they may quote what was sent.
#[derive(Deserialize)]
pub(super) struct Fault {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) field: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_all_the_decimals_of_its_currency() {
        let written = |minor, currency: &str| {
            let currency = currency.parse().unwrap();
            let Amount { currency, value } = Money { minor, currency }.into();
            format!("{value} {currency}")
        };
        assert_eq!(written(2_050, "eur"), "20.50 EUR");
        assert_eq!(written(2_000, "eur"), "20.00 EUR");
        assert_eq!(written(5, "usd"), "0.05 USD");
        assert_eq!(written(100_000_000, "eur"), "1000000.00 EUR");
        assert_eq!(written(500, "jpy"), "500 JPY");
    }

    #[test]
    fn an_amount_is_read_as_it_is_written_and_nothing_else_is() {
        for (minor, currency) in [(2_050, "eur"), (5, "usd"), (100_000_000, "eur"), (500, "jpy")] {
            let money = Money { minor, currency: currency.parse().unwrap() };
            assert_eq!(Amount::from(money).money(), Some(money));
        }
        for (value, currency) in [
            ("1", "EUR"),
            ("1.0", "EUR"),
            ("1.000", "EUR"),
            ("-1.00", "EUR"),
            ("1.00", "QQQ"),
            ("", "JPY"),
        ] {
            let amount = Amount { currency: currency.to_owned(), value: value.to_owned() };
            assert_eq!(amount.money(), None, "{value} {currency}");
        }
    }
}
