//! Disputes, as Stripe tells of them.

use common::id::PaymentId;
use common::money::{Currency, Money};
use common::time::Timestamp;

use super::Stripe;
use super::calls::{found, per_minor};
use super::objects::{Dispute, List, Movement, Named};
use crate::domain::{Standing, Told};
use crate::provider::ProviderError;

/// Disputes on one page of a list: as many as Stripe gives.
const PAGE: u32 = 100;

/// Most pages that are read of the list of all: more disputes than an account survives.
const MOST_PAGES: u32 = 100;

impl Stripe {
    /// The disputes of one payment, oldest first.
    pub(super) async fn disputes_of(&self, intent: &str) -> Result<Vec<Told>, ProviderError> {
        let path = format!("/v1/disputes?payment_intent={intent}&limit={PAGE}");
        let list: List<Dispute> = found(self.api.get(&path).await?)?;
        list.data.iter().rev().map(told).collect()
    }

    /// The disputes of payments of ours that were opened since, newest first.
    pub(super) async fn disputes_listed(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(PaymentId, Told)>, ProviderError> {
        let seconds = since.as_millis() / 1_000;
        let first = format!(
            "/v1/disputes?created[gte]={seconds}&limit={PAGE}&expand[]=data.payment_intent"
        );
        let (mut path, mut listed) = (first.clone(), Vec::new());
        for _ in 0..MOST_PAGES {
            let list: List<Dispute> = found(self.api.get(&path).await?)?;
            for dispute in &list.data {
                let Some(Named::Intent(intent)) = &dispute.payment_intent else { continue };
                let named = intent.metadata.get("payment").and_then(|named| named.parse().ok());
                if let Some(payment) = named {
                    listed.push((payment, told(dispute)?));
                }
            }
            match list.data.last() {
                Some(last) if list.has_more => {
                    path = format!("{first}&starting_after={}", last.id);
                }
                Some(_) | None => return Ok(listed),
            }
        }
        Ok(listed)
    }
}

/// What a dispute says of the money. It names an amount in the currency that was paid in; what was
/// moved because of it is in the account's own, and where that is another one, all of the amount is
/// with the bank or none.
fn told(dispute: &Dispute) -> Result<Told, ProviderError> {
    let amount = money(dispute.amount, &dispute.currency)?;
    let moved = &dispute.balance_transactions;
    let taken = if moved.iter().all(|movement| movement.currency == dispute.currency) {
        let units = moved.iter().map(|movement| -movement.amount).sum();
        money(units, &dispute.currency)?.minor
    } else {
        let balance: i64 = moved.iter().map(|movement| movement.amount.signum()).sum();
        if balance < 0 { amount.minor } else { 0 }
    };
    Ok(Told {
        reference: dispute.id.clone(),
        amount,
        reason: dispute.reason.clone(),
        standing: match dispute.status.as_str() {
            "won" | "warning_closed" | "prevented" => Standing::Won,
            "lost" => Standing::Lost,
            _ => Standing::Open,
        },
        taken,
        fee: fee(moved)?,
    })
}

/// What Stripe has charged for it, which it says with what was moved.
fn fee(moved: &[Movement]) -> Result<Option<Money>, ProviderError> {
    let Some(first) = moved.first() else { return Ok(None) };
    money(moved.iter().map(|movement| movement.fee).sum(), &first.currency).map(Some)
}

fn money(units: i64, code: &str) -> Result<Money, ProviderError> {
    let currency: Currency =
        code.parse().map_err(|_| ProviderError::Rejected(format!("a dispute is in {code:?}")))?;
    Ok(Money { minor: units / per_minor(code), currency })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Told {
        told(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn what_is_with_the_bank_is_what_was_moved() {
        let open = r#"{"id":"dp_1","amount":4100,"currency":"usd","reason":"fraudulent",
            "status":"needs_response","payment_intent":"pi_1","balance_transactions":[
            {"amount":-4100,"currency":"usd","fee":1500}]}"#;
        let told = read(open);
        assert_eq!((told.standing, told.taken), (Standing::Open, 4_100));
        assert_eq!(told.fee, Some(Money { minor: 1_500, currency: Currency::USD }));
        let won = open
            .replace("needs_response", "won")
            .replace("1500}", "1500},{\"amount\":4100,\"currency\":\"usd\",\"fee\":-1500}");
        let told = read(&won);
        assert_eq!((told.standing, told.taken), (Standing::Won, 0));
        assert_eq!(told.fee.unwrap().minor, 0);
        let inquiry = r#"{"id":"dp_1","amount":4100,"currency":"usd",
            "status":"warning_needs_response","balance_transactions":[]}"#;
        assert_eq!((read(inquiry).taken, read(inquiry).fee), (0, None));
    }

    #[test]
    fn an_account_in_another_currency_has_all_of_it_taken_or_none() {
        let lost = r#"{"id":"dp_1","amount":4100,"currency":"usd","status":"lost",
            "balance_transactions":[{"amount":-3720,"currency":"eur","fee":2000}]}"#;
        let told = read(lost);
        assert_eq!((told.standing, told.taken), (Standing::Lost, 4_100));
        assert_eq!(told.fee.unwrap().currency.code(), "eur");
        let back = lost.replace("2000}", "2000},{\"amount\":3801,\"currency\":\"eur\",\"fee\":0}");
        assert_eq!(read(&back).taken, 0, "at another rate");
    }

    #[test]
    fn currencies_that_stripe_counts_in_hundredths_are_read_as_they_are() {
        let isk = r#"{"id":"dp_1","amount":410000,"currency":"isk","status":"lost",
            "balance_transactions":[{"amount":-410000,"currency":"isk","fee":0}]}"#;
        assert_eq!((read(isk).amount.minor, read(isk).taken), (4_100, 4_100));
    }
}
