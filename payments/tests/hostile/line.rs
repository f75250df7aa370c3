//! The line from our code to a scripted provider, in process; and the death of a process at any
//! step that it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use axum::http::{Request, Response};
use bytes::Bytes;
use common::store::memory::MemoryStore;
use common::store::{Collection, CommitError, Document, Found, Query, Store, Unavailable, Write};
use common::time::Clock;
use payments::provider::{ProviderError, Wire};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

/// The life of a process: it dies before or after its `n`-th step, a commit or a call.
pub struct Life {
    steps: AtomicU64,
    fatal: u64,
    is_over: AtomicBool,
    pub death: Notify,
}

impl Life {
    /// One that dies at the `fatal`-th edge of a step: odd ones are before, even ones after it.
    pub fn until(fatal: u64) -> Arc<Self> {
        let (steps, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { steps, fatal, is_over, death: Notify::new() })
    }

    /// One that has no end of its own.
    pub fn without_end() -> Arc<Self> {
        Self::until(u64::MAX)
    }

    /// Passes an edge, or never returns.
    async fn pass(&self) {
        let edge = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        if edge == self.fatal {
            self.is_over.store(true, Ordering::SeqCst);
            self.death.notify_one();
        }
        if self.is_over.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

/// What was committed, told to whoever plays the orders service.
pub struct Tapped {
    pub inner: Arc<MemoryStore>,
    pub life: Arc<Life>,
    pub events: UnboundedSender<Bytes>,
}

#[async_trait]
impl Store for Tapped {
    async fn get(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Document>, Unavailable> {
        self.inner.get(collection, id).await
    }

    async fn find(&self, query: Query) -> Result<Vec<Found>, Unavailable> {
        self.inner.find(query).await
    }

    async fn commit(&self, batch: Vec<Write>) -> Result<(), CommitError> {
        self.life.pass().await;
        let events: Vec<Bytes> = batch
            .iter()
            .filter(|write| write.collection.name == common::outbox::OUTBOX.name)
            .filter_map(|write| match &write.action {
                common::store::Action::Put { body, .. } => Some(body.clone()),
                common::store::Action::Delete => None,
            })
            .collect();
        self.inner.commit(batch).await?;
        for event in events {
            // Whoever listens may have ended with the test.
            drop(self.events.send(event));
        }
        self.life.pass().await;
        Ok(())
    }

    async fn ready(&self) -> Result<(), Unavailable> {
        self.inner.ready().await
    }
}

/// Brings calls to a scripted provider.
pub struct Line {
    pub take: Box<dyn Fn(&scripted::Call) -> scripted::Outcome + Send + Sync>,
    pub clock: Arc<dyn Clock>,
    pub life: Arc<Life>,
}

#[async_trait]
impl Wire for Line {
    async fn send(&self, call: Request<Bytes>) -> Result<Response<Bytes>, ProviderError> {
        self.life.pass().await;
        let headers = call.headers().iter();
        let headers = headers.map(|(name, value)| {
            (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
        });
        let asked = scripted::Call {
            method: call.method().to_string(),
            target: call.uri().to_string(),
            headers: headers.collect(),
            body: call.body().to_vec(),
        };
        let outcome = (self.take)(&asked);
        self.life.pass().await;
        match outcome {
            scripted::Outcome::Answered(answer, after) => {
                self.clock.sleep(after).await;
                let body = Bytes::from(answer.body.to_string());
                let mut response = Response::builder().status(answer.status);
                if answer.is_replayed {
                    response = response.header("idempotent-replayed", "true");
                }
                Ok(response.body(body).unwrap())
            }
            scripted::Outcome::Silent(after) => {
                self.clock.sleep(after).await;
                Err(ProviderError::Unknown("the connection broke".into()))
            }
        }
    }
}
