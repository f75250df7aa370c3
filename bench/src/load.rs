//! Many clients at once, and what they saw.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::client::Client;
use crate::processes::Cpu;
use crate::server::{Failed, Server};

/// What one run came to.
#[derive(Debug, Clone)]
pub struct Run {
    /// How many were done in a second.
    pub per_second: f64,
    /// Processor seconds of the server, of all services of a fleet, for a thousand of them.
    pub cpu_per_thousand: f64,
    /// The same of each process.
    pub by_process: Cpu,
}

/// When a run is over.
#[derive(Clone, Copy)]
pub enum Until {
    /// After so long.
    Time(Duration),
    /// When so many are done.
    Count(u64),
}

/// Keeps every client busy with `work` until the run is over. `work` is given the number of its
/// turn.
pub async fn run(
    server: &Server,
    clients: &mut [Client],
    until: Until,
    work: impl AsyncFn(u64, &mut Client) -> Result<(), Failed>,
) -> Result<Run, Failed> {
    try_join_all(clients.iter_mut().map(Client::refresh)).await?;
    let (begun, cpu) = (Instant::now(), server.cpu()?);
    let started = AtomicU64::new(0);
    let goes_on = |number: u64| match until {
        Until::Time(duration) => begun.elapsed() < duration,
        Until::Count(count) => number < count,
    };
    let busy = async |client: &mut Client| {
        let mut done = 0_u64;
        loop {
            let number = started.fetch_add(1, Ordering::Relaxed);
            if !goes_on(number) {
                return Ok::<u64, Failed>(done);
            }
            work(number, client).await?;
            done += 1;
        }
    };
    let done: u64 = try_join_all(clients.iter_mut().map(busy)).await?.into_iter().sum();
    let seconds = begun.elapsed().as_secs_f64();
    let by_process = server.cpu()?.per_thousand_since(&cpu, done);
    let cpu_per_thousand = by_process.of_services();
    Ok(Run { per_second: done as f64 / seconds, cpu_per_thousand, by_process })
}
