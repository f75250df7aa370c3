//! How the client is built, and what happens where it cannot be.

use std::fs;

use crate::rig::{Folders, eventually};

#[test]
fn the_first_start_builds_it_and_the_second_does_not() {
    let folders = Folders::with_sources();
    let marketplace = folders.serve(&[]);
    assert_eq!(marketplace.get("/api/tickets").status, 200, "the API does not wait");
    let building = marketplace.get("/");
    assert_eq!(building.status, 503);
    assert!(building.find("refresh").is_some(), "it looks again by itself");
    let marketplace = marketplace.ready();
    eventually("it is said", || marketplace.said().contains("ready at  http://"));
    let said = marketplace.said();
    assert!(said.contains("installing packages") && said.contains("building pages"), "{said}");
    let script =
        marketplace.send("GET", "/_next/static/app-1234.js", &[("accept-encoding", "br")], "");
    assert_eq!(script.find("content-encoding"), Some("br"));
    assert!(folders.client().join(".next/static/app-1234.js.br").is_file());
    drop(marketplace);

    let again = folders.serve(&[]).ready();
    assert!(!again.said().contains("building pages"), "{}", again.said());
    drop(again);
    assert_eq!(folders.builds(), 1);

    fs::write(folders.client().join("page.tsx"), "changed").unwrap();
    let built = folders.ticketing(&["build-client"]).output().unwrap();
    assert!(built.status.success());
    assert_eq!(folders.builds(), 2);
    assert!(!String::from_utf8_lossy(&built.stdout).contains("installing packages"));
}

#[test]
fn two_that_start_at_once_build_it_once() {
    let folders = Folders::with_sources();
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let build = || folders.ticketing(&["build-client"]).output().unwrap();
        let both = [scope.spawn(build), scope.spawn(build)];
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for output in outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(folders.builds(), 1);
}

#[test]
fn where_it_cannot_be_built_the_api_goes_on_and_it_is_said_why() {
    let folders = Folders::with_sources();
    fs::write(folders.client().join("broken"), "").unwrap();
    let marketplace = folders.serve(&[]);
    eventually("it is said", || marketplace.said().contains("could not be built"));
    eventually("all of it", || marketplace.said().contains("ticketing build-client"));
    let said = marketplace.said();
    assert!(said.contains("a planted mistake"), "{said}");
    let page = marketplace.get("/");
    assert_eq!(page.status, 503);
    assert!(page.text().contains("could not be built"), "{}", page.text());
    assert_eq!(marketplace.get("/api/tickets").status, 200);
    drop(marketplace);

    let refused = folders.ticketing(&["build-client"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let sentence = String::from_utf8_lossy(&refused.stderr);
    assert!(sentence.contains("a planted mistake"), "{sentence}");
}

#[test]
fn without_node_the_api_is_served_and_a_sentence_says_so() {
    let folders = Folders::with_sources();
    let marketplace = folders.serve(&["--node", "/nowhere/node"]);
    eventually("it is said", || marketplace.said().contains("/nowhere/node"));
    let said = marketplace.said();
    let sentence = said.lines().find(|line| line.contains("/nowhere/node")).unwrap();
    for part in ["Node.js 20.9 or newer", "--node", "the API is served without it"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    let home = marketplace.get("/");
    assert_eq!(home.status, 200);
    assert!(home.text().contains("/api/docs"), "the page of the API alone");
    assert_eq!(marketplace.get("/signin").status, 404);
    assert_eq!(marketplace.get("/api/tickets").status, 200);
    assert_eq!(folders.builds(), 0);
    let refused = folders.ticketing(&["build-client", "--node", "/nowhere/node"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_folder_that_is_no_client_is_refused() {
    let folders = Folders::with_sources();
    let nowhere = folders.client().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    for args in [&["--client", nowhere][..], &["build-client", "--client", nowhere]] {
        let refused = folders.ticketing(args).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let sentence = String::from_utf8_lossy(&refused.stderr);
        assert!(sentence.contains(nowhere) && sentence.lines().count() == 1, "{sentence}");
    }
}
