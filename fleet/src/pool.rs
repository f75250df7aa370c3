//! Connections to one replica, kept for the next request.
//!
//! It is our own and not a library's client because of one question that matters to whoever pays
//! for something: was the request sent? A request that was not, because nobody listened or a kept
//! connection had just been closed, is handed back whole and goes to another replica.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a connection may take to be made; on one machine it takes microseconds.
const CONNECT: Duration = Duration::from_secs(1);

/// Most connections that are kept with nothing to do.
const MAX_IDLE: usize = 1_000;

/// Why there is no answer.
pub enum NoAnswer {
    /// The request was not sent; here it is.
    NotSent(Box<Request<Body>>),
    /// It may have been carried out or not. The text is for the log.
    Unknown(String),
}

/// Connections to one address.
pub struct Pool {
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Pool {
    /// Connections to `address`, none yet.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default() }
    }

    /// Sends a request, and returns the answer when its head is there.
    pub async fn send(
        self: &Arc<Self>,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        loop {
            let (mut connection, is_kept) = match self.kept() {
                Some(kept) => (kept, true),
                None => match self.connect().await {
                    Some(fresh) => (fresh, false),
                    None => return Err(NoAnswer::NotSent(Box::new(request))),
                },
            };
            match connection.try_send_request(request).await {
                Ok(response) => {
                    self.keep(connection);
                    return Ok(response);
                }
                Err(mut error) => match error.take_message() {
                    // It was closed while nobody looked: the next one.
                    Some(unsent) if is_kept => request = unsent,
                    Some(unsent) => return Err(NoAnswer::NotSent(Box::new(unsent))),
                    None => return Err(NoAnswer::Unknown(error.into_error().to_string())),
                },
            }
        }
    }

    fn kept(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    async fn connect(&self) -> Option<SendRequest<Body>> {
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(self.address)).await;
        let stream = stream.ok()?.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        detached(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a replica ended early");
            }
        });
        Some(sender)
    }

    /// Keeps a connection for the next request, once the answer to this one has been read.
    fn keep(self: &Arc<Self>, mut connection: SendRequest<Body>) {
        let pool = Arc::clone(self);
        detached(async move {
            if connection.ready().await.is_ok() {
                let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < MAX_IDLE {
                    idle.push(connection);
                }
            }
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "a proxy has nothing that must survive it")]
fn detached(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}
