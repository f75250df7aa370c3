//! Searches all that a marketplace has written: its files, its log, and, of a fleet, its databases.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

#[cfg(feature = "fleet")]
use tests::documents::{Kept, each_document};
use tests::raw::Raw;
use tests::{Server, until};

use crate::{REQUEST, SOON, TITLE};

/// Searches everything for what is `never` kept, and for what is kept `no_longer`: that may still
/// stand in what a fleet's MongoDB remembers of writes. The server must have ended.
pub async fn search(server: &Server, never: &[&str], no_longer: &[&str]) {
    let canaries = &[never, no_longer].concat();
    let log = server.log();
    let screen = server.screen().join("\n");
    nowhere("the log", log.as_bytes(), canaries);
    nowhere("the first screen", screen.as_bytes(), canaries);
    assert!(log.contains(REQUEST), "the log is searched where there is something to find");
    let mut searched = Searched::default();
    each_file(server.setup().data_folder(), &mut |path, bytes| {
        searched.look("files", &path.display().to_string(), bytes, canaries);
    });
    #[cfg(feature = "fleet")]
    if tests::setup::fleet().is_some() {
        each_document(server.setup(), &mut |kept, place, bytes| match kept {
            Kept::Now => searched.look("documents", place, bytes, canaries),
            Kept::Written => searched.look("writes", place, bytes, never),
        })
        .await;
        searched.holds("documents");
        searched.holds("writes");
    }
    searched.holds("files");
    let counts: Vec<_> = searched.0.iter().map(|(kind, of)| (kind, of.count)).collect();
    println!("{counts:?} and {} bytes of log hold none of {}", log.len(), canaries.len());
}

/// What was searched so far, by its kind.
#[derive(Debug, Default)]
struct Searched(BTreeMap<&'static str, OfKind>);

#[derive(Debug, Default)]
struct OfKind {
    count: usize,
    /// Whether what must be there was found: the title of tickets, and the id of a request.
    found: [bool; 2],
}

impl Searched {
    fn look(&mut self, kind: &'static str, place: &str, bytes: &[u8], canaries: &[&str]) {
        nowhere(place, bytes, canaries);
        let text = String::from_utf8_lossy(bytes);
        let of_kind = self.0.entry(kind).or_default();
        of_kind.count += 1;
        of_kind.found[0] |= find(&text, TITLE).is_some();
        of_kind.found[1] |= find(&text, REQUEST).is_some();
    }

    fn holds(&self, kind: &str) {
        let found = self.0.get(kind).map(|of_kind| of_kind.found);
        let wanted = Some([true, true]);
        assert_eq!(found, wanted, "{kind} are searched where there is something to find");
    }
}

fn each_file(folder: &Path, see: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => each_file(&path, see),
            false => see(&path, &std::fs::read(&path).expect("a file")),
        }
    }
}

/// Holds the bytes to hold none of the canaries.
///
/// # Panics
/// If they hold one.
#[track_caller]
pub fn nowhere(place: &str, bytes: &[u8], canaries: &[&str]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in canaries {
        let found = find(&text, canary);
        assert_eq!(found, None, "I28: {place} holds {canary:?}");
    }
}

/// What is around the canary in a text, as it was sent or as a program might write it.
pub fn find(text: &str, canary: &str) -> Option<String> {
    let digits = canary.replace([' ', '-'], "");
    let numbers = |text: &str| format!("{:?}", text.as_bytes()).replace(['[', ']'], "");
    let forms = [
        canary.to_owned(),
        encode(canary),
        canary.replace(' ', "+"),
        canary.replace([' ', '-'], "_"),
        canary.replace([' ', '-'], "."),
        numbers(canary),
        numbers(&digits),
        digits,
    ];
    let at = forms.iter().find_map(|form| text.find(form))?;
    let before: String = text[..at].chars().rev().take(160).collect();
    let before: String = before.chars().rev().collect();
    Some(before + &text[at..].chars().take(80).collect::<String>())
}

/// As it stands in a path or a query.
pub fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What every process shows at `/metrics`, in text.
pub async fn metrics(server: &Server) -> Vec<String> {
    let addresses = until("the addresses of the metrics", SOON, || async {
        let addresses = addresses(&server.log());
        let replicas = if tests::setup::fleet().is_some() { server.replicas().len() } else { 1 };
        (addresses.len() == replicas).then_some(addresses)
    })
    .await;
    let mut all = Vec::new();
    for address in addresses {
        let mut raw = Raw::connect(address).await;
        raw.write(b"GET /metrics HTTP/1.1\r\nhost: metrics\r\nconnection: close\r\n\r\n").await;
        let answer = raw.until_closed(SOON).await.expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        assert!(answer.contains("ticketing_"), "{answer}");
        all.push(answer);
    }
    all
}

/// Where the log says that metrics are shown.
fn addresses(log: &str) -> Vec<SocketAddr> {
    let said = log.lines().filter(|line| line.contains("metrics are shown"));
    said.filter_map(|line| {
        let (_, rest) = line.split_once("address")?;
        let rest = rest.trim_start_matches(['"', ':', '=']);
        let end = rest.find(['"', ' ']).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
    .collect()
}
