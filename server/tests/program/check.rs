//! What `check` says of data that is right, and of data that somebody has had their hands in.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::process::{Marketplace, refusal, run, said};

/// The folder of a marketplace that the demo has filled and that was stopped.
pub fn used() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let market = Marketplace::serve(folder.path());
    assert!(run(["demo", "--url", &market.url]).status.success());
    assert!(market.terminate().0.success());
    folder
}

/// Changes one document behind the services' backs.
pub fn tamper(folder: &Path, service: &str, collection: &str, change: impl FnOnce(&mut Value)) {
    let file = Connection::open(folder.join(format!("{service}.db"))).unwrap();
    let first = format!("SELECT id, body FROM {collection} ORDER BY id LIMIT 1");
    let (id, body): (String, Vec<u8>) =
        file.query_row(&first, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mut document: Value = serde_json::from_slice(&body).unwrap();
    change(&mut document);
    let update = format!("UPDATE {collection} SET body = ?2 WHERE id = ?1");
    file.execute(&update, (id, serde_json::to_vec(&document).unwrap())).unwrap();
}

/// The line about `rule`.
fn line<'a>(report: &'a str, rule: &str) -> &'a str {
    let start = format!("{rule} ");
    report.lines().find(|line| line.starts_with(&start)).expect(report)
}

#[test]
fn what_people_did_leaves_data_that_is_right() {
    let folder = used();
    let checked = run(["check", "--data", folder.path().to_str().unwrap()]);
    let report = said(&checked);
    assert!(checked.status.success(), "{report}{}", String::from_utf8_lossy(&checked.stderr));
    for (rule, counted) in [
        ("I1", "3 live orders, 25 stocks"),
        ("I2", "3 orders, 2 open ones"),
        ("I6", "1 payment"),
        ("I9", "25 tickets, 3 orders, 1 payment"),
        ("I18", "25 stocks, 3 payables, 16 accounts"),
        ("I21", "37 events"),
    ] {
        let line = line(&report, rule);
        assert!(line.contains(counted) && line.ends_with("ok"), "{report}");
    }
}

#[test]
fn what_a_crash_leaves_half_way_is_finished_first() {
    let folder = tempfile::tempdir().unwrap();
    let market = Marketplace::serve(folder.path());
    assert!(run(["demo", "--url", &market.url]).status.success());
    // Killed, without a word.
    drop(market);
    let checked = run(["check", "--data", folder.path().to_str().unwrap()]);
    let report = said(&checked);
    assert!(checked.status.success(), "{report}{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn tampering_is_found_and_named() {
    let folder = used();
    tamper(folder.path(), "orders", "orders", |order| order["quantity"] = json!(7));
    tamper(folder.path(), "payments", "ledger", |entry| {
        entry["postings"][0]["amount"]["minor"] = json!(1);
    });
    let checked = run(["check", "--data", folder.path().to_str().unwrap()]);
    let (report, refused) = (said(&checked), refusal(&checked));
    assert_eq!(checked.status.code(), Some(1), "{report}");
    assert!(refused.contains("I1 I2 I6"), "{refused}{report}");
    assert!(report.contains("live orders hold 7 units, its stock says 2"), "{report}");
    assert!(line(&report, "I9").ends_with("ok"), "{report}");
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let refused = refusal(&run(["check", "--data", missing.to_str().unwrap()]));
    assert!(refused.contains("there is no folder"), "{refused}");
    assert!(!missing.exists());
}
