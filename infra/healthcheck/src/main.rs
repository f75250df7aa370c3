//! `healthcheck ADDRESS PATH`: asks a server for a path and ends with 0 if the answer is 200.
//!
//! Images of ours hold no shell and no curl, so a container engine that wants to know how a service
//! is has this to run. It uses nothing but the standard library.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// How long each step of asking may take; engines themselves give up after 30 s.
const PATIENCE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match healthy(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("healthcheck: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn healthy(args: &[String]) -> Result<(), String> {
    let [address, path] = args else {
        return Err("say an address and a path, as in 127.0.0.1:3000 /api/health/ready".to_owned());
    };
    let status = status(address, path)?;
    if status == "200" {
        return Ok(());
    }
    Err(format!("{path} answers {status}"))
}

fn status(address: &str, path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{address}: {error}");
    let socket: SocketAddr =
        address.parse().map_err(|_| format!("{address} is no address with a port"))?;
    let mut stream = TcpStream::connect_timeout(&socket, PATIENCE).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .map_err(failed)?;
    // As in `HTTP/1.1 200`.
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(failed)?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..));
    status.map(str::to_owned).ok_or_else(|| format!("{address} does not speak HTTP"))
}
