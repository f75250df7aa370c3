//! The operator's side of the books, as the operator meets it.

use std::fs;

use crate::check::{tamper, used};
use crate::process::{Marketplace, refusal, run, said};

const HEAD: &str = "reporting_category,currency,gross,payment_intent_id\n";

#[test]
fn what_is_due_is_listed_paid_once_and_never_more() {
    let folder = used();
    let data = folder.path().to_str().unwrap();
    let list = || said(&run(["payouts", "list", "--data", data]));
    let listed = list();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines[0], "seller,contact,currency,payable,earned,fees,refunded,paid_out,disputed");
    assert_eq!(lines.len(), 2, "one payment, one seller: {listed}");
    let due: Vec<&str> = lines[1].split(',').collect();
    let [seller, contact, currency, payable, earned, fees, "0", "0", "0"] = due[..] else {
        panic!("{listed}");
    };
    assert!(contact.ends_with("@example.org") && payable == earned && fees == "0", "{listed}");
    let pay = |amount: &str, reference: &str| {
        run([
            "payouts",
            "record",
            "--data",
            data,
            "--seller",
            seller,
            "--amount",
            amount,
            "--currency",
            currency,
            "--reference",
            reference,
        ])
    };
    assert!(refusal(&pay("100000", "first")).contains(&format!("only {payable} ")));
    assert!(refusal(&pay("1.001", "first")).contains("--amount 1.001"));
    assert!(refusal(&pay("0", "first")).contains("--amount 0"));
    assert!(refusal(&pay("1", "=first")).contains("--reference"));
    let booked = said(&pay(payable, "first"));
    assert!(booked.starts_with("booked: ") && booked.contains(seller), "{booked}");
    assert_eq!(said(&pay(payable, "first")), booked.replace("booked:", "booked already:"));
    assert!(refusal(&pay("1", "first")).contains("another payout's"));
    assert!(refusal(&pay("1", "second")).contains("only 0 "));
    let paid = format!("{seller},{contact},{currency},0,{earned},0,0,{payable},0");
    assert_eq!(list().lines().nth(1), Some(paid.as_str()));
    let checked = run(["check", "--data", data]);
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn the_books_are_held_against_the_payments_and_the_providers_report() {
    let folder = used();
    let data = folder.path().to_str().unwrap();
    let checked = run(["ledger", "check", "--data", data]);
    let report = said(&checked);
    assert!(checked.status.success(), "{report}");
    for told in ["2 entries", "provider_clearing", "seller_payable", "every entry sums to zero"] {
        assert!(report.contains(told), "{told}: {report}");
    }
    assert!(!report.contains("seller is not known"), "{report}");
    let file = folder.path().join("report.csv");
    let against = file.to_str().unwrap();
    let compare = || run(["ledger", "check", "--data", data, "--against", against]);
    fs::write(&file, HEAD).unwrap();
    let same = compare();
    assert!(same.status.success() && said(&same).contains("difference 0.00"), "{}", said(&same));
    fs::write(&file, format!("{HEAD}charge,usd,41.00,pi_1\npayout,usd,-41,\n")).unwrap();
    let differs = compare();
    assert_eq!(differs.status.code(), Some(1));
    let told = said(&differs);
    for said in ["difference 41.00 USD", "pi_1: nothing by the books", "1 payout"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    fs::write(&file, "a,b\n1,2\n").unwrap();
    assert!(refusal(&compare()).contains("reporting_category"));
    let list = r#"{"count":1,"_embedded":{"balance_transactions":[{"id":"baltr_1",
        "type":"payment","initialAmount":{"currency":"EUR","value":"41.00"},
        "context":{"paymentId":"tr_1"}}]},"_links":{"next":null}}"#;
    fs::write(&file, list).unwrap();
    let told = said(&compare());
    assert!(told.contains("difference 41.00 EUR") && told.contains("tr_1: nothing"), "{told}");
    fs::write(&file, list.replace("balance_transactions", "payments")).unwrap();
    assert!(refusal(&compare()).contains("Mollie's balance transactions"));
    fs::remove_file(&file).unwrap();
    assert!(refusal(&compare()).contains(against));
}

#[test]
fn an_entry_that_somebody_has_had_their_hands_in_is_found() {
    let folder = used();
    let data = folder.path().to_str().unwrap();
    tamper(folder.path(), "payments", "ledger", |entry| {
        let minor = &mut entry["postings"][0]["amount"]["minor"];
        *minor = (minor.as_i64().unwrap() + 1).into();
    });
    let checked = run(["ledger", "check", "--data", data]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(said(&checked).contains("does not sum to zero"), "{}", said(&checked));
}

#[test]
fn a_marketplace_that_runs_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let market = Marketplace::serve(folder.path());
    for args in [["payouts", "list", "--data", data], ["ledger", "check", "--data", data]] {
        let refused = refusal(&run(args));
        assert!(refused.contains("in use") && refused.contains("stop that one"), "{refused}");
    }
    drop(market);
}
