//! The demo fills an empty marketplace, and no other.

use std::net::TcpListener;

use crate::process::{Marketplace, refusal, run, said};

#[test]
fn the_demo_fills_an_empty_marketplace_and_leaves_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let market = Marketplace::serve(folder.path());
    let filled = run(["demo", "--url", &market.url]);
    let text = said(&filled);
    assert!(filled.status.success(), "{text}{}", String::from_utf8_lossy(&filled.stderr));
    for promised in ["25 tickets for 12 events", "mara@example.org", "demo-", "curl"] {
        assert!(text.contains(promised), "{promised}: {text}");
    }
    let refused = refusal(&run(["demo", "--url", &market.url]));
    assert!(refused.contains("has tickets already"), "{refused}");
}

#[test]
fn where_nothing_answers_the_demo_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = refusal(&run(["demo", "--url", &url]));
    assert!(refused.contains("nothing answers") && refused.contains(&url), "{refused}");
}
