//! What the program says of servers in each state.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test panics on purpose, and joins the one thread that it starts"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

/// How the program ends when a server that says `answer` is asked.
fn ends_well_when_told(answer: &'static str) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // To the end: closing with something unread would reset the connection under the answer.
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut next = [0];
            stream.read_exact(&mut next).unwrap();
            asked.push(next[0]);
        }
        assert!(asked.starts_with(b"GET /ready HTTP/1.1\r\n"));
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let ended = run(&[&address, "/ready"]);
    serving.join().unwrap();
    ended
}

fn run(args: &[&str]) -> bool {
    Command::new(env!("CARGO_BIN_EXE_healthcheck")).args(args).output().unwrap().status.success()
}

#[test]
fn only_a_server_that_says_200_is_well() {
    assert!(ends_well_when_told("HTTP/1.1 200 OK\r\n\r\n"));
    for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 404\r\n\r\n", "", "200"] {
        assert!(!ends_well_when_told(answer), "{answer}");
    }
}

#[test]
fn nobody_there_and_no_address_are_not_well() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = listener.local_addr().unwrap().to_string();
    drop(listener);
    for args in [&[&*gone, "/"][..], &["nowhere", "/"], &[&gone], &[]] {
        assert!(!run(args), "{args:?}");
    }
}
