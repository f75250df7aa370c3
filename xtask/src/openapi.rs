//! docs/openapi.json: what `ticketing openapi` prints, kept in the repository so that a change to
//! it is seen.

use std::fs;
use std::path::PathBuf;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// Fails when the committed document is not what the handlers say.
///
/// # Errors
/// When it is missing or stale, or the program does not run.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let again = "run `cargo xtask openapi` and commit the result";
    let committed = fs::read(document(workspace))
        .map_err(|error| Failure::new(format!("docs/openapi.json: {error}; {again}")))?;
    let printed = print(workspace)?;
    if committed == printed {
        return Ok(Tally::PASSED);
    }
    Err(Failure::new(format!(
        "docs/openapi.json is stale{}; {again}",
        difference(&committed, &printed)
    )))
}

/// Writes what the program prints over the committed document.
///
/// # Errors
/// When the program does not run, or the file cannot be written.
pub fn regenerate(workspace: &Workspace) -> Result<(), Failure> {
    let path = document(workspace);
    fs::create_dir_all(path.parent().unwrap_or(&workspace.root))?;
    fs::write(path, print(workspace)?)?;
    Ok(())
}

fn document(workspace: &Workspace) -> PathBuf {
    workspace.root.join("docs/openapi.json")
}

fn print(workspace: &Workspace) -> Result<Vec<u8>, Failure> {
    program::output(workspace.command(workspace.ticketing(), ["openapi"]))
}

/// Where the two first differ, as a clause; empty if one is the start of the other.
fn difference(committed: &[u8], printed: &[u8]) -> String {
    let (committed, printed) =
        (String::from_utf8_lossy(committed), String::from_utf8_lossy(printed));
    let mut pairs = committed.lines().zip(printed.lines()).enumerate();
    let first = pairs.find(|(_, (old, new))| old != new);
    first.map_or_else(String::new, |(index, (old, new))| {
        format!(" from line {} on:\n- {}\n+ {}\n", index + 1, cut(old), cut(new))
    })
}

fn cut(line: &str) -> String {
    line.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_document_is_shown_where_it_differs() {
        assert_eq!(
            difference(b"{\n\"a\": 1\n}", b"{\n\"a\": 2\n}"),
            " from line 2 on:\n- \"a\": 1\n+ \"a\": 2\n"
        );
        assert_eq!(difference(b"{\n", b"{\n}\n"), "");
    }
}
