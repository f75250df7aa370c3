//! What the machine knows of this process, as Linux tells it under `/proc`; elsewhere it is not
//! known.

use std::sync::Arc;

use async_trait::async_trait;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;

use super::table::{
    Metric, PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_MEMORY, PROCESS_START,
};
use super::{Gauge, Look, Registry};

/// In what the kernel counts processor time for `/proc`: the same on every machine it runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Where a process's memory, descriptors and beginning are shown.
pub(super) struct Process {
    memory: Gauge,
    descriptors: Gauge,
    most_descriptors: Gauge,
    start: Gauge,
}

impl Process {
    pub(super) fn of(registry: &Arc<Registry>) -> Self {
        let gauge = |metric: &'static Metric| Gauge(registry.gauge(metric, "", &[]));
        Self {
            memory: gauge(&PROCESS_MEMORY),
            descriptors: gauge(&PROCESS_FDS),
            most_descriptors: gauge(&PROCESS_MAX_FDS),
            start: gauge(&PROCESS_START),
        }
    }
}

#[async_trait]
impl Look for Process {
    async fn look(&self) {
        self.memory.set(memory_bytes().unwrap_or(f64::NAN));
        self.descriptors.set(descriptors().unwrap_or(f64::NAN));
        self.most_descriptors.set(most_descriptors().unwrap_or(f64::NAN));
        self.start.set(start().unwrap_or(f64::NAN));
    }
}

/// Shows the processor time, which only rises.
#[derive(Debug)]
pub(super) struct Cpu;

impl Collector for Cpu {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let Some(seconds) = cpu_seconds() else { return Ok(()) };
        let counter = ConstCounter::new(seconds);
        let name = PROCESS_CPU.name.trim_end_matches("_total");
        let kind = counter.metric_type();
        counter.encode(encoder.encode_descriptor(name, PROCESS_CPU.help, None, kind)?)
    }
}

fn cpu_seconds() -> Option<f64> {
    // utime and stime: the twelfth and thirteenth of those behind the name.
    Some((stat(11)? + stat(12)?) / TICKS_PER_SECOND)
}

fn start() -> Option<f64> {
    let machine = std::fs::read_to_string("/proc/stat").ok()?;
    let booted: f64 = machine.lines().find_map(|l| l.strip_prefix("btime "))?.parse().ok()?;
    Some(booted + stat(19)? / TICKS_PER_SECOND)
}

fn memory_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024.0)
}

fn descriptors() -> Option<f64> {
    // One of them is that of the folder itself, while it is read.
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    u32::try_from(open).ok().map(f64::from)
}

fn most_descriptors() -> Option<f64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A number of `/proc/self/stat`, counted from behind the program's name, which may hold spaces.
fn stat(index: usize) -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, numbers) = stat.rsplit_once(')')?;
    numbers.split_whitespace().nth(index)?.parse().ok()
}
