//! A folder with a stand-in for the client, the program that runs it, and requests to that.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client's folder, and one for data beside it.
pub struct Folders {
    home: TempDir,
}

impl Folders {
    /// With a client that has yet to be built.
    pub fn with_sources() -> Self {
        let folders = Self { home: tempfile::tempdir().unwrap() };
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/client/stand-in");
        fs::create_dir(folders.client()).unwrap();
        for file in ["server.js", "build.js", "package.json", "package-lock.json"] {
            fs::copy(stand_in.join(file), folders.client().join(file)).unwrap();
        }
        folders
    }

    /// With a client that is built, and nothing to build it of: as in an image.
    pub fn built() -> Self {
        let folders = Self::with_sources();
        let client = folders.client();
        fs::create_dir_all(client.join(".next/standalone")).unwrap();
        fs::create_dir_all(client.join(".next/static")).unwrap();
        fs::rename(client.join("server.js"), client.join(".next/standalone/server.js")).unwrap();
        let script = "console.log('Front row');\n".repeat(200);
        fs::write(client.join(".next/static/app-1234.js"), script).unwrap();
        fs::remove_file(client.join("package-lock.json")).unwrap();
        folders
    }

    /// Where the client is.
    pub fn client(&self) -> PathBuf {
        self.home.path().join("client")
    }

    /// How often it was built.
    pub fn builds(&self) -> usize {
        fs::read(self.client().join("test/builds.log")).map_or(0, |log| log.len())
    }

    /// The program on these folders.
    pub fn ticketing(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ticketing"));
        #[expect(clippy::disallowed_methods, reason = "where Node.js is, is not for us to say")]
        let path = std::env::var_os("PATH").unwrap();
        command.env_clear().env("PATH", path).env("HOME", self.home.path());
        command.env("TICKETING_CLIENT", self.client());
        command.env("TICKETING_DATA", self.home.path().join("data"));
        command.stdin(Stdio::null()).args(args);
        command
    }

    /// Serves these folders.
    pub fn serve(&self, args: &[&str]) -> Marketplace {
        let mut command =
            self.ticketing(&["--listen", "127.0.0.1:0", "--password-memory-kib", "8"]);
        command.args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut out, err) = (BufReader::new(child.stdout.take().unwrap()), child.stderr.take());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let start = first.find("http://").expect("its first line says where it is");
        let address = first[start + 7..].trim().to_owned();
        let said = Arc::new(Mutex::new(String::new()));
        for mut from in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err.unwrap())] {
            let said = Arc::clone(&said);
            #[expect(clippy::disallowed_methods, reason = "it ends with what it reads from")]
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = from.read(&mut piece) {
                    said.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..length]));
                }
            });
        }
        Marketplace { address, child, said }
    }
}

/// A marketplace that is being served.
pub struct Marketplace {
    /// Where.
    pub address: String,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Marketplace {
    /// As soon as its client answers.
    pub fn ready(self) -> Self {
        eventually(
            "the client answers (these suites need Node.js 20.9 or newer on the path)",
            || self.get("/made").status == 200,
        );
        self
    }

    /// What it has said and logged so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Any request, on a connection of its own.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// Any request, which may be cut off.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(Answer::read(&answer, method == "HEAD"))
    }

    /// Signs somebody up and offers a ticket.
    pub fn offer(&self, email: &str) {
        let json = ("content-type", "application/json");
        let who = format!(r#"{{"email":"{email}","password":"correct horse battery"}}"#);
        let signed_up = self.send("POST", "/api/users/signup", &[json], &who);
        let cookie = signed_up.header("set-cookie").split(';').next().unwrap();
        let ticket = r#"{"title":"Front row","price":20}"#;
        let offered = self.send("POST", "/api/tickets", &[json, ("cookie", cookie)], ticket);
        assert_eq!(offered.status, 201, "{}", offered.text());
    }

    /// How many pages the client has made of this path.
    pub fn made(&self, path: &str) -> u64 {
        let made: serde_json::Value = serde_json::from_slice(&self.get("/made").body).unwrap();
        made[path].as_u64().unwrap_or(0)
    }

    /// The process that runs the client.
    pub fn client_process(&self) -> Pid {
        Pid::from_raw(self.get("/pid").text().parse().unwrap()).unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.said())
    }
}

impl Drop for Marketplace {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: HashMap<String, String>,
    /// The body, put together.
    pub body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8], is_head: bool) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let (first, rest) = head.split_once("\r\n").unwrap();
        let status = first[9..12].parse().unwrap();
        let lines = rest.lines().filter_map(|line| line.split_once(": "));
        let headers: HashMap<_, _> =
            lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") && !is_head {
            body = put_together(&body);
        }
        Self { status, headers, body }
    }

    /// A header, which must be there.
    pub fn header(&self, name: &str) -> &str {
        self.find(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.headers))
    }

    /// A header, if it is there.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn put_together(mut chunked: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = chunked.windows(2).position(|two| two == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&chunked[..end]).unwrap(), 16);
        let (start, length) = (end + 2, length.unwrap());
        whole.extend_from_slice(&chunked[start..start + length]);
        chunked = &chunked[start + length + 2..];
    }
    whole
}

/// Waits until something is so.
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    while !is_so() {
        let passed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - began;
        assert!(passed < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is gone, or waits for nothing but to be counted.
pub fn is_gone(process: Pid) -> bool {
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    fs::read_to_string(path).map_or(true, |stat| stat.contains(") Z "))
}
