//! Running other programs: what they print goes on to the terminal, and is counted on the way.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::tally::Tally;

/// Why a step did not come out as it should.
#[derive(Debug)]
pub struct Failure {
    /// What was counted until then.
    pub tally: Tally,
    /// What went wrong and, where it is not plain, what to do; a sentence.
    pub reason: String,
}

impl Failure {
    /// A failure of something that counts as one check.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { tally: Tally::FAILED, reason: reason.into() }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// The repository, and where its builds go.
#[derive(Debug)]
pub struct Workspace {
    /// Where the workspace's Cargo.toml is.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built in.
    pub fn find() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.parent().unwrap_or(own).to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR");
        let target = root.join(target.unwrap_or_else(|| OsString::from("target")));
        Self { root, target }
    }

    /// The program that users run, built for release.
    pub fn ticketing(&self) -> PathBuf {
        self.released("ticketing")
    }

    /// Where a program is that was built for release.
    pub fn released(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A call of cargo, the one that runs this program.
    pub fn cargo<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args)
    }

    /// A call of `program`, started at the root of the workspace.
    pub fn command<I: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = I>,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root).stdin(Stdio::null());
        command
    }
}

/// Whether `command` runs and succeeds; its output goes nowhere.
pub fn succeeds(mut command: Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs `command` and gives what it printed on its standard output.
///
/// # Errors
/// When it cannot be started, or does not succeed; then the reason holds the end of what it
/// complained about.
pub fn output(mut command: Command) -> Result<Vec<u8>, Failure> {
    let Output { status, stdout, stderr } =
        command.output().map_err(|error| not_started(&command, &error))?;
    if status.success() {
        return Ok(stdout);
    }
    let complaint = String::from_utf8_lossy(&stderr);
    Err(Failure::new(format!("`{}`: {status}\n{}", shown(&command), complaint.trim_end())))
}

/// Runs `command` as one check, or as many as the tests that it says it ran.
///
/// # Errors
/// When it cannot be started, or does not succeed.
pub fn run(mut command: Command) -> Result<Tally, Failure> {
    println!("$ {}", shown(&command));
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(&command, &error))?;
    let counted = Mutex::new(None);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let forwarded = thread::scope(|scope| {
        let errors = scope.spawn(|| forward(stderr, &mut io::stderr(), &counted));
        let said = forward(stdout, &mut io::stdout(), &counted);
        let errors = errors.join().unwrap_or(Ok(()));
        said.and(errors)
    });
    let status = child.wait()?;
    forwarded?;
    let counted = counted.into_inner().unwrap_or_else(PoisonError::into_inner);
    if status.success() {
        return Ok(counted.unwrap_or(Tally::PASSED));
    }
    let mut tally = counted.unwrap_or_default();
    // It may have failed before or after its tests, such as at building them.
    tally.failed = tally.failed.max(1);
    Err(Failure { tally, reason: format!("`{}`: {status}", shown(&command)) })
}

/// Copies `from` to `to` line by line, and adds up the summaries among the lines.
fn forward(
    from: Option<impl Read>,
    to: &mut impl Write,
    counted: &Mutex<Option<Tally>>,
) -> io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        if let Some(more) = Tally::of_line(&String::from_utf8_lossy(&line)) {
            let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
            *counted.get_or_insert_default() += more;
        }
        line.clear();
    }
    Ok(())
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    Failure::new(format!("`{program}` does not start ({error}): install it, or put it on the PATH"))
}

/// A command as one would type it, but for the session that it carries.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let shown = words.map(|word| match word.to_string_lossy() {
        secret if secret.starts_with("Authorization:") => "'Authorization: …'".to_owned(),
        word => word.into_owned(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Workspace::find().command("sh", ["-c", script])
    }

    #[test]
    fn a_program_counts_as_one_check_and_a_test_runner_as_its_tests() {
        assert_eq!(run(shell("true")).unwrap(), Tally::PASSED);
        let runner = "echo 'test result: ok. 3 passed; 0 failed; 1 ignored;'";
        let twice = run(shell(&format!("{runner}; {runner} >&2"))).unwrap();
        assert_eq!(twice, Tally { passed: 6, failed: 0, skipped: 2 });
    }

    #[test]
    fn a_program_that_fails_counts_at_least_one_failure() {
        assert_eq!(run(shell("exit 3")).unwrap_err().tally, Tally::FAILED);
        let runner = "echo 'test result: FAILED. 3 passed; 2 failed; 0 ignored;'; exit 1";
        assert_eq!(
            run(shell(runner)).unwrap_err().tally,
            Tally { passed: 3, failed: 2, skipped: 0 }
        );
    }

    #[test]
    fn a_missing_program_is_a_sentence() {
        let missing = Workspace::find().command("no-such-program", [""; 0]);
        assert!(run(missing).unwrap_err().reason.contains("install it"));
    }
}
