//! The program `ticketing`, started for a step on data of its own, and a session with it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::program::{Failure, Workspace};

/// How long a start may take; it takes a fraction of a second.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// How long one answer may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends when this is dropped.
pub struct Server {
    child: Child,
    /// As in `127.0.0.1:41234`.
    pub address: String,
}

impl Server {
    /// Starts the release build in `folder`, on an empty data folder, and waits until it says its
    /// address.
    ///
    /// # Errors
    /// When it does not start, or says no address in time.
    pub fn start(workspace: &Workspace, folder: &Path) -> Result<Self, Failure> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(folder)?;
        let log = folder.join("server.log");
        let mut command = workspace.command(workspace.ticketing(), ["--listen", "127.0.0.1:0"]);
        command.arg("--data").arg(&data);
        // Cheap hashing and open doors: a generator signs up thousands of people from one address.
        command.args(["--password-memory-kib", "8", "--signups-per-minute", "1000000"]);
        // What is tried is the API.
        command.env("TICKETING_CLIENT", "off");
        command.stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = command.spawn()?;
        let (told, hear) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            // Read on to the end, or the server would write into a closed pipe.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if let Some(address) = address_in(&line) {
                        // Nobody listens any more once the first address is known.
                        told.send(address).unwrap_or_default();
                    }
                }
            });
        }
        let mut server = Self { child, address: String::new() };
        server.address = hear.recv_timeout(START_PATIENCE).map_err(|_| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            Failure::new(format!("the server said no address within {START_PATIENCE:?}\n{said}"))
        })?;
        Ok(server)
    }

    /// Signs `email` up and gives the token of the session.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn sign_up(&self, email: &str) -> Result<String, Failure> {
        let body = format!(r#"{{"email":"{email}","password":"correct horse battery"}}"#);
        let answer = self.post("/api/users/signup", &body)?;
        session_in(&answer).ok_or_else(|| {
            Failure::new(format!("sign-up gave no session; the answer was\n{answer}"))
        })
    }

    fn post(&self, path: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the server could not be ended: {error}");
        }
    }
}

/// The address in a line of the first screen.
fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|letter: char| !(letter.is_ascii_digit() || ".:".contains(letter)));
    let address = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', ':']);
    address.contains(':').then(|| address.to_owned())
}

/// The token in the session cookie of an answer.
fn session_in(answer: &str) -> Option<String> {
    let is_cookie = |line: &&str| line.to_ascii_lowercase().starts_with("set-cookie: session=");
    let line = answer.lines().find(is_cookie)?;
    let token = line.split_once('=')?.1.split(';').next()?;
    (!token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_first_screen() {
        let address = Some("127.0.0.1:3000".to_owned());
        assert_eq!(address_in("ticketing is at http://127.0.0.1:3000."), address);
        assert_eq!(address_in("try http://127.0.0.1:3000/api/docs"), address);
        assert_eq!(address_in("data is in ./data"), None);
    }

    #[test]
    fn the_session_is_read_from_the_cookie() {
        let answer = "HTTP/1.1 201 Created\r\nSet-Cookie: session=a.b=; Path=/\r\n\r\n{}";
        assert_eq!(session_in(answer), Some("a.b=".to_owned()));
        assert_eq!(session_in("HTTP/1.1 400 Bad Request\r\n\r\n{}"), None);
    }
}
