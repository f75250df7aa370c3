//! The client's server: a Node.js that is started, watched, started again, and ended with us.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use common::time::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;

use super::Status;
use super::child::Group;
use super::folder::{Folder, SERVER};
use super::kept::within;
use super::node::Node;

/// How long it may take until it answers.
const UP_WITHIN: Duration = Duration::from_secs(60);

/// How often it is asked until then.
const ASK_PERIOD: Duration = Duration::from_millis(50);

/// How long one such answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long it may take to end once it is told to.
const END_WITHIN: Duration = Duration::from_secs(2);

/// The pause before it is started again: doubled each time that it does not last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What has run for so long did not fail at its start.
const LASTS: Duration = Duration::from_secs(30);

/// Run by Node.js before the client. Its standard input is a pipe whose other end only we hold: it
/// ends when we do, however we do, `kill -9` included.
const END_WITH_US: &str = "data:text/javascript,import process from 'node:process';\
    process.stdin.on('end',()=>process.exit(0)).on('error',()=>process.exit(0)).resume();";

/// What runs the client.
pub struct Supervisor {
    /// Which client.
    pub folder: Folder,
    /// By what.
    pub node: Node,
    /// Where the API is.
    pub api: String,
    /// Proves to the API that it is the client who asks.
    pub key: Arc<str>,
    /// Where people reach the site, if the operator says.
    pub public_url: Option<String>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How a run ended.
enum Ended {
    /// We stop.
    Stopped,
    /// By itself.
    Itself,
}

impl Supervisor {
    /// Runs the client until `stop` returns. `up` is called whenever it answers.
    pub async fn run(
        &self,
        status: &watch::Sender<Status>,
        stop: impl Future<Output = ()>,
        mut up: impl FnMut(),
    ) {
        tokio::pin!(stop);
        let mut pause = FIRST_PAUSE;
        loop {
            status.send_replace(Status::Starting);
            let began = self.clock.now();
            match self.run_once(status, &mut stop, &mut up).await {
                Ok(Ended::Stopped) => return,
                Ok(Ended::Itself) => {}
                Err(error) => {
                    tracing::error!(target: "client", error, "the web client cannot be started");
                }
            }
            status.send_replace(Status::Down);
            if !within(began, self.clock.now(), LASTS) {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = &mut stop => return,
                () = self.clock.sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn run_once(
        &self,
        status: &watch::Sender<Status>,
        stop: &mut (impl Future<Output = ()> + Unpin),
        up: &mut impl FnMut(),
    ) -> Result<Ended, String> {
        let address = free_address().await?;
        let mut group = Group::start(&mut self.command(address)).map_err(|e| e.to_string())?;
        let leash = group.child.stdin.take();
        let id = group.child.id();
        tracing::debug!(target: "client", process = id, %address, "the web client is started");
        let ended = {
            let watching = async {
                group.read(say).await;
                group.child.wait().await
            };
            tokio::pin!(watching);
            let starting = async {
                let came = tokio::time::timeout(UP_WITHIN, self.answers(address)).await;
                if came.is_ok() {
                    status.send_replace(Status::Up(address));
                    up();
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                outcome = &mut watching => {
                    let how = outcome.map_or_else(|e| e.to_string(), |s| s.to_string());
                    tracing::error!(target: "client", how, "the web client has ended by itself");
                    Ended::Itself
                }
                () = starting => {
                    tracing::error!(target: "client", "the web client does not answer");
                    Ended::Itself
                }
                () = &mut *stop => Ended::Stopped,
            }
        };
        end(group, leash).await;
        Ok(ended)
    }

    fn command(&self, address: SocketAddr) -> Command {
        let mut command = Command::new(&self.node.program);
        command.args(["--import", END_WITH_US]).arg(self.folder.path.join(SERVER));
        command.current_dir(&self.folder.path).stdin(Stdio::piped());
        // Nothing of our own environment: what is secret in it is none of the client's business,
        // and what it answers is not to depend on who started it.
        command.env_clear().env("NODE_ENV", "production").env("TZ", "UTC");
        command.env("NEXT_TELEMETRY_DISABLED", "1");
        command.env("HOSTNAME", address.ip().to_string()).env("PORT", address.port().to_string());
        command.env("TICKETING_API", &self.api).env("TICKETING_CLIENT_KEY", &*self.key);
        if let Some(url) = &self.public_url {
            command.env("TICKETING_PUBLIC_URL", url);
        }
        command
    }

    /// Returns when `address` answers a request, whatever the answer.
    async fn answers(&self, address: SocketAddr) {
        while !tokio::time::timeout(ANSWER_WITHIN, has_answered(address)).await.unwrap_or(false) {
            self.clock.sleep(ASK_PERIOD).await;
        }
    }
}

/// An address that nobody listens on. Somebody else may take it before the client does; then the
/// client ends, and is started on another.
async fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let address = listener.and_then(|listener| listener.local_addr());
    address.map_err(|error| format!("no free port: {error}"))
}

async fn has_answered(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "HEAD /_next/static/up HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut begun = [0; 5];
        stream.read_exact(&mut begun).await?;
        std::io::Result::Ok(begun == *b"HTTP/")
    };
    ask.await.unwrap_or(false)
}

fn say(is_error: bool, line: &str) {
    if is_error {
        tracing::warn!(target: "client", "{line}");
    } else {
        tracing::info!(target: "client", "{line}");
    }
}

/// Lets go of the pipe, which tells it to end; what does not is ended.
async fn end(mut group: Group, leash: Option<ChildStdin>) {
    drop(leash);
    if tokio::time::timeout(END_WITHIN, group.child.wait()).await.is_err() {
        tracing::warn!(target: "client", "the web client does not end; it is killed");
        group.kill();
    }
}
