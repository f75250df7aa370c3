//! Mollie's webhooks: a form that says `id=tr_…`, signed by nobody.

use common::id::PaymentId;

use crate::domain::{About, Notice};
use crate::provider::{BadNotice, Letter};

/// What Mollie calls a payment begins so.
const PAYMENT: &str = "tr_";

/// Longest name that is looked at: Mollie's are below 30 characters.
const MAX_NAME: usize = 64;

/// The payment that a letter asks to be looked at: Mollie's name for it stands in the form, and
/// ours in the address that Mollie was given with it. `None` where it is about something else.
pub(super) fn prompt(letter: Letter<'_>) -> Result<Option<Notice>, BadNotice> {
    let mut named = form_urlencoded::parse(letter.body).filter(|(key, _)| key == "id");
    let name = named.next().ok_or_else(|| BadNotice::Unreadable("it names nothing".to_owned()))?.1;
    let query = letter.query.unwrap_or_default().as_bytes();
    let ours = form_urlencoded::parse(query).find(|(key, _)| key == "payment");
    let payment = ours.and_then(|(_, id)| id.parse::<PaymentId>().ok());
    Ok(payment.filter(|_| is_payment(&name)).map(|payment| Notice {
        id: name.into_owned(),
        payment,
        kind: "payment".to_owned(),
        about: About::Charge,
    }))
}

fn is_payment(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.strip_prefix(PAYMENT).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderMap;

    const OURS: &str = "payment=0123456789abcdef01234567";

    fn said(query: Option<&str>, body: &str) -> Result<Option<Notice>, BadNotice> {
        prompt(Letter { headers: &HeaderMap::new(), query, body: body.as_bytes() })
    }

    #[test]
    fn a_notice_names_a_payment_in_both_ways() {
        let notice = said(Some(OURS), "id=tr_7UhSN1zuXS").unwrap().unwrap();
        assert_eq!(notice.id, "tr_7UhSN1zuXS");
        assert_eq!(notice.payment.to_string(), &OURS[8..]);
    }

    #[test]
    fn i27_what_names_no_payment_leads_nowhere() {
        let long = format!("id=tr_{}", "x".repeat(62));
        for (query, body) in [
            (None, "id=tr_1"),
            (Some("payment=tr_1"), "id=tr_1"),
            (Some("payment=../0123456789abcdef01"), "id=tr_1"),
            (Some(OURS), "id="),
            (Some(OURS), "id=tr_"),
            (Some(OURS), "id=ord_1"),
            (Some(OURS), "id=tr_1/refunds"),
            (Some(OURS), "id=tr_..%2Fmethods"),
            (Some(OURS), "id=tr_1%0d%0a"),
            (Some(OURS), &long),
        ] {
            assert_eq!(said(query, body), Ok(None), "{query:?} {body}");
        }
        for unreadable in ["", "{}", r#"{"id":"tr_1"}"#, "name=tr_1", "\u{0}"] {
            assert!(said(Some(OURS), unreadable).is_err(), "{unreadable}");
        }
    }
}
