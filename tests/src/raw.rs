//! Bytes on a socket, for what no decent client sends: broken heads, endless headers, bodies that
//! never come.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, byte by byte.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts connections");
        Self { stream }
    }

    /// Writes; a server that has already hung up is no fault here, the reply tells.
    pub async fn write(&mut self, bytes: &[u8]) {
        if let Err(fault) = self.stream.write_all(bytes).await {
            println!("the server stopped reading: {fault}");
        }
    }

    /// Whether one more byte could be sent.
    pub async fn trickle(&mut self, byte: u8) -> bool {
        self.stream.write_all(&[byte]).await.is_ok()
    }

    /// Everything until the server hangs up; `None` if it has not done so within `limit`.
    pub async fn until_closed(&mut self, limit: Duration) -> Option<Vec<u8>> {
        let started = Instant::now();
        let mut all = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let left = limit.checked_sub(started.elapsed())?;
            match tokio::time::timeout(left, self.stream.read(&mut chunk)).await {
                Err(_) => return None,
                Ok(Ok(0) | Err(_)) => return Some(all),
                Ok(Ok(count)) => all.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// What the server has sent so far, waiting at most `limit` for the first of it. Empty:
    /// nothing, or hung up.
    pub async fn some(&mut self, limit: Duration) -> Vec<u8> {
        let mut chunk = vec![0; 64 * 1024];
        match tokio::time::timeout(limit, self.stream.read(&mut chunk)).await {
            Ok(Ok(count)) => {
                chunk.truncate(count);
                chunk
            }
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

/// The status in the first line of a raw answer, if it is one.
pub fn status(answer: &[u8]) -> Option<u16> {
    let line = String::from_utf8_lossy(answer.get(..64.min(answer.len()))?).into_owned();
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
