//! Who may import whom, as docs/ARCHITECTURE.md says it.

use super::Finding;
use super::names::{Name, names};
use super::source::Source;
use super::unused::dependencies;

/// The services. Knowing one is knowing all: the same rules hold in each.
pub const SERVICES: [&str; 4] = ["auth", "tickets", "orders", "payments"];

/// What plain types and state machines may use of common.
const FOR_DOMAIN: &[&str] = &["id", "money", "time"];
/// What decisions may use of common.
const FOR_COMMANDS: &[&str] = &["id", "money", "time", "command", "events", "session", "planted"];
/// Crates that wait, draw or talk: a decision does none of these.
const EFFECTFUL: &[&str] = &[
    "async_trait",
    "axum",
    "futures_util",
    "hyper",
    "rand",
    "rusqlite",
    "tokio",
    "tower",
    "tracing",
];

/// What a collection is declared with.
const DECLARATIONS: &[&str] = &["Collection", "Field", "Kind", "Value"];

/// The backends, each behind its port. Named where the program is put together, and in tests.
const BACKENDS: &[(&str, &[&str])] =
    &[("store", &["memory", "sqlite", "mongo"]), ("bus", &["memory", "embedded", "jetstream"])];
/// Where a backend may be named, and why.
const BACKEND_HOMES: &[(&str, &str)] = &[
    ("common/src/store", "the backends themselves"),
    ("common/src/bus", "the backends themselves"),
    ("common/src/run", "picks the adapters that configuration asks for"),
    ("common/src/testing", "puts an app together in process"),
    ("server", "puts the program together"),
    ("sim", "puts the marketplace on memory ports"),
];

/// Findings of every rule of this file in `source`.
pub fn check(source: &Source) -> Vec<Finding> {
    let all: Vec<Name> =
        names(source).into_iter().filter(|name| !source.is_test(name.line)).collect();
    let mut found = Vec::new();
    for name in &all {
        let complaints = [service_complaint(source, name), backend_complaint(source, name)];
        for complaint in complaints.into_iter().flatten() {
            found.push(Finding::new(&source.path, name.line, complaint));
        }
    }
    found
}

/// The parts of a service, each with what it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Domain,
    Commands,
    /// Says what is kept and how it is found; neither reads nor writes.
    Documents,
    /// Reads the store, never commits.
    Queries,
    /// Talks to a provider; the sandbox keeps the provider's own ledger in a store of its own.
    Provider,
    /// The map and the start: declares the collections.
    Map,
    /// http, consume and the workers.
    Edge,
}

fn part(source: &Source) -> Option<Part> {
    if !SERVICES.contains(&source.krate()) {
        return None;
    }
    let inner = source.in_src()?;
    Some(match inner.split(['/', '.']).next()? {
        "domain" => Part::Domain,
        "commands" => Part::Commands,
        "documents" => Part::Documents,
        "queries" => Part::Queries,
        "provider" => Part::Provider,
        "lib" | "main" => Part::Map,
        _ => Part::Edge,
    })
}

fn service_complaint(source: &Source, name: &Name) -> Option<String> {
    let part = part(source)?;
    let first = name.path.first()?.as_str();
    let second = name.path.get(1).map(String::as_str).unwrap_or_default();
    let text = name.text();
    if SERVICES.contains(&first) && first != source.krate() {
        return Some(format!("names {text}: services agree through events alone"));
    }
    match part {
        Part::Domain => pure_complaint(&text, first, second, FOR_DOMAIN, &["domain"], source),
        Part::Commands => {
            pure_complaint(&text, first, second, FOR_COMMANDS, &["domain", "commands"], source)
        }
        Part::Documents => (name.starts_with(&["common", "store"])
            && !name.path.get(2).is_some_and(|kind| DECLARATIONS.contains(&kind.as_str())))
        .then(|| format!("names {text}: documents are declared here, not read or written")),
        Part::Queries => name
            .ends_with("Batch")
            .then(|| format!("names {text}: queries read; what writes is a command")),
        Part::Edge if name.starts_with(&["common", "store"]) => {
            Some(format!("names {text}: go through a command, a query or execute"))
        }
        Part::Edge | Part::Map | Part::Provider => None,
    }
}

/// The rule for what decides: plain types, and of common only what is in `allowed`.
fn pure_complaint(
    text: &str,
    first: &str,
    second: &str,
    allowed: &[&str],
    parts: &[&str],
    source: &Source,
) -> Option<String> {
    let inner = source.in_src().unwrap_or_default();
    let place = inner.split(['/', '.']).next().unwrap_or_default();
    if first == "common" && !allowed.contains(&second) {
        return Some(format!("names {text}: {place} may use common's {}", allowed.join(", ")));
    }
    let is_module = second.starts_with(|letter: char| letter.is_ascii_lowercase());
    if first == source.krate() && is_module && !parts.contains(&second) {
        return Some(format!("names {text}: {place} may use this crate's {}", parts.join(", ")));
    }
    EFFECTFUL
        .contains(&first)
        .then(|| format!("names {text}: {place} is pure; effects happen where it is called"))
}

fn backend_complaint(source: &Source, name: &Name) -> Option<String> {
    if BACKEND_HOMES.iter().any(|(home, _)| super::is_at(&source.path, home)) {
        return None;
    }
    let (_, backends) = BACKENDS.iter().find(|(port, _)| name.starts_with(&["common", port]))?;
    let third = name.path.get(2)?.to_ascii_lowercase();
    backends
        .iter()
        .any(|backend| third.contains(backend))
        .then(|| format!("names {}: backends are named in common::run and in tests", name.text()))
}

/// The rule for manifests: no service depends on a service, common on none of ours, the black-box
/// suites on none.
pub fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    const OURS: [&str; 9] =
        ["common", "auth", "tickets", "orders", "payments", "server", "sim", "bench", "xtask"];
    let krate = path.strip_suffix("/Cargo.toml").unwrap_or_default();
    let forbidden: &[&str] = match krate {
        "common" | "tests" => &OURS,
        service if SERVICES.contains(&service) => &OURS[1..],
        _ => return Vec::new(),
    };
    let ours = dependencies(text).into_iter();
    ours.filter(|(_, name)| *name != krate && forbidden.contains(name))
        .map(|(line, name)| Finding::new(path, line, format!("{krate} depends on {name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn domain_uses_only_ids_money_and_time() {
        let file = "orders/src/domain/order.rs";
        assert_eq!(complaints(file, "use common::{id::Id, money::Money, time::Timestamp};"), 0);
        assert_eq!(complaints(file, "use super::stock::Stock;\nuse crate::domain::order;"), 0);
        for bad in ["common::store::Query", "crate::commands::place", "tokio::sync::Mutex"] {
            assert_eq!(complaints(file, &format!("use {bad};")), 1, "{bad}");
        }
    }

    #[test]
    fn commands_use_domain_and_commons_command_and_events() {
        let file = "orders/src/commands/place.rs";
        assert_eq!(complaints(file, "use common::command::Change;\nuse crate::domain::order;"), 0);
        for bad in ["common::execute::Engine", "crate::http::Body", "axum::Router"] {
            assert_eq!(complaints(file, &format!("use {bad};")), 1, "{bad}");
        }
    }

    #[test]
    fn http_consumers_and_workers_never_name_the_store() {
        for file in ["http.rs", "consume.rs", "expiry.rs", "http/wire.rs"] {
            let path = format!("orders/src/{file}");
            assert_eq!(complaints(&path, "fn f(a: &dyn common::store::Store) {}"), 1, "{file}");
            assert_eq!(complaints(&path, "use common::execute::Engine;"), 0, "{file}");
        }
        assert_eq!(complaints("orders/src/documents.rs", "use common::store::{Field, Kind};"), 0);
        assert_eq!(complaints("orders/src/documents.rs", "use common::store::Store;"), 1);
        assert_eq!(complaints("orders/src/queries.rs", "use common::store::Query;"), 0);
        assert_eq!(complaints("orders/src/queries.rs", "use common::store::Batch;"), 1);
    }

    #[test]
    fn no_service_names_another() {
        assert_eq!(complaints("orders/src/http.rs", "use tickets::domain::ticket;"), 1);
        assert_eq!(complaints("orders/src/http.rs", "use orders::domain::order;"), 0);
    }

    #[test]
    fn backends_are_named_only_where_the_program_is_put_together() {
        let text = "use common::store;\nfn f() { store::sqlite::open(); }";
        assert_eq!(complaints("payments/src/lib.rs", text), 1);
        assert_eq!(complaints("payments/src/lib.rs", "use common::bus::EmbeddedBus;"), 1);
        assert_eq!(complaints("bench/src/main.rs", text), 1);
        for home in ["common/src/run/mod.rs", "common/src/run.rs", "server/src/main.rs"] {
            assert_eq!(complaints(home, text), 0, "{home}");
        }
        assert_eq!(complaints("payments/tests/routes.rs", text), 0);
        assert_eq!(
            complaints("payments/src/lib.rs", &format!("#[cfg(test)]\nmod t {{{text}}}")),
            0
        );
    }

    #[test]
    fn manifests_keep_services_and_common_apart() {
        let bad = [
            ("orders/Cargo.toml", "[dependencies]\ntickets.workspace = true\n"),
            ("orders/Cargo.toml", "[dev-dependencies]\nserver = { path = \"../server\" }\n"),
            ("orders/Cargo.toml", "[dependencies.auth]\nworkspace = true\n"),
            ("common/Cargo.toml", "[dependencies]\norders.workspace = true\n"),
            ("tests/Cargo.toml", "[dependencies]\ncommon.workspace = true\n"),
        ];
        for (path, text) in bad {
            assert_eq!(check_manifest(path, text).len(), 1, "{text}");
        }
        let good = "[package]\nname = \"orders\"\n[dependencies]\ncommon.workspace = true\n";
        assert_eq!(check_manifest("orders/Cargo.toml", good).len(), 0);
        assert_eq!(
            check_manifest("server/Cargo.toml", "[dependencies]\nauth.workspace = true").len(),
            0
        );
    }
}
