//! Money that a buyer's bank takes back.
//!
//! Mollie says that it was taken, and says so again where the bank has given it back. That it is
//! decided for good it never says: what has not come back in [`UNDECIDED`] is taken to be lost, and
//! booked back where it comes all the same.

use std::time::Duration;

use axum::http::Uri;
use common::id::PaymentId;
use common::time::Timestamp;

use super::Mollie;
use super::calls::{found, named};
use super::objects::{Chargeback, Chargebacks, Link};
use crate::domain::{Standing, Told};
use crate::provider::ProviderError;

/// Within this a bank decides: longer than card schemes give both sides together. Shorter than the
/// list is looked through backwards, so that its end is met without a notice.
pub const UNDECIDED: Duration = Duration::from_secs(120 * 24 * 3_600);

/// Chargebacks on one page of a list: as many as Mollie gives.
const PAGE: u32 = 250;

/// Most pages that are read of the list of all: more than an account survives.
const MOST_PAGES: u32 = 40;

impl Mollie {
    /// Those of one payment, oldest first.
    pub(super) async fn chargebacks_of(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<Vec<Told>, ProviderError> {
        let mut all = self.page_of(name).await?;
        all.sort_by_key(|chargeback| chargeback.created_at);
        all.iter().map(|chargeback| told(chargeback, now)).collect()
    }

    /// Whether a bank has some of a payment.
    pub(super) async fn is_with_bank(&self, name: &str) -> Result<bool, ProviderError> {
        let all = self.page_of(name).await?;
        Ok(all.iter().any(|chargeback| chargeback.reversed_at.is_none()))
    }

    async fn page_of(&self, name: &str) -> Result<Vec<Chargeback>, ProviderError> {
        let path = format!("/v2/payments/{name}/chargebacks?limit={PAGE}");
        let page: Chargebacks = found(self.api.get(&path).await?)?;
        Ok(page.embedded.chargebacks)
    }

    /// Those of payments of ours since, newest first.
    pub(super) async fn chargebacks_listed(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<(PaymentId, Told)>, ProviderError> {
        let mut path = format!("/v2/chargebacks?limit={PAGE}&embed=payment");
        let mut listed = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Chargebacks = found(self.api.get(&path).await?)?;
            for chargeback in &page.embedded.chargebacks {
                if chargeback.created_at < since {
                    return Ok(listed);
                }
                let of = chargeback.embedded.as_ref().map(|embedded| &embedded.payment);
                let ours = of.and_then(|payment| named(&payment.metadata, "payment"));
                if let Some(payment) = ours.and_then(|ours| ours.parse().ok()) {
                    listed.push((payment, told(chargeback, now)?));
                }
            }
            match page.links.next.as_ref().and_then(path_of) {
                Some(next) => path = next,
                None => return Ok(listed),
            }
        }
        Ok(listed)
    }
}

/// Where a link leads at Mollie: it is asked at the address that we know, whatever the link says.
fn path_of(link: &Link) -> Option<String> {
    let uri: Uri = link.href.parse().ok()?;
    uri.path_and_query().map(ToString::to_string)
}

fn told(chargeback: &Chargeback, now: Timestamp) -> Result<Told, ProviderError> {
    let Chargeback { id, amount, reason, created_at, reversed_at, .. } = chargeback;
    let amount = amount
        .money()
        .ok_or_else(|| ProviderError::Rejected(format!("the chargeback {id} is of no amount")))?;
    let standing = match reversed_at {
        Some(_) => Standing::Won,
        None if now.since(*created_at) >= UNDECIDED => Standing::Lost,
        None => Standing::Open,
    };
    Ok(Told {
        reference: id.clone(),
        amount,
        reason: reason.as_ref().and_then(|reason| reason.code.clone()).unwrap_or_default(),
        standing,
        taken: if standing == Standing::Won { 0 } else { amount.minor },
        // It is in Mollie's invoice, and said nowhere before.
        fee: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = "2024-03-20T09:13:37+00:00";

    fn read(rest: &str, after: Duration) -> Told {
        let text = format!(
            r#"{{"resource":"chargeback","id":"chb_1","createdAt":"{CREATED}","paymentId":"tr_1",
                "amount":{{"currency":"EUR","value":"41.00"}}{rest}}}"#
        );
        let created: Timestamp = CREATED.parse().unwrap();
        told(&serde_json::from_str(&text).unwrap(), created.plus(after)).unwrap()
    }

    #[test]
    fn what_is_not_given_back_in_time_is_lost_and_what_is_given_back_is_not() {
        let (soon, just) = (Duration::from_secs(60), UNDECIDED - Duration::from_millis(1));
        for none in [r#","reversedAt":null,"reason":null"#, ""] {
            for after in [Duration::ZERO, soon, just] {
                let told = read(none, after);
                assert_eq!((told.standing, told.taken), (Standing::Open, 4_100));
                assert_eq!(told.reason, "");
            }
            let told = read(none, UNDECIDED);
            assert_eq!((told.standing, told.taken), (Standing::Lost, 4_100));
        }
        let reversed = r#","reversedAt":"2024-03-21T09:13:37+00:00","reason":{"code":"AC01"}"#;
        for after in [soon, UNDECIDED, 2 * UNDECIDED] {
            let told = read(reversed, after);
            assert_eq!((told.standing, told.taken, told.amount.minor), (Standing::Won, 0, 4_100));
            assert_eq!(told.reason, "AC01");
        }
    }

    #[test]
    fn a_link_to_another_page_leads_to_mollie_and_nowhere_else() {
        let at = |href: &str| path_of(&Link { href: href.to_owned() });
        let next = "/v2/chargebacks?from=chb_2&limit=250&embed=payment";
        for host in ["https://api.mollie.com", "https://elsewhere.example"] {
            assert_eq!(at(&format!("{host}{next}")).as_deref(), Some(next));
        }
        assert_eq!(at("\u{0}"), None);
    }
}
