//! `--help` is the manual, and what cannot be is refused by name.

use crate::process::{refusal, run, said, ticketing};

/// Each flag in a help text, with the text about it.
fn flags(help: &str) -> Vec<(String, String)> {
    let mut flags: Vec<(String, String)> = Vec::new();
    for line in help.lines() {
        let text = line.trim_start().trim_start_matches("-h, ").trim_start_matches("-V, ");
        if let Some(flag) = text.strip_prefix("--") {
            let name = flag.split([' ', '=']).next().unwrap();
            flags.push((name.to_owned(), String::new()));
        }
        if let Some((_, about)) = flags.last_mut() {
            about.push_str(line);
        }
    }
    flags.retain(|(flag, _)| !["help", "version"].contains(&flag.as_str()));
    flags
}

#[test]
fn every_flag_is_documented_with_its_variable() {
    let helps = [
        (run(["--help"]), 11),
        (run(["serve", "--help"]), 11),
        (run(["demo", "--help"]), 1),
        (run(["check", "--help"]), 1),
        (run(["payouts", "list", "--help"]), 1),
        (run(["openapi", "--help"]), 0),
    ];
    for (help, least) in helps {
        let help = said(&help);
        let flags = flags(&help);
        assert!(flags.len() >= least, "{least} flags at least:\n{help}");
        for (flag, about) in flags {
            let variable = match flag.as_str() {
                // As everything that sends traces calls it.
                "otlp-endpoint" => "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
                // Said of one list, and not of a marketplace.
                "contacts" => continue,
                flag => format!("TICKETING_{}", flag.to_uppercase().replace('-', "_")),
            };
            let named = format!("[env: {variable}");
            // The values of secrets are not shown.
            let shown = [format!("{named}="), format!("{named}]")];
            assert!(shown.iter().any(|shown| about.contains(shown)), "--{flag}: {about}");
        }
    }
    assert!(said(&run(["--version"])).starts_with("ticketing "));
}

#[test]
fn a_value_that_cannot_be_is_refused_by_the_name_of_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (flag, value) in [
        ("--listen", "nowhere"),
        ("--listen", "127.0.0.1:99999"),
        ("--public-url", "tickets.example"),
        ("--public-url", "https://tickets.example/shop"),
        ("--order-window", "15"),
        ("--order-window", "999ms"),
        ("--order-window", "soon"),
        ("--max-live-orders-per-buyer", "0"),
        ("--password-memory-kib", "1"),
        ("--signin-failures-per-minute", "-1"),
        ("--signups-per-minute", "many"),
        ("--platform-fee", "2.5"),
        ("--platform-fee", "101%"),
        ("--log-format", "xml"),
        ("--log-level", "loud=louder"),
    ] {
        let given = format!("{flag}={value}");
        let free = if flag == "--listen" { "--behind-proxy" } else { "--listen=127.0.0.1:0" };
        let refused = refusal(&run(["--data", folder, free, &given]));
        assert!(refused.contains(flag), "{given}: {refused}");
    }
    let mut by_variable = ticketing(["--data", folder]);
    let refused = refusal(&by_variable.env("TICKETING_ORDER_WINDOW", "soon").output().unwrap());
    assert!(refused.contains("--order-window"), "{refused}");
    let refused = refusal(&run(["demo", "--url", "https://tickets.example"]));
    assert!(refused.contains("--url"), "{refused}");
    let refused = refusal(&run(["--unknown"]));
    assert!(refused.contains("--unknown"), "{refused}");
}

#[test]
fn a_variable_is_as_good_as_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let mut check = ticketing(["check"]);
    let refused = refusal(&check.env("TICKETING_DATA", &missing).output().unwrap());
    assert!(refused.contains(missing.to_str().unwrap()), "{refused}");
}
