//! Starts the program, and reads what it says.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The program, with nothing in its environment that would change its defaults, and without the
/// web client, which has tests of its own.
pub fn ticketing<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ticketing"));
    command.env_clear().env("TICKETING_CLIENT", "off").args(args).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn run<const N: usize>(args: [&str; N]) -> Output {
    ticketing(args).output().unwrap()
}

/// What it wrote to standard output.
pub fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The sentence with which it refused; panics where it did not.
pub fn refusal(output: &Output) -> String {
    let sentence = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "{}{sentence}", said(output));
    assert!(!sentence.contains("panicked"), "{sentence}");
    sentence
}

/// A marketplace that is being served.
pub struct Marketplace {
    /// Where.
    pub url: String,
    child: Child,
    log: Option<ChildStderr>,
    /// Open for as long as it runs: it says more than its first line.
    _said: BufReader<ChildStdout>,
}

impl Marketplace {
    /// Serves `folder` on a free port.
    pub fn serve(folder: &Path) -> Self {
        let mut command = ticketing(["--listen", "127.0.0.1:0", "--password-memory-kib", "64"]);
        command.arg("--data").arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut said, mut first) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        said.read_line(&mut first).unwrap();
        let start = first.find("http://").expect("its first line says where it is");
        let log = child.stderr.take();
        Self { url: first[start..].trim().to_owned(), child, log, _said: said }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its address, without the scheme.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Stops it as an operator does, and returns how it ended and what it logged.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut log = String::new();
        self.log.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap(), log)
    }
}

impl Drop for Marketplace {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
