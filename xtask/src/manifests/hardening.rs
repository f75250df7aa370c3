//! What checkov finds, less what `infra/k8s/hardening.txt` says that we keep, and why.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::tools::Tools;
use crate::program::{Failure, Workspace};
use crate::tally::Tally;

const KEPT: &str = "infra/k8s/hardening.txt";

/// A finding that is kept.
struct Kept<'a> {
    check: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl Kept<'_> {
    fn covers(&self, finding: &Value) -> bool {
        // As in `Deployment.ticketing.client`.
        let resource = finding["resource"].as_str().unwrap_or_default();
        let mut parts = resource.splitn(3, '.');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        let fits = |wanted: &str, is: &str| wanted == "*" || wanted == is;
        finding["check_id"] == self.check && fits(self.kind, kind) && fits(self.name, name)
    }
}

/// Scores `file`.
///
/// # Errors
/// With every finding that is not kept, and every line that keeps none.
pub fn judge(workspace: &Workspace, tools: &Tools<'_>, file: &Path) -> Result<Tally, Failure> {
    let said: Value = serde_json::from_slice(&tools.checkov(file)?)
        .map_err(|error| Failure::new(format!("checkov says no JSON: {error}")))?;
    let text = fs::read_to_string(workspace.root.join(KEPT))?;
    let passed = said["summary"]["passed"].as_u64().unwrap_or_default();
    let findings = said["results"]["failed_checks"].as_array().map_or(&[][..], |it| it);
    let found = complaints(findings, &text);
    if found.is_empty() && passed > 0 {
        println!("checkov: {passed} checks pass, {} are kept with a reason", findings.len());
        return Ok(Tally { passed, ..Tally::default() });
    }
    let reason = format!("checkov, after {passed} checks that pass:\n{}", found.join("\n"));
    Err(Failure { tally: Tally { passed, failed: found.len().max(1) as u64, skipped: 0 }, reason })
}

fn complaints(findings: &[Value], text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut kept = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let parts: Vec<&str> = line.splitn(4, ' ').collect();
        match parts[..] {
            [check, kind, name, _why] => kept.push(Kept { check, kind, name }),
            _ => found.push(format!("{KEPT}: `{line}` says no check, kind, name and reason")),
        }
    }
    for finding in findings.iter().filter(|finding| !kept.iter().any(|it| it.covers(finding))) {
        let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        found.push(format!("{} {}: {}", word("check_id"), word("resource"), word("check_name")));
    }
    for it in kept.iter().filter(|it| !findings.iter().any(|finding| it.covers(finding))) {
        found.push(format!("{KEPT}: {} {} {} finds nothing any more", it.check, it.kind, it.name));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_kept_needs_a_reason_and_a_finding() {
        let finding = json!({"check_id": "A", "resource": "Job.ticketing.one", "check_name": "x"});
        let findings = [finding];
        assert_eq!(complaints(&findings, "# why\nA Job one it must\n"), Vec::<String>::new());
        assert_eq!(complaints(&findings, "A * * it must\n"), Vec::<String>::new());
        for text in ["", "A Job one", "A Job two it must", "A Job one it must\nB * * it must\n"] {
            assert!(!complaints(&findings, text).is_empty(), "{text}");
        }
    }
}
