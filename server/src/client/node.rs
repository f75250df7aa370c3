//! Node.js, which runs the client: where it is, and whether it is new enough.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

/// The oldest that Next.js runs on.
const OLDEST: (u32, u32) = (20, 9);

/// How long it may take to say its version.
const ASKED_WITHIN: Duration = Duration::from_secs(20);

/// It says these itself, since `node` on the path may be a script that picks one.
const QUESTION: &str = "JSON.stringify({version: process.versions.node, program: process.execPath, \
                        path: process.env.PATH ?? ''})";

/// A Node.js that is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The program itself.
    pub program: PathBuf,
    /// The first number of its version: builds are good for all that share it.
    pub major: u32,
    /// The path that programs are looked for on.
    path: String,
}

#[derive(Deserialize)]
struct Told {
    version: String,
    program: PathBuf,
    path: String,
}

impl Node {
    /// Asks `program` what it is.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub async fn find(program: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(["-p", QUESTION]).stdin(Stdio::null()).kill_on_drop(true);
        let output = match tokio::time::timeout(ASKED_WITHIN, command.output()).await {
            Ok(Ok(output)) if output.status.success() => output.stdout,
            Ok(Ok(output)) => return Err(not_node(program, &output.status.to_string())),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(missing(program));
            }
            Ok(Err(error)) => return Err(not_node(program, &error.to_string())),
            Err(_) => return Err(not_node(program, "it does not answer")),
        };
        Self::read(&output).ok_or_else(|| not_node(program, "it says no version"))?
    }

    /// One of this version that is nowhere.
    #[cfg(test)]
    pub fn for_tests(major: u32) -> Self {
        Self { program: PathBuf::from("/nowhere/node"), major, path: String::new() }
    }

    fn read(told: &[u8]) -> Option<Result<Self, String>> {
        let Told { version, program, path } = serde_json::from_slice(told).ok()?;
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        let (major, minor) = (numbers.next()?, numbers.next()?);
        if (major, minor) < OLDEST {
            return Some(Err(too_old(&program, &version)));
        }
        Some(Ok(Self { program, major, path }))
    }

    /// npm, which comes with it.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn npm(&self) -> Result<PathBuf, String> {
        let beside = self.program.with_file_name("npm");
        if beside.exists() {
            return Ok(beside);
        }
        let shown = self.program.display();
        Err(format!(
            "there is no npm beside {shown} to build the web client with: install npm, or name a \
             Node.js that comes with it with --node"
        ))
    }

    /// The path for what is started by npm: this Node.js first.
    pub fn search_path(&self) -> String {
        let own = self.program.parent().unwrap_or(Path::new("."));
        format!("{}:{}", own.display(), self.path)
    }
}

fn wanted() -> String {
    format!("Node.js {}.{} or newer", OLDEST.0, OLDEST.1)
}

fn missing(program: &Path) -> String {
    let (wanted, shown) = (wanted(), program.display());
    format!(
        "the web client needs {wanted}, and there is no `{shown}`: install it from \
         https://nodejs.org, or name it with --node; the API is served without it"
    )
}

fn too_old(program: &Path, version: &str) -> String {
    let (wanted, shown) = (wanted(), program.display());
    format!(
        "the web client needs {wanted}, and {shown} is {version}: install a newer one from \
         https://nodejs.org, or name one with --node; the API is served without it"
    )
}

fn not_node(program: &Path, why: &str) -> String {
    let (wanted, shown) = (wanted(), program.display());
    format!(
        "the web client needs {wanted}, and `{shown}` is none ({why}): name one with --node; the \
         API is served without it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: &str) -> String {
        format!(r#"{{"version":"{version}","program":"/opt/node/bin/node","path":"/bin"}}"#)
    }

    #[test]
    fn only_what_is_new_enough_will_do() {
        for version in ["20.9.0", "20.10.1", "22.0.0-nightly", "30.1.2"] {
            let node = Node::read(told(version).as_bytes()).unwrap();
            assert!(node.is_ok(), "{version}");
        }
        for version in ["20.8.9", "18.20.0", "0.10.1"] {
            let sentence = Node::read(told(version).as_bytes()).unwrap().unwrap_err();
            assert!(sentence.contains(version) && sentence.contains("20.9"), "{sentence}");
        }
        for odd in ["", "20", "v20.9.0"] {
            assert_eq!(Node::read(told(odd).as_bytes()), None, "{odd}");
        }
        assert_eq!(Node::read(b"not found"), None);
    }

    #[test]
    fn this_node_comes_first_on_the_path() {
        let node = Node::read(told("22.1.0").as_bytes()).unwrap().unwrap();
        assert_eq!(node.search_path(), "/opt/node/bin:/bin");
        assert!(node.npm().unwrap_err().contains("/opt/node/bin/node"));
    }

    #[tokio::test]
    async fn what_is_missing_or_no_node_is_one_sentence() {
        for program in ["/nowhere/node", "/bin/true", "/bin/false", "/etc/hostname"] {
            let sentence = Node::find(Path::new(program)).await.unwrap_err();
            assert!(sentence.contains("20.9") && sentence.contains("--node"), "{sentence}");
            assert_eq!(sentence.lines().count(), 1, "{sentence}");
        }
    }
}
