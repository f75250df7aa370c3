//! What images are built from: `.dockerignore` lets in what it names, and a crate that it does not
//! name is missing only where the image is compiled, which no test has the time for.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// Holds every crate of the workspace to be let in.
///
/// # Errors
/// With those that are not.
pub fn judge(workspace: &Workspace) -> Result<Tally, Failure> {
    let metadata = program::output(workspace.cargo(["metadata", "--no-deps", "--locked"]))?;
    let metadata: Value = serde_json::from_slice(&metadata)
        .map_err(|error| Failure::new(format!("cargo metadata: {error}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let folders: Vec<&str> = packages.filter_map(|it| folder(&workspace.root, it)).collect();
    let ignored = fs::read_to_string(workspace.root.join(".dockerignore"))?;
    let missing = left_out(&ignored, &folders);
    if missing.is_empty() {
        return Ok(Tally::PASSED);
    }
    let missing = missing.join(", !");
    Err(Failure::new(format!(
        ".dockerignore keeps crates out, without which no image compiles; add !{missing}"
    )))
}

/// Where a package is, from the root of the workspace.
fn folder<'a>(root: &Path, package: &'a Value) -> Option<&'a str> {
    let manifest = Path::new(package["manifest_path"].as_str()?);
    manifest.parent()?.strip_prefix(root).ok()?.to_str()
}

/// Those of `folders` that no line lets in, with a folder above them or by themselves.
fn left_out<'a>(ignored: &str, folders: &[&'a str]) -> Vec<&'a str> {
    let let_in: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let is_in = |folder: &str| let_in.iter().any(|line| Path::new(folder).starts_with(line));
    folders.iter().copied().filter(|folder| !is_in(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_no_line_lets_in_is_found() {
        let ignored = "# text\n*\n!orders\n!infra/healthcheck\nclient/node_modules\n";
        let folders = ["orders", "infra/healthcheck", "orders/more", "order", "ledger"];
        assert_eq!(left_out(ignored, &folders), ["order", "ledger"]);
    }
}
