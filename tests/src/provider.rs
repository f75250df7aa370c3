//! A payment provider at an address: a scripted Stripe that a server calls over HTTP. A test can
//! have a call stopped at the point at which the server is to be killed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scripted::{Call, Outcome, Script};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::client::{Client, Request};
use crate::setup::Setup;

/// Where a call is when its caller is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// It has arrived, and is never carried out.
    Arrived,
    /// It is carried out, and never answered.
    CarriedOut,
    /// It is answered.
    Answered,
}

/// All of them.
pub const EDGES: [Edge; 3] = [Edge::Arrived, Edge::CarriedOut, Edge::Answered];

/// A call that is waited for.
struct Trap {
    /// How its method and path begin, and how they end.
    call: (&'static str, &'static str),
    edge: Edge,
    sprung: oneshot::Sender<()>,
}

/// A running provider.
#[derive(Clone)]
pub struct Provider {
    /// What it knows, and its books.
    pub stripe: Arc<scripted::Stripe>,
    address: SocketAddr,
    trap: Arc<Mutex<Option<Trap>>>,
}

impl Provider {
    /// Starts one in which things go wrong by `script`.
    ///
    /// # Panics
    /// If there is no port for it.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let provider = Self {
            stripe: Arc::new(scripted::Stripe::new(script)),
            address: listener.local_addr().expect("an address"),
            trap: Arc::default(),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        provider
    }

    /// A setup whose server takes its money through this provider.
    #[must_use]
    pub fn under(&self, setup: Setup) -> Setup {
        setup
            .env("TICKETING_STRIPE_SECRET_KEY", scripted::stripe::SECRET_KEY)
            .env("TICKETING_STRIPE_WEBHOOK_SECRET", scripted::stripe::WEBHOOK_SECRET)
            .env("TICKETING_STRIPE_API", format!("http://{}", self.address))
    }

    /// Waits for the next call that begins and ends like `call`, such as `("POST", "/confirm")`,
    /// and stops it at `edge`; what is returned ends when that has happened.
    ///
    /// # Panics
    /// Never while no other thread panicked holding the trap.
    pub fn stop_at(&self, call: (&'static str, &'static str), edge: Edge) -> oneshot::Receiver<()> {
        let (sprung, happened) = oneshot::channel();
        *self.trap.lock().unwrap() = Some(Trap { call, edge, sprung });
        happened
    }

    /// No call is stopped any more.
    ///
    /// # Panics
    /// Never while no other thread panicked holding the trap.
    pub fn stop_none(&self) {
        self.trap.lock().unwrap().take();
    }

    /// Brings the webhooks that wait to a server; those that it does not take are lost.
    pub async fn bring_webhooks(&self, server: &Client) {
        let now = jiff::Timestamp::now().as_second();
        // A server that has just been killed takes none, which is as good as a webhook that is
        // lost.
        for letter in self.stripe.letters(now) {
            let brought = Request::new("POST", "/api/payments/webhooks/stripe")
                .header("stripe-signature", &letter.signature)
                .header("content-type", "application/json")
                .bytes(letter.body);
            drop(server.attempt(&brought).await);
        }
    }

    async fn serve(self, stream: TcpStream) {
        let answer = service_fn(|request| self.answer(request));
        let serving = hyper::server::conn::http1::Builder::new();
        // However it ends: connections that break are what this is for.
        drop(serving.serve_connection(TokioIo::new(stream), answer).await);
    }

    /// `Err` breaks the connection off.
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let call = read(request).await?;
        let trap = self.trap_for(&call);
        let edge = trap.as_ref().map(|trap| trap.edge);
        // Where it is stopped there is never an answer: the caller is about to be killed.
        if edge == Some(Edge::Arrived) {
            spring(trap);
            return std::future::pending().await;
        }
        let outcome = self.stripe.take(&call);
        if edge == Some(Edge::CarriedOut) {
            spring(trap);
            return std::future::pending().await;
        }
        let (answer, after) = match outcome {
            Outcome::Answered(answer, after) => (answer, after),
            Outcome::Silent(after) => {
                tokio::time::sleep(after).await;
                return Err("no answer".into());
            }
        };
        // How long a provider takes is of no use here, unless that is what goes wrong.
        if after >= Duration::from_secs(1) {
            tokio::time::sleep(after).await;
        }
        let mut response = hyper::Response::builder().status(answer.status);
        if answer.is_replayed {
            response = response.header("idempotent-replayed", "true");
        }
        let response = response.body(Full::new(Bytes::from(answer.body.to_string())))?;
        spring(trap);
        Ok(response)
    }

    /// The trap, if it is for this call: it is gone then.
    fn trap_for(&self, call: &Call) -> Option<Trap> {
        let line = format!("{} {}", call.method, call.path());
        let mut trap = self.trap.lock().unwrap();
        let is_for_it = trap
            .as_ref()
            .is_some_and(|trap| line.starts_with(trap.call.0) && line.ends_with(trap.call.1));
        if is_for_it { trap.take() } else { None }
    }
}

/// Tells whoever waits; they may have given up.
fn spring(trap: Option<Trap>) {
    if let Some(Trap { sprung, .. }) = trap
        && sprung.send(()).is_err()
    {
        println!("nobody waits for a call any more");
    }
}

async fn read(request: hyper::Request<Incoming>) -> Result<Call, hyper::Error> {
    let (head, body) = request.into_parts();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Ok(Call {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: headers.collect::<BTreeMap<_, _>>(),
        body: body.collect().await?.to_bytes().to_vec(),
    })
}
