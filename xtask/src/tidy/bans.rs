//! Calls that have one named home each, because whoever replays a history must own them.
//!
//! clippy.toml bans the same calls with clippy's knowledge of types; a line there can be lifted
//! anywhere with an `#[expect]`. This table says where it may be lifted, and covers what clippy
//! cannot name.

use super::Finding;
use super::names::names;
use super::source::Source;

/// A group of banned calls and the places that may make them.
struct Ban {
    /// How a full path to one of the calls, or to what leads to them, ends.
    calls: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
    /// Where they may be made: a file or a folder, and why.
    homes: &'static [(&'static str, &'static str)],
}

/// Crates that are not the marketplace but stand outside it, and `main`, which starts it.
const OUTSIDE: &[(&str, &str)] = &[
    ("xtask", "developer commands run real processes"),
    ("bench", "measures by the real clock"),
    ("tests", "drives the real binary, by the real clock"),
    ("sim/src/main.rs", "reads its flags and says how long a run took; the histories never see it"),
    ("server/src/main.rs", "reads the command line"),
    ("fleet", "starts real processes on a developer's machine"),
];

const BANS: &[Ban] = &[
    Ban {
        calls: &["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"],
        instead: "ask the Clock that was handed in",
        homes: &[
            ("common/src/time", "the clock"),
            ("common/src/metrics", "measures how long things take; nothing decides by it"),
            ("common/src/trace", "says when spans were; nothing decides by it"),
            ("common/src/store/mongo/together", "measures calls, and rests for as long"),
            ("common/src/run", "makes the system's clock"),
            ("common/src/telemetry", "log lines carry the wall time; nothing decides by it"),
        ],
    },
    Ban {
        calls: &[
            "rand::rng",
            "rand::random",
            "rand::make_rng",
            "rand::rngs::SysRng",
            "rand::rngs::ThreadRng",
            "OsRng",
            "from_os_rng",
            "getrandom::fill",
            "Uuid::new_v4",
        ],
        instead: "take entropy from the source that was handed in",
        homes: &[
            ("common/src/id", "the source of entropy"),
            ("common/src/run", "makes the system's source"),
        ],
    },
    Ban {
        calls: &[
            "env::var",
            "env::var_os",
            "env::vars",
            "env::vars_os",
            "env::set_var",
            "env::current_dir",
        ],
        instead: "take it from the configuration, which is read once",
        homes: &[
            ("common/src/config", "the configuration"),
            ("common/src/run", "starts the process"),
            ("common/src/telemetry", "honours NO_COLOR"),
        ],
    },
    Ban {
        calls: &[
            "thread::spawn",
            "thread::Builder",
            "thread::scope",
            "tokio::spawn",
            "tokio::task::spawn",
            "task::spawn_blocking",
            "task::spawn_local",
            "task::JoinSet",
            "runtime::Handle",
        ],
        instead: "give the work to what common::run drains at shutdown",
        homes: &[
            ("common/src/run", "owns what runs in the background, and drains it"),
            ("common/src/task", "the handle through which the rest spawns"),
            ("common/src/testing", "runs an app in process"),
            ("common/src/store/sqlite", "one writer thread per file, readers beside it"),
            ("common/src/bus/embedded", "one writer thread for the log"),
            ("common/src/bus/jetstream", "the driver is kept until it has sent what is left"),
        ],
    },
    Ban {
        calls: &["process::exit", "process::abort"],
        instead: "return an ExitCode from main, so that what is open is closed",
        homes: &[("common/src/run/program", "a second signal: whoever sent it wants no drain")],
    },
];

/// Banned calls in `source` outside their homes. Tests may make them; clippy asks each for its
/// reason.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in names(source) {
        let banned = BANS.iter().find(|ban| ban.calls.iter().any(|call| name.ends_with(call)));
        let Some(ban) = banned.filter(|_| !source.is_test(name.line)) else {
            continue;
        };
        let mut homes = ban.homes.iter().chain(OUTSIDE);
        if !homes.any(|(home, _)| super::is_at(&source.path, home)) {
            let complaint = format!("calls {} away from its home: {}", name.text(), ban.instead);
            found.push(Finding::new(&source.path, name.line, complaint));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> usize {
        check(&Source::new(path, text)).len()
    }

    #[test]
    fn banned_calls_are_found_outside_their_homes() {
        let bad = [
            "fn f() { std::time::SystemTime::now(); }",
            "use std::time::Instant;\nfn f() { Instant::now(); }",
            "fn f() { std::env::var(\"A\"); }",
            "fn f() { tokio::spawn(async {}); }",
            "use std::thread;\nfn f() { thread::spawn(|| ()); }",
            "fn f() { rand::rng(); }",
            "use tokio::task as t;\nfn f() { t::spawn_blocking(|| ()); }",
            "fn f() { std::process::exit(1); }",
        ];
        for text in bad {
            assert_eq!(complaints("orders/src/http.rs", text), 1, "{text}");
            assert_eq!(complaints("orders/tests/http.rs", text), 0, "{text}");
            assert_eq!(complaints("xtask/src/main.rs", text), 0, "{text}");
        }
    }

    #[test]
    fn banned_calls_are_at_home_only_in_their_own_home() {
        let clock = "fn f() { std::time::SystemTime::now(); }";
        let spawn = "fn f() { tokio::spawn(async {}); }";
        assert_eq!(complaints("common/src/run.rs", clock), 0);
        assert_eq!(complaints("common/src/run/drain.rs", spawn), 0);
        assert_eq!(complaints("common/src/running.rs", spawn), 1);
        assert_eq!(complaints("common/src/store/sqlite.rs", clock), 1);
        assert_eq!(complaints("sim/src/world.rs", clock), 1);
    }

    #[test]
    fn calls_of_the_same_name_on_what_was_handed_in_are_fine() {
        assert_eq!(complaints("orders/src/http.rs", "fn f() { clock.now(); tasks.spawn(x); }"), 0);
    }
}
