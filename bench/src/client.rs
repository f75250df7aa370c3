//! A keep-alive HTTP/1.1 client. It shares the processor with the server it measures, so it does
//! little: it writes a request in one piece, finds the end of the head, and reads as many bytes as
//! `content-length` says.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::Failed;

/// One connection.
pub struct Client {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    request: Vec<u8>,
    /// Sent with every request, once somebody is signed in.
    pub cookie: Option<String>,
}

/// What came back.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    cookie: Option<String>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, Failed> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The string of that name in the body.
    pub fn text(&self, name: &str) -> Result<String, Failed> {
        match self.json()?[name].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("{} has no {name}", String::from_utf8_lossy(&self.body)).into()),
        }
    }

    /// This answer, if it has the status that was expected.
    pub fn expect(self, status: u16) -> Result<Self, Failed> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(format!("expected {status}, got {}: {body}", self.status).into())
    }
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (buffer, request) = (Vec::with_capacity(16 * 1024), Vec::with_capacity(1024));
        Ok(Self { address, stream, buffer, request, cookie: None })
    }

    /// Connects anew, as the same person: servers close connections that have been idle.
    pub async fn refresh(&mut self) -> Result<(), Failed> {
        let cookie = self.cookie.take();
        *self = Self::connect(self.address).await?;
        self.cookie = cookie;
        Ok(())
    }

    /// Signs up somebody new, and stays signed in.
    pub async fn sign_up(&mut self, name: &str) -> Result<(), Failed> {
        let body = format!(r#"{{"email":"{name}@example.org","password":"correct horse"}}"#);
        let answer = self.post("/api/users/signup", &body).await?.expect(201)?;
        self.cookie = answer.cookie;
        Ok(())
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Failed> {
        self.send("GET", path, "").await
    }

    /// POST with a JSON body.
    pub async fn post(&mut self, path: &str, body: &str) -> Result<Answer, Failed> {
        self.send("POST", path, body).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Result<Answer, Failed> {
        self.request.clear();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        self.request.extend_from_slice(head.as_bytes());
        if let Some(cookie) = &self.cookie {
            self.request.extend_from_slice(format!("cookie: {cookie}\r\n").as_bytes());
        }
        if !body.is_empty() {
            let length = body.len();
            let about = format!("content-type: application/json\r\ncontent-length: {length}\r\n");
            self.request.extend_from_slice(about.as_bytes());
        }
        self.request.extend_from_slice(b"\r\n");
        self.request.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.request).await?;
        self.receive().await
    }

    async fn receive(&mut self) -> Result<Answer, Failed> {
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let status = text.get(9..12).ok_or("a status line that is none")?.parse()?;
        let header = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        let length: usize = header("content-length").map_or(Ok(0), str::parse)?;
        let cookie = header("set-cookie").and_then(|line| line.split(';').next());
        let cookie = cookie.map(str::to_owned);
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok(Answer { status, body: self.buffer[head..head + length].to_vec(), cookie })
    }

    async fn more(&mut self) -> Result<(), Failed> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}
