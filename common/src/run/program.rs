//! What every program of ours does around serving: an address, signals, threads, and a sentence
//! where it comes to nothing.

use std::future::Future;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::tasks::TokioTasks;

/// How long what still runs after the drain is waited for.
const CUT_OFF: Duration = Duration::from_secs(1);

/// The exit code of the program `name` after `outcome`, whose sentence goes to standard error.
pub fn exit(name: &str, outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{name}: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Runs `work` on threads of its own. What still runs after it is cut off, rather than waited for
/// without end.
///
/// # Errors
/// Those of `work`, and where there are no threads.
pub fn block_on(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = Runtime::new().map_err(|error| format!("no threads can be started: {error}"))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(CUT_OFF);
    outcome
}

/// Listens on `address`.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "{address} is in use by another program; stop that one, or choose another address with \
             --listen"
        ),
        std::io::ErrorKind::PermissionDenied => format!(
            "listening on {address} is not permitted; choose a port above 1023 with --listen"
        ),
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Returns a future that ends at the first SIGTERM or Ctrl-C. The second ends the process at once.
///
/// # Errors
/// With a sentence, where signals cannot be had.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send, String> {
    let failed = |error| format!("signals cannot be handled: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        TokioTasks::here().start(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::warn!(
                "stopped by a second signal; what was under way is recovered at the next start"
            );
            #[expect(clippy::disallowed_methods, reason = "whoever presses twice means it")]
            std::process::exit(1);
        });
    })
}
