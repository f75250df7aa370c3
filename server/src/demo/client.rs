//! As much of an HTTP client as the demo needs: one request a connection, JSON both ways, no TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use axum::http::Uri;
use serde_json::Value;

/// How long the other side may be silent. Longer than any request of the API takes.
const PATIENCE: Duration = Duration::from_secs(40);

/// Longest answer that is read: many times the longest page of tickets.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// A marketplace at an address.
#[derive(Debug)]
pub struct Market {
    authority: String,
    host_and_port: String,
}

/// What it answered.
#[derive(Debug, PartialEq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The session that it began, as the value of its cookie.
    pub session: Option<String>,
    /// The JSON; null where there is none.
    pub body: Value,
}

impl Market {
    /// The marketplace at `url`.
    ///
    /// # Errors
    /// With a sentence, when it is not the address of one.
    pub fn at(url: &str) -> Result<Self, String> {
        let malformed = || format!("--url: {url} is not an address like http://127.0.0.1:3000");
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err("--url: this speaks plain http only; name the address that the \
                            marketplace itself listens on"
                    .to_owned());
            }
            _ => return Err(malformed()),
        }
        let authority = uri.authority().ok_or_else(malformed)?;
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(malformed());
        }
        let host_and_port = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        Ok(Self { authority: authority.to_string(), host_and_port })
    }

    /// Reads.
    ///
    /// # Errors
    /// With a sentence, when no answer comes.
    pub fn get(&self, path: &str) -> Result<Reply, String> {
        self.request("GET", path, "", "")
    }

    /// Writes, as whoever has `session`.
    ///
    /// # Errors
    /// With a sentence, when no answer comes.
    pub fn post(&self, path: &str, session: Option<&str>, body: &Value) -> Result<Reply, String> {
        let body = body.to_string();
        let length = body.len();
        let mut head = format!("content-type: application/json\r\ncontent-length: {length}\r\n");
        if let Some(session) = session {
            head.push_str(&format!("cookie: session={session}\r\n"));
        }
        self.request("POST", path, &head, &body)
    }

    fn request(&self, method: &str, path: &str, head: &str, body: &str) -> Result<Reply, String> {
        let url = format!("http://{}", self.authority);
        let mut stream = TcpStream::connect(&self.host_and_port).map_err(|error| {
            format!(
                "nothing answers at {url} ({error}); start a marketplace there with `ticketing`, \
                 or name another address with --url"
            )
        })?;
        let answer = (|| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let host = &self.authority;
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{head}\r\n{body}"
            );
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
            Ok(answer)
        })();
        let answer = answer
            .map_err(|error: std::io::Error| format!("{url} broke off at {path}: {error}"))?;
        read(&answer).ok_or_else(|| format!("what answers at {url} is not a marketplace"))
    }
}

/// The reply in the bytes of an answer; `None` where there is none.
fn read(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let mut status_line = lines.next()?.split(' ');
    let is_http = status_line.next()?.starts_with("HTTP/1.");
    let status = status_line.next()?.parse().ok().filter(|_| is_http)?;
    let (mut session, mut is_chunked) = (None, false);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("set-cookie") {
            let cookie = value.split(';').next().and_then(|pair| pair.strip_prefix("session="));
            session = cookie.map(str::to_owned).or(session);
        }
        is_chunked |= name.eq_ignore_ascii_case("transfer-encoding");
    }
    let body = &answer[end + 4..];
    let body = if is_chunked { joined(body)? } else { body.to_vec() };
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).ok()? };
    Some(Reply { status, session, body })
}

/// The chunks of a body, put together.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&chunks[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let rest = &chunks[end + 2..];
        body.extend_from_slice(rest.get(..size)?);
        chunks = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_plain_http_one() {
        for (url, host_and_port) in [
            ("http://127.0.0.1:3000", "127.0.0.1:3000"),
            ("http://localhost/", "localhost:80"),
            ("http://[::1]:3000", "[::1]:3000"),
        ] {
            assert_eq!(Market::at(url).unwrap().host_and_port, host_and_port);
        }
        for url in ["", "localhost:3000", "ftp://x", "http://x/y", "http://a@b", "https://x"] {
            let refused = Market::at(url).unwrap_err();
            assert!(refused.starts_with("--url: "), "{url}: {refused}");
        }
    }

    #[test]
    fn an_answer_is_read_whole_or_in_chunks() {
        let whole = b"HTTP/1.1 201 Created\r\nSet-Cookie: session=abc; Path=/\r\n\r\n{\"id\":1}";
        let reply = read(whole).unwrap();
        assert_eq!((reply.status, reply.session.as_deref()), (201, Some("abc")));
        assert_eq!(reply.body["id"], 1);
        let chunks =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[1\r\n3;x\r\n,2]\r\n0\r\n";
        assert_eq!(read(chunks).unwrap().body, serde_json::json!([1, 2]));
        let empty = read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!((empty.status, empty.body), (204, Value::Null));
        for junk in [&b""[..], b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n<html>"] {
            assert_eq!(read(junk), None);
        }
    }
}
