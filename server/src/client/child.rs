//! Programs that we start, which end with us.

use std::collections::VecDeque;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};

/// Longest line that is taken as one.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// A program and all that it has started. Dropped, it is told to end.
///
/// It is a group of processes of its own, so that a Ctrl-C on the terminal reaches only us: what is
/// under way needs it until the drain is over.
pub struct Group {
    /// The program.
    pub child: Child,
    leader: Option<Pid>,
}

impl Group {
    /// Starts `command`; what it prints is ours to read.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self { child, leader: id.and_then(Pid::from_raw) })
    }

    /// Hands every line that it prints to `line`, until it prints no more; `line` is told whether
    /// it is an error's.
    pub async fn read(&mut self, mut line: impl FnMut(bool, &str)) {
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let (mut out, mut err) = (reader(out), reader(err));
        while out.is_some() || err.is_some() {
            let (is_error, read) = tokio::select! {
                read = next_line(&mut out), if out.is_some() => (false, read),
                read = next_line(&mut err), if err.is_some() => (true, read),
            };
            match read {
                Some(text) if text.trim().is_empty() => {}
                Some(text) => line(is_error, text.trim_end()),
                None if is_error => err = None,
                None => out = None,
            }
        }
    }

    fn end(&self, signal: Signal) {
        // It may have ended by itself in this moment.
        if let Some(Err(error)) = self.leader.map(|leader| kill_process_group(leader, signal)) {
            tracing::debug!(%error, "a group of processes is gone already");
        }
    }

    /// Ends whatever is left of it at once.
    pub fn kill(&self) {
        self.end(Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end(Signal::TERM);
    }
}

type Lines<R> = Option<BufReader<R>>;

fn reader<R: AsyncRead>(from: Option<R>) -> Lines<R> {
    from.map(BufReader::new)
}

/// The next line, or as much of it as is taken for one. A future that is dropped loses nothing but
/// the line it was reading.
async fn next_line<R: AsyncRead + Unpin>(from: &mut Lines<R>) -> Option<String> {
    let from = from.as_mut()?;
    let line = one_line(from).await.unwrap_or_default();
    (!line.is_empty()).then(|| plain(&line))
}

async fn one_line(from: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Vec<u8>> {
    // Waits before anything is taken, so that nothing is lost when another line comes first.
    let begun = from.fill_buf().await?;
    let Some(end) = begun.iter().position(|byte| *byte == b'\n') else {
        let taken = begun[..begun.len().min(MAX_LINE_BYTES)].to_vec();
        from.consume(taken.len());
        return Ok(taken);
    };
    let line = begun[..=end].to_vec();
    from.consume(line.len());
    Ok(line)
}

/// A line without the codes that colour it, and without what would break ours.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let (mut plain, mut letters) = (String::with_capacity(text.len()), text.chars());
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.find(char::is_ascii_alphabetic);
        } else if !letter.is_control() || letter == '\t' {
            plain.push(letter);
        } else {
            plain.push(' ');
        }
    }
    plain
}

/// The first and the last lines of something long: programs say what is wrong in the one or in the
/// other.
#[derive(Debug, Default)]
pub struct Ends {
    first: Vec<String>,
    last: VecDeque<String>,
    left_out: usize,
}

impl Ends {
    /// So many are remembered of either.
    const LINES: usize = 15;

    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        if self.first.len() < Self::LINES {
            return self.first.push(line.to_owned());
        }
        if self.last.len() == Self::LINES {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(line.to_owned());
    }

    /// They, each on a line of its own, set off from what surrounds them.
    pub fn shown(&self) -> String {
        let left_out = (self.left_out > 0).then(|| format!("… {} lines …", self.left_out));
        let lines = self.first.iter().chain(&left_out).chain(&self.last);
        lines.map(|line| format!("    {line}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn all_lines_are_read_without_their_colours_however_long_they_are() {
        let script = r"printf '\033[32mone\033[0m\n\n'; printf 'two\n' >&2; printf %20000d 1";
        let mut command = Command::new("sh");
        let mut group = Group::start(command.args(["-c", script])).unwrap();
        let (mut said, mut bytes) = (Vec::new(), 0);
        group
            .read(|is_error, line| {
                bytes += line.len();
                said.push((is_error, line.trim().chars().take(5).collect::<String>()));
            })
            .await;
        assert!(said.contains(&(false, "one".to_owned())), "{said:?}");
        assert!(said.contains(&(true, "two".to_owned())), "{said:?}");
        assert!(group.child.wait().await.unwrap().success());
    }

    #[tokio::test]
    async fn what_it_has_started_ends_with_it() {
        let mut command = Command::new("sh");
        let mut group = Group::start(command.args(["-c", "sleep 1000 & echo $!; wait"])).unwrap();
        let mut out = BufReader::new(group.child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).await.unwrap();
        let sleeper = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        assert!(rustix::process::test_kill_process(sleeper).is_ok());
        drop(group);
        let looking = async {
            while !is_gone(sleeper) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), looking).await.expect("it ends");
    }

    /// Whether a process is gone, or waits for nothing but to be counted.
    fn is_gone(process: Pid) -> bool {
        let path = format!("/proc/{}/stat", process.as_raw_nonzero());
        std::fs::read_to_string(path).map_or(true, |stat| stat.contains(") Z "))
    }

    #[test]
    fn only_the_first_and_the_last_lines_are_remembered() {
        let mut ends = Ends::default();
        for number in 0..3 {
            ends.push(&number.to_string());
        }
        assert_eq!(ends.shown(), "    0\n    1\n    2\n");
        for number in 3..100 {
            ends.push(&number.to_string());
        }
        let shown = ends.shown();
        assert_eq!(shown.lines().count(), 2 * Ends::LINES + 1);
        assert!(shown.starts_with("    0\n") && shown.ends_with("    99\n"), "{shown}");
        assert!(shown.contains("… 70 lines …"), "{shown}");
    }
}
