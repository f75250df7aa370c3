//! Spans on their way to a collector: OTLP in JSON over HTTP, a batch a second or as soon as there
//! are many.
//!
//! A collector beside the process or in its cluster is what is meant: it keeps, samples and passes
//! on. One that is away costs the spans of that time and nothing else.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::TokioTasks;
use crate::trace::{Collector, Tracer};

/// How often spans are sent.
const PERIOD: Duration = Duration::from_secs(1);

/// Most spans in one request.
const MAX_SPANS: usize = 512;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

async fn send(to: &Collector, spans: String, tasks: &TokioTasks) -> Result<(), String> {
    let failed = |error: &dyn std::error::Error| crate::execute::chain(error);
    let stream = TcpStream::connect(&to.authority).await.map_err(|e| failed(&e))?;
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|e| failed(&e))?;
    tasks.start(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the collector ended early");
        }
    });
    let request = Request::post(&to.path)
        .header(HOST, &to.authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(spans)))
        .map_err(|e| failed(&e))?;
    let answer = sender.send_request(request).await.map_err(|e| failed(&e))?;
    let status = answer.status();
    let said = answer.into_body().collect().await.map_err(|e| failed(&e))?.to_bytes();
    if status.is_success() {
        return Ok(());
    }
    Err(format!("{status}: {}", String::from_utf8_lossy(&said[..said.len().min(200)])))
}

/// Sends what `tracer` collects to `collector` until `stopped` returns, and then what is left.
pub(super) async fn export(
    tracer: Tracer,
    collector: Collector,
    tasks: TokioTasks,
    stopped: impl Future<Output = ()> + Send,
) {
    tokio::pin!(stopped);
    let mut is_well = true;
    loop {
        let is_last = tokio::select! {
            biased;
            () = &mut stopped => true,
            () = tokio::time::sleep(PERIOD) => false,
        };
        while let Some((spans, lost)) = tracer.take(MAX_SPANS) {
            if lost > 0 {
                tracing::warn!(lost, "spans are lost: there are more than can be sent");
            }
            let sending = tokio::time::timeout(PATIENCE, send(&collector, spans, &tasks));
            let sent = sending.await.unwrap_or_else(|_| Err("it does not answer".to_owned()));
            if let Err(error) = &sent
                && is_well
            {
                let collector = &collector.authority;
                tracing::warn!(collector, error, "spans are lost until the collector is back");
            }
            is_well = sent.is_ok();
        }
        if is_last {
            return;
        }
    }
}
