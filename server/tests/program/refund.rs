//! The operator gives money of a complete order back.

use rusqlite::Connection;
use serde_json::Value;

use crate::process::{Marketplace, refusal, run, said};

/// The only payment of a marketplace that the demo has filled.
fn payment(folder: &std::path::Path) -> (String, Value) {
    let file = Connection::open(folder.join("payments.db")).unwrap();
    let (id, body): (String, Vec<u8>) = file
        .query_row("SELECT id, body FROM payments", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    (id, serde_json::from_slice(&body).unwrap())
}

#[test]
fn i5_what_the_operator_gives_back_is_given_back_once_the_marketplace_runs_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let market = Marketplace::serve(folder.path());
    assert!(run(["demo", "--url", &market.url]).status.success());
    let (id, _) = payment(folder.path());
    let refund = |option, value, reason| {
        run(["refund", "--data", data, "--payment", &id, "--reason", reason, option, value])
    };
    let refused = refusal(&refund("--amount", "1", "Rain"));
    assert!(refused.contains("in use"), "{refused}");
    assert!(market.terminate().0.success());

    for (option, value, reason, named) in [
        ("--amount", "many", "Rain", "--amount"),
        ("--amount", "999999", "Rain", "at most what is left"),
        ("--units", "999", "Rain", "no more of the order's units"),
        ("--amount", "1", " ", "--reason"),
    ] {
        let refused = refusal(&refund(option, value, reason));
        assert!(refused.contains(named), "{refused}");
    }
    let done = refund("--amount", "1", "Rain");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(said(&done).contains("refund 1 of payment"), "{}", said(&done));
    assert!(payment(folder.path()).1["refunds"][0]["done"].is_null(), "it is owed");
    // To check the data is to start the services: what is half-way is finished first.
    let checked = run(["check", "--data", data]);
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{}{told}", said(&checked));
    let (_, payment) = payment(folder.path());
    assert!(payment["refunds"][0]["done"]["reference"].is_string(), "{payment}");
    assert_eq!(payment["refunds"][0]["by"], "operator");
}
