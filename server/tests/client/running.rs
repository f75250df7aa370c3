//! What becomes of the client's server.

use rustix::process::Signal;

use crate::rig::{Folders, eventually, is_gone};

#[test]
fn it_is_started_again_when_it_ends_by_itself() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let first = marketplace.client_process();
    let answer = marketplace.get("/crash");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("<h1>") && answer.find("retry-after").is_some());
    eventually("it is seen to be gone", || marketplace.get("/made").status == 503);
    let refused = marketplace.send("POST", "/echo", &[], "a");
    assert_eq!((refused.status, refused.find("refresh")), (503, None), "not without being asked");
    assert_eq!(marketplace.get("/api/tickets").status, 200);
    eventually("it is back", || marketplace.get("/made").status == 200);
    assert_ne!(marketplace.client_process(), first);
    assert!(marketplace.said().contains("ended by itself"), "{}", marketplace.said());
}

#[test]
fn it_ends_with_us_even_when_we_are_killed() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let client = marketplace.client_process();
    marketplace.signal(Signal::KILL);
    marketplace.ended();
    eventually("it has ended", || is_gone(client));
}

#[test]
fn what_is_under_way_is_finished_before_it_ends() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let client = marketplace.client_process();
    let page = std::thread::scope(|scope| {
        let asking = scope.spawn(|| marketplace.get("/signin?slow=1500"));
        let busy = || marketplace.send("GET", "/echo?slow=500", &[], "").status;
        assert_eq!(busy(), 200, "the page is under way by now");
        marketplace.signal(Signal::TERM);
        asking.join().unwrap()
    });
    assert_eq!(page.status, 200);
    let (status, said) = marketplace.ended();
    assert!(status.success(), "{said}");
    assert!(is_gone(client));
    assert!(!said.contains("does not end"), "{said}");
}

#[test]
fn what_it_prints_is_in_our_log() {
    let folders = Folders::built();
    let server = folders.client().join(".next/standalone/server.js");
    let mut script = std::fs::read_to_string(&server).unwrap();
    script.push_str("\nconsole.log('a line'); console.error('\\u001b[31ma fault\\u001b[0m')\n");
    std::fs::write(&server, script).unwrap();
    let marketplace = folders.serve(&["--log-format", "json"]).ready();
    let lines = || marketplace.said();
    eventually("both are there", || lines().contains("a line") && lines().contains("a fault"));
    let said = lines();
    let fault = said.lines().find(|line| line.contains("a fault")).unwrap();
    let fault: serde_json::Value = serde_json::from_str(fault).unwrap();
    assert_eq!((&fault["level"], &fault["target"]), (&"WARN".into(), &"client".into()));
    assert_eq!(fault["message"], "a fault");
}

#[test]
fn it_knows_nothing_of_our_environment_and_its_key_is_told_to_nobody() {
    let folders = Folders::built();
    let server = folders.client().join(".next/standalone/server.js");
    let mut script = std::fs::read_to_string(&server).unwrap();
    script.push_str(
        "\npages['/names'] = (_, response) => json(response, Object.keys(process.env))\n",
    );
    std::fs::write(&server, script).unwrap();
    let marketplace = folders.serve(&[]).ready();
    let names: Vec<String> = serde_json::from_slice(&marketplace.get("/names").body).unwrap();
    assert!(names.contains(&"TICKETING_CLIENT_KEY".to_owned()), "{names:?}");
    for secret in ["HOME", "PATH", "TICKETING_CLIENT"] {
        assert!(!names.contains(&secret.to_owned()), "{names:?}");
    }
    assert!(!marketplace.said().contains("CLIENT_KEY"));
}
