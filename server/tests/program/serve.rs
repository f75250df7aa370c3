//! One process for one folder and one address, and a clean end.

use crate::process::{Marketplace, refusal, run};

#[test]
fn a_second_process_on_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().to_str().unwrap();
    let first = Marketplace::serve(folder.path());
    let refusals = [
        refusal(&run(["--listen", "127.0.0.1:0", "--data", shown])),
        refusal(&run(["check", "--data", shown])),
    ];
    for refused in refusals {
        assert!(refused.contains(shown) && refused.contains("in use"), "{refused}");
        assert!(refused.contains(&first.pid().to_string()), "{refused}");
    }
    let (status, _) = first.terminate();
    assert!(status.success());
    let (status, _) = Marketplace::serve(folder.path()).terminate();
    assert!(status.success());
}

#[test]
fn an_address_in_use_is_refused_with_a_sentence() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Marketplace::serve(here.path());
    let there = there.path().to_str().unwrap();
    let refused = refusal(&run(["--listen", first.address(), "--data", there]));
    assert!(refused.contains(first.address()) && refused.contains("--listen"), "{refused}");
    assert_eq!(refused.lines().count(), 1, "{refused}");
}

#[test]
fn sigterm_ends_it_cleanly_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (status, log) = Marketplace::serve(folder.path()).terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(log.contains("stopping") && last.contains("stopped"), "{log}");
}
