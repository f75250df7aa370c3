//! The alert rules in infra/observability, as Prometheus's own promtool judges them: well-formed,
//! and each of them seen firing alone and silent.

use std::fs;
use std::path::PathBuf;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// Which promtool to use, where it is not the one on the PATH or Debian's.
const CHOICE: &str = "PROMTOOL";

/// Where the rules are, and the tests of them.
const FOLDER: &str = "infra/observability";

/// Checks the rules and plays their tests.
///
/// # Errors
/// When there is no promtool to be had, a rule is malformed or misses a test, or a test fails.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let folder = workspace.root.join(FOLDER);
    let rules = fs::read_to_string(folder.join("alerts.yml"))?;
    let tests = fs::read_to_string(folder.join("alerts_test.yml"))?;
    if let Some(sentence) = untested(&rules, &tests).first() {
        return Err(Failure::new(format!("{FOLDER}/alerts_test.yml: {sentence}")));
    }
    let promtool = promtool(workspace)?;
    for args in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
        let mut command = workspace.command(&promtool, args);
        command.current_dir(&folder);
        let said = program::output(command)?;
        print!("{}", String::from_utf8_lossy(&said));
    }
    let tests = u32::try_from(tests.matches("\n  - name: ").count()).unwrap_or(u32::MAX);
    Ok(Tally { passed: tests.into(), ..Tally::default() })
}

/// A sentence for each alert without a test that shows it firing, and one that shows it silent.
fn untested(rules: &str, tests: &str) -> Vec<String> {
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let is_shown = |name: String, proof: &str| {
        let mut blocks = tests.split("\n  - name: ");
        blocks.any(|block| block.lines().next() == Some(&*name) && block.contains(proof))
    };
    let mut sentences = Vec::new();
    for alert in alerts {
        if !is_shown(format!("{alert} fires"), &format!("alertname=\"{alert}\"")) {
            sentences.push(format!("no test `{alert} fires` expects it to"));
        }
        if !is_shown(format!("{alert} is silent"), "exp_samples: []") {
            sentences.push(format!("no test `{alert} is silent` expects no alert"));
        }
    }
    sentences
}

/// The one that was chosen, the one on the PATH, or Debian's, which is unpacked below target/ and
/// installed nowhere.
fn promtool(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let chosen = std::env::var_os(CHOICE).filter(|path| !path.is_empty());
    let named = chosen.map_or_else(|| PathBuf::from("promtool"), PathBuf::from);
    if program::succeeds(workspace.command(&named, ["--version"])) {
        return Ok(named);
    }
    let folder = workspace.target.join("promtool");
    let unpacked = folder.join("usr/bin/promtool");
    if !unpacked.exists() {
        unpack(workspace, &folder).map_err(|failure| Failure {
            reason: format!(
                "promtool is not installed, and Debian's package of it cannot be had ({}): install \
                 Prometheus, or name a promtool in {CHOICE}",
                failure.reason
            ),
            ..failure
        })?;
    }
    Ok(unpacked)
}

fn unpack(workspace: &Workspace, folder: &PathBuf) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let mut download = workspace.command("apt-get", ["download", "prometheus"]);
    download.current_dir(folder);
    program::output(download)?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "deb");
    let mut files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let package = files.find(is_package).ok_or_else(|| Failure::new("apt-get left no package"))?;
    let mut unpack = workspace.command("dpkg-deb", ["--extract"]);
    unpack.arg(package).arg(folder);
    program::output(unpack)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "rules:\n      - alert: Down\n        expr: up == 0\n";
    const FIRES: &str =
        "tests:\n  - name: Down fires\n    exp: {labels: '{alertname=\"Down\"}', value: 1}";
    const SILENT: &str = "\n  - name: Down is silent\n    exp_samples: []\n";

    #[test]
    fn each_alert_is_seen_firing_and_silent() {
        assert!(untested(RULES, &format!("{FIRES}{SILENT}")).is_empty());
        assert_eq!(untested(RULES, FIRES), ["no test `Down is silent` expects no alert"]);
        assert_eq!(untested(RULES, SILENT), ["no test `Down fires` expects it to"]);
        let empty = FIRES.replace("alertname", "name");
        assert_eq!(untested(RULES, &format!("{empty}{SILENT}")).len(), 1);
    }
}
